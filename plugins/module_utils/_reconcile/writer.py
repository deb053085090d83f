# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single writes, which bear with others who write at the same time and with passing refusals."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import random
import time
import typing as t

from .._core.display import WaitDisplay
from .._core.errors import (
    ApiError,
    ConflictError,
    NotFoundError,
    PreconditionError,
    WaitTimeoutError,
    deleted_meanwhile,
)
from .._core.retry import retry_transient_refusals
from .._kubedirector.links import union
from .._kubedirector.resources import BY_KIND, KDCLUSTER
from .._kubedirector.snapshot import (
    Connections,
    parse_object,
)
from .._kubedirector.webhook_refusals import retry_seconds
from .plan import (
    ClusterChange,
    connection_patch,
    make_plan,
)
from .preconditions import finalizers_sentence
from .shared_objects import (
    copy_manifest,
    copy_name,
    is_copy,
    other_keys,
    repointed,
)

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.resource import Key
    from .._kubedirector.links import Links
    from .._kubedirector.snapshot import (
        LiveObject,
        Snapshot,
    )
    from .._observe.watcher import SnapshotWatcher
    from .desired import DesiredState
    from .plan import (
        ObjectChange,
    )

_FIRST_PAUSE = 0.1
_LONGEST_WAY = 0.5
_MIN_ATTEMPTS = 5
_GONE_SECONDS = 0.5
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
    warnings: list[str] = dataclasses.field(default_factory=list)
    terminating: dict[Key, LiveObject] = dataclasses.field(default_factory=dict)
    """Objects that were deleted, but that finalizers hold."""
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
    :param before_write: called before each write that is not a dry run; may raise to prevent it.
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
        before_write: t.Callable[[], None],
    ) -> None:
        self._before_write = before_write
        self._api = api
        self._desired = desired
        self._live = live
        self._deadline = deadline
        self._progress = progress
        self.links = links

    def write_object(self, change: ObjectChange, *, dry_run: bool) -> None:
        """Create, update or delete an object. :raises ApiError, PreconditionError, UnreachableError:"""
        attempts = 0
        # An object whose values were not read is not to bring them along in the answer to a write.
        with_data = change.found is None or change.found.data is not None
        while change.action != "unchanged":
            if not dry_run:
                self._before_write()
            try:
                found = self._write_once(change, with_data=with_data, dry_run=dry_run)
            except NotFoundError:
                if change.action != "deleted":
                    raise
                # Somebody else deleted it meanwhile, which is what the task wants.
                self._live.put_object(change.kind, change.name, None)
                return
            except ConflictError:
                if change.guarded or change.action == "deleted":
                    raise
                attempts += 1
                if change.action == "created":
                    # Its creator did that just now.
                    self._progress.last_creation = time.monotonic()
                self._give_way(f"{change.kind} {self._desired.namespace}/{change.name}", attempts)
                change = self._planned_object(change, with_data=with_data)
                continue
            if not dry_run:
                self._note_object(change, found)
            return

    def _write_once(
        self, change: ObjectChange, *, with_data: bool, dry_run: bool
    ) -> LiveObject | None:
        """Write an object; return it as it is then, None after a dry run. :raises ConflictError, ApiError, UnreachableError:"""
        namespace, resource = self._desired.namespace, BY_KIND[change.kind]
        if change.action == "deleted":
            return self._delete(change.found, dry_run=dry_run) if change.found else None
        if change.action == "created":
            manifest = self._api.create(resource, namespace, change.body, dry_run=dry_run)
        else:
            body = change.body
            if change.found is not None and change.found.readable and not change.guarded:
                # A key that came in between must not stay unseen.
                metadata = {
                    **body.get("metadata", {}),
                    "resourceVersion": change.found.resource_version,
                }
                body = {**body, "metadata": metadata}
            manifest = self._api.merge_patch(
                resource, namespace, change.name, body, dry_run=dry_run, metadata_only=not with_data
            )
        # What a dry run creates has no resourceVersion (measured).
        return None if dry_run else parse_object(change.kind, manifest, with_data=with_data)

    def _note_object(self, change: ObjectChange, found: LiveObject | None) -> None:
        if change.action == "created":
            self._progress.last_creation = time.monotonic()
        if change.action == "deleted" and found is not None:
            self._progress.terminating[change.key] = found
        self._live.put_object(change.kind, change.name, found)
        self._progress.objects.add(change.key)
        if found is not None:
            self._progress.versions[change.key] = found.resource_version

    def _delete(self, found: LiveObject, *, dry_run: bool) -> LiveObject | None:
        """Delete exactly what was found; return it where finalizers hold it.

        :raises NotFoundError: another writer deleted it meanwhile.
        :raises ConflictError: another writer changed it, or created it again, meanwhile.
        :raises ApiError, UnreachableError:
        """
        answer = self._api.delete(
            BY_KIND[found.kind], found.namespace, found.name, dry_run=dry_run,
            uid=found.uid or None, resource_version=found.resource_version or None,
        )  # fmt: skip
        held = (answer.get("metadata") or {}).get("finalizers")
        return parse_object(found.kind, answer, with_data=False) if held else None

    def _planned_object(self, change: ObjectChange, *, with_data: bool) -> ObjectChange:
        """The change of an object, planned on what is live."""
        self._look_again(change.kind, change.name, with_data=with_data)
        snapshot = self._live.snapshot
        plan = make_plan(self.still_desired(snapshot), snapshot)
        return next(one for one in plan.objects if one.key == change.key)

    def _look_again(self, kind: str, name: str, *, with_data: bool) -> LiveObject | None:
        namespace = self._desired.namespace
        found = None
        with contextlib.suppress(NotFoundError):
            manifest = self._api.get(BY_KIND[kind], namespace, name, metadata_only=not with_data)
            found = parse_object(kind, manifest, with_data=with_data)
        self._live.put_object(kind, name, found)
        return found

    def write_copy(self, change: ObjectChange, *, dry_run: bool) -> None:
        """Make the copy of an object, as the object itself will be.

        :raises PreconditionError: an object of that name is not such a copy, or is in use.
        :raises ApiError, UnreachableError:
        """
        namespace, resource, name = self._desired.namespace, BY_KIND[change.kind], change.name
        original = None
        if change.action == "updated":
            original = self._api.get(resource, namespace, name)
        body = copy_manifest(original, name, change.body)
        if not dry_run:
            self._before_write()
        try:
            created = self._api.create(resource, namespace, body, dry_run=dry_run)
        except ConflictError:
            # An earlier task left it.
            found = self._look_again(change.kind, copy_name(name), with_data=False)
            self._require_own_copy(change, found, original)
            if dry_run:
                return
            self._require_unused(change)
            self.delete_copy(change.kind, name)
            created = self._api.create(resource, namespace, body, dry_run=False)
        if dry_run:
            return
        self._progress.last_creation = time.monotonic()
        found = parse_object(change.kind, created, with_data=False)
        self._live.put_object(change.kind, found.name, found)
        self._progress.copies.add(change.key)

    def _require_own_copy(
        self, change: ObjectChange, found: LiveObject | None, original: dict[str, t.Any] | None
    ) -> None:
        if found is None:
            return
        where = f"{found.kind} {found.namespace}/{found.name}"
        live = parse_object(change.kind, original, with_data=False) if original else None
        if not is_copy(found, live):
            raise PreconditionError(
                [
                    f"Linked KDClusters share {change.kind} {found.namespace}/{change.name}, so a copy must stand "
                    f"in for it under the name {where}. But there is an object of that name that this collection "
                    "did not make for it. Rename it, or delete it."
                ]
            )
        if found.terminating:
            raise PreconditionError([finalizers_sentence(where, found.finalizers)])

    def _require_unused(self, change: ObjectChange) -> None:
        """See that no KDCluster names the copy, which an earlier task left: all were repointed just now."""
        self._live.refresh()
        naming = self._live.snapshot.naming(change.kind, copy_name(change.name))
        if naming:
            where = f"{change.kind} {self._desired.namespace}/"
            raise PreconditionError(
                [
                    f"{where}{copy_name(change.name)} stands in for {where}{change.name} in KDCluster "
                    f"{', '.join(naming)}, because another task changes that now. Run the task again."
                ]
            )

    def delete_copy(self, kind: str, name: str) -> None:
        """Delete the copy of an object, if there is one. :raises ApiError, UnreachableError:"""
        found = self._live.snapshot.objects.get((kind, copy_name(name)))
        if found is not None and is_copy(found, self._live.snapshot.objects.get((kind, name))):
            self._before_write()
            with contextlib.suppress(NotFoundError):
                self._delete(found, dry_run=False)
            self._live.put_object(kind, copy_name(name), None)
        self._progress.copies.discard((kind, name))

    def wait_until_gone(self) -> None:
        """Wait until finalizers let go of what was deleted. :raises WaitTimeoutError: names them."""
        display = WaitDisplay(self._deadline)
        for key, found in self._progress.terminating.items():
            where = f"{found.kind} {found.namespace}/{found.name}"
            left: LiveObject | None = found
            while left is not None and left.uid == found.uid:
                if time.monotonic() + _GONE_SECONDS > self._deadline:
                    raise WaitTimeoutError(
                        f"{finalizers_sentence(where, left.finalizers)} See that what set these removes them."
                    )
                display.show(functools.partial(finalizers_sentence, where, left.finalizers))
                time.sleep(_GONE_SECONDS)
                left = self._look_again(*key, with_data=False)

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
            change.name, lambda snapshot: self._planned(change, snapshot, dry_run), dry_run=dry_run
        )
        if written and not dry_run:
            self._progress.clusters[change.name] = written

    def _patch_connections(
        self, name: str, planned: t.Callable[[Snapshot], ClusterChange], *, dry_run: bool
    ) -> ClusterChange | None:
        """Write one KDCluster's connections; planned again after each conflict.

        :returns: what was written, None where there was nothing to write.
        """
        refused = None
        attempts = 0
        if not dry_run:
            self._before_write()
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
                if name not in self._desired.may_vanish:
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
                self._give_way(f"KDCluster {self._desired.namespace}/{name}", attempts)
                self._live.refresh()
                self._live.read_missing(other_keys(self._desired, self._live.snapshot.clusters))
                continue
            if not dry_run:
                self._live.put_cluster(manifest)
            return change

    def _give_way(self, where: str, attempts: int) -> None:
        """Pause before the next try of a write that another writer pushed aside.

        Of writers who meet, one always gets through, so that each has its turn in the end; pauses
        of random length spare them most of the meetings.

        :raises PreconditionError: the time is up, and it was tried a few times.
        """
        longest = min(_FIRST_PAUSE * attempts, _LONGEST_WAY)
        if attempts >= _MIN_ATTEMPTS and time.monotonic() + longest > self._deadline:
            raise PreconditionError(
                [
                    f"{where} was not changed: others changed it each "
                    f"time meanwhile ({attempts} tries). Run the task again, or give a longer wait_timeout."
                ]
            )
        if attempts > 1:
            time.sleep(random.uniform(0, longest))

    def _planned(self, change: ClusterChange, snapshot: Snapshot, dry_run: bool) -> ClusterChange:
        """The change of one KDCluster, planned on what is live."""
        name = change.name
        if name not in snapshot.clusters:
            return self._nothing_left(name)
        unchanged = snapshot.clusters[name].connections
        if dry_run and unchanged == change.before:
            # On what is live, a change that is to come after others might seem to be impossible.
            return change
        plan = make_plan(self._desired.of_kdcluster(name), snapshot)
        self.links = union(self.links, plan.links)
        return next(
            (change for change in plan.clusters if change.name == name),
            ClusterChange(name, unchanged, unchanged),
        )

    def still_desired(self, snapshot: Snapshot) -> DesiredState:
        """What is wanted, but for KDClusters that were deleted and may have been."""
        return self._desired.without(self._desired.may_vanish - set(snapshot.clusters))

    def _nothing_left(self, name: str) -> ClusterChange:
        """There is nothing to write of a KDCluster that was deleted. :raises PreconditionError: it may not have been."""
        if name not in self._desired.may_vanish:
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
