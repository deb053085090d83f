# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All reasons why what is wanted cannot be done with what was found. Pure."""

from __future__ import annotations

import typing as t

from .._kubedirector import facts
from .._kubedirector.links import find_cycle

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import (
        Connections,
        KDCluster,
        Snapshot,
    )
    from .desired import (
        DesiredObject,
        DesiredState,
    )


def failed_preconditions(
    desired: DesiredState, snapshot: Snapshot, after: t.Mapping[str, Connections]
) -> t.Iterator[str]:
    """Say what is in the way, one sentence each: what is wrong and what to do.

    :param after: what the connections of each KDCluster that is wanted and exists are to be.
    """
    for name, connections in after.items():
        cluster = snapshot.clusters[name]
        if cluster.restoring and cluster.connections != connections:
            yield cluster.restore_sentence
    if desired.absent:
        yield from failed_deletion_preconditions(desired, snapshot, desired.kdclusters)
        return
    for name in desired.kdclusters:
        found = snapshot.clusters.get(name)
        if found is None:
            yield _no_cluster(desired, name, "Create it first, or correct its name.")
        elif _app_missing(found, snapshot, local_only=False):
            yield (
                f"{found.label} uses KDApp {found.app}, which does not exist in namespace "
                f"{desired.namespace}: the operator refuses every change of such a KDCluster. "
                "Create the KDApp first."
            )
    for desired_object in desired.objects:
        yield from _object_problems(desired, desired_object, snapshot)
    for name in desired.clusters:
        found = snapshot.clusters.get(name)
        if found is None:
            yield _no_cluster(
                desired,
                name,
                "A KDCluster can be connected only to one that exists in its namespace.",
            )
        elif _app_missing(found, snapshot, local_only=True):
            yield (
                f"{found.label} cannot be connected to: its KDApp {found.app} is not in namespace "
                f"{desired.namespace}, and the operator drops such a connection in silence. "
                "Put a copy of the KDApp there."
            )
    yield from _cycle_problems(desired, snapshot, after)


def _no_cluster(desired: DesiredState, name: str, advice: str) -> str:
    return f"KDCluster {desired.namespace}/{name} does not exist. {advice}"


def _app_missing(cluster: KDCluster, snapshot: Snapshot, *, local_only: bool) -> bool:
    if snapshot.apps is None:
        return False
    if cluster.app_catalog == facts.SYSTEM_CATALOG and not local_only:
        return False
    return cluster.app not in snapshot.apps


def _object_problems(
    desired: DesiredState, desired_object: DesiredObject, snapshot: Snapshot
) -> t.Iterator[str]:
    found = snapshot.objects[(desired_object.kind, desired_object.name)]
    if found is not None and not found.readable:
        return
    where = f"{desired_object.kind} {desired.namespace}/{desired_object.name}"
    label = facts.TYPE_LABELS[desired_object.kind]
    if found is None and not desired_object.described:
        yield f"{where} does not exist. Give its type and data to have it created, or correct its name."
    elif found is None and desired_object.type is None:
        yield f"{where} does not exist and cannot be created without a type. Give its type."
    elif found is not None and desired_object.type is None and not found.type:
        yield (
            f"{where} carries no type label {label}, so the operator would skip it in silence. "
            "Give its type, or set that label."
        )
    if found is None:
        return
    secret_type = desired_object.secret_type
    if secret_type and found.secret_type and secret_type != found.secret_type:
        yield (
            f"{where} has the Kubernetes type {found.secret_type}, which cannot be changed to {secret_type}. "
            "Leave secret_type out, or delete the Secret first."
        )
    if found.immutable and desired_object.data not in (None, found.data):
        yield (
            f"{where} is immutable, so its data cannot be changed. Write the new data under another name, "
            "connect that and disconnect this one, or delete it first."
        )


def _cycle_problems(
    desired: DesiredState, snapshot: Snapshot, after: t.Mapping[str, Connections]
) -> t.Iterator[str]:
    links = {
        name: after[name].clusters if name in after else found.connections.clusters
        for name, found in snapshot.clusters.items()
    }
    told: set[frozenset[str]] = set()
    for name in desired.kdclusters:
        cycle = find_cycle(links, name)
        if cycle is not None and frozenset(cycle) not in told:
            told.add(frozenset(cycle))
            yield (
                f"KDCluster {desired.namespace}/{name} would be connected to itself through a cycle "
                f"({' -> '.join(cycle)}), which makes the operator stuck within a second. "
                "Take one of these connections out."
            )


def failed_deletion_preconditions(
    desired: DesiredState, snapshot: Snapshot, disconnecting: t.Collection[str]
) -> t.Iterator[str]:
    """Say why objects cannot be deleted.

    :param disconnecting: the KDClusters that the task is still to disconnect from them.
    """
    if not desired.delete_objects:
        return
    for desired_object in desired.objects:
        others = [
            name
            for name in snapshot.naming(desired_object.kind, desired_object.name)
            if name not in disconnecting
        ]
        if others:
            yield (
                f"{desired_object.kind} {desired.namespace}/{desired_object.name} cannot be deleted: "
                f"{', '.join(f'KDCluster {desired.namespace}/{name}' for name in others)} still names it. "
                "Disconnect it there too, or leave delete_objects out."
            )
