# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single writes, planned again after a conflict, retried after a passing refusal."""

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
from .._core.retry import passing_seconds, retry_transient_refusals
from .._kubedirector.links import Links, union
from .._kubedirector.resources import BY_KIND, KDCLUSTER
from .._kubedirector.snapshot import Connections, LiveObject, Snapshot, parse_object
from .._kubedirector.webhook_refusals import retry_seconds
from .plan import ClusterChange, ObjectChange, connection_patch, make_plan
from .preconditions import finalizers_sentence
from .shared_objects import copy_manifest, copy_name, is_copy, other_keys, repointed

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.json_types import JsonObject
    from .._core.resource import Key
    from .._observe.watcher import SnapshotWatcher
    from .desired import DesiredState

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 0.5
_MIN_ATTEMPTS = 5
_GONE_SECONDS = 0.5
_UNPROCESSABLE, _CONFLICT = 422, 409


@dataclasses.dataclass
class Progress:
    """What has been written so far."""

    objects: set[Key] = dataclasses.field(default_factory=set)
    """Those that were created, updated or deleted."""
    clusters: set[str] = dataclasses.field(default_factory=set)
    """KDClusters whose connections were written."""
    copies: set[Key] = dataclasses.field(default_factory=set)
    """Objects of which there is a copy now."""
    repointed: set[str] = dataclasses.field(default_factory=set)
    """KDClusters that were made to name a copy, or no copy any more."""
    reached: set[str] = dataclasses.field(default_factory=set)
    """KDClusters that some change reached, perhaps through those that they connect to."""
    overlapped: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    """(pod, container) where a start script may have run at the next change."""
    versions: dict[Key, str] = dataclasses.field(default_factory=dict)
    """The resourceVersion that each object got from the last write of it."""
    warnings: list[str] = dataclasses.field(default_factory=list)
    terminating: dict[Key, LiveObject] = dataclasses.field(default_factory=dict)
    """Objects that were deleted, but that finalizers hold."""
    overwritten: set[Key] = dataclasses.field(default_factory=set)
    """What is not as the task wants it, because others changed it meanwhile."""
    last_creation: float = -math.inf
    """When an object or a copy was last created, as of time.monotonic()."""

    def copies_sentence(self, namespace: str) -> str:
        names = ", ".join(f"{kind} {namespace}/{copy_name(name)}" for kind, name in self.copies)
        return (
            f"Linked KDClusters may still name copies that hold the new values ({names}); the same task, "
            "run again, puts the objects themselves back and deletes the copies."
        )

    def touched(self, live: SnapshotWatcher) -> set[str]:
        """The KDClusters that writes reach directly."""
        names = {name for key in self.objects for name in live.snapshot.naming(*key)}
        return names | self.clusters | self.repointed


