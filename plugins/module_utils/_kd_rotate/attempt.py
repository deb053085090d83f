# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One attempt to write values, wait and verify the members; also for a rollback."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import CollectionError
from .._kubedirector.configmeta_diff import differing_keys
from .._observe.members import read_configmetas
from .._observe.start_script import Reconnect, failure_sentences, read_settled_reconnects
from .._observe.watcher import SnapshotWatcher
from .._reconcile.executor import Applier
from .._reconcile.plan import make_plan
from .._reconcile.plan_lines import rotation_lines
from .._reconcile.shared_objects import kdclusters_to_repoint, naming
from .rotation import desired_for_rotation, guarded

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._kubedirector.snapshot import KDCluster, Snapshot
    from .._observe.member_text import MemberText
    from .._observe.members import Reading
    from .._reconcile.writer import Progress
    from .record import Values
    from .rotation import Rotation


class Findings(t.NamedTuple):
    """What is wrong in the members: with their values, with their start scripts."""

    held: list[str]
    reconnect: list[str]


@dataclasses.dataclass(repr=False)
class RotationAttempt:
    """Writes `data` into the object, and waits until the KDClusters that name it have it.

    :param snapshot: as just read, at `resource_version`.
    :param data: see desired_for_rotation.
    :param deadline: as of time.monotonic(); bounds all of it.
    :param on_reconnect_failure: rollback, warn or ignore, which reads no exit codes.
    :param progress: filled while writing.
    :ivar reconnects: how the start scripts ended, by pod.
    """

    api: Api
    rotation: Rotation
    snapshot: dataclasses.InitVar[Snapshot]
    resource_version: dataclasses.InitVar[str]
    data: dataclasses.InitVar[Values | None]
    deadline: float
    text: MemberText
    on_reconnect_failure: str
    progress: Progress

    def __post_init__(self, snapshot: Snapshot, resource_version: str, data: Values | None) -> None:
        self.live = SnapshotWatcher(self.api, snapshot, resource_version)
        self.desired = desired_for_rotation(self.rotation, snapshot, data)
        self.plan = guarded(make_plan(self.desired, snapshot))
        self.reconnects: dict[str, Reconnect] = {}
        self.applier = Applier(
            self.api, self.desired, self.plan, self.live, self.deadline, self.progress,
            separate_runs=True,
        )  # fmt: skip

    @property
    def repointed(self) -> tuple[str, ...]:
        """The linked KDClusters that must name a copy meanwhile."""
        return kdclusters_to_repoint(self.plan.links, self.desired.kdclusters)

    def plan_lines(self, keys: t.Sequence[str]) -> list[str]:
        """The plan for people. :param keys: those that get another value."""
        return rotation_lines(self.plan, self.live.snapshot, keys, self.repointed)

    @property
    def vanished(self) -> list[str]:
        """The KDClusters of the attempt that are deleted or being deleted."""
        found = self.live.snapshot.clusters
        return [n for n in self.desired.kdclusters if n not in found or found[n].terminating]

    def verify(self, values: t.Mapping[str, str | None]) -> Findings:
        """Wait until everything has reached the members, and read them.

        :param values: what they should hold; None for a key that must be absent.
        :raises OverwrittenError: others changed the object.
        :raises CollectionError: it did not reach them, or a start script does not end.
        """
        while True:
            vanished = self.vanished
            findings = self._ask(values)
            if not any(findings):
                self.applier.verify()
                return findings
            try:
                self.live.refresh()
            except CollectionError:
                # Report the findings, not this error.
                return findings
            if self.vanished == vanished:
                return findings
            # The findings may be of a deleted KDCluster.

    def _ask(self, values: t.Mapping[str, str | None]) -> Findings:
        self.applier.wait()
        reconnect: list[str] = []
        if self.on_reconnect_failure != "ignore":
            try:
                reconnect = self._reconnect_failures()
            except CollectionError as error:
                if self.on_reconnect_failure != "warn":
                    raise
                reconnect = [str(error)]
        return Findings(list(self._held_wrong(values)), reconnect)

    def _reconnect_failures(self) -> list[str]:
        readings = read_settled_reconnects(
            self.api,
            self.rotation.namespace,
            self._clusters,
            self.applier.wait,
            self.deadline,
            before=self.live.before_last_change,
            overlapped=self.progress.overlapped,
        )
        self.reconnects = self.text.shown(
            self._clusters(),
            {
                pod: outcome
                for pod, reading in readings.items()
                if isinstance(outcome := reading.outcome, Reconnect)
            },
        )
        unknown = [reading.unknown for reading in readings.values() if reading.unknown]
        return [*failure_sentences(self._clusters(), self.reconnects), *unknown]

    def _clusters(self) -> list[KDCluster]:
        """The KDClusters that name the object and are not being deleted."""
        snapshot = self.live.snapshot
        found = [snapshot.clusters[name] for name in snapshot.naming(*self.rotation.key)]
        return [cluster for cluster in found if not cluster.terminating]

    def _held_wrong(self, values: t.Mapping[str, str | None]) -> t.Iterator[str]:
        label = self.rotation.label
        for cluster, reading in readings_of(self.api, self.rotation, self.live.snapshot):
            where = f"{cluster.label}: member {reading.member.pod} (role {reading.member.role})"
            if reading.configmeta is None:
                yield f"{where}: {reading.error}"
                continue
            keys = differing_keys(reading.configmeta, *self.rotation.key, values)
            if keys is None:
                yield f"{where} does not hold {label}."
            elif keys:
                yield f"{where} holds other values of {label} than the written ones, in key {', '.join(keys)}."


def readings_of(
    api: Api, rotation: Rotation, snapshot: Snapshot
) -> list[tuple[KDCluster, Reading]]:
    """Read configmeta.json of every member that should hold the object."""
    clusters = [snapshot.clusters[name] for name in naming(rotation, snapshot)]
    owners = {
        member: cluster
        for cluster in clusters
        if not cluster.terminating
        for member in cluster.members
        if member.has_configmeta
    }
    readings = read_configmetas(api, rotation.namespace, list(owners))
    return [(owners[reading.member], reading) for reading in readings]
