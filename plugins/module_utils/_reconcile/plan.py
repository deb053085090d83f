# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: what is wanted + what was found -> what to write. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import PreconditionError
from .._core.json_types import JsonObject
from .._kubedirector import facts
from .._kubedirector.links import change_order, union
from .._kubedirector.snapshot import Connections, KDCluster, LiveObject, Snapshot
from .merged_connections import CONNECTION_KINDS, connections_after
from .preconditions import failed_preconditions
from .shared_objects import REPLACES, live_copy, live_versions, repointed, repoints_to_wanted

if t.TYPE_CHECKING:
    from .._core.resource import Key
    from .desired import DesiredObject, DesiredState


@dataclasses.dataclass(frozen=True)
class ObjectChange:
    """What happens to one ConfigMap or Secret.

    :param action: created, updated, unchanged or deleted.
    :param body: the manifest to create, or the merge patch.
    :param found: before the change.
    :param version_of: see DesiredObject.
    """

    kind: str
    name: str
    type: str | None
    action: str
    body: JsonObject = dataclasses.field(repr=False)
    found: LiveObject | None = dataclasses.field(repr=False)
    version_of: str | None = None

    @property
    def key(self) -> Key:
        return self.kind, self.name

    @property
    def shown_action(self) -> str:
        """The action, or "absent" if there is nothing to delete."""
        return "absent" if self.action == "unchanged" and self.found is None else self.action

    @property
    def guarded(self) -> bool:
        """Whether an update fails if others changed the object since; else it is planned again."""
        return "resourceVersion" in (self.body.get("metadata") or {})


@dataclasses.dataclass(frozen=True)
class ClusterChange:
    """What happens to one KDCluster's connections."""

    name: str
    before: Connections
    after: Connections

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclasses.dataclass(frozen=True)
class Plan:
    """All changes of one task, KDClusters in dependency order."""

    objects: tuple[ObjectChange, ...]
    clusters: tuple[ClusterChange, ...]
    links: t.Mapping[str, tuple[str, ...]]
    """Of all KDClusters, before and after the change taken together."""

    @property
    def object_writes(self) -> list[ObjectChange]:
        return [change for change in self.objects if change.action != "unchanged"]

    @property
    def cluster_writes(self) -> list[ClusterChange]:
        return [change for change in self.clusters if change.changed]

    @property
    def changed(self) -> bool:
        return bool(self.object_writes or self.cluster_writes)


def make_plan(desired: DesiredState, snapshot: Snapshot) -> Plan:
    """Decide what to write.

    :param snapshot: must hold each named object, with data where the task describes it.
    :raises PreconditionError: all reasons.
    """
    # An interrupted task may have left copies there.
    repoints = repoints_to_wanted(desired, snapshot)
    after = {
        name: connections_after(
            desired, name, repointed(snapshot.clusters[name].connections, repoints)
        )
        for name in desired.kdclusters
        if name in snapshot.clusters
    }
    if any(one.version_of is not None for one in desired.objects):
        # KDClusters that the task does not name, but that name an earlier version.
        for name in sorted(set(snapshot.clusters) - set(after)):
            before = snapshot.clusters[name].connections
            moved = repointed(before, repoints)
            if moved != before:
                after[name] = moved
    problems = list(failed_preconditions(desired, snapshot, after))
    if problems:
        raise PreconditionError(problems)
    links_before = snapshot.links
    links_after = {name: connections.clusters for name, connections in after.items()}
    return Plan(
        objects=tuple(_object_changes(desired, snapshot)),
        clusters=tuple(
            ClusterChange(name, snapshot.clusters[name].connections, after[name])
            for name in change_order(links_before, links_after)
        ),
        links=union(links_before, links_after),
    )


def connection_patch(cluster: KDCluster, after: Connections) -> list[JsonObject]:
    """Make the JSON patch from a KDCluster's connections to `after`.

    A test of each list makes it fail if others wrote in between, so that no entry is lost.
    """
    operations = change_counter_patch(cluster)
    if not cluster.has_connections:
        return [
            *operations,
            {"op": "test", "path": "/spec/connections", "value": None},
            {"op": "add", "path": "/spec/connections", "value": after.as_lists()},
        ]
    for field in CONNECTION_KINDS:
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

    A member behind the count runs --reconnect (source: handleReadyMembers). So it does even if the operator fails
    to count a change, because its write meets another, such as its own for a new object (measured).
    A test guards what the operator counts meanwhile. Empty if the count is ahead, if no member counts, and if the
    KDCluster has no annotations: the operator soon adds one (its backup's, source: cluster.go).
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
    for one in desired.objects:
        found = snapshot.objects.get(one.key)
        versions = live_versions(one, snapshot)
        body: JsonObject = {}
        if one.absent:
            deleted = one.deleted and found is not None and not found.terminating
            action = "deleted" if deleted else "unchanged"
        elif found is None:
            action, body = "created", _manifest(desired.namespace, one, versions)
        else:
            body = object_patch(one, found)
            action = "updated" if body else "unchanged"
        object_type = one.type or (found.type if found else None)
        yield ObjectChange(one.kind, one.name, object_type, action, body, found, one.version_of)
        others: list[tuple[LiveObject, str | None]] = []
        if one.deleted or not one.absent:
            others += ((version, one.plain_name) for version in versions)
        if one.deleted and (leftover := live_copy(one, snapshot)):
            others.append((leftover, None))
        for other, version_of in others:
            if not other.terminating:
                yield ObjectChange(
                    other.kind, other.name, other.type, "deleted", {}, other, version_of
                )


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
    if replaced := ",".join(version.name for version in versions):
        metadata["annotations"][REPLACES] = replaced
    return {
        "apiVersion": "v1",
        "kind": desired_object.kind,
        "metadata": metadata,
        "data": dict(desired_object.data or {}),
        **({"binaryData": dict(desired_object.binary)} if desired_object.binary else {}),
        **({"immutable": True} if desired_object.version_of is not None else {}),
        **({"type": desired_object.secret_type} if desired_object.secret_type else {}),
    }


def _kept(values: t.Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value is not None}


def object_patch(desired_object: DesiredObject, found: LiveObject) -> JsonObject:
    """The smallest merge patch: data by data_mode; only null removes a label."""
    metadata: JsonObject = {}
    for field in ("labels", "annotations"):
        have: t.Mapping[str, str] = getattr(found, field)
        want: t.Mapping[str, str | None] = getattr(desired_object, field)
        differing = {key: value for key, value in want.items() if have.get(key) != value}
        if differing:
            metadata[field] = differing
    return {
        **({"metadata": metadata} if metadata else {}),
        **desired_object.content_changes(found.content),
    }


def patched_fields(patch: JsonObject) -> t.Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """What a merge patch writes: (field, path in managedFields, keys)."""
    for path, fields in ((("f:metadata",), patch.get("metadata") or {}), ((), patch)):
        for field in ("labels", "annotations", "data", "binaryData"):
            if keys := list(fields.get(field) or ()):
                yield field, (*path, f"f:{field}"), keys
