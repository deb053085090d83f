# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_connection task from its options to its result. Knows nothing of Ansible."""

from __future__ import annotations

import time
import typing as t

from .._ansible.task import Task
from .._core.errors import (
    CollectionError,
    MemberError,
    ReconnectFailedError,
)
from .._kubedirector import facts
from .._kubedirector.configmeta import parse_configmeta
from .._kubedirector.snapshot import Snapshot
from .._observe.member_text import MemberText
from .._observe.reader import (
    read_app_names,
    read_kdclusters,
    read_objects,
    require_namespace,
)
from .._observe.start_script import (
    EarlyReads,
    MemberReading,
    Reconnect,
    failure_sentences,
    read_settled_reconnects,
)
from .._observe.watcher import SnapshotWatcher
from .._reconcile.desired import parse_desired
from .._reconcile.executor import (
    Applier,
)
from .._reconcile.plan import (
    connections_after,
    make_plan,
)
from .._reconcile.preconditions import finalizers_sentence
from .._reconcile.result import (
    connection_result,
    plan_diff,
)
from .._reconcile.shared_objects import (
    other_keys,
    replaced_keys,
)
from .._reconcile.verification import not_held
from .._reconcile.warnings import (
    NOT_WAITED,
    plan_warnings,
)
from .._reconcile.writer import Progress

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import KDCluster
    from .._reconcile.desired import DesiredState
    from .._reconcile.plan import Plan


