# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All reasons why the wanted cannot be done with what was found. Pure."""

from __future__ import annotations

import typing as t

from .._kubedirector import facts
from .._kubedirector.links import find_cycle
from .._kubedirector.problems import missing_app, restoring
from .shared_objects import VERSION_OF, live_versions, naming

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import Connections, Snapshot
    from .desired import DesiredObject, DesiredState


def failed_preconditions(
    desired: DesiredState, snapshot: Snapshot, after: t.Mapping[str, Connections]
) -> t.Iterator[str]:
    """Say what is wrong and what to do, one sentence each.

    :param after: the future connections of each wanted KDCluster that exists.
    """
    for name, connections in after.items():
        cluster = snapshot.clusters[name]
        if cluster.restoring and cluster.connections != connections:
            yield restoring(cluster).sentence
    yield from failed_deletion_preconditions(desired, snapshot, after)
    present = desired.present
    yield from _cluster_problems(present.kdclusters, snapshot, connected_to=False)
    for desired_object in desired.objects:
        if not desired_object.absent:
            yield from _object_problems(desired_object, snapshot)
    yield from _cluster_problems(present.clusters, snapshot, connected_to=True)
    yield from _cycle_problems(present.kdclusters, snapshot, after)


def finalizers_sentence(where: str, finalizers: t.Collection[str]) -> str:
    held = f", but is held by {', '.join(finalizers)} (metadata.finalizers)" if finalizers else ""
    return f"{where} is being deleted{held}."


def _cluster_problems(
    names: t.Iterable[str], snapshot: Snapshot, *, connected_to: bool
) -> t.Iterator[str]:
    for name in names:
        found = snapshot.clusters.get(name)
        if found is None:
            advice = "Create it first, or correct its name."
            if connected_to:
                advice = "A KDCluster can be connected only to one that exists in its namespace."
            yield f"KDCluster {snapshot.namespace}/{name} does not exist. {advice}"
        elif found.terminating:
            yield (
                f"{found.label} is being deleted. Wait until it is gone and create it again, or take it out of "
                "the task."
            )
        elif snapshot.lacks_app(found, local_only=connected_to):
            if connected_to:
                yield (
                    f"{found.label} cannot be connected to: its KDApp {found.app} is not in namespace "
                    f"{snapshot.namespace}, and the operator drops such a connection silently. "
                    "Put a copy of the KDApp there."
                )
            else:
                yield missing_app(found).sentence


def _object_problems(desired_object: DesiredObject, snapshot: Snapshot) -> t.Iterator[str]:
    where = f"{desired_object.kind} {snapshot.namespace}/{desired_object.name}"
    found = snapshot.objects[desired_object.key]
    if found is None:
        if not desired_object.described:
            yield f"{where} does not exist. Give its type and data to have it created, or correct its name."
        elif desired_object.type is None:
            yield f"{where} does not exist and cannot be created without a type. Give its type."
        return
    if not found.readable:
        return
    version_of = desired_object.version_of
    if found.terminating:
        yield (
            f"{finalizers_sentence(where, found.finalizers)} Run the task again once it is gone, or leave "
            "it out."
        )
    elif version_of and found.annotations.get(VERSION_OF) != version_of:
        yield (
            f"{where} is not a version of {version_of} that this collection made, since it lacks the "
            f"annotation {VERSION_OF}: {version_of}. Rename it, or delete it."
        )
    elif desired_object.type is None and not found.type:
        yield (
            f"{where} carries no type label {facts.TYPE_LABELS[found.kind]}, so the operator would skip it "
            f"silently. Give its type, or set that label: kubectl label {found.kind.lower()} {found.name} "
            f"-n {found.namespace} {facts.TYPE_LABELS[found.kind]}=TYPE --overwrite."
        )
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
    links = {**snapshot.links, **{name: one.clusters for name, one in after.items()}}
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

    :param after: the future connections of KDClusters.
    """
    for desired_object in desired.objects:
        if not desired_object.deleted:
            continue
        versions = live_versions(desired_object, snapshot)
        keys = {desired_object.key, *((one.kind, one.name) for one in versions)}
        named = {*naming(desired_object, snapshot)}.union(*(snapshot.naming(*key) for key in keys))
        others = sorted(
            name
            for name in named
            if name not in after or not keys.isdisjoint(after[name].objects())
        )
        if others:
            yield (
                f"{desired_object.kind} {desired.namespace}/{desired_object.name} cannot be deleted: "
                f"{', '.join(f'KDCluster {desired.namespace}/{name}' for name in others)} still names it. "
                "Disconnect it there too, or leave delete_objects out."
            )
