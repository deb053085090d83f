# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single writes, which bear with others who write at the same time and with passing refusals."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import random
import time
import typing as t

from .._core.errors import (
    ApiError,
    ConflictError,
    NotFoundError,
    PreconditionError,
    deleted_meanwhile,
)
from .._core.retry import retry_transient_refusals
from .._kubedirector.resources import BY_KIND, KDCLUSTER
from .._kubedirector.snapshot import (
    Connections,
    parse_object,
)
from .._kubedirector.webhook import retry_seconds
from .plan import (
    ClusterChange,
    connection_patch,
    make_plan,
)
from .shared_objects import (
    copy_manifest,
    copy_name,
    repointed,
)

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._kubedirector.links import Links
    from .._kubedirector.snapshot import Snapshot
    from .._observe.watcher import SnapshotWatcher
    from .desired import DesiredState
    from .plan import (
        ObjectChange,
    )
    from .shared_objects import Key

_FIRST_PAUSE = 0.1
_LONGEST_WAY = 0.5
_MIN_ATTEMPTS = 5
_UNPROCESSABLE, _CONFLICT = 422, 409


@dataclasses.dataclass
class Progress:
    """What has been written so far; the only thing here that changes.

    :param objects: (kind, name) of each object that was created, updated or deleted.
    :param clusters: name of each KDCluster whose connections were written, and its change.
    """

    objects: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    clusters: dict[str, ClusterChange] = dataclasses.field(default_factory=dict)
    copies: set[Key] = dataclasses.field(default_factory=set)
    """(kind, name) of each object of which there is a copy now."""
    repointed: set[str] = dataclasses.field(default_factory=set)
    """KDClusters that were made to name a copy, or no copy any more."""
    reached: set[str] = dataclasses.field(default_factory=set)
    """KDClusters that some change reached, directly or through those that they connect to."""
    overlapped: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    """(pod, container) where a start script may still have run when the next change was made."""
    versions: dict[Key, str] = dataclasses.field(default_factory=dict)
    """The resourceVersion that each object got from the last write of it."""
    overwritten: set[Key] = dataclasses.field(default_factory=set)
    """(kind, name) of what is not as the task wants it, because others changed it meanwhile."""
    last_creation: float = -math.inf
    """When an object or a copy was last created, as of time.monotonic()."""

    def copies_sentence(self, namespace: str) -> str:
        """Say what stands in for what, when it has not come to an end."""
        names = ", ".join(f"{kind} {namespace}/{copy_name(name)}" for kind, name in self.copies)
        return (
            f"Linked KDClusters may still name copies that hold the new values ({names}); the same task, "
            "run again, puts the objects themselves back and deletes the copies."
        )

    def touched(self, live: SnapshotWatcher) -> set[str]:
        """The KDClusters that what was written reaches directly."""
        names = {name for key in self.objects for name in live.snapshot.naming(*key)}
        return names | set(self.clusters) | self.repointed


