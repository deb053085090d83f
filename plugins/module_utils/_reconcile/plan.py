# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection plan: what is wanted + what was found -> what to write, or why not. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import PreconditionError
from .._core.json_types import JsonObject
from .._kubedirector import facts
from .._kubedirector.links import (
    change_order,
    union,
)
from .._kubedirector.snapshot import Connections
from .connections_after import CONNECTION_LISTS, connections_after
from .preconditions import (
    failed_preconditions,
)
from .shared_objects import (
    REPLACES,
    live_copy,
    live_versions,
    repointed,
    repoints_to_wanted,
)

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import (
        KDCluster,
        LiveObject,
        Snapshot,
    )
    from .desired import (
        DesiredObject,
        DesiredState,
    )


@dataclasses.dataclass(frozen=True)
class ObjectChange:
    """What happens to one ConfigMap or Secret.

    :param action: created, updated, unchanged or deleted.
    :param body: the manifest to create or the merge patch; empty otherwise.
    :param found: the object before the change.
    :param version_of: the name that the task gives it, where a hash of the content comes after that.
    """

    kind: str
    name: str
    type: str | None
    action: str
    body: JsonObject = dataclasses.field(repr=False)
    found: LiveObject | None = dataclasses.field(repr=False)
    version_of: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """(kind, name)."""
        return self.kind, self.name

    @property
    def guarded(self) -> bool:
        """Whether the API server is to refuse an update of an object that others changed since; else it
        is planned again then."""
        return "resourceVersion" in (self.body.get("metadata") or {})


@dataclasses.dataclass(frozen=True)
class ClusterChange:
    """What happens to one KDCluster's connections; before == after when nothing does."""

    name: str
    before: Connections
    after: Connections

    @property
    def changed(self) -> bool:
        """Whether there is something to write."""
        return self.before != self.after


@dataclasses.dataclass(frozen=True)
class Plan:
    """All changes of one task, KDClusters in dependency order."""

    objects: tuple[ObjectChange, ...]
    clusters: tuple[ClusterChange, ...]
    links: t.Mapping[str, tuple[str, ...]]
    """Every KDCluster's connected KDClusters, before and after the change taken together."""

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return any(c.action != "unchanged" for c in self.objects) or any(
            c.changed for c in self.clusters
        )


def make_plan(desired: DesiredState, snapshot: Snapshot) -> Plan:
    """Decide what to write.

    :param snapshot: must hold each named object, with data where the task describes it.
    :raises PreconditionError: all reasons why the task cannot be done; nothing has been written.
    """
    # A task that was ended half way may have left copies there.
    repoints = repoints_to_wanted(desired, snapshot)
    after = {
        name: connections_after(
            desired, name, repointed(snapshot.clusters[name].connections, repoints)
        )
        for name in desired.kdclusters
        if name in snapshot.clusters
    }
    if any(one.version_of is not None for one in desired.objects):
        # Who names an earlier version without being named by the task.
        for name in sorted(set(snapshot.clusters) - set(after)):
            before = snapshot.clusters[name].connections
            moved = repointed(before, repoints)
            if moved != before:
                after[name] = moved
    problems = list(failed_preconditions(desired, snapshot, after))
    if problems:
        raise PreconditionError(problems)
    changes = {
        name: ClusterChange(name, snapshot.clusters[name].connections, connections)
        for name, connections in after.items()
    }
    links_before = {name: c.connections.clusters for name, c in snapshot.clusters.items()}
    links_after = {name: change.after.clusters for name, change in changes.items()}
    return Plan(
        objects=tuple(_object_changes(desired, snapshot)),
        clusters=tuple(changes[name] for name in change_order(links_before, links_after)),
        links=union(links_before, links_after),
    )


def replan(plan: Plan, desired: DesiredState, snapshot: Snapshot) -> Plan:
    """Plan again what others may have changed meanwhile; a guarded change stays as it was planned.

    :raises PreconditionError: see make_plan.
    """
    new = make_plan(desired, snapshot)
    guarded = {change.key: change for change in plan.objects if change.guarded}
    return dataclasses.replace(
        new, objects=tuple(guarded.get(change.key, change) for change in new.objects)
    )