class ConnectionTask(Task):
    """Runs one task. `result` is usable at any time, and after a failure tells what had been done."""

    def __post_init__(self) -> None:
        self._deadline = 0.0
        self._progress = Progress()
        self._plan: Plan | None = None
        self._live: SnapshotWatcher | None = None
        self._reconnects: dict[str, Reconnect] = {}
        self._text: MemberText | None = None
        self._accepted_dry = False
        self._desired: DesiredState | None = None
        self._not_held: list[str] = []

    def run(self) -> None:
        """Do what the task wants.

        :raises CollectionError: any of them; `result` then says what had been written.
        """
        desired = self._desired = parse_desired(self.params, self.namespace)
        self._deadline = time.monotonic() + self.params["wait_timeout"]
        snapshot, resource_version = self._read_snapshot(desired)
        self._text = MemberText(self.api, snapshot, self.redactor)
        self._live = SnapshotWatcher(self.api, snapshot, resource_version)
        self._plan = make_plan(desired, snapshot)
        for sentence in plan_warnings(desired, snapshot, self._plan):
            self.warn(sentence)
        applier = Applier(
            self.api, desired, self._plan, self._live, self._deadline, self._progress,
            separate_runs=self._asks_applications(), may_vanish=desired.absent,
        )  # fmt: skip
        if self.check_mode:
            applier.try_dry()
            self._accepted_dry = True
            return
        try:
            applier.write()
        except CollectionError as error:
            if self._progress.copies:
                error.args = (f"{error} {self._progress.copies_sentence(self.namespace)}",)
            raise
        finally:
            self._plan = applier.plan
            for sentence in self._progress.warnings:
                self.warn(sentence)
        if not self.params["wait"]:
            for found in self._progress.terminating.values():
                where = f"{found.kind} {self.namespace}/{found.name}"
                self.warn(finalizers_sentence(where, found.finalizers))
        if self.params["wait"]:
            early = EarlyReads(self.api, self.namespace)
            try:
                self._ask_early(self._plan, self._live, early)
                applier.wait()
                self._ask_applications(self._plan, self._live, applier, early)
                applier.verify()
                if self._not_held:
                    raise MemberError(
                        "The change was written, but members hold something else: "
                        f"{' '.join(self._not_held)} See that nothing but the operator writes "
                        f"{facts.CONFIGMETA_PATH} there, or delete the pod to have it set up again."
                    )
            finally:
                early.abandon()
        elif self._plan_was_needed(self._plan):
            self.warn(NOT_WAITED)

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values; empty lists where nothing was found out yet."""
        if self._plan is None or self._live is None:
            return {"changed": False, "objects": [], "kdclusters": []}
        return connection_result(
            self._plan,
            self._live.snapshot,
            self._progress,
            self._reconnects,
            as_planned=self._accepted_dry,
        )

    @property
    def diff(self) -> dict[str, t.Any] | None:
        """The --diff, or None before there is a plan."""
        return None if self._plan is None else plan_diff(self._plan)

    def _read_snapshot(self, desired: DesiredState) -> tuple[Snapshot, str]:
        clusters, resource_version = read_kdclusters(self.api, self.namespace)
        if not clusters:
            require_namespace(self.api, self.namespace)
        apps = None
        if desired.kdclusters and not desired.absent:
            apps = read_app_names(self.api, self.namespace)
        objects = read_objects(
            self.api,
            self.namespace,
            _needed_objects(desired, clusters),
            with_data=desired.keys_with_data,
        )
        replaced = [key for key in replaced_keys(desired, objects) if key not in objects]
        objects.update(read_objects(self.api, self.namespace, replaced))
        return Snapshot(self.namespace, clusters, objects, apps), resource_version

    def _asks_applications(self) -> bool:
        return bool(self.params["wait"]) and self.params["on_reconnect_failure"] != "ignore"

    def _ask_early(self, plan: Plan, live: SnapshotWatcher, early: EarlyReads) -> None:
        """Have members of KDClusters that have settled asked while others are waited for."""
        if self.params["on_reconnect_failure"] == "ignore" or len(plan.clusters) < 2:
            return
        names = frozenset(change.name for change in plan.clusters)

        def look(cluster: KDCluster) -> None:
            looked_at = all(key in live.snapshot.objects for key in cluster.connections.objects())
            if cluster.name in names and looked_at and live.snapshot.is_settled(cluster):
                early.begin(cluster)

        live.on_change = look

    def _ask_applications(
        self, plan: Plan, live: SnapshotWatcher, applier: Applier, early: EarlyReads
    ) -> None:
        """Read how the start script took the change, and say so as on_reconnect_failure wants it."""
        reaction = self.params["on_reconnect_failure"]
        idle = not self._plan_was_needed(plan) and not live.has_waited
        if reaction == "ignore" or (reaction == "warn" and idle):
            # A command in each member is dear; of a change long done a warning was given then.
            return
        live.on_change = None
        clusters = self._present(plan, live)
        readings = self._read_reconnects(plan, live, applier, early.end(clusters))
        self._reconnects = {
            pod: outcome
            for pod, reading in readings.items()
            if isinstance(outcome := reading.outcome, Reconnect)
        }
        self._not_held = list(self._held_otherwise(self._present(plan, live), readings))
        unknown = [reading.unknown for reading in readings.values() if reading.unknown]
        clusters = self._present(plan, live)
        if self._text is not None:
            self._reconnects = self._text.shown(clusters, self._reconnects)
        failures = failure_sentences(clusters, self._reconnects)
        if reaction == "fail" and failures:
            raise ReconnectFailedError(
                "The connections are in place, but the application did not take them: "
                f"{' '.join([*failures, *unknown])}"
            )
        if reaction == "fail" and unknown:
            raise MemberError(" ".join(unknown))
        for sentence in [*failures, *unknown]:
            self.warn(sentence)

    def _held_otherwise(
        self, clusters: list[KDCluster], readings: t.Mapping[str, MemberReading]
    ) -> t.Iterator[str]:
        if self._desired is None:
            return
        for cluster in clusters:
            for pod in (member.pod for member in cluster.members if member.pod in readings):
                content = readings[pod].configmeta
                if not content:
                    continue
                try:
                    held = parse_configmeta(content)
                except ValueError as error:
                    self.warn(f"{cluster.label}: what member {pod} holds is not known: {error}.")
                    continue
                yield from not_held(self._desired, cluster, held, pod)

    def _present(self, plan: Plan, live: SnapshotWatcher) -> list[KDCluster]:
        """The plan's KDClusters, without what was deleted while it was disconnected."""
        found = live.snapshot.clusters
        return [found[change.name] for change in plan.clusters if change.name in found]

    def _plan_was_needed(self, plan: Plan) -> bool:
        return plan.changed or bool(self._progress.objects or self._progress.clusters)

    def _read_reconnects(
        self, plan: Plan, live: SnapshotWatcher, applier: Applier, known: dict[str, MemberReading]
    ) -> dict[str, MemberReading]:
        return read_settled_reconnects(
            self.api,
            self.namespace,
            lambda: self._present(plan, live),
            applier.wait,
            self._deadline,
            before=live.before_last_change,
            overlapped=self._progress.overlapped,
            known=known,
        )


def _needed_objects(
    desired: DesiredState, clusters: t.Mapping[str, KDCluster]
) -> list[tuple[str, str]]:
    """Which ConfigMaps and Secrets to look at: the named ones and all that the KDClusters will name."""
    named = [o.key for o in desired.objects]
    named += other_keys(desired, clusters, copies=desired.delete_objects)
    for name in desired.kdclusters:
        if name in clusters:
            before = clusters[name].connections
            named += before.objects()
            named += connections_after(desired, before).objects()
    return list(dict.fromkeys(named))
