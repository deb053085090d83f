# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_connection task, or a namespace of kd_connections: read, plan, try dry, write, wait, ask the members."""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t

from .._ansible.task import Task
from .._core.display import show
from .._core.errors import CollectionError, InvalidInputError, MemberError, ReconnectFailedError
from .._core.redaction import Redactor
from .._kubedirector import facts
from .._kubedirector.configmeta import parse_configmeta
from .._kubedirector.settled import is_settled
from .._kubedirector.snapshot import Snapshot
from .._observe.member_text import MemberText
from .._observe.reader import (
    read_app_names,
    read_kdclusters,
    read_objects,
    read_selected,
    require_namespace,
    with_selected,
)
from .._observe.start_script import (
    EarlyReads,
    MemberReading,
    Reconnect,
    failure_sentences,
    read_settled_reconnects,
)
from .._observe.watcher import SnapshotWatcher
from .._reconcile.desired import DesiredState, parse_desired
from .._reconcile.executor import Applier
from .._reconcile.merged_connections import connections_after
from .._reconcile.plan import make_plan
from .._reconcile.plan_lines import plan_lines
from .._reconcile.preconditions import finalizers_sentence
from .._reconcile.result import connection_result, plan_diff
from .._reconcile.shared_objects import other_keys, replaced_keys
from .._reconcile.verification import not_held
from .._reconcile.warnings import NOT_WAITED, plan_warnings
from .._reconcile.writer import Progress
from .argspec import unread_sentence

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._kubedirector.snapshot import KDCluster
    from .._reconcile.plan import Plan


_NOTHING_DONE: dict[str, t.Any] = {"changed": False, "objects": [], "kdclusters": [], "plan": []}


@dataclasses.dataclass(frozen=True)
class Waiting:
    """How a task waits, and what a failed start script does.

    :param deadline: as of time.monotonic().
    :param reaction: the strictest on_reconnect_failure (warn, fail or ignore); also for KDClusters not in
        `reactions`, which the task may repoint.
    :param reactions: KDCluster -> on_reconnect_failure.
    :param unwaited: KDClusters that the task does not wait for.
    """

    deadline: float
    wait: bool
    reaction: str
    reactions: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    unwaited: frozenset[str] = frozenset()

    def reaction_to(self, kdcluster: str) -> str:
        """What a failed start script does in this KDCluster, if the task waits."""
        if kdcluster in self.unwaited:
            return "ignore"
        return self.reactions.get(kdcluster, self.reaction)


