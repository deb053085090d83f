# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All reasons why what is wanted cannot be done with what was found. Pure."""

from __future__ import annotations

import typing as t

from .._kubedirector import facts
from .._kubedirector.links import find_cycle
from .._kubedirector.problems import missing_app, restoring
from .shared_objects import (
    VERSION_OF,
    live_versions,
    naming,
)

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import (
        Connections,
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
            yield restoring(cluster).sentence
    yield from failed_deletion_preconditions(desired, snapshot, after)
    present = [one for one in desired.connections if not one.absent]
    for name in _unique(one.kdclusters for one in present):
        found = snapshot.clusters.get(name)
        if found is None:
            yield _no_cluster(desired, name, "Create it first, or correct its name.")
        elif found.terminating:
            yield _terminating_cluster(found.label)
        elif snapshot.lacks_app(found, local_only=False):
            yield missing_app(found).sentence
    for desired_object in desired.objects:
        if not desired_object.absent:
            yield from _object_problems(desired, desired_object, snapshot)
    for name in _unique(one.clusters for one in present):
        found = snapshot.clusters.get(name)
        if found is None:
            yield _no_cluster(
                desired,
                name,
                "A KDCluster can be connected only to one that exists in its namespace.",
            )
        elif found.terminating:
            yield _terminating_cluster(found.label)
        elif snapshot.lacks_app(found, local_only=True):
            yield (
                f"{found.label} cannot be connected to: its KDApp {found.app} is not in namespace "
                f"{desired.namespace}, and the operator drops such a connection silently. "
                "Put a copy of the KDApp there."
            )
    yield from _cycle_problems(_unique(one.kdclusters for one in present), snapshot, after)


def _unique(several: t.Iterable[t.Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in several for name in names))


def _terminating_cluster(label: str) -> str:
    return f"{label} is being deleted. Wait until it is gone and create it again, or take it out of the task."


def finalizers_sentence(where: str, finalizers: t.Iterable[str]) -> str:
    """Say of an object that is being deleted what holds it."""
    held = ", ".join(finalizers)
    return f"{where} is being deleted" + (
        f", but is held by {held} (metadata.finalizers)." if held else "."
    )


def _no_cluster(desired: DesiredState, name: str, advice: str) -> str:
    return f"KDCluster {desired.namespace}/{name} does not exist. {advice}"


def _object_problems(
    desired: DesiredState, desired_object: DesiredObject, snapshot: Snapshot
) -> t.Iterator[str]:
    found = snapshot.objects[desired_object.key]
    if found is not None and not found.readable:
        return
    where = f"{desired_object.kind} {desired.namespace}/{desired_object.name}"
    label = facts.TYPE_LABELS[desired_object.kind]
    version_of = desired_object.version_of
    if found is not None and found.terminating:
        yield (
            f"{finalizers_sentence(where, found.finalizers)} Run the task again once it is gone, or leave "
            "it out."
        )
    elif version_of and found is not None and found.annotations.get(VERSION_OF) != version_of:
        yield (
            f"{where} is not a version of {version_of} that this collection made, since it lacks the "
            f"annotation {VERSION_OF}: {version_of}. Rename it, or delete it."
        )
    elif found is None and not desired_object.described:
        yield f"{where} does not exist. Give its type and data to have it created, or correct its name."
    elif found is None and desired_object.type is None:
        yield f"{where} does not exist and cannot be created without a type. Give its type."
    elif found is not None and desired_object.type is None and not found.type:
        yield (
            f"{where} carries no type label {label}, so the operator would skip it silently. "
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
    if found.immutable and desired_object.content_changes(found.content):
        yield (
            f"{where} is immutable, so its data cannot be changed. Write the new data under another name, "
            "connect that and disconnect this one, or delete it first."
        )


def _cycle_problems(
    names: t.Iterable[str], snapshot: Snapshot, after: t.Mapping[str, Connections]
) -> t.Iterator[str]:
    links = {
        name: after[name].clusters if name in after else found.connections.clusters
        for name, found in snapshot.clusters.items()
    }
    reported: set[frozenset[str]] = set()
    for name in names:
        cycle = find_cycle(links, name)
        if cycle is not None and frozenset(cycle) not in reported:
            reported.add(frozenset(cycle))
            yield (
                f"KDCluster {snapshot.namespace}/{name} would be connected to itself through a cycle "
                f"({' -> '.join(cycle)}), which makes the operator stuck within a second. "
                "Take one of these connections out."
            )


def failed_deletion_preconditions(
    desired: DesiredState, snapshot: Snapshot, after: t.Mapping[str, Connections]
) -> t.Iterator[str]:
    """Say why objects cannot be deleted.

    :param after: what the connections of KDClusters are still to be.
    """
    for desired_object in desired.objects:
        if not desired_object.deleted:
            continue
        keys = [
            desired_object.key,
            *((one.kind, one.name) for one in live_versions(desired_object, snapshot)),
        ]
        named = {*naming(desired_object, snapshot)}.union(*(snapshot.naming(*key) for key in keys))
        others = sorted(
            name
            for name in named
            if name not in after or not {*keys}.isdisjoint(after[name].objects())
        )
        if others:
            yield (
                f"{desired_object.kind} {desired.namespace}/{desired_object.name} cannot be deleted: "
                f"{', '.join(f'KDCluster {desired.namespace}/{name}' for name in others)} still names it. "
                "Disconnect it there too, or leave delete_objects out."
            )
