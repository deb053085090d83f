# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exact wait: watch the KDClusters of a namespace until the operator is done with some of them."""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils import _operator
from ansible_collections.kubedirector.connections.plugins.module_utils._api import KDCLUSTER
from ansible_collections.kubedirector.connections.plugins.module_utils._errors import (
    ApiError,
    Gone,
    Impossible,
    MemberError,
    Unreachable,
    WaitTimeout,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._estate import kdcluster_from
from ansible_collections.kubedirector.connections.plugins.module_utils._read import (
    read_kdclusters,
    read_objects,
)

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._api import Api
    from ansible_collections.kubedirector.connections.plugins.module_utils._estate import (
        Estate,
        FoundObject,
        KDCluster,
    )

# One watch lasts this long at most; then objects that others may have changed are looked at again.
WATCH_SECONDS = 5
_RETRY_SECONDS = 1.0
_PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})


class LiveEstate:
    """An estate that is kept up to date while it is waited on.

    :param estate: as it was read; `estate` is replaced by newer ones, never changed. `has_waited`
        tells whether the operator had something to do; `on_change`, where it is set, is called with
        each newer state of a KDCluster.
    """

    def __init__(self, api: Api, estate: Estate, resource_version: str) -> None:
        self._api = api
        self._resource_version = resource_version
        self.estate = estate
        self.has_waited = False
        self.on_change: t.Callable[[KDCluster], None] | None = None
        # Writes side by side each take over what they were answered.
        self._replacing = threading.Lock()

    def put_cluster(self, manifest: t.Mapping[str, t.Any]) -> None:
        """Take over a KDCluster from an answer of the API server."""
        cluster = kdcluster_from(manifest)
        with self._replacing:
            self.estate = dataclasses.replace(
                self.estate, clusters={**self.estate.clusters, cluster.name: cluster}
            )
        if self.on_change is not None:
            self.on_change(cluster)

    def put_object(self, kind: str, name: str, found: FoundObject | None) -> None:
        """Take over a ConfigMap or Secret that was just written or deleted."""
        self.estate = dataclasses.replace(
            self.estate, objects={**self.estate.objects, (kind, name): found}
        )

    def refresh(self) -> None:
        """Read all KDClusters again: after a write, older events of a watch would mislead."""
        clusters, self._resource_version = read_kdclusters(self._api, self.estate.namespace)
        self.estate = dataclasses.replace(self.estate, clusters=clusters)

    def wait_until_quiet(self, names: t.Iterable[str], deadline: float, why: str) -> None:
        """Wait until the operator works on none of these KDClusters. See wait_until_settled."""
        self._wait(frozenset(names), frozenset(), deadline, why)

    def wait_until_settled(
        self, names: t.Iterable[str], also_quiet: t.Iterable[str], deadline: float, why: str
    ) -> None:
        """Wait until all that is live has reached every member of these KDClusters.

        :param also_quiet: KDClusters on which the operator must have nothing to do either.
        :param deadline: as of time.monotonic().
        :param why: how a time-out's message begins, such as "The change was written, but".
        :raises WaitTimeout: names the lagging members and what they last reported.
        :raises MemberError: a member is in `config error` and so will never take the change.
        :raises Impossible: a KDCluster was deleted meanwhile.
        :raises ApiError, Unreachable:
        """
        self._wait(frozenset(names) | frozenset(also_quiet), frozenset(names), deadline, why)

    def _wait(
        self, quiet: frozenset[str], settled: frozenset[str], deadline: float, why: str
    ) -> None:
        while True:
            remaining = deadline - time.monotonic()
            try:
                self._read_missing_objects(quiet)
                if self._reached(quiet, settled):
                    return
                if remaining <= 0:
                    raise WaitTimeout(self._timeout_sentence(quiet, why))
                self._follow(quiet, settled, max(1, min(WATCH_SECONDS, int(remaining))))
                self._read_objects_again(quiet)
            except Gone:
                self.refresh()
            except (Unreachable, ApiError) as error:
                if isinstance(error, ApiError) and error.status not in _PASSING_STATUSES:
                    raise
                if deadline - time.monotonic() <= _RETRY_SECONDS:
                    raise
                time.sleep(_RETRY_SECONDS)

    def _reached(self, quiet: frozenset[str], settled: frozenset[str]) -> bool:
        for name in quiet:
            cluster = self.estate.clusters.get(name)
            if cluster is None:
                raise Impossible(
                    [
                        f"KDCluster {self.estate.namespace}/{name} was deleted by somebody else meanwhile."
                    ]
                )
            if not self.estate.is_quiet(cluster):
                return False
        for name in settled:
            cluster = self.estate.clusters[name]
            if not self.estate.is_settled(cluster):
                raise MemberError(_config_error_sentence(cluster))
        return True

    def _follow(self, quiet: frozenset[str], settled: frozenset[str], seconds: int) -> None:
        """Take over events until the goal is reached or the watch ends."""
        self.has_waited = True
        events = self._api.watch(KDCLUSTER, self.estate.namespace, self._resource_version, seconds)
        for event in events:
            manifest = event["object"]
            self._resource_version = manifest["metadata"]["resourceVersion"]
            if event["type"] == "BOOKMARK":
                continue
            if event["type"] == "DELETED":
                clusters = dict(self.estate.clusters)
                clusters.pop(manifest["metadata"]["name"], None)
                self.estate = dataclasses.replace(self.estate, clusters=clusters)
            else:
                self.put_cluster(manifest)
            self._read_missing_objects(quiet)
            if self._reached(quiet, settled):
                return

    def _read_missing_objects(self, names: t.Iterable[str]) -> None:
        self._read_objects(key for key in self._objects_of(names) if key not in self.estate.objects)

    def _read_objects_again(self, names: t.Iterable[str]) -> None:
        """Look again at what is named by KDClusters whose hash does not fit: others may have changed it."""
        self._read_objects(
            self._objects_of(
                name
                for name in names
                if (cluster := self.estate.clusters.get(name)) is not None
                and cluster.stored_hash != self.estate.expected_hash(cluster)
            )
        )

    def _read_objects(self, keys: t.Iterable[tuple[str, str]]) -> None:
        found = read_objects(self._api, self.estate.namespace, keys)
        if found:
            self.estate = dataclasses.replace(self.estate, objects={**self.estate.objects, **found})

    def _objects_of(self, names: t.Iterable[str]) -> list[tuple[str, str]]:
        clusters = self.estate.clusters
        return [
            key
            for name in names
            if name in clusters
            for key in clusters[name].connections.objects()
        ]

    def _timeout_sentence(self, quiet: frozenset[str], why: str) -> str:
        reasons = [
            _lag_sentence(self.estate, self.estate.clusters[name])
            for name in sorted(quiet)
            if not self.estate.is_quiet(self.estate.clusters[name])
        ]
        return f"{why} {' '.join(reasons)}"


