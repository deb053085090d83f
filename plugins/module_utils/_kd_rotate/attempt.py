# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One attempt: write an object's values, wait, and verify the members. A rollback is an attempt, too."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import CollectionError
from .._kubedirector.configmeta_diff import (
    differing_keys,
)
from .._observe.members import (
    read_configmetas,
)
from .._observe.start_script import (
    Reconnect,
    failure_sentences,
    read_settled_reconnects,
)
from .._observe.watcher import SnapshotWatcher
from .._reconcile.executor import Applier
from .._reconcile.plan import make_plan
from .._reconcile.plan_lines import rotation_lines
from .._reconcile.shared_objects import kdclusters_to_repoint
from .rotation import (
    desired_for_rotation,
    guarded,
)

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._kubedirector.snapshot import (
        KDCluster,
        Member,
        Snapshot,
    )
    from .._observe.member_text import MemberText
    from .._observe.members import Reading
    from .._reconcile.writer import Progress
    from .record import Values
    from .rotation import Rotation


@dataclasses.dataclass(frozen=True)
class Findings:
    """What is wrong in the members, one sentence each.

    :param held: of the values that they hold.
    :param reconnect: of their start scripts.
    """

    held: tuple[str, ...]
    reconnect: tuple[str, ...]


class RotationAttempt:
    """Writes `data` into the object, and waits until the KDClusters that name it have it.

    :param snapshot: as just read, at `resource_version`.
    :param data: the object's whole data; None leaves it alone (see desired_for_rotation).
    :param on_reconnect_failure: rollback, warn or ignore; with the last one exit codes are not read.
    :param deadline: as of time.monotonic(); bounds all of it.
    :param progress: filled while writing.
    :param text: redacts what start scripts printed.
    :ivar reconnects: how the start scripts ended, by pod, once they were read.
    """

    def __init__(
        self,
        api: Api,
        rotation: Rotation,
        snapshot: Snapshot,
        resource_version: str,
        data: Values | None,
        *,
        text: MemberText,
        on_reconnect_failure: str,
        deadline: float,
        progress: Progress,
    ) -> None:
        self._api = api
        self._on_reconnect_failure = on_reconnect_failure
        self._rotation = rotation
        self._text = text
        self.deadline = deadline
        self._progress = progress
        self.live = SnapshotWatcher(api, snapshot, resource_version)
        self.desired = desired_for_rotation(rotation, snapshot, data)
        self.plan = guarded(make_plan(self.desired, snapshot))
        self.reconnects: dict[str, Reconnect] = {}
        self._applier = Applier(
            api, self.desired, self.plan, self.live, deadline, progress,
            separate_runs=True,
        )  # fmt: skip

    @property
    def needs_copies(self) -> bool:
        """Whether linked KDClusters share the object, so that they must name a copy meanwhile."""
        return bool(self._repointed)

    @property
    def _repointed(self) -> tuple[str, ...]:
        return kdclusters_to_repoint(self.plan.links, self.desired.kdclusters)

    def plan_lines(self, keys: t.Sequence[str]) -> list[str]:
        """The plan as lines for people. :param keys: those that get another value."""
        return rotation_lines(self.plan, self.live.snapshot, keys, self._repointed)

    @property
    def vanished(self) -> list[str]:
        """The KDClusters that named the object and were deleted, or are being deleted."""
        found = self.live.snapshot.clusters
        return [n for n in self.desired.kdclusters if n not in found or found[n].terminating]

    def try_dry(self) -> None:
        """Try every write in a dry run. :raises ApiError, UnreachableError:"""
        self._applier.try_dry()

    def write(self) -> None:
        """Write what differs. :raises CollectionError: see Applier.write."""
        self._applier.write()

    def verify(self, values: t.Mapping[str, str | None]) -> Findings:
        """Wait until everything has reached the members, and read them.

        :param values: what they are to hold; None where there is to be no such key.
        :raises OverwrittenError: others changed the object meanwhile.
        :raises CollectionError: it did not reach them, or a start script does not end.
        """
        while True:
            vanished = self.vanished
            findings = self._ask(values)
            if not findings.held and not findings.reconnect:
                self._applier.verify()
                return findings
            try:
                self.live.refresh()
            except CollectionError:
                # Report the findings, not this error.
                return findings
            if self.vanished == vanished:
                return findings
            # The findings may be of a KDCluster that is gone.

    def _ask(self, values: t.Mapping[str, str | None]) -> Findings:
        self._applier.wait()
        reconnect: list[str] = []
        if self._on_reconnect_failure != "ignore":
            try:
                reconnect = self._reconnect_failures()
            except CollectionError as error:
                if self._on_reconnect_failure != "warn":
                    raise
                reconnect = [str(error)]
        return Findings(held=tuple(self._held_wrong(values)), reconnect=tuple(reconnect))

    def _reconnect_failures(self) -> list[str]:
        readings = read_settled_reconnects(
            self._api,
            self._rotation.namespace,
            self._clusters,
            self._applier.wait,
            self.deadline,
            before=self.live.before_last_change,
            overlapped=self._progress.overlapped,
        )
        self.reconnects = self._text.shown(
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
        """The KDClusters that name the object now, as last seen, and are there to stay."""
        snapshot = self.live.snapshot
        found = [snapshot.clusters[name] for name in snapshot.naming(*self._rotation.key)]
        return [cluster for cluster in found if not cluster.terminating]

    def _held_wrong(self, values: t.Mapping[str, str | None]) -> t.Iterator[str]:
        kind, name = self._rotation.key
        for cluster, reading in readings_of(self._api, self._rotation, self.live.snapshot):
            where = f"{cluster.label}: member {reading.member.pod} (role {reading.member.role})"
            if reading.configmeta is None:
                yield f"{where}: {reading.error}"
                continue
            keys = differing_keys(reading.configmeta, kind, name, values)
            if keys is None:
                yield f"{where} does not hold {self._rotation.label}."
            elif keys:
                yield (
                    f"{where} holds other values of {self._rotation.label} than the written ones, in key "
                    f"{', '.join(keys)}."
                )


def readings_of(
    api: Api, rotation: Rotation, snapshot: Snapshot
) -> list[tuple[KDCluster, Reading]]:
    """Read configmeta.json of every member that has to hold the object."""
    owners: dict[str, KDCluster] = {}
    members: list[Member] = []
    for name in rotation.naming(snapshot):
        cluster = snapshot.clusters[name]
        for member in cluster.members:
            if member.has_configmeta and not cluster.terminating:
                owners[member.pod] = cluster
                members.append(member)
    readings = read_configmetas(api, rotation.namespace, members)
    return [(owners[reading.member.pod], reading) for reading in readings]
