# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one task does in one namespace: read, plan, try dry, write, wait, ask the members. Knows nothing of Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import (
    CollectionError,
    MemberError,
    ReconnectFailedError,
)
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
from .._reconcile.connections_after import connections_after
from .._reconcile.executor import Applier
from .._reconcile.plan import (
    make_plan,
)
from .._reconcile.plan_lines import plan_lines
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
    from .._client.api import Api
    from .._kubedirector.snapshot import KDCluster
    from .._reconcile.desired import DesiredState
    from .._reconcile.plan import Plan


@dataclasses.dataclass(frozen=True)
class Waiting:
    """How long a task waits, for which KDClusters, and what a failed start script does.

    :param deadline: as of time.monotonic().
    :param wait: whether the task waits at all.
    :param reaction: on_reconnect_failure (warn, fail or ignore) of the KDClusters that are not in `reactions`: the
        task may repoint some that it does not name.
    :param reactions: KDCluster -> on_reconnect_failure.
    :param unwaited: KDClusters of the task that it does not wait for.
    """

    deadline: float
    wait: bool
    reaction: str
    reactions: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    unwaited: frozenset[str] = frozenset()

    @property
    def asks(self) -> bool:
        """Whether some start script's exit code is wanted."""
        reactions = {self.reaction, *self.reactions.values()}
        return self.wait and reactions != {"ignore"}

    def reaction_to(self, kdcluster: str) -> str:
        """What a start script that failed in this KDCluster does."""
        if not self.wait or kdcluster in self.unwaited:
            return "ignore"
        return self.reactions.get(kdcluster, self.reaction)


