# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry a plan out: in dependency order, never touching what is linked to unsettled KDClusters."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import time
import typing as t

from .._core.errors import CollectionError, PreconditionError, WaitTimeoutError
from .._core.retry import passing_seconds, retry_transient_refusals
from .._core.side_by_side import side_by_side
from .._kubedirector.links import Links, dependents, in_dependency_order, linked_groups
from .._observe.reader import read_objects
from .._observe.start_script import wait_until_ended
from .change_counter import repair_change_counters
from .linked_lease import LinkedLease
from .plan import ObjectChange, Plan, make_plan
from .preconditions import failed_deletion_preconditions
from .shared_objects import (
    copy_name,
    kdclusters_to_repoint,
    live_copy,
    naming,
    other_keys,
    replaced_keys,
    repoints_to_originals,
)
from .verification import require_unchanged, undone_changes
from .writer import Progress, Writer

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.resource import Key
    from .._observe.watcher import SnapshotWatcher
    from .desired import DesiredState

# How long the second of two changes that reach a KDCluster waits for the first to settle, and then pauses. The
# operator notes it with the copy that its watch last showed; a stale one is refused and retried for hours (source:
# configmap.go; measured).
_SETTLE_SECONDS, _SETTLE_SECONDS_EACH = 1.0, 0.3
_BREATH_SECONDS = 0.5
# From an object's creation to its connection. An operator that sees both at once loses count of the change and
# does not run the start script (measured).
_HEAD_START_SECONDS = 0.1


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """Writes that go together.

    :param reached: the KDClusters that they reach directly.
    :param connects: changes a KDCluster, after all writes of objects.
    """

    reached: frozenset[str]
    write: t.Callable[[], None]
    connects: bool = False