def _lag_sentence(estate: Estate, cluster: KDCluster) -> str:
    """Say what keeps a KDCluster from being quiet."""
    lagging = cluster.lagging_members()
    text = f"{cluster.label} is in state {cluster.state or 'unknown'!r}"
    if lagging:
        members = "; ".join(
            f"{m.pod or '(no pod yet)'} of role {m.role}: state {m.state!r}, generation "
            f"{'none' if m.config_generation is None else m.config_generation}"
            + (f", {m.problem}" if m.problem else "")
            for m in lagging
        )
        return f"{text}, and these members lag behind generation {cluster.generation}: {members}."
    if cluster.stored_hash != estate.expected_hash(cluster):
        return (
            f"{text}, and the operator has not seen the change: check that it is running and that "
            "it is not stuck."
            if cluster.state == _operator.STATE_CONFIGURED
            else f"{text}, and the operator has not seen the change; {_operator.WEDGE_REMEDY}."
        )
    return f"{text} although every member has generation {cluster.generation}; {_operator.WEDGE_REMEDY}."


def _config_error_sentence(cluster: KDCluster) -> str:
    members = ", ".join(
        f"{m.pod} of role {m.role}" + (f" ({m.problem})" if m.problem else "")
        for m in cluster.lagging_members()
    )
    return (
        f"{cluster.label}: these members are in state {_operator.MEMBER_CONFIG_ERROR!r} and get no "
        f"change until their container restarts: {members}. Mend the cause, then delete their pods."
    )