class Writer:
    """Writes objects and connections of one task.

    :param deadline: as of time.monotonic(); bounds the tries of a write that the webhook refuses for
        the moment.
    :param progress: filled while writing.
    :ivar links: every KDCluster's connected KDClusters, as last seen.
    """

    def __init__(
        self,
        api: Api,
        desired: DesiredState,
        live: SnapshotWatcher,
        deadline: float,
        progress: Progress,
        links: Links,
        *,
        may_vanish: bool,
    ) -> None:
        self._may_vanish = may_vanish
        self._api = api
        self._desired = desired
        self._live = live
        self._deadline = deadline
        self._progress = progress
        self.links = links

    def write_object(self, change: ObjectChange, *, dry_run: bool) -> None:
        """Create, update or delete an object. :raises ApiError, UnreachableError:"""
        namespace = self._desired.namespace
        resource = BY_KIND[change.kind]
        manifest = None
        # An object whose values were not read is not to bring them along in the answer to a write.
        with_data = change.found is None or change.found.data is not None
        if change.action == "created":
            try:
                manifest = self._api.create(resource, namespace, change.body, dry_run=dry_run)
            except ConflictError:
                self._write_after_creation_by_others(change, dry_run=dry_run)
                return
        elif change.action == "updated":
            manifest = self._api.merge_patch(
                resource, namespace, change.name, change.body, dry_run=dry_run,
                metadata_only=not with_data,
            )  # fmt: skip
        else:
            try:
                self._api.delete(resource, namespace, change.name, dry_run=dry_run)
            except NotFoundError:
                # Somebody else deleted it meanwhile, which is what the task wants.
                return
        if not dry_run:
            if change.action == "created":
                self._progress.last_creation = time.monotonic()
            found = parse_object(change.kind, manifest, with_data=with_data) if manifest else None
            self._live.put_object(change.kind, change.name, found)
            self._progress.objects.add((change.kind, change.name))
            if found is not None:
                self._progress.versions[change.kind, change.name] = found.resource_version

    def _write_after_creation_by_others(self, change: ObjectChange, *, dry_run: bool) -> None:
        """Somebody else created the object meanwhile: bring theirs to what is wanted."""
        if not dry_run:
            self._progress.last_creation = time.monotonic()
        manifest = self._api.get(BY_KIND[change.kind], self._desired.namespace, change.name)
        found = parse_object(change.kind, manifest, with_data=True)
        self._live.put_object(change.kind, change.name, found)
        for planned in make_plan(self._desired, self._live.snapshot).objects:
            if (planned.kind, planned.name) == (change.kind, change.name) and planned.body:
                self.write_object(planned, dry_run=dry_run)

    def write_copy(self, change: ObjectChange) -> None:
        """Make the copy of an object, as the object itself will be."""
        namespace, resource = self._desired.namespace, BY_KIND[change.kind]
        found = None
        if change.action == "updated":
            found = self._api.get(resource, namespace, change.name)
        body = copy_manifest(found, change.name, change.body)
        # One that an earlier task left is named by nobody any more.
        self.delete_copy(change.kind, change.name)
        created = self._api.create(resource, namespace, body, dry_run=False)
        self._progress.last_creation = time.monotonic()
        name = copy_name(change.name)
        self._live.put_object(
            change.kind, name, parse_object(change.kind, created, with_data=False)
        )
        self._progress.copies.add((change.kind, change.name))

    def delete_copy(self, kind: str, name: str) -> None:
        """Delete the copy of an object, if there is one. :raises ApiError, UnreachableError:"""
        with contextlib.suppress(NotFoundError):
            self._api.delete(BY_KIND[kind], self._desired.namespace, copy_name(name), dry_run=False)
        self._live.put_object(kind, copy_name(name), None)
        self._progress.copies.discard((kind, name))

    def repoint(self, name: str, repoints: t.Mapping[Key, str]) -> None:
        """Make a KDCluster name other objects, each in its place. :raises ApiError, PreconditionError, UnreachableError:"""

        def change(snapshot: Snapshot) -> ClusterChange:
            cluster = snapshot.clusters.get(name)
            if cluster is None:
                return self._nothing_left(name)
            return ClusterChange(
                name, cluster.connections, repointed(cluster.connections, repoints)
            )

        if self._patch_connections(name, change, dry_run=False):
            self._progress.repointed.add(name)

    def write_connections(self, change: ClusterChange, *, dry_run: bool) -> None:
        """Bring a KDCluster's connections to what is wanted. :raises ApiError, PreconditionError, UnreachableError:"""
        # From what is live now: others may have changed it since the plan was made.
        written = self._patch_connections(
            change.name, lambda snapshot: self._planned(change.name, snapshot), dry_run=dry_run
        )
        if written and not dry_run:
            self._progress.clusters[change.name] = written

    def _patch_connections(
        self, name: str, planned: t.Callable[[Snapshot], ClusterChange], *, dry_run: bool
    ) -> ClusterChange | None:
        """Write one KDCluster's connections; planned anew each time that others came between.

        :returns: what was written, None where there was nothing to write.
        """
        refused = None
        attempts = 0
        while True:
            # Another thread may replace it between planning and patching, and then the patch's test would
            # fit what the plan has not seen.
            snapshot = self._live.snapshot
            change = planned(snapshot)
            if not change.changed:
                return None
            patch = connection_patch(snapshot.clusters[name], change.after)
            try:
                manifest = self._patch_with_retry(name, patch, dry_run=dry_run)
            except NotFoundError:
                if not self._may_vanish:
                    raise
                return None
            except ApiError as error:
                if error.status not in (_UNPROCESSABLE, _CONFLICT) or (
                    error.status == _UNPROCESSABLE and patch == refused
                ):
                    raise
                # Somebody else changed the connections, or the operator wrote them in another form:
                # it leaves empty lists out (source: the types' omitempty).
                refused = patch
                attempts += 1
                self._give_way(name, attempts)
                self._live.refresh()
                continue
            if not dry_run:
                self._live.put_cluster(manifest)
            return change

    def _give_way(self, name: str, attempts: int) -> None:
        """Pause before the next try of a write that another writer pushed aside.

        Of writers who meet, one always gets through, so that each has its turn in the end; pauses
        of random length spare them most of the meetings.

        :raises PreconditionError: the time is up, and it was tried a few times.
        """
        longest = min(_FIRST_PAUSE * attempts, _LONGEST_WAY)
        if attempts >= _MIN_ATTEMPTS and time.monotonic() + longest > self._deadline:
            raise PreconditionError(
                [
                    f"KDCluster {self._desired.namespace}/{name} was not changed: others changed it each "
                    f"time meanwhile ({attempts} tries). Run the task again, or give a longer wait_timeout."
                ]
            )
        if attempts > 1:
            time.sleep(random.uniform(0, longest))

    def _planned(self, name: str, snapshot: Snapshot) -> ClusterChange:
        """The change of one KDCluster, planned on what is live."""
        if name not in snapshot.clusters:
            return self._nothing_left(name)
        plan = make_plan(self._still_desired(snapshot), snapshot)
        self.links = plan.links
        return next(change for change in plan.clusters if change.name == name)

    def _still_desired(self, snapshot: Snapshot) -> DesiredState:
        """What is wanted, but for KDClusters that were deleted and may have been."""
        if not self._may_vanish:
            return self._desired
        there = tuple(name for name in self._desired.kdclusters if name in snapshot.clusters)
        return dataclasses.replace(self._desired, kdclusters=there)

    def _nothing_left(self, name: str) -> ClusterChange:
        """There is nothing to write of a KDCluster that was deleted. :raises PreconditionError: it may not have been."""
        if not self._may_vanish:
            raise deleted_meanwhile(self._desired.namespace, name)
        return ClusterChange(name, Connections(), Connections())

    def _patch_with_retry(
        self, name: str, patch: list[dict[str, t.Any]], *, dry_run: bool
    ) -> dict[str, t.Any]:
        """Patch a KDCluster, trying again while the webhook refuses only for the moment."""
        return retry_transient_refusals(
            lambda: self._api.json_patch(
                KDCLUSTER, self._desired.namespace, name, patch, dry_run=dry_run
            ),
            self._deadline,
            retry_seconds,
        )
