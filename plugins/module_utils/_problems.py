# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All reasons why what is wanted cannot be done with what was found. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils import _operator
from ansible_collections.kubedirector.connections.plugins.module_utils._links import find_cycle

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._estate import (
        Connections,
        Estate,
        KDCluster,
    )
    from ansible_collections.kubedirector.connections.plugins.module_utils._wanted import (
        Wanted,
        WantedObject,
    )


def find_problems(
    wanted: Wanted, estate: Estate, after: t.Mapping[str, Connections]
) -> t.Iterator[str]:
    """Say what is in the way, one sentence each: what is wrong and what to do.

    :param after: what the connections of each KDCluster that is wanted and exists are to be.
    """
    for name, connections in after.items():
        cluster = estate.clusters[name]
        if cluster.restoring and cluster.connections != connections:
            yield (
                f"{cluster.label} carries the label {_operator.RESTORING_LABEL}: the operator refuses "
                "changes until it is restored. Wait for that, or remove the label once it is."
            )
    if wanted.absent:
        yield from deletion_problems(wanted, estate, wanted.kdclusters)
        return
    for name in wanted.kdclusters:
        found = estate.clusters.get(name)
        if found is None:
            yield _no_cluster(wanted, name, "Create it first, or correct its name.")
        elif _app_missing(found, estate, local_only=False):
            yield (
                f"{found.label} uses KDApp {found.app}, which does not exist in namespace "
                f"{wanted.namespace}: the operator refuses every change of such a KDCluster. "
                "Create the KDApp first."
            )
    for wanted_object in wanted.objects:
        yield from _object_problems(wanted, wanted_object, estate)
    for name in wanted.clusters:
        found = estate.clusters.get(name)
        if found is None:
            yield _no_cluster(
                wanted,
                name,
                "A KDCluster can be connected only to one that exists in its namespace.",
            )
        elif _app_missing(found, estate, local_only=True):
            yield (
                f"{found.label} cannot be connected to: its KDApp {found.app} is not in namespace "
                f"{wanted.namespace}, and the operator drops such a connection in silence. "
                "Put a copy of the KDApp there."
            )
    yield from _cycle_problems(wanted, estate, after)


def _no_cluster(wanted: Wanted, name: str, advice: str) -> str:
    return f"KDCluster {wanted.namespace}/{name} does not exist. {advice}"


def _app_missing(cluster: KDCluster, estate: Estate, *, local_only: bool) -> bool:
    if estate.apps is None:
        return False
    if cluster.app_catalog == _operator.SYSTEM_CATALOG and not local_only:
        return False
    return cluster.app not in estate.apps


def _object_problems(
    wanted: Wanted, wanted_object: WantedObject, estate: Estate
) -> t.Iterator[str]:
    found = estate.objects[(wanted_object.kind, wanted_object.name)]
    where = f"{wanted_object.kind} {wanted.namespace}/{wanted_object.name}"
    label = _operator.TYPE_LABELS[wanted_object.kind]
    if found is None and not wanted_object.described:
        yield f"{where} does not exist. Give its type and data to have it created, or correct its name."
    elif found is None and wanted_object.type is None:
        yield f"{where} does not exist and cannot be created without a type. Give its type."
    elif found is not None and wanted_object.type is None and not found.type:
        yield (
            f"{where} carries no type label {label}, so the operator would skip it in silence. "
            "Give its type, or set that label."
        )


def _cycle_problems(
    wanted: Wanted, estate: Estate, after: t.Mapping[str, Connections]
) -> t.Iterator[str]:
    links = {
        name: after[name].clusters if name in after else found.connections.clusters
        for name, found in estate.clusters.items()
    }
    told: set[frozenset[str]] = set()
    for name in wanted.kdclusters:
        cycle = find_cycle(links, name)
        if cycle is not None and frozenset(cycle) not in told:
            told.add(frozenset(cycle))
            yield (
                f"KDCluster {wanted.namespace}/{name} would be connected to itself through a cycle "
                f"({' -> '.join(cycle)}), which makes the operator stuck within a second. "
                "Take one of these connections out."
            )


def deletion_problems(
    wanted: Wanted, estate: Estate, disconnecting: t.Collection[str]
) -> t.Iterator[str]:
    """Say why objects cannot be deleted.

    :param disconnecting: the KDClusters that the task is still to disconnect from them.
    """
    if not wanted.delete_objects:
        return
    for wanted_object in wanted.objects:
        others = [
            name
            for name in estate.naming(wanted_object.kind, wanted_object.name)
            if name not in disconnecting
        ]
        if others:
            yield (
                f"{wanted_object.kind} {wanted.namespace}/{wanted_object.name} cannot be deleted: "
                f"{', '.join(f'KDCluster {wanted.namespace}/{name}' for name in others)} still names it. "
                "Disconnect it there too, or leave delete_objects out."
            )
