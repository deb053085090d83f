# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch the KDClusters of a namespace until the operator is done with some of them."""

from __future__ import annotations

import dataclasses
import math
import threading
import time
import typing as t

from .._core.display import WaitDisplay
from .._core.errors import (
    ApiError,
    ExpiredError,
    MemberError,
    StalledError,
    UnreachableError,
    WaitTimeoutError,
    deleted_meanwhile,
)
from .._kubedirector.connection_hash import hash_fits
from .._kubedirector.resources import KDCLUSTER
from .._kubedirector.settled import is_quiet, is_settled
from .._kubedirector.snapshot import parse_kdcluster
from .reader import read_kdclusters, read_objects
from .stall_diagnosis import Diagnosis, config_error_sentence, lag_sentence

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.resource import Key
    from .._kubedirector.snapshot import KDCluster, LiveObject, Snapshot

T = t.TypeVar("T")

# Longest watch; then objects that others may have changed are read again.
WATCH_SECONDS = 5
_RETRY_SECONDS = 1.0
_GONE_SECONDS = 0.1
# A starting API server may not know its users, roles and CRDs yet.
_STARTING_STATUSES, _STARTING_SECONDS = frozenset({401, 403, 404}), 30.0


class SnapshotWatcher:
    """Keeps a snapshot up to date and waits for changes in it.

    :ivar snapshot: replaced, never changed.
    :ivar has_waited: whether the operator had something to do.
    :ivar before_last_change: by name, KDClusters whose connection hash changed, as just before their last change.
    :ivar on_change: called with each KDCluster that is read.
    """

    def __init__(self, api: Api, snapshot: Snapshot, resource_version: str) -> None:
        self._api = api
        self._resource_version = resource_version
        self._behind = False
        self._diagnosis = Diagnosis(api, snapshot.clusters)
        self.snapshot = snapshot
        self.has_waited = False
        self.before_last_change: dict[str, KDCluster] = {}
        self.on_change: t.Callable[[KDCluster], None] | None = None
        # Parallel writes each take over their answer.
        self._replacing = threading.Lock()

    def put_cluster(self, manifest: t.Mapping[str, t.Any]) -> None:
        cluster = parse_kdcluster(manifest)
        with self._replacing:
            self._note_change(cluster)
            before = self.snapshot.clusters.get(cluster.name)
            if before is not None and before.connections != cluster.connections:
                self._expect_another_hash([before])
            self.snapshot = dataclasses.replace(
                self.snapshot, clusters={**self.snapshot.clusters, cluster.name: cluster}
            )
        if self.on_change is not None:
            self.on_change(cluster)

    def drop_cluster(self, name: str) -> None:
        with self._replacing:
            clusters = {k: v for k, v in self.snapshot.clusters.items() if k != name}
            self.snapshot = dataclasses.replace(self.snapshot, clusters=clusters)

    def _note_change(self, cluster: KDCluster) -> None:
        before = self.snapshot.clusters.get(cluster.name)
        if cluster != before:
            self._diagnosis.moved(cluster.name)
        if before is not None and before.stored_hash != cluster.stored_hash:
            self.before_last_change[cluster.name] = before

    def put_object(self, kind: str, name: str, found: LiveObject | None) -> None:
        """Take over what was just written or deleted."""
        with self._replacing:
            clusters = self.snapshot.clusters
            self._expect_another_hash(clusters[one] for one in self.snapshot.naming(kind, name))
            self.snapshot = dataclasses.replace(
                self.snapshot, objects={**self.snapshot.objects, (kind, name): found}
            )

    def _expect_another_hash(self, clusters: t.Iterable[KDCluster]) -> None:
        hashes = {cluster.name: cluster.stored_hash for cluster in clusters}
        self.snapshot = dataclasses.replace(
            self.snapshot, hashes_before={**self.snapshot.hashes_before, **hashes}
        )

    def replace_objects(self, found: t.Mapping[Key, LiveObject | None]) -> None:
        """Take over what was read again; others are read on demand."""
        with self._replacing:
            self.snapshot = dataclasses.replace(self.snapshot, objects=found)

    def read_missing(self, keys: t.Iterable[Key]) -> None:
        """Read metadata that is missing. :raises ApiError, UnreachableError:"""
        self._read_objects(key for key in keys if key not in self.snapshot.objects)

    def refresh(self) -> None:
        """Read again: after a write, older events would mislead. :raises ApiError, UnreachableError:"""
        # Lock throughout: a write answered meanwhile is newer than what this reads.
        with self._replacing:
            clusters, self._resource_version = read_kdclusters(self._api, self.snapshot.namespace)
            for cluster in clusters.values():
                self._note_change(cluster)
            self.snapshot = dataclasses.replace(self.snapshot, clusters=clusters)
            self._behind = False
        if self.on_change is not None:
            for cluster in clusters.values():
                self.on_change(cluster)

    def refresh_before_waiting(self) -> None:
        """Refresh at the next wait, which retries transient errors."""
        self._behind = True

    def wait_until_one_is_quiet(
        self, groups: t.Sequence[frozenset[str]], deadline: float, why: str
    ) -> int:
        """Wait until the operator works on no KDCluster of one group.

        :returns: the group's index. The rest is as in wait_until_settled.
        """

        def quiet_group() -> int | None:
            return next((i for i, group in enumerate(groups) if not any(self._busy(group))), None)

        return self._wait(frozenset().union(*groups), quiet_group, deadline, why)

    def wait_until_settled(
        self,
        names: t.Iterable[str],
        also_quiet: t.Iterable[str],
        deadline: float,
        why: str,
        *,
        may_vanish: t.Collection[str] = (),
        require: t.Callable[[], None] | None = None,
    ) -> None:
        """Wait until all that is live has reached every member of these KDClusters.

        :param also_quiet: KDClusters on which the operator must have no work either, while they exist.
        :param deadline: as of time.monotonic().
        :param why: begins a timeout's message: what has not happened.
        :param may_vanish: `names` that may be deleted, which ends their wait.
        :param require: called without arguments whenever `snapshot` is newer; what it raises ends the wait.
        :raises WaitTimeoutError: names the lagging members and their last reports.
        :raises StalledError: they cannot settle by themselves.
        :raises MemberError: a member in `config error` will never take the change.
        :raises PreconditionError: another of `names` was deleted.
        :raises ApiError, UnreachableError:
        """
        settled = frozenset(names)
        quiet = settled | frozenset(also_quiet)

        def reached() -> bool | None:
            found = self.snapshot.clusters
            for name in sorted(settled.difference(found, may_vanish)):
                raise deleted_meanwhile(self.snapshot.namespace, name)
            # With a terminating KDCluster the operator does nothing but delete it.
            there = {
                n for n in quiet & set(found) if not (n in may_vanish and found[n].terminating)
            }
            if require is not None:
                require()
            if any(self._busy(there)):
                return None
            for name in sorted(settled & there):
                if not is_settled(self.snapshot, found[name]):
                    raise MemberError(config_error_sentence(found[name]))
            return True

        self._wait(quiet, reached, deadline, why)

    def _wait(
        self, names: frozenset[str], goal: t.Callable[[], T | None], deadline: float, why: str
    ) -> T:
        """Follow events until `goal`, which reads only `names`, returns something."""
        lost_at = -math.inf
        display = WaitDisplay(deadline)
        while True:
            remaining = deadline - time.monotonic()
            try:
                if self._behind:
                    self.refresh()
                self.read_missing(self._objects_of(names))
                reached = goal()
                if reached is not None:
                    return reached
                if remaining <= 0:
                    raise WaitTimeoutError(f"{why} in time: {self._lag_sentences(names)}")
                reached = self._follow(names, goal, max(1, min(WATCH_SECONDS, int(remaining))))
                if reached is not None:
                    return reached
                display.show(lambda: self._lag_sentences(names))
                self._read_objects_again(names)
                if unrecoverable := self._diagnosis.unrecoverable(self.snapshot, names):
                    raise StalledError(f"{why}: {' '.join(unrecoverable)}")
            except ExpiredError:
                self._behind = True
                time.sleep(_GONE_SECONDS)
            except (UnreachableError, ApiError) as error:
                now = time.monotonic()
                if isinstance(error, UnreachableError):
                    lost_at = now
                elif not error.passes and not (
                    error.status in _STARTING_STATUSES and now - lost_at < _STARTING_SECONDS
                ):
                    raise
                if deadline - now <= _RETRY_SECONDS:
                    raise
                time.sleep(_RETRY_SECONDS)

    def _busy(self, names: t.Iterable[str]) -> t.Iterator[KDCluster]:
        """Those on which the operator still works."""
        for name in sorted(names):
            cluster = self.snapshot.clusters.get(name)
            if cluster is not None and not is_quiet(self.snapshot, cluster):
                yield cluster

    def _follow(
        self, names: frozenset[str], goal: t.Callable[[], T | None], seconds: int
    ) -> T | None:
        """Take over events until the goal or the watch's end."""
        self.has_waited = True
        for event in self._api.watch(
            KDCLUSTER, self.snapshot.namespace, self._resource_version, seconds
        ):
            manifest = event["object"]
            self._resource_version = manifest["metadata"]["resourceVersion"]
            if event["type"] == "BOOKMARK":
                continue
            name = manifest["metadata"]["name"]
            before = self.snapshot.clusters.get(name)
            if event["type"] == "DELETED":
                self.drop_cluster(name)
            else:
                self.put_cluster(manifest)
            self.read_missing(self._objects_of(names & {name}))
            if before is not None and self._saw_something_else(name, before.stored_hash):
                self._read_objects_again([name])
            reached = goal()
            if reached is not None:
                return reached
        return None

    def _saw_something_else(self, name: str, before: str) -> bool:
        """Whether the operator just read connected objects that differ from this snapshot."""
        cluster = self.snapshot.clusters.get(name)
        if cluster is None or cluster.stored_hash == before:
            return False
        known = all(key in self.snapshot.objects for key in cluster.connections.objects())
        return known and not hash_fits(self.snapshot, cluster)

    def _read_objects_again(self, names: t.Iterable[str]) -> None:
        """Read those of KDClusters whose hash does not fit: others may have changed them."""
        clusters = (self.snapshot.clusters.get(name) for name in names)
        self._read_objects(
            key
            for cluster in clusters
            if cluster is not None and not hash_fits(self.snapshot, cluster)
            for key in cluster.connections.objects()
        )

    def _read_objects(self, keys: t.Iterable[Key]) -> None:
        if found := read_objects(self._api, self.snapshot.namespace, keys):
            with self._replacing:
                self.snapshot = dataclasses.replace(
                    self.snapshot, objects={**self.snapshot.objects, **found}
                )

    def _objects_of(self, names: t.Iterable[str]) -> list[Key]:
        clusters = self.snapshot.clusters
        return [
            key
            for name in names
            if name in clusters
            for key in clusters[name].connections.objects()
        ]

    def _lag_sentences(self, names: t.Iterable[str]) -> str:
        return " ".join(lag_sentence(self.snapshot, cluster) for cluster in self._busy(names))