class Writer:
    """Writes objects and connections of one task.

    :param deadline: as of time.monotonic(); bounds the tries of a write.
    :param before_write: called before each write except dry runs; may raise to prevent it.
    :ivar links: each KDCluster -> connected KDClusters, as last seen.
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
        """Create, update or delete it. :raises ApiError, PreconditionError, UnreachableError:"""
        attempts = 0
        # An answer must not bring values that were not read.
        with_data = change.found is None or change.found.data is not None
        while change.action != "unchanged":
            if not dry_run:
                self._before_write()
            try:
                found = self._write_once(change, with_data=with_data, dry_run=dry_run)
            except NotFoundError:
                if change.action != "deleted":
                    raise
                # Others did what the task wants.
                self._live.put_object(change.kind, change.name, None)
                return
            except ConflictError:
                if change.guarded or change.action == "deleted":
                    raise
                attempts += 1
                if change.action == "created":
                    # Others created it just now.
                    self._progress.last_creation = time.monotonic()
                self._pause(f"{change.kind} {self._desired.namespace}/{change.name}", attempts)
                self._look_again(change.kind, change.name, with_data=with_data)
                snapshot = self._live.snapshot
                plan = make_plan(self._desired.without_vanished(snapshot.clusters), snapshot)
                change = next(one for one in plan.objects if one.key == change.key)
                continue
            if not dry_run:
                self._note_object(change, found)
            return

    def _write_once(
        self, change: ObjectChange, *, with_data: bool, dry_run: bool
    ) -> LiveObject | None:
        """Return the object as it is then, None if it is gone. :raises ConflictError, ApiError, UnreachableError:"""
        namespace, resource = self._desired.namespace, BY_KIND[change.kind]
        found, body = change.found, change.body
        if change.action == "deleted":
            return self._delete(found, dry_run=dry_run) if found else None
        if change.action == "created":
            manifest = self._api.create(resource, namespace, body, dry_run=dry_run)
        else:
            if found is not None and found.readable and not change.guarded:
                # A key added in between must be seen.
                version = {"resourceVersion": found.resource_version}
                body = {**body, "metadata": {**body.get("metadata", {}), **version}}
            manifest = self._api.merge_patch(
                resource, namespace, change.name, body, dry_run=dry_run, metadata_only=not with_data
            )
        # What a dry run creates has no resourceVersion (measured).
        return None if dry_run else parse_object(change.kind, manifest, with_data=with_data)

    def _note_object(self, change: ObjectChange, found: LiveObject | None) -> None:
        if change.action == "created":
            self._progress.last_creation = time.monotonic()
        self._live.put_object(change.kind, change.name, found)
        self._progress.objects.add(change.key)
        if found is not None:
            self._progress.versions[change.key] = found.resource_version
            if change.action == "deleted":
                self._progress.terminating[change.key] = found

    def _delete(self, found: LiveObject, *, dry_run: bool) -> LiveObject | None:
        """Delete exactly what was found; return it if finalizers hold it.

        :raises NotFoundError, ConflictError: others deleted, changed or replaced it meanwhile.
        :raises ApiError, UnreachableError:
        """
        answer = self._api.delete(
            BY_KIND[found.kind], found.namespace, found.name, dry_run=dry_run,
            uid=found.uid or None, resource_version=found.resource_version or None,
        )  # fmt: skip
        held = (answer.get("metadata") or {}).get("finalizers")
        return parse_object(found.kind, answer, with_data=False) if held else None

    def _look_again(self, kind: str, name: str, *, with_data: bool) -> LiveObject | None:
        namespace = self._desired.namespace
        found = None
        with contextlib.suppress(NotFoundError):
            manifest = self._api.get(BY_KIND[kind], namespace, name, metadata_only=not with_data)
            found = parse_object(kind, manifest, with_data=with_data)
        self._live.put_object(kind, name, found)
        return found

    def write_copy(self, change: ObjectChange, *, dry_run: bool) -> None:
        """Make the copy, as the object itself will be.

        :raises PreconditionError: an object of that name is not such a copy, or is in use.
        :raises ApiError, UnreachableError:
        """
        namespace, resource, name = self._desired.namespace, BY_KIND[change.kind], change.name
        original = self._api.get(resource, namespace, name) if change.action == "updated" else None
        body = copy_manifest(original, name, change.body)
        if not dry_run:
            self._before_write()
        try:
            created = self._api.create(resource, namespace, body, dry_run=dry_run)
        except ConflictError:
            # An earlier task left it.
            found = self._look_again(change.kind, copy_name(name), with_data=False)
            if found is not None:
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
        self, change: ObjectChange, found: LiveObject, original: JsonObject | None
    ) -> None:
        live = parse_object(change.kind, original, with_data=False) if original else None
        if not is_copy(found, live):
            raise PreconditionError(
                [
                    f"Linked KDClusters share {change.kind} {found.namespace}/{change.name}, so a copy must stand "
                    f"in for it under the name {found.label}. But there is an object of that name that this collection "
                    "did not make for it. Rename it, or delete it."
                ]
            )
        if found.terminating:
            raise PreconditionError([finalizers_sentence(found.label, found.finalizers)])

    def _require_unused(self, change: ObjectChange) -> None:
        """Check that no KDCluster names the copy of an earlier task: all were repointed just now."""
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
        """Delete the copy, if any. :raises ApiError, UnreachableError:"""
        found = self._live.snapshot.objects.get((kind, copy_name(name)))
        if found is not None and is_copy(found, self._live.snapshot.objects.get((kind, name))):
            attempts = 0
            while found is not None:
                self._before_write()
                try:
                    self._delete(found, dry_run=False)
                except NotFoundError:
                    pass
                except ConflictError:
                    # Others may have changed its labels.
                    attempts += 1
                    self._pause(found.label, attempts)
                    uid = found.uid
                    found = self._look_again(kind, copy_name(name), with_data=False)
                    if found is not None and found.uid == uid:
                        continue
                break
            self._live.put_object(kind, copy_name(name), None)
        self._progress.copies.discard((kind, name))

    def wait_until_gone(self) -> None:
        """Wait until finalizers release what was deleted. :raises WaitTimeoutError: names them."""
        display = WaitDisplay(self._deadline)
        for key, found in self._progress.terminating.items():
            left: LiveObject | None = found
            while left is not None and left.uid == found.uid:
                if time.monotonic() + _GONE_SECONDS > self._deadline:
                    held = finalizers_sentence(left.label, left.finalizers)
                    raise WaitTimeoutError(f"{held} See that what set these removes them.")
                display.show(functools.partial(finalizers_sentence, left.label, left.finalizers))
                time.sleep(_GONE_SECONDS)
                left = retry_transient_refusals(
                    functools.partial(self._look_again, *key, with_data=False),
                    self._deadline,
                    passing_seconds,
                )

    def repoint(self, name: str, repoints: t.Mapping[Key, str]) -> None:
        """Make a KDCluster name other objects. :raises ApiError, PreconditionError, UnreachableError:"""

        def after(snapshot: Snapshot) -> Connections:
            return repointed(snapshot.clusters[name].connections, repoints)

        if self._patch_connections(name, after, dry_run=False):
            self._progress.repointed.add(name)

    def write_connections(self, change: ClusterChange, *, dry_run: bool) -> None:
        """Write the wanted connections. :raises ApiError, PreconditionError, UnreachableError:"""
        name = change.name

        def after(snapshot: Snapshot) -> Connections:
            live = snapshot.clusters[name].connections
            if dry_run and live == change.before:
                # Planned on what is live, a change that comes after others might seem impossible.
                return change.after
            # Others may have changed it since the plan.
            plan = make_plan(self._desired.of_kdcluster(name), snapshot)
            self.links = union(self.links, plan.links)
            return next((one.after for one in plan.clusters if one.name == name), live)

        if self._patch_connections(name, after, dry_run=dry_run) and not dry_run:
            self._progress.clusters.add(name)

    def _patch_connections(
        self, name: str, planned: t.Callable[[Snapshot], Connections], *, dry_run: bool
    ) -> bool:
        """Write connections, planned again after each conflict; return whether that was needed.

        :raises PreconditionError: it was deleted, or others keep changing it.
        :raises ApiError, UnreachableError:
        """
        refused = None
        attempts = 0
        while True:
            if not dry_run:
                self._before_write()
            # Another thread may replace it; the patch's test would fit what the plan has not seen.
            snapshot = self._live.snapshot
            cluster = snapshot.clusters.get(name)
            if cluster is None:
                if name not in self._desired.may_vanish:
                    raise deleted_meanwhile(self._desired.namespace, name)
                return False
            after = planned(snapshot)
            if after == cluster.connections:
                return False
            patch = connection_patch(cluster, after)
            try:
                manifest = retry_transient_refusals(
                    functools.partial(
                        self._api.json_patch,
                        KDCLUSTER,
                        snapshot.namespace,
                        name,
                        patch,
                        dry_run=dry_run,
                    ),
                    self._deadline,
                    retry_seconds,
                )
            except NotFoundError:
                if name not in self._desired.may_vanish:
                    raise
                return False
            except ApiError as error:
                if error.status not in (_UNPROCESSABLE, _CONFLICT) or (
                    error.status == _UNPROCESSABLE and patch == refused
                ):
                    raise
                # Others changed it, or the operator left empty lists out (source: the types' omitempty).
                refused = patch
                attempts += 1
                self._pause(f"KDCluster {self._desired.namespace}/{name}", attempts)
                self._live.refresh()
                self._live.read_missing(other_keys(self._desired, self._live.snapshot.clusters))
                continue
            if not dry_run:
                self._live.put_cluster(manifest)
            return True

    def _pause(self, where: str, attempts: int) -> None:
        """Pause after a conflict for a random time, so that writers seldom meet again.

        :raises PreconditionError: after a few tries, when the time is up.
        """
        longest = min(_FIRST_PAUSE * attempts, _LONGEST_PAUSE)
        if attempts >= _MIN_ATTEMPTS and time.monotonic() + longest > self._deadline:
            raise PreconditionError(
                [
                    f"{where} was not changed: others changed it each time meanwhile ({attempts} tries). "
                    "Run the task again, or give a longer wait_timeout."
                ]
            )
        if attempts > 1:
            time.sleep(random.uniform(0, longest))
