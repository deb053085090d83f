# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warnings of what can be done, but has a catch. They hold names and keys, never a value."""

from __future__ import annotations

import base64
import typing as t

from .._core.credential_forms import credentials_in
from .._kubedirector import problems
from .._kubedirector.field_managers import other_manager
from .desired import CREATE_ONLY
from .plan import patched_fields
from .preconditions import finalizers_sentence
from .shared_objects import kdclusters_to_repoint

if t.TYPE_CHECKING:
    from .._core.resource import Key
    from .._kubedirector.snapshot import Snapshot
    from .desired import DesiredState
    from .plan import ClusterChange, ObjectChange, Plan

NOT_WAITED = (
    "wait is false, so this task does not know whether its change stayed and reached the members, nor how their "
    "start scripts ended: connection_hash, spec_generation, state and members are as they were when it wrote."
)


def plan_warnings(desired: DesiredState, snapshot: Snapshot, plan: Plan) -> list[str]:
    """Return a sentence for each warning."""
    found = [
        f"KDCluster {desired.namespace}/{name} does not exist, so there is nothing to disconnect."
        for name in desired.kdclusters
        if name not in snapshot.clusters
    ]
    found += (
        finalizers_sentence(change.found.label, change.found.finalizers)
        for change in plan.objects
        if change.found is not None and change.found.terminating
    )
    found += (sentence for one in plan.objects for sentence in _managed_elsewhere(one))
    found += _value_warnings(desired, snapshot)
    found += _shared_object_warnings(snapshot, plan)
    connected = set(desired.present.kdclusters)
    changes = [change for change in plan.clusters if change.name in connected]
    found += unchecked_sentences(
        dict.fromkeys(key for change in changes for key in change.after.objects()), snapshot
    )
    types = {change.key: change.type for change in plan.objects}
    for change in changes:
        found += _connection_warnings(desired, snapshot, change, types)
    return list(dict.fromkeys(found))


def unchecked_sentences(keys: t.Iterable[Key], snapshot: Snapshot) -> t.Iterator[str]:
    """Say which connected objects the caller may not read, and what is not known then."""
    for key in keys:
        found = snapshot.objects.get(key)
        if found is not None and not found.readable:
            yield (
                f"{found.label} cannot be read (the verb 'get' is not granted), so it was "
                "not checked that it exists and carries its type label, and the wait goes by whether the "
                "operator noticed a change, not by the object's version."
            )


def _shared_object_warnings(snapshot: Snapshot, plan: Plan) -> t.Iterator[str]:
    for change in plan.objects:
        if change.action not in ("created", "updated"):
            continue
        names = snapshot.naming(*change.key)
        moved = kdclusters_to_repoint(plan.links, names)
        if moved:
            yield (
                f"{change.kind} {snapshot.namespace}/{change.name} is shared by KDClusters that are linked to "
                f"one another ({', '.join(names)}), and changed for one after the other by way of a copy, "
                f"so that these reconnect more often: {', '.join(moved)}. An object each would spare them that."
            )


def _managed_elsewhere(change: ObjectChange) -> t.Iterator[str]:
    """Say that another program may undo it."""
    found = change.found
    if change.action != "updated" or found is None:
        return
    fields = patched_fields(change.body)
    written = ((*path, f"f:{key}") for _field, path, keys in fields for key in keys)
    manager = other_manager(found.managed_fields, written)
    if manager or found.owner:
        by = (
            f"also written by field manager {manager!r}"
            if manager
            else f"controlled by {found.owner}"
        )
        yield (
            f"{found.label} is {by}, which may undo this change. "
            "Make it where the object is managed, and only name the object here."
        )


def _value_warnings(desired: DesiredState, snapshot: Snapshot) -> t.Iterator[str]:
    for desired_object in desired.objects:
        place = desired.namespace, desired_object.name
        found = snapshot.objects.get(desired_object.key)
        if found is not None and desired_object.data_mode == CREATE_ONLY:
            continue
        for key, value in (desired_object.data or {}).items():
            if desired_object.kind == "ConfigMap":
                if credentials_in(key, value):
                    yield problems.credential_in_configmap(*place, key).sentence
            elif problems.is_line(base64.b64decode(value)):
                yield problems.newline_in_secret(*place, key).sentence
        known = found.binary_keys if found else ()
        if added := sorted(key for key in desired_object.binary or () if key not in known):
            yield problems.binary_data_dropped(*place, added).sentence


def _connection_warnings(
    desired: DesiredState,
    snapshot: Snapshot,
    change: ClusterChange,
    types: t.Mapping[Key, str | None],
) -> t.Iterator[str]:
    cluster = snapshot.clusters[change.name]
    for problem in problems.object_problems(cluster, change.after, snapshot, types):
        yield problem.sentence
    for name in change.after.clusters:
        other = snapshot.clusters.get(name)
        if other is None:
            yield problems.missing_cluster(cluster, name).sentence
        elif name in desired.clusters and other.secret_keys:
            yield problems.exposed_secret_keys(cluster, other).sentence
    if cluster.gets_no_configmeta:
        yield problems.no_config_package(cluster).sentence