class NamespaceTask:
    """Brings one namespace to a desired state: read_and_plan(), then try_dry() or apply().

    :param warn: called with each warning, one sentence.
    :ivar snapshot: as first read; None before that.
    :ivar plan: None before read_and_plan().
    :ivar progress: what has been written.
    """

    def __init__(
        self,
        api: Api,
        desired: DesiredState,
        waiting: Waiting,
        warn: t.Callable[[str], None],
        redactor: Redactor,
    ) -> None:
        self.desired = desired
        self.snapshot: Snapshot | None = None
        self.plan: Plan | None = None
        self.progress = Progress()
        self._api = api
        self._waiting = waiting
        self._warn = warn
        self._redactor = redactor
        self._reconnects: dict[str, Reconnect] = {}
        self._accepted_dry = False
        self._not_held: list[str] = []

    def read_and_plan(self) -> None:
        """Read what is live, and decide what to write. :raises PreconditionError, ApiError, UnreachableError:"""
        desired = self.desired
        snapshot, resource_version = self._read_snapshot()
        self.snapshot = snapshot
        self._text = MemberText(self._api, snapshot, self._redactor)
        self.live = SnapshotWatcher(self._api, snapshot, resource_version)
        self.plan = plan = make_plan(desired, snapshot)
        for sentence in plan_warnings(desired, snapshot, plan):
            self._warn(sentence)
        self._applier = Applier(
            self._api, desired, plan, self.live, self._waiting.deadline, self.progress,
            separate_runs=self._waiting.asks, unwaited=self._waiting.unwaited,
        )  # fmt: skip

    @property
    def changes(self) -> bool:
        """Whether the plan has something to write."""
        return self.plan is not None and self.plan.changed

    def plan_lines(self) -> list[str]:
        """The plan as lines for people; none before there is one."""
        return [] if self.plan is None else plan_lines(self.plan, self.live.snapshot)

    def try_dry(self) -> None:
        """Ask the API server about every write, in a server-side dry run. :raises ApiError, PreconditionError:"""
        self._applier.try_dry()

    def show_as_planned(self) -> None:
        """Have the result show the plan as if it were written (check mode)."""
        self._accepted_dry = True

    def apply(self, *, tried: bool) -> None:
        """Write, wait and ask the members.

        :param tried: whether try_dry() was called.
        :raises CollectionError: any of them; `result` then says what had been written.
        """
        plan = self._write(tried=tried)
        if not self._waiting.wait:
            for found in self.progress.terminating.values():
                where = f"{found.kind} {self.desired.namespace}/{found.name}"
                self._warn(finalizers_sentence(where, found.finalizers))
            if self._plan_was_needed(plan):
                self._warn(NOT_WAITED)
            return
        early = EarlyReads(self._api, self.desired.namespace)
        try:
            self._ask_early(plan, early)
            self._applier.wait()
            self._ask_applications(plan, early)
            self._applier.verify()
            if self._not_held:
                raise MemberError(
                    "The change was written, but members hold something else: "
                    f"{' '.join(self._not_held)} See that nothing but the operator writes "
                    f"{facts.CONFIGMETA_PATH} there, or delete the pod to have it set up again."
                )
        finally:
            early.abandon()

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values; empty lists where nothing was found out yet."""
        if self.plan is None:
            return {"changed": False, "objects": [], "kdclusters": []}
        return connection_result(
            self.plan,
            self.live.snapshot,
            self.progress,
            self._reconnects,
            as_planned=self._accepted_dry,
        )

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        """The --diff, or None before there is a plan."""
        return None if self.plan is None else plan_diff(self.plan, self.desired.namespace)

    def _read_snapshot(self) -> tuple[Snapshot, str]:
        api, desired, namespace = self._api, self.desired, self.desired.namespace
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
                self._warn(sentence)
        return plan

    def _ask_early(self, plan: Plan, early: EarlyReads) -> None:
        """Have members of KDClusters that have settled asked while others are waited for."""
        if len(plan.clusters) < 2:
            return
        live, reaction_to = self.live, self._waiting.reaction_to
        names = {one.name for one in plan.clusters if reaction_to(one.name) != "ignore"}

        def look(cluster: KDCluster) -> None:
            looked_at = all(key in live.snapshot.objects for key in cluster.connections.objects())
            if cluster.name in names and looked_at and is_settled(live.snapshot, cluster):
                early.begin(cluster)

        live.on_change = look

    def _ask_applications(self, plan: Plan, early: EarlyReads) -> None:
        """Read how the start scripts took the change, and say so as on_reconnect_failure wants it."""
        idle = not self._plan_was_needed(plan) and not self.live.has_waited
        # A command in each member is dear; of a change long done a warning was given then.
        asked = ("fail",) if idle else ("fail", "warn")

        def clusters(*reactions: str) -> list[KDCluster]:
            # One that was disconnected may be deleted meanwhile.
            found = self.live.snapshot.clusters
            return [
                found[one.name]
                for one in plan.clusters
                if one.name in found and self._waiting.reaction_to(one.name) in (reactions or asked)
            ]

        if not clusters():
            return
        self.live.on_change = None
        readings = read_settled_reconnects(
            self._api,
            self.desired.namespace,
            clusters,
            self._applier.wait,
            self._waiting.deadline,
            before=self.live.before_last_change,
            overlapped=self.progress.overlapped,
            known=early.end(clusters()),
        )
        self._not_held = list(self._held_otherwise(clusters(), readings))
        self._reconnects = self._text.shown(
            clusters(),
            {
                pod: outcome
                for pod, reading in readings.items()
                if isinstance(outcome := reading.outcome, Reconnect)
            },
        )
        for sentence in self._failures(clusters("warn"), readings, unknown=True):
            self._warn(sentence)
        failing = clusters("fail")
        if self._failures(failing, readings, unknown=False):
            raise ReconnectFailedError(
                "The connections are in place, but the application did not take them: "
                f"{' '.join(self._failures(failing, readings, unknown=True))}"
            )
        if unknown := self._failures(failing, readings, unknown=True):
            raise MemberError(" ".join(unknown))

    def _failures(
        self,
        clusters: list[KDCluster],
        readings: t.Mapping[str, MemberReading],
        *,
        unknown: bool,
    ) -> list[str]:
        """The start scripts that failed and, if wanted, those of which that is not known."""
        found = list(failure_sentences(clusters, self._reconnects))
        pods = [member.pod for cluster in clusters for member in cluster.members]
        not_known = [why for pod in pods if pod in readings and (why := readings[pod].unknown)]
        return [*found, *not_known] if unknown else found

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
                    self._warn(f"{cluster.label}: what member {pod} holds is not known: {error}.")
                    continue
                yield from not_held(self.desired, cluster, held, pod)

    def _plan_was_needed(self, plan: Plan) -> bool:
        return plan.changed or bool(self.progress.objects or self.progress.clusters)


def _needed_objects(
    desired: DesiredState, clusters: t.Mapping[str, KDCluster]
) -> list[tuple[str, str]]:
    """Which ConfigMaps and Secrets to look at: the named ones and all that the KDClusters will name."""
    named = [o.key for o in desired.objects]
    named += other_keys(desired, clusters)
    for name in desired.kdclusters:
        if name in clusters:
            before = clusters[name].connections
            named += before.objects()
            named += connections_after(desired, name, before).objects()
    return list(dict.fromkeys(named))
