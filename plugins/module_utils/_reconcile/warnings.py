# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What deserves a warning although it can be done. No warning holds a value, only names and keys."""

from __future__ import annotations

import base64
import typing as t

from .._core.credentials import credentials_in
from .._kubedirector import facts
from .preconditions import finalizers_sentence
from .shared_objects import kdclusters_to_repoint

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import Snapshot
    from .desired import DesiredState
    from .plan import (
        ClusterChange,
        Plan,
    )

NOT_WAITED = (
    "wait is false, so this task does not know whether its change stayed and reached the members, nor how their "
    "start scripts ended: connection_hash, spec_generation, state and members are as they were when it wrote."
)


def plan_warnings(desired: DesiredState, snapshot: Snapshot, plan: Plan) -> list[str]:
    """Look over a plan.

    :returns: one sentence each: credentials in a ConfigMap, values that end in a newline, secret keys
        that a connection hands over, two objects of one type, connections that the operator skips,
        KDClusters without configmeta.
    """
    found = [
        f"KDCluster {desired.namespace}/{name} does not exist, so there is nothing to disconnect."
        for name in desired.kdclusters
        if name not in snapshot.clusters
    ]
    found += (
        finalizers_sentence(
            f"{change.kind} {desired.namespace}/{change.name}", change.found.finalizers
        )
        for change in plan.objects
        if change.found is not None and change.found.terminating
    )
    found += _value_warnings(desired)
    types = {(change.kind, change.name): change.type for change in plan.objects}
    found += _shared_object_warnings(desired, snapshot, plan)
    connected = {name for one in desired.connections if not one.absent for name in one.kdclusters}
    changes = [change for change in plan.clusters if change.name in connected]
    found += unchecked_sentences(
        dict.fromkeys(key for change in changes for key in change.after.objects()), snapshot
    )
    for change in changes:
        found += _connection_warnings(desired, snapshot, change, types)
    return list(dict.fromkeys(found))


def unchecked_sentences(keys: t.Iterable[tuple[str, str]], snapshot: Snapshot) -> t.Iterator[str]:
    """Say which objects the caller may not read, and what is not known for that reason.

    :param keys: (kind, name) of each object that is or will be connected.
    """
    for kind, name in keys:
        found = snapshot.objects.get((kind, name))
        if found is not None and not found.readable:
            yield (
                f"{kind} {snapshot.namespace}/{name} cannot be read (the verb 'get' is not granted), so it was "
                "not checked that it exists and carries its type label, and the wait goes by whether the "
                "operator noticed a change, not by the object's version."
            )


def _shared_object_warnings(
    desired: DesiredState, snapshot: Snapshot, plan: Plan
) -> t.Iterator[str]:
    """What it costs that linked KDClusters share an object."""
    for change in plan.objects:
        if change.action not in ("created", "updated"):
            continue
        names = snapshot.naming(change.kind, change.name)
        moved = kdclusters_to_repoint(plan.links, names)
        if moved:
            yield (
                f"{change.kind} {desired.namespace}/{change.name} is shared by KDClusters that are linked to "
                f"one another ({', '.join(names)}), and changed for one after the other by way of a copy, "
                f"so that {', '.join(moved)} reconnect more often. An object each would spare them that."
            )


def _value_warnings(desired: DesiredState) -> t.Iterator[str]:
    for desired_object in desired.objects:
        where = f"{desired_object.kind} {desired.namespace}/{desired_object.name}"
        for key, value in (desired_object.data or {}).items():
            if desired_object.kind == "ConfigMap":
                if credentials_in(key, value):
                    yield (
                        f"{where}: key {key} looks like a credential or holds one, and a ConfigMap keeps it "
                        "in the clear; a Secret is the place for it."
                    )
            elif _is_line(base64.b64decode(value)):
                yield (
                    f"{where}: the value of key {key} ends in a newline, which an application takes as "
                    "part of it; encode it without (for example with printf or echo -n)."
                )


def _is_line(value: bytes) -> bool:
    """Whether a value ends in a newline and is no file of several lines, which has to."""
    return value.endswith(b"\n") and b"\n" not in value.strip(b"\r\n")


def _connection_warnings(
    desired: DesiredState,
    snapshot: Snapshot,
    change: ClusterChange,
    types: t.Mapping[tuple[str, str], str | None],
) -> t.Iterator[str]:
    cluster = snapshot.clusters[change.name]
    by_type: dict[tuple[str, str], list[str]] = {}
    for kind, name in change.after.objects():
        found = snapshot.objects.get((kind, name))
        if found is not None and not found.readable:
            # unchecked_sentences() says so.
            continue
        object_type = types.get((kind, name)) or (found.type if found else None)
        where = f"{kind} {desired.namespace}/{name}"
        if object_type is None:
            why = "does not exist" if found is None else "carries no type label"
            yield (
                f"{cluster.label} names {where}, which {why}: the operator skips it in silence. "
                "Create it with its type, or disconnect it."
            )
            continue
        by_type.setdefault((kind, object_type), []).append(name)
        if found is not None and found.binary_keys:
            yield (
                f"{where} has binaryData ({', '.join(found.binary_keys)}), which the operator leaves out of "
                "configmeta.json: no member gets it. Put text into data, or the bytes into a Secret."
            )
        if (
            kind == "Secret"
            and found is not None
            and facts.LAST_APPLIED_ANNOTATION in found.annotations
        ):
            yield (
                f"{where} carries the annotation {facts.LAST_APPLIED_ANNOTATION}, which travels "
                "into configmeta.json with whatever kubectl apply was given; remove it."
            )
    for (kind, object_type), names in by_type.items():
        if len(names) > 1:
            yield (
                f"{cluster.label} connects {len(names)} {kind}s of type {object_type} "
                f"({', '.join(names)}): some applications read the first, some the last."
            )
    for name in change.after.clusters:
        other = snapshot.clusters.get(name)
        if other is None:
            yield (
                f"{cluster.label} names KDCluster {desired.namespace}/{name}, which does not exist: "
                "the operator skips it in silence. Create it, or disconnect it."
            )
        elif name in desired.clusters and other.secret_keys:
            yield (
                f"{cluster.label} connects to {other.label}, which hands its secret keys over to it, in the "
                f"clear in every member's configmeta.json: {', '.join(other.secret_keys)}."
            )
    if cluster.members and all(
        member.state == facts.MEMBER_CONFIGURED and not member.has_configmeta
        for member in cluster.members
    ):
        yield (
            f"No member of {cluster.label} gets configmeta.json, because no role of its KDApp "
            f"{cluster.app} has a config package: connections have no effect there."
        )