@dataclasses.dataclass(repr=False, eq=False)
class NamespaceTask:
    """Brings one namespace to a desired state: read_and_plan(), then try_dry() or apply().

    :ivar snapshot: as first read.
    :ivar plan_lines: for people.
    :ivar as_planned: `result` shows the plan as if written (check mode).
    """

    api: Api
    desired: DesiredState
    waiting: Waiting
    warn: t.Callable[[str], None]
    redactor: Redactor

    def __post_init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self.plan: Plan | None = None
        self.plan_lines: list[str] = []
        self.as_planned = False
        self.progress = Progress()
        self._reconnects: dict[str, Reconnect] = {}

    def read_and_plan(self) -> Plan:
        """Read, and decide what to write. :raises PreconditionError, ApiError, UnreachableError:"""
        desired = self.desired
        snapshot, resource_version = self._read_snapshot()
        self.snapshot = snapshot
        self._text = MemberText(self.api, snapshot, self.redactor)
        self.live = SnapshotWatcher(self.api, snapshot, resource_version)
        self.plan = plan = make_plan(desired, snapshot)
        for sentence in plan_warnings(desired, snapshot, plan):
            self.warn(sentence)
        self._applier = Applier(
            self.api, desired, plan, self.live, self.waiting.deadline, self.progress,
            separate_runs=self.waiting.wait and self.waiting.reaction != "ignore",
            unwaited=self.waiting.unwaited,
        )  # fmt: skip
        self.plan_lines = plan_lines(plan, snapshot)
        return plan

    def try_dry(self) -> None:
        """Try every write in a server-side dry run. :raises ApiError, PreconditionError:"""
        self._applier.try_dry()

    def apply(self, *, tried: bool) -> None:
        """Write, wait and ask the members.

        :param tried: whether try_dry() was called.
        :raises CollectionError: `result` then says what had been written.
        """
        plan = self._write(tried=tried)
        if not self.waiting.wait:
            for found in self.progress.terminating.values():
                where = f"{found.kind} {self.desired.namespace}/{found.name}"
                self.warn(finalizers_sentence(where, found.finalizers))
            if self._plan_was_needed(plan):
                self.warn(NOT_WAITED)
            return
        early = EarlyReads(self.api, self.desired.namespace)
        try:
            self._ask_early(plan, early)
            self._applier.wait()
            differing = self._ask_applications(plan, early)
            self._applier.verify()
        finally:
            early.abandon()
        if differing:
            raise MemberError(
                f"The change was written, but members hold something else: {' '.join(differing)} See that nothing but "
                f"the operator writes {facts.CONFIGMETA_PATH} there, or delete the pod to have it set up again."
            )

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values; empty lists before there is a plan."""
        if self.plan is None:
            return _NOTHING_DONE
        result = connection_result(
            self.plan,
            self.live.snapshot,
            self.progress,
            self._reconnects,
            as_planned=self.as_planned,
        )
        return {**result, "plan": self.plan_lines}

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        """The --diff, or None before there is a plan."""
        return None if self.plan is None else plan_diff(self.plan, self.desired.namespace)

    def _read_snapshot(self) -> tuple[Snapshot, str]:
        api, desired, namespace = self.api, self.desired, self.desired.namespace
        clusters, resource_version = read_kdclusters(api, namespace)
        if not clusters:
            require_namespace(api, namespace)
        apps = None
        if any(one.kdclusters and not one.absent for one in desired.connections):
            apps = read_app_names(api, namespace)
        objects = read_objects(
            api, namespace, _needed_objects(desired, clusters), with_data=desired.keys_with_data
        )
        replaced = [key for key in replaced_keys(desired, objects) if key not in objects]
        objects.update(read_objects(api, namespace, replaced))
        return Snapshot(namespace, clusters, objects, apps), resource_version

    def _write(self, *, tried: bool) -> Plan:
        try:
            self._applier.write(tried=tried)
        except CollectionError as error:
            if self.progress.copies:
                copies = self.progress.copies_sentence(self.desired.namespace)
                error.args = (f"{error} {copies}",)
            raise
        finally:
            self.plan = plan = self._applier.plan
            for sentence in self.progress.warnings:
                self.warn(sentence)
        return plan

    def _ask_early(self, plan: Plan, early: EarlyReads) -> None:
        """Ask members of settled KDClusters while waiting for others."""
        if len(plan.clusters) < 2:
            return
        live, reaction_to = self.live, self.waiting.reaction_to
        names = {one.name for one in plan.clusters if reaction_to(one.name) != "ignore"}

        def look(cluster: KDCluster) -> None:
            looked_at = all(key in live.snapshot.objects for key in cluster.connections.objects())
            if cluster.name in names and looked_at and is_settled(live.snapshot, cluster):
                early.begin(cluster)

        live.on_change = look

    def _ask_applications(self, plan: Plan, early: EarlyReads) -> list[str]:
        """Report how the start scripts ended; return which members hold something else than wanted."""
        idle = not self._plan_was_needed(plan) and not self.live.has_waited
        # A command in each member is slow; a change long done gave its warning then.
        asked = ("fail",) if idle else ("fail", "warn")

        def clusters(*reactions: str) -> list[KDCluster]:
            # A disconnected one may be deleted meanwhile.
            found = self.live.snapshot.clusters
            return [
                found[one.name]
                for one in plan.clusters
                if one.name in found and self.waiting.reaction_to(one.name) in (reactions or asked)
            ]

        if not clusters():
            return []
        self.live.on_change = None
        readings = read_settled_reconnects(
            self.api,
            self.desired.namespace,
            clusters,
            self._applier.wait,
            self.waiting.deadline,
            before=self.live.before_last_change,
            overlapped=self.progress.overlapped,
            known=early.end(clusters()),
        )
        differing = list(self._held_otherwise(clusters(), readings))
        self._reconnects = self._text.shown(
            clusters(),
            {
                pod: outcome
                for pod, reading in readings.items()
                if isinstance(outcome := reading.outcome, Reconnect)
            },
        )
        for sentence in self._failures(clusters("warn"), readings):
            self.warn(sentence)
        failures = " ".join(self._failures(clusters("fail"), readings))
        if failure_sentences(clusters("fail"), self._reconnects):
            raise ReconnectFailedError(
                f"The connections are in place, but the application did not take them: {failures}"
            )
        if failures:
            raise MemberError(failures)
        return differing

    def _failures(
        self, clusters: list[KDCluster], readings: t.Mapping[str, MemberReading]
    ) -> list[str]:
        """Which start scripts failed, and which may have."""
        pods = [member.pod for cluster in clusters for member in cluster.members]
        unknown = [why for pod in pods if pod in readings and (why := readings[pod].unknown)]
        return [*failure_sentences(clusters, self._reconnects), *unknown]

    def _held_otherwise(
        self, clusters: list[KDCluster], readings: t.Mapping[str, MemberReading]
    ) -> t.Iterator[str]:
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
                yield from not_held(self.desired, cluster, held, pod)

    def _plan_was_needed(self, plan: Plan) -> bool:
        return plan.changed or bool(self.progress.objects or self.progress.clusters)


class ConnectionTask(Task):
    def __post_init__(self) -> None:
        self._work: NamespaceTask | None = None

    def run(self) -> None:
        """:raises CollectionError: any of them; `result` then says what had been written."""
        for option, kind in (("configmaps", "ConfigMap"), ("secrets", "Secret")):
            for one in self.params[option] or ():
                if unread := unread_sentence(one):
                    raise InvalidInputError(f"{kind} {self.namespace}/{one['name']}: {unread}")
        desired = parse_desired(self.params, self.namespace)
        read = functools.partial(read_selected, self.api)
        params = with_selected(read, self.namespace, self.params)
        if params is not self.params:
            desired = parse_desired(params, self.namespace)
        waiting = Waiting(
            deadline=time.monotonic() + self.params["wait_timeout"],
            wait=self.params["wait"],
            reaction=self.params["on_reconnect_failure"],
        )
        work = self._work = NamespaceTask(self.api, desired, waiting, self.warn, self.redactor)
        plan = work.read_and_plan()
        if self.check_mode or plan.changed:
            show("\n".join(work.plan_lines))
        if self.check_mode:
            work.try_dry()
            work.as_planned = True
        else:
            work.apply(tried=False)

    @property
    def result(self) -> dict[str, t.Any]:
        return _NOTHING_DONE if self._work is None else self._work.result

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        return None if self._work is None else self._work.diff


def _needed_objects(
    desired: DesiredState, clusters: t.Mapping[str, KDCluster]
) -> list[tuple[str, str]]:
    """The named ConfigMaps and Secrets, and all that the KDClusters will name."""
    named = [o.key for o in desired.objects]
    named += other_keys(desired, clusters)
    for name in desired.kdclusters:
        if name in clusters:
            before = clusters[name].connections
            named += before.objects()
            named += connections_after(desired, name, before).objects()
    return list(dict.fromkeys(named))
