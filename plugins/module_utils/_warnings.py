# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What deserves a warning although it can be done. No warning holds a value, only names and keys."""

from __future__ import annotations

import base64
import re
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils import _operator
from ansible_collections.kubedirector.connections.plugins.module_utils._copies import to_move

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._estate import Estate
    from ansible_collections.kubedirector.connections.plugins.module_utils._plan import (
        ClusterChange,
        Plan,
    )
    from ansible_collections.kubedirector.connections.plugins.module_utils._wanted import Wanted

# Not tokenizers, numbers of tokens, or names of Secrets.
_CREDENTIAL_KEY = re.compile(
    r"token(?!iz|s)|passw|pwd|secret(?!.?name)|api.?key|private.?key|credential", re.IGNORECASE
)
# Values that tell by their form what they are, whatever their key is called.
_CREDENTIAL_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"  # JSON Web Token
    r"|\b(?:gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|hf_|npm_|dckr_pat_)[\w-]{16,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|://[^\s/:@]+:[^\s/@]+@"  # user and password in a URL
)


def plan_warnings(wanted: Wanted, estate: Estate, plan: Plan) -> list[str]:
    """Look over a plan.

    :returns: one sentence each: credentials in a ConfigMap, values that end in a newline, secret keys
        that a connection hands over, two objects of one type, connections that the operator skips,
        KDClusters without configmeta.
    """
    if wanted.absent:
        return [
            f"KDCluster {wanted.namespace}/{name} does not exist, so there is nothing to disconnect."
            for name in wanted.kdclusters
            if name not in estate.clusters
        ]
    found = list(_value_warnings(wanted))
    types = {(change.kind, change.name): change.type for change in plan.objects}
    found += _shared_object_warnings(wanted, estate, plan)
    for change in plan.clusters:
        found += _connection_warnings(wanted, estate, change, types)
    return list(dict.fromkeys(found))


def _shared_object_warnings(wanted: Wanted, estate: Estate, plan: Plan) -> t.Iterator[str]:
    """What it costs that linked KDClusters share an object."""
    for change in plan.objects:
        if change.action not in ("created", "updated"):
            continue
        names = estate.naming(change.kind, change.name)
        moved = to_move(plan.links, names)
        if moved:
            yield (
                f"{change.kind} {wanted.namespace}/{change.name} is shared by KDClusters that are linked to "
                f"one another ({', '.join(names)}), and changed for one after the other by way of a copy, "
                f"so that {', '.join(moved)} reconnect more often. An object each would spare them that."
            )


def _value_warnings(wanted: Wanted) -> t.Iterator[str]:
    for wanted_object in wanted.objects:
        where = f"{wanted_object.kind} {wanted.namespace}/{wanted_object.name}"
        for key, value in (wanted_object.data or {}).items():
            if wanted_object.kind == "ConfigMap":
                if value and (_CREDENTIAL_KEY.search(key) or _CREDENTIAL_VALUE.search(value)):
                    yield (
                        f"{where}: key {key} looks like a credential, and a ConfigMap keeps it in the "
                        "clear; a Secret is the place for it."
                    )
            elif base64.b64decode(value).endswith(b"\n"):
                yield (
                    f"{where}: the value of key {key} ends in a newline, which an application takes as "
                    "part of it; encode it without (for example with printf or echo -n)."
                )


def _connection_warnings(
    wanted: Wanted,
    estate: Estate,
    change: ClusterChange,
    types: t.Mapping[tuple[str, str], str | None],
) -> t.Iterator[str]:
    cluster = estate.clusters[change.name]
    by_type: dict[tuple[str, str], list[str]] = {}
    for kind, name in change.after.objects():
        found = estate.objects.get((kind, name))
        object_type = types.get((kind, name)) or (found.type if found else None)
        where = f"{kind} {wanted.namespace}/{name}"
        if object_type is None:
            why = "does not exist" if found is None else "carries no type label"
            yield (
                f"{cluster.label} names {where}, which {why}: the operator skips it in silence. "
                "Create it with its type, or disconnect it."
            )
            continue
        by_type.setdefault((kind, object_type), []).append(name)
        if (
            kind == "Secret"
            and found is not None
            and _operator.LAST_APPLIED_ANNOTATION in found.annotations
        ):
            yield (
                f"{where} carries the annotation {_operator.LAST_APPLIED_ANNOTATION}, which travels "
                "into configmeta.json with whatever kubectl apply was given; remove it."
            )
    for (kind, object_type), names in by_type.items():
        if len(names) > 1:
            yield (
                f"{cluster.label} connects {len(names)} {kind}s of type {object_type} "
                f"({', '.join(names)}): some applications read the first, some the last."
            )
    for name in change.after.clusters:
        other = estate.clusters.get(name)
        if other is None:
            yield (
                f"{cluster.label} names KDCluster {wanted.namespace}/{name}, which does not exist: "
                "the operator skips it in silence. Create it, or disconnect it."
            )
        elif name in wanted.clusters and other.secret_keys:
            yield (
                f"{cluster.label} connects to {other.label}, which hands its secret keys over to it, in the "
                f"clear in every member's configmeta.json: {', '.join(other.secret_keys)}."
            )
    if cluster.members and all(
        member.state == _operator.MEMBER_CONFIGURED and not member.has_configmeta
        for member in cluster.members
    ):
        yield (
            f"No member of {cluster.label} gets configmeta.json, because no role of its KDApp "
            f"{cluster.app} has a config package: connections have no effect there."
        )
