# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be wrong with connections: kd_connection warns of it, kd_connection_info reports it. Pure.

Problems hold names and keys, never a value of a Secret or ConfigMap.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.resource import Key
from . import facts

if t.TYPE_CHECKING:
    from .snapshot import Connections, KDCluster, LiveObject, Member, Snapshot


ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = {
    "missing_object": ERROR,
    "unlabelled_object": ERROR,
    "foreign_app": ERROR,
    "cycle": ERROR,
    "config_error": ERROR,
    "stale_configmeta": ERROR,
    "inconsistent_members": ERROR,
    "reconnect_failed": ERROR,
    "stuck_operator": ERROR,
    "missed_reconnect": WARNING,
    "duplicate_type": WARNING,
    "secret_in_configmap": WARNING,
    "trailing_newline": WARNING,
    "last_applied_leak": WARNING,
    "exposed_secret_keys": WARNING,
    "no_config_package": WARNING,
    "binary_data_dropped": WARNING,
    "leftover_copy": WARNING,
    "restoring": WARNING,
    "unused_object": INFO,
}
# Applications read all objects of these types, by a name in the data.
_READ_BY_NAME = frozenset({("ConfigMap", "model")})


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something that is wrong with what is live.

    :param code: one of SEVERITIES.
    :param message: a sentence that names kind, namespace and name.
    :param hint: a sentence that says what to do.
    :param kdcluster: the name of the one that has it, or "".
    :param object: also concerned.
    """

    code: str
    namespace: str
    message: str
    hint: str
    kdcluster: str = ""
    object: Key | None = None

    @property
    def severity(self) -> str:
        return SEVERITIES[self.code]

    @property
    def sentence(self) -> str:
        return f"{self.message} {self.hint}"


def object_problems(
    cluster: KDCluster,
    connections: Connections,
    snapshot: Snapshot,
    types: t.Mapping[Key, str | None] | None = None,
) -> t.Iterator[Problem]:
    """Check the ConfigMaps and Secrets that a KDCluster names or will name.

    :param types: future type labels.
    """
    by_type: dict[Key, list[str]] = {}
    for kind, name in dict.fromkeys(connections.objects()):
        found = snapshot.objects.get((kind, name))
        if found is not None and not found.readable:
            continue
        object_type = (types or {}).get((kind, name)) or (found.type if found else None)
        if object_type is None:
            yield _skipped_object(cluster, kind, name, found)
            continue
        by_type.setdefault((kind, object_type), []).append(name)
        if found is not None:
            yield from _dropped_or_leaked(found)
    for (kind, object_type), names in by_type.items():
        if len(names) > 1 and (kind, object_type) not in _READ_BY_NAME:
            yield Problem(
                "duplicate_type",
                cluster.namespace,
                f"{cluster.label} connects {len(names)} {kind}s of type {object_type} "
                f"({', '.join(names)}): some applications read the first, some the last.",
                "Connect one of them, unless the application reads all.",
                cluster.name,
                (kind, names[0]),
            )


def _skipped_object(cluster: KDCluster, kind: str, name: str, found: LiveObject | None) -> Problem:
    code, why = "missing_object", "does not exist"
    if found is not None:
        code, why = "unlabelled_object", "carries no type label"
    with_type = " with its type" if kind in facts.TYPE_LABELS else ""
    return Problem(
        code,
        cluster.namespace,
        f"{cluster.label} names {kind} {cluster.namespace}/{name}, which {why}: the operator skips it silently.",
        f"Create it{with_type}, or disconnect it.",
        cluster.name,
        (kind, name),
    )


def _dropped_or_leaked(found: LiveObject) -> t.Iterator[Problem]:
    if found.binary_keys:
        yield binary_data_dropped(found.namespace, found.name, found.binary_keys)
    if found.kind == "Secret" and facts.LAST_APPLIED_ANNOTATION in found.annotations:
        yield Problem(
            "last_applied_leak",
            found.namespace,
            f"{found.label} carries the annotation {facts.LAST_APPLIED_ANNOTATION}, which travels "
            "into configmeta.json with whatever kubectl apply was given.",
            "Remove the annotation, and create the Secret without kubectl apply.",
            object=("Secret", found.name),
        )


def binary_data_dropped(namespace: str, name: str, keys: t.Iterable[str]) -> Problem:
    """A ConfigMap has, or will have, binaryData."""
    return Problem(
        "binary_data_dropped",
        namespace,
        f"ConfigMap {namespace}/{name} has binaryData ({', '.join(keys)}), which the operator leaves out of "
        "configmeta.json: no member gets it.",
        "Put text into data, or the bytes into a Secret.",
        object=("ConfigMap", name),
    )


def missing_cluster(cluster: KDCluster, name: str) -> Problem:
    return _skipped_object(cluster, "KDCluster", name, None)


def exposed_secret_keys(cluster: KDCluster, other: KDCluster) -> Problem:
    return Problem(
        "exposed_secret_keys",
        cluster.namespace,
        f"{cluster.label} connects to {other.label}, which hands its secret keys over to it, in the "
        f"clear in every member's configmeta.json: {', '.join(other.secret_keys)}.",
        "Connect it only where all who can read these members may know them.",
        cluster.name,
        ("KDCluster", other.name),
    )


def missing_app(cluster: KDCluster) -> Problem:
    return Problem(
        "foreign_app",
        cluster.namespace,
        f"{cluster.label} uses KDApp {cluster.app}, which does not exist in namespace {cluster.namespace}: the "
        "operator refuses every change of such a KDCluster.",
        "Create the KDApp first.",
        cluster.name,
        ("KDApp", cluster.app),
    )


def no_config_package(cluster: KDCluster) -> Problem:
    return Problem(
        "no_config_package",
        cluster.namespace,
        f"No member of {cluster.label} gets configmeta.json, because no role of its KDApp "
        f"{cluster.app} has a config package: connections have no effect there.",
        "Disconnect them, or use a KDApp with a config package.",
        cluster.name,
    )


def restoring(cluster: KDCluster) -> Problem:
    progress = f" ({cluster.restore_progress})" if cluster.restore_progress else ""
    return Problem(
        "restoring",
        cluster.namespace,
        f"{cluster.label} carries the label {facts.RESTORING_LABEL}: the operator refuses changes until it is "
        f"restored{progress}.",
        "Wait for that, or remove the label once it is.",
        cluster.name,
    )


def config_error(cluster: KDCluster, members: t.Iterable[Member]) -> Problem:
    return Problem(
        "config_error",
        cluster.namespace,
        f"{cluster.label}: these members are in state {facts.MEMBER_CONFIG_ERROR!r} and get no change until "
        f"their container restarts: {_listed(members)}.",
        "Fix the cause, then delete their pods.",
        cluster.name,
    )


def never_updated(cluster: KDCluster) -> Problem:
    """Members that no change reaches (see KDCluster.without_setup)."""
    return Problem(
        "stale_configmeta",
        cluster.namespace,
        f"{cluster.label}: the eventList of its KDApp's roles lacks 'configure', so the operator brings changes "
        f"to no member that there is: {_listed(cluster.lagging_members())}.",
        "Delete their pods: new ones get configmeta.json as it is then. Or add 'configure' to the KDApp and "
        "create the KDCluster again.",
        cluster.name,
    )


def _listed(members: t.Iterable[Member]) -> str:
    return ", ".join(
        f"{m.pod} of role {m.role}" + (f" ({m.problem})" if m.problem else "") for m in members
    )


def credential_in_configmap(namespace: str, name: str, key: str) -> Problem:
    return Problem(
        "secret_in_configmap",
        namespace,
        f"ConfigMap {namespace}/{name}: key {key} looks like a credential or holds one, and a ConfigMap keeps it "
        "in the clear.",
        "Use a Secret for it.",
        object=("ConfigMap", name),
    )


def newline_in_secret(namespace: str, name: str, key: str) -> Problem:
    return Problem(
        "trailing_newline",
        namespace,
        f"Secret {namespace}/{name}: the value of key {key} ends in a newline, which an application takes as "
        "part of it.",
        "Encode it without (for example with printf or echo -n).",
        object=("Secret", name),
    )


def is_line(value: bytes) -> bool:
    """Whether a value is one line that ends in a newline; a file of several lines has to end so."""
    return value.endswith(b"\n") and b"\n" not in value.strip(b"\r\n")
