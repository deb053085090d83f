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
from .reader import (
    read_kdclusters,
    read_objects,
)
from .stall_diagnosis import (
    Diagnosis,
    config_error_sentence,
    lag_sentence,
)

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._kubedirector.snapshot import (
        KDCluster,
        LiveObject,
        Snapshot,
    )

T = t.TypeVar("T")

# One watch lasts this long at most; then objects that others may have changed are read again.
WATCH_SECONDS = 5
_RETRY_SECONDS = 1.0
_GONE_SECONDS = 0.1
# An API server that just started may not know its users, roles and CRDs for a moment.
_STARTING_STATUSES, _STARTING_SECONDS = frozenset({401, 403, 404}), 30.0


class SnapshotWatcher:
    """Keeps a snapshot up to date and waits for changes in it.

    :param snapshot: as it was read; the attribute is replaced by newer ones, never changed. `has_waited`
        says whether the operator had something to do; `before_last_change` has, by name, each KDCluster
        whose connection hash changed meanwhile, as it was just before it last did; `on_change`, where it
        is set, is called with each KDCluster whenever it is read.
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
        # Writes side by side each take over what they were answered.
        self._replacing = threading.Lock()

    def put_cluster(self, manifest: t.Mapping[str, t.Any]) -> None:
        """Take over a KDCluster from an answer of the API server."""
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
        """Take over that a KDCluster does not exist any more."""
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
        """Take over a ConfigMap or Secret that was just written or deleted."""
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

    def replace_objects(self, found: t.Mapping[tuple[str, str], LiveObject | None]) -> None:
        """Take over ConfigMaps and Secrets that were read again; others are read when they are needed."""
        with self._replacing:
            self.snapshot = dataclasses.replace(self.snapshot, objects=found)

    def read_missing(self, keys: t.Iterable[tuple[str, str]]) -> None:
        """Read the metadata of those (kind, name) that were not read yet. :raises ApiError, UnreachableError:"""
        self._read_objects(key for key in keys if key not in self.snapshot.objects)

    def refresh(self) -> None:
        """Read all KDClusters again: after a write, older events of a watch would mislead.

        :raises ApiError, UnreachableError:
        """
        # All the time, since a write that is answered while this reads is newer than what it reads.
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
        """Read all KDClusters again at the next wait, which retries passing errors."""
        self._behind = True

    def wait_until_one_is_quiet(
        self, groups: t.Sequence[frozenset[str]], deadline: float, why: str
    ) -> int:
        """Wait until the operator works on none of the KDClusters of one group.

        :returns: which group that is. See wait_until_settled for the rest.
        """

        def quiet_group() -> int | None:
            for index, group in enumerate(groups):
                if self._all_quiet(group):
                    return index
            return None

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

        :param also_quiet: KDClusters on which the operator must have nothing to do either, as long as
            there are such.
        :param deadline: as of time.monotonic().
        :param why: how the message of a timeout begins, such as "The change
            was written, but it has not reached every member".
        :param may_vanish: the wait ends for those of `names` in it that are deleted.
        :param require: called whenever `snapshot` is newer; what it raises ends the wait.
        :raises WaitTimeoutError: names the lagging members and what they last reported.
        :raises StalledError: it will not come by itself: the operator is down or stuck, or a pod does not
            start.
        :raises MemberError: a member is in `config error` and so will never take the change.
        :raises PreconditionError: one of the other `names` was deleted meanwhile.
        :raises ApiError, UnreachableError:
        """
        settled = frozenset(names)
        quiet = settled | frozenset(also_quiet)

        def reached() -> bool | None:
            found = self.snapshot.clusters
            for name in sorted(settled.difference(found, may_vanish)):
                raise deleted_meanwhile(self.snapshot.namespace, name)
            # With one that is being deleted the operator does nothing any more but that.
            there = {
                n for n in quiet & set(found) if not (n in may_vanish and found[n].terminating)
            }
            if require is not None:
                require()
            if not self._all_quiet(there):
                return None
            for name in sorted(settled & there):
                if not is_settled(self.snapshot, found[name]):
                    raise MemberError(config_error_sentence(found[name]))
            return True

        self._wait(quiet, reached, deadline, why)

    def _wait(
        self, names: frozenset[str], goal: t.Callable[[], T | None], deadline: float, why: str
    ) -> T:
        """Follow events until `goal` returns something; `goal` reads only `names`."""
        lost_at = -math.inf
        display = WaitDisplay(deadline)
        while True:
            remaining = deadline - time.monotonic()
            try:
                if self._behind:
                    self.refresh()
                self._read_missing_objects(names)
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
                unrecoverable = self._diagnosis.unrecoverable(self.snapshot, names)
                if unrecoverable:
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

    def _all_quiet(self, names: t.Iterable[str]) -> bool:
        return not any(self._busy(names))

    def _busy(self, names: t.Iterable[str]) -> t.Iterator[KDCluster]:
        """Those that the operator still works on; not those that were deleted."""
        for name in sorted(names):
            cluster = self.snapshot.clusters.get(name)
            if cluster is not None and not is_quiet(self.snapshot, cluster):
                yield cluster

    def _follow(
        self, names: frozenset[str], goal: t.Callable[[], T | None], seconds: int
    ) -> T | None:
        """Take over events until the goal is reached or the watch ends."""
        self.has_waited = True
        events = self._api.watch(
            KDCLUSTER, self.snapshot.namespace, self._resource_version, seconds
        )
        for event in events:
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
            self._read_missing_objects(names & {name})
            if before is not None and self._saw_something_else(name, before.stored_hash):
                self._read_objects_again([name])
            reached = goal()
            if reached is not None:
                return reached
        return None

    def _saw_something_else(self, name: str, before: str) -> bool:
        """Whether the operator just read other content of the connected objects than this snapshot has."""
        cluster = self.snapshot.clusters.get(name)
        if cluster is None or cluster.stored_hash == before:
            return False
        known = all(key in self.snapshot.objects for key in cluster.connections.objects())
        return known and not hash_fits(self.snapshot, cluster)

    def _read_missing_objects(self, names: t.Iterable[str]) -> None:
        self.read_missing(self._objects_of(names))

    def _read_objects_again(self, names: t.Iterable[str]) -> None:
        """Read again the objects of KDClusters whose hash does not fit: others may have changed them."""
        self._read_objects(
            self._objects_of(
                name
                for name in names
                if (cluster := self.snapshot.clusters.get(name)) is not None
                and not hash_fits(self.snapshot, cluster)
            )
        )

    def _read_objects(self, keys: t.Iterable[tuple[str, str]]) -> None:
        found = read_objects(self._api, self.snapshot.namespace, keys)
        if found:
            with self._replacing:
                self.snapshot = dataclasses.replace(
                    self.snapshot, objects={**self.snapshot.objects, **found}
                )

    def _objects_of(self, names: t.Iterable[str]) -> list[tuple[str, str]]:
        clusters = self.snapshot.clusters
        return [
            key
            for name in names
            if name in clusters
            for key in clusters[name].connections.objects()
        ]

    def _lag_sentences(self, names: t.Iterable[str]) -> str:
        return " ".join(lag_sentence(self.snapshot, cluster) for cluster in self._busy(names))