def connection_patch(cluster: KDCluster, after: Connections) -> list[JsonObject]:
    """Make the JSON patch that turns a KDCluster's connections into `after`.

    Only the lists that differ are written, each guarded by a test of what it was: a writer who came
    between makes the patch fail instead of losing an entry.
    """
    operations = change_counter_patch(cluster)
    if not cluster.has_connections:
        return [
            *operations,
            {"op": "test", "path": "/spec/connections", "value": None},
            {"op": "add", "path": "/spec/connections", "value": after.as_lists()},
        ]
    for field in CONNECTION_LISTS:
        old, new = list(getattr(cluster.connections, field)), list(getattr(after, field))
        if old == new:
            continue
        path = f"/spec/connections/{field}"
        present = field in cluster.present_lists
        operations.append({"op": "test", "path": path, "value": old if present else None})
        operations.append({"op": "replace" if present else "add", "path": path, "value": new})
    return operations


def change_counter_patch(cluster: KDCluster) -> list[JsonObject]:
    """Make the JSON patch that puts the operator's count of connection changes one ahead of what the members know.

    A member runs --reconnect for a change where it knows of less than the count, and then knows of one more
    (source: handleReadyMembers). So a member behind by one runs its script for each change all the same, and
    for one that the operator fails to count, too: that happens where its write of the count meets another
    one, such as its own over an object that is new (measured: 2 of 10 new objects on a busy machine).
    Guarded by a test, or it could take back what the operator counts meanwhile. Empty where the count is
    ahead, where no member counts, and where the KDCluster has no annotations at all: it soon has one of the
    operator's again (its backup's, source: cluster.go).
    """
    known = cluster.known_changes
    if (
        known is None
        or not cluster.annotated
        or facts.change_counter(cluster.change_counter) > known
    ):
        return []
    path = f"/metadata/annotations/{facts.CHANGE_COUNT.replace('/', '~1')}"
    return [
        {"op": "test", "path": path, "value": cluster.change_counter},
        {"op": "add", "path": path, "value": str(known + 1)},
    ]


def _object_changes(desired: DesiredState, snapshot: Snapshot) -> t.Iterator[ObjectChange]:
    for desired_object in desired.objects:
        found = snapshot.objects.get(desired_object.key)
        versions = live_versions(desired_object, snapshot)
        if desired_object.absent:
            deleted = desired_object.deleted and found is not None and not found.terminating
            action, body = ("deleted" if deleted else "unchanged"), {}
        elif found is None:
            action, body = "created", _manifest(desired.namespace, desired_object, versions)
        else:
            body = object_patch(desired_object, found)
            action = "updated" if body else "unchanged"
        yield ObjectChange(
            kind=desired_object.kind,
            name=desired_object.name,
            type=desired_object.type or (found.type if found else None),
            action=action,
            body=body,
            found=found,
            version_of=desired_object.version_of,
        )
        leftover = live_copy(desired_object, snapshot) if desired_object.deleted else None
        if desired_object.deleted or desired_object.version_of is not None:
            for other in [*versions, *([leftover] if leftover else [])]:
                if not other.terminating:
                    yield ObjectChange(
                        other.kind, other.name, other.type, "deleted", {}, other,
                        version_of=None if other is leftover else desired_object.plain_name,
                    )  # fmt: skip


def _manifest(
    namespace: str, desired_object: DesiredObject, versions: t.Iterable[LiveObject]
) -> JsonObject:
    metadata: JsonObject = {
        "name": desired_object.name,
        "namespace": namespace,
        "labels": _kept(desired_object.labels),
    }
    if annotations := _kept(desired_object.annotations):
        metadata["annotations"] = annotations
    replaced = ",".join(version.name for version in versions)
    if replaced and desired_object.version_of is not None:
        metadata["annotations"][REPLACES] = replaced
    manifest = {
        "apiVersion": "v1",
        "kind": desired_object.kind,
        "metadata": metadata,
        "data": dict(desired_object.data or {}),
        **({"binaryData": dict(desired_object.binary)} if desired_object.binary else {}),
        **({"immutable": True} if desired_object.version_of is not None else {}),
    }
    return {
        **manifest,
        **({"type": desired_object.secret_type} if desired_object.secret_type else {}),
    }


def _kept(values: t.Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value is not None}


def object_patch(desired_object: DesiredObject, found: LiveObject) -> JsonObject:
    """The smallest merge patch: data as data_mode says, of labels only null removes one."""
    patch: JsonObject = {}
    metadata: JsonObject = {}
    for field in ("labels", "annotations"):
        have: t.Mapping[str, str] = getattr(found, field)
        want: t.Mapping[str, str | None] = getattr(desired_object, field)
        differing = {key: value for key, value in want.items() if have.get(key) != value}
        if differing:
            metadata[field] = differing
    if metadata:
        patch["metadata"] = metadata
    return {**patch, **desired_object.content_changes(found.content)}