class Applier:
    """Carries one plan out.

    :param deadline: as of time.monotonic(); nothing is written after it.
    :param separate_runs: each start script's last exit code is wanted, so its runs must not overlap.
    :param unwaited: KDClusters that wait() leaves alone.
    :ivar plan: made again before linked KDClusters change.
    """

    def __init__(
        self,
        api: Api,
        desired: DesiredState,
        plan: Plan,
        live: SnapshotWatcher,
        deadline: float,
        progress: Progress,
        *,
        separate_runs: bool,
        unwaited: frozenset[str] = frozenset(),
    ) -> None:
        self._api = api
        self._separate_runs = separate_runs
        self._unwaited = unwaited
        self._desired = desired
        self.plan = plan
        self._live = live
        self._deadline = deadline
        self._progress = progress
        self._writer = Writer(
            api, desired, live, deadline, progress, plan.links, before_write=self._require_time
        )
        self._waited = False
        self._seen_unchanged: object = None
        self._lease: LinkedLease | None = None
        named = {*desired.kdclusters, *desired.clusters}
        self._uids = {n: c.uid for n, c in live.snapshot.clusters.items() if n in named}

    def try_dry(self) -> None:
        """Try every write in a server-side dry run. :raises ApiError, PreconditionError:"""
        side_by_side(
            [
                *(functools.partial(self._try_object_dry, one) for one in self.plan.object_writes),
                *(
                    functools.partial(self._writer.write_connections, one, dry_run=True)
                    for one in self.plan.cluster_writes
                ),
            ]
        )

    def _try_object_dry(self, change: ObjectChange) -> None:
        self._writer.write_object(change, dry_run=True)
        names = naming(change, self._live.snapshot)
        if change.action != "deleted" and kdclusters_to_repoint(self._writer.links, names):
            self._writer.write_copy(change, dry_run=True)

    def write(self, *, tried: bool = False) -> None:
        """Write everything that differs; only one task at a time changes linked KDClusters.

        Several writes are tried dry first: a refused last one must not leave the first ones written.

        :raises ApiError, PreconditionError, WaitTimeoutError, UnreachableError:
        """
        steps = self._steps()
        self._settle_linked([frozenset().union(*self._guards(steps))])
        if not any(self._guards(steps)):
            self._write_steps(steps, tried=tried)
        else:
            with LinkedLease(
                self._api, self._desired.namespace, self._deadline, self._progress.warnings.append
            ) as self._lease:
                planned = self.plan
                self._plan_again()
                steps = self._steps()
                self._settle_linked([frozenset().union(*self._guards(steps))])
                self._write_steps(steps, tried=tried and self.plan == planned)
            self._lease = None
        self._delete_objects()

    def _write_steps(self, steps: list[Step], *, tried: bool) -> None:
        if not tried and len(steps) + len(self._deletions()) > 1:
            self.try_dry()
        while steps:
            candidates = _next_steps(self._writer.links, steps)
            guards = self._guards(candidates)
            # The webhook is slow for each KDCluster; unlinked ones need not queue.
            unlinked = [step for step, guard in zip(candidates, guards) if not guard]
            chosen = unlinked or [candidates[self._settle_linked(guards)]]
            if self._keep_apart(chosen) and not unlinked:
                # That takes as long as a start script, and others change linked KDClusters, too.
                self._live.refresh_before_waiting()
                self._settle_linked(self._guards(chosen))
            self._require_time()
            self._prepare(chosen)
            side_by_side(one.write for one in chosen)
            self._live.refresh_before_waiting()
            steps = [one for one in steps if one not in chosen]

    def _plan_again(self) -> None:
        """Plan on what the last Lease holder left; guarded changes stay."""
        live, desired = self._live, self._desired
        live.refresh()
        keys = [o.key for o in desired.objects] + other_keys(desired, live.snapshot.clusters)
        live.replace_objects(
            read_objects(self._api, desired.namespace, keys, desired.keys_with_data)
        )
        live.read_missing(replaced_keys(desired, live.snapshot.objects))
        plan = make_plan(desired.without_vanished(live.snapshot.clusters), live.snapshot)
        guarded = {change.key: change for change in self.plan.objects if change.guarded}
        objects = tuple(guarded.get(change.key, change) for change in plan.objects)
        self.plan = dataclasses.replace(plan, objects=objects)
        self._writer.links = plan.links

    def _require_time(self) -> None:
        """:raises WaitTimeoutError, PreconditionError: nothing may be written any more."""
        if time.monotonic() > self._deadline:
            plan, progress = self.plan, self._progress
            writes = [
                *((f"{o.kind} {o.name}", o.key in progress.objects) for o in plan.object_writes),
                *(
                    (f"KDCluster {c.name}", c.name in progress.clusters)
                    for c in plan.cluster_writes
                ),
            ]
            done = ", ".join(name for name, written in writes if written) or "nothing"
            left = ", ".join(name for name, written in writes if not written) or "nothing else"
            raise WaitTimeoutError(
                f"The time is up before everything was written in namespace {self._desired.namespace}. "
                f"Written: {done}. Not written: {left}. Run the task again, or give a longer wait_timeout."
            )
        if self._lease is not None:
            self._lease.require()

    def _deletions(self) -> list[ObjectChange]:
        return [change for change in self.plan.objects if change.action == "deleted"]

    def _delete_objects(self) -> None:
        deletions = self._deletions()
        if not deletions:
            return
        # Others may have connected one since the plan was made.
        self._live.refresh()
        snapshot = self._live.snapshot
        problems = list(failed_deletion_preconditions(self._desired, snapshot, {}))
        if problems:
            raise PreconditionError(problems)
        for change in deletions:
            if not snapshot.naming(change.kind, change.name):
                self._writer.write_object(change, dry_run=False)

    def _reached(self, steps: t.Sequence[Step]) -> tuple[frozenset[str], frozenset[str]]:
        """The KDClusters that these writes reach directly, and those that follow them."""
        reached = frozenset().union(*(step.reached for step in steps))
        return reached, dependents(self._writer.links, reached)

    def _prepare(self, steps: t.Sequence[Step]) -> None:
        """Have the operator notice each of these changes."""
        reached, also = self._reached(steps)
        if steps[0].connects:
            # These bring the count along.
            repair_change_counters(self._api, self._live, sorted(also))
            self._give_head_start()
        else:
            repair_change_counters(self._api, self._live, sorted(also | reached))
        # Before the writes: an answer may get lost.
        self._progress.reached |= reached | also

    def _keep_apart(self, steps: t.Sequence[Step]) -> bool:
        """Let earlier changes settle; if they do not, the next write or wait reports that.

        :returns: whether there were any.
        """
        names = frozenset().union(*self._reached(steps)) & self._progress.reached
        if not names:
            return False
        now = time.monotonic()
        soon = now + _SETTLE_SECONDS + _SETTLE_SECONDS_EACH * len(names)
        # A hanging start script must leave a rotation time to roll back.
        halfway = now + (self._deadline - now) / 2
        until = halfway if self._separate_runs else min(self._deadline, soon)
        with contextlib.suppress(CollectionError):
            self._live.wait_until_one_is_quiet([names], until, "")
        if self._separate_runs:
            self._let_runs_end(names, halfway)
        time.sleep(_BREATH_SECONDS)
        return True

    def _let_runs_end(self, names: frozenset[str], until: float) -> None:
        """Wait for earlier start scripts: those that overlap share one file of exit codes."""
        found = self._live.snapshot.clusters
        there = sorted(names.intersection(found))
        members = [m for name in there for m in found[name].members if m.has_configmeta]
        still_open = wait_until_ended(self._api, self._desired.namespace, members, until)
        self._progress.overlapped |= {(member.pod, member.container) for member in still_open}

    def _give_head_start(self) -> None:
        pause = self._progress.last_creation + _HEAD_START_SECONDS - time.monotonic()
        if pause > 0:
            time.sleep(pause)

    def wait(self) -> None:
        """Wait until all has reached the task's KDClusters, those that name a changed object, and their dependents.

        :raises OverwrittenError: others undid something that the task wants, written by it or not.
        :raises WaitTimeoutError, MemberError, PreconditionError, ApiError, UnreachableError:
        """
        live = self._live
        named = {change.name for change in self.plan.clusters} - self._unwaited
        touched = self._progress.touched(live)
        if touched or self._waited:
            live.refresh_before_waiting()
        self._waited = True
        also = (touched | dependents(self._writer.links, touched)) - self._unwaited
        self._writer.wait_until_gone()
        written = "The change was written" if touched else "Nothing had to be written"
        live.wait_until_settled(
            named, also.intersection(live.snapshot.clusters), self._deadline,
            f"{written}, but it has not reached every member",
            may_vanish=self._desired.may_vanish, require=self._require_unchanged,
        )  # fmt: skip

    def verify(self) -> None:
        """Read again what the task wants, unless just planned. :raises OverwrittenError, ApiError, UnreachableError:"""
        progress, live = self._progress, self._live
        if not (progress.objects or progress.clusters or progress.repointed or live.has_waited):
            return
        retry_transient_refusals(self._read_again, self._deadline, passing_seconds)
        self._require_unchanged()

    def _read_again(self) -> None:
        live, desired = self._live, self._desired
        live.refresh()
        keys = [o.key for o in desired.objects]
        found = read_objects(self._api, desired.namespace, keys, desired.keys_with_data)
        for key, one in found.items():
            live.put_object(*key, one)

    def _require_unchanged(self) -> None:
        snapshot = self._live.snapshot
        # Most events change none of these.
        seen = snapshot.objects, {n: (c.uid, c.connections) for n, c in snapshot.clusters.items()}
        if seen == self._seen_unchanged:
            return
        undone = list(undone_changes(self._desired, snapshot, self._uids, self._progress.versions))
        self._progress.overwritten = {(one.kind, one.name) for one in undone}
        require_unchanged(undone)
        self._seen_unchanged = seen

    def _steps(self) -> list[Step]:
        """Everything but deletions, in the order that linked steps need."""
        writer = self._writer
        names, keys = self._stranded()
        # Copies that this task made and that no KDCluster names.
        leftover = sorted(self._progress.copies.difference(keys))
        steps = [Step(frozenset(), functools.partial(writer.delete_copy, *key)) for key in leftover]
        steps += self._steps_back(names, keys)
        groups: dict[tuple[str, ...], list[ObjectChange]] = {}
        for change in self.plan.object_writes:
            if change.action != "deleted":
                groups.setdefault(naming(change, self._live.snapshot), []).append(change)
        order = in_dependency_order(writer.links, (n for named_by in groups for n in named_by))
        for named_by in sorted(groups, key=lambda group: [order.index(name) for name in group]):
            steps += self._object_steps(named_by, groups[named_by])
        for one in self.plan.cluster_writes:
            write = functools.partial(writer.write_connections, one, dry_run=False)
            steps.append(Step(frozenset([one.name]), write, connects=True))
        return steps

    def _object_steps(self, names: tuple[str, ...], changes: list[ObjectChange]) -> list[Step]:
        def write_copies() -> None:
            for change in changes:
                self._writer.write_copy(change, dry_run=False)

        moved = kdclusters_to_repoint(self._writer.links, names)
        reached = frozenset(names).difference(moved)
        steps = [
            Step(reached, functools.partial(self._writer.write_object, change, dry_run=False))
            for change in changes
        ]
        if not moved:
            return steps
        keys = [change.key for change in changes]
        return [
            Step(frozenset(names), write_copies),
            *self._repointing_steps(moved, {key: copy_name(key[1]) for key in keys}),
            *steps,
            *self._steps_back(moved, keys),
        ]

    def _steps_back(self, names: t.Sequence[str], keys: t.Sequence[Key]) -> list[Step]:
        """Make KDClusters name the objects again, and delete the copies."""
        if not keys:
            return []

        def delete_copies() -> None:
            for kind, name in keys:
                self._writer.delete_copy(kind, name)

        ordered = in_dependency_order(self._writer.links, names)
        return [
            *self._repointing_steps(ordered, repoints_to_originals(keys)),
            Step(frozenset(names), delete_copies),
        ]

    def _repointing_steps(
        self, names: t.Iterable[str], repoints: t.Mapping[Key, str]
    ) -> t.Iterator[Step]:
        def repoint(name: str) -> None:
            self._give_head_start()
            self._writer.repoint(name, repoints)

        for name in names:
            yield Step(frozenset([name]), functools.partial(repoint, name))

    def _stranded(self) -> tuple[list[str], list[Key]]:
        """The KDClusters that name copies, since a task was interrupted; and the copied objects."""
        names: list[str] = []
        keys: list[Key] = []
        snapshot = self._live.snapshot
        for one in self._desired.objects:
            if one.absent or live_copy(one, snapshot) is None:
                continue
            if found := snapshot.naming(one.kind, copy_name(one.name)):
                names += found
                keys.append(one.key)
        return names, keys

    def _guards(self, steps: t.Iterable[Step]) -> list[frozenset[str]]:
        present = frozenset(self._live.snapshot.clusters)
        return [guard & present for guard in _guards_of(self._writer.links, steps)]

    def _settle_linked(self, guards: t.Sequence[frozenset[str]]) -> int:
        """Wait until one guard is quiet, and return its index: a write that meets the operator's own on a linked
        KDCluster makes it stuck (measured)."""
        if frozenset() in guards:
            return guards.index(frozenset())
        self._waited = True
        return self._live.wait_until_one_is_quiet(
            guards,
            self._deadline,
            f"The next change in namespace {self._desired.namespace} was not made, because KDClusters that "
            "are linked to one another did not settle",
        )


def _guards_of(links: Links, steps: t.Iterable[Step]) -> list[frozenset[str]]:
    """For each step, the linked KDClusters that must be quiet before: reached ones included."""
    groups = linked_groups(links)
    return [
        frozenset().union(*(groups.get(name, frozenset()) for name in step.reached))
        for step in steps
    ]


def _next_steps(links: Links, steps: t.Sequence[Step]) -> list[Step]:
    """The steps whose turn is now: all connect, or none; only the first of those that reach the same or linked
    KDClusters."""
    found: list[Step] = []
    taken: set[str] = set()
    for step, guard in zip(steps, _guards_of(links, steps)):
        reached = step.reached | guard
        if not reached & taken and step.connects == steps[0].connects:
            found.append(step)
        taken |= reached
    return found
