# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry a plan out: in dependency order, never touching what is linked to unsettled KDClusters."""

from __future__ import annotations

import contextlib
import functools
import time
import typing as t

from .._core.errors import (
    CollectionError,
    PreconditionError,
    WaitTimeoutError,
)
from .._core.side_by_side import (
    side_by_side,
)
from .._kubedirector.links import (
    dependents,
    in_dependency_order,
)
from .._observe.reader import read_objects
from .._observe.start_script import wait_until_ended
from .change_counter import (
    repair_change_counters,
)
from .linked_lease import LinkedLease
from .plan import (
    ClusterChange,
    replan,
)
from .preconditions import (
    failed_deletion_preconditions,
)
from .shared_objects import (
    copy_name,
    kdclusters_to_repoint,
    live_copy,
    naming,
    other_keys,
    replaced_keys,
    repoints_to_copies,
    repoints_to_originals,
)
from .steps import (
    Step,
    guards_of,
    next_steps,
)
from .verification import (
    require_unchanged,
    undone_changes,
)
from .writer import (
    Progress,
    Writer,
)

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.resource import Key
    from .._observe.watcher import SnapshotWatcher
    from .desired import DesiredState
    from .plan import (
        ObjectChange,
        Plan,
    )

# Two changes that reach the same KDCluster: for how long the second waits for the first to settle, and for
# how long then. The operator's note of the second one is made with the copy that its watch last showed;
# one that is behind is refused, and tried again for hours, in which it takes no note of that object any
# more (source: configmap.go; measured: two ConfigMaps changed at once, the first time; one right after the
# other settled, the third time).
_SETTLE_SECONDS, _SETTLE_SECONDS_EACH = 1.0, 0.3
_BREATH_SECONDS = 0.5
# Between an object's creation and its connection. An operator that hears of a new object only once a
# KDCluster names it writes that KDCluster while it counts the change up, loses count, and does not run
# the start script (measured on the real operator: 1 of 80 changes without, 0 of 100 with it).
_HEAD_START_SECONDS = 0.1


class Applier:
    """Carries one plan out.

    :param deadline: as of time.monotonic(); bounds the waits between steps and the tries of a write
        that the webhook refuses for the moment, and after it nothing more is written.
    :param progress: filled while writing, so that a failure can tell what has been done.
    :param separate_runs: whether the exit code of the last run of each start script is wanted, so that the
        runs for several changes must not overlap.
    :param unwaited: KDClusters of the task that wait() leaves alone.
    :ivar plan: the plan, which is made again where others changed something before linked KDClusters are.
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
        found = live.snapshot.clusters
        self._uids = {
            name: found[name].uid
            for name in (*desired.kdclusters, *desired.clusters)
            if name in found
        }

    def try_dry(self) -> None:
        """Ask the API server about every write, in a server-side dry run. :raises ApiError, PreconditionError:"""
        side_by_side(
            [
                *(functools.partial(self._try_object_dry, one) for one in self._object_writes()),
                *(
                    functools.partial(self._writer.write_connections, one, dry_run=True)
                    for one in self._cluster_writes()
                ),
            ]
        )

    def _try_object_dry(self, change: ObjectChange) -> None:
        self._writer.write_object(change, dry_run=True)
        if change.action != "deleted" and self._moved(naming(change, self._live.snapshot)):
            self._writer.write_copy(change, dry_run=True)

    def write(self, *, tried: bool = False) -> None:
        """Write everything that differs; linked KDClusters only as the one task that changes such.

        Where there are several writes, all of them are tried dry first: a refusal of the last one
        must not leave the first ones written.

        :param tried: whether the plan was tried dry already.
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
            candidates = next_steps(self._writer.links, steps)
            guards = self._guards(candidates)
            step = candidates[self._settle_linked(guards)]
            # The webhook takes its time for each KDCluster; unlinked ones need not queue.
            alone = [c for c, guard in zip(candidates, guards) if not guard]
            chosen = alone if step in alone else [step]
            self._require_time()
            self._prepare(chosen)
            side_by_side(one.write for one in chosen)
            self._live.refresh_before_waiting()
            steps = [one for one in steps if one not in chosen]

    def _plan_again(self) -> None:
        """Take over what the last task that changed linked KDClusters left."""
        live, desired = self._live, self._desired
        live.refresh()
        keys = [o.key for o in desired.objects] + other_keys(desired, live.snapshot.clusters)
        live.replace_objects(
            read_objects(self._api, desired.namespace, keys, desired.keys_with_data)
        )
        live.read_missing(replaced_keys(desired, live.snapshot.objects))
        self.plan = replan(self.plan, self._writer.still_desired(live.snapshot), live.snapshot)
        self._writer.links = self.plan.links

    def _require_time(self) -> None:
        """See that a write may still be made. :raises WaitTimeoutError, PreconditionError:"""
        if time.monotonic() > self._deadline:
            writes = [
                *(
                    (f"{o.kind} {o.name}", o.key in self._progress.objects)
                    for o in self._object_writes()
                ),
                *(
                    (f"KDCluster {c.name}", c.name in self._progress.clusters)
                    for c in self._cluster_writes()
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
        return [change for change in self._object_writes() if change.action == "deleted"]

    def _delete_objects(self) -> None:
        deletions = self._deletions()
        if not deletions:
            return
        # Somebody else may have connected one since the plan was made, as long as that is by now.
        self._live.refresh()
        snapshot = self._live.snapshot
        problems = list(failed_deletion_preconditions(self._desired, snapshot, {}))
        if problems:
            raise PreconditionError(problems)
        for change in deletions:
            if not snapshot.naming(change.kind, change.name):
                self._writer.write_object(change, dry_run=False)

    def _prepare(self, steps: t.Sequence[Step]) -> None:
        """Have the operator notice the changes of these steps one by one, and each of them."""
        reached = frozenset().union(*(step.reached for step in steps))
        also = dependents(self._writer.links, reached)
        self._keep_apart((reached | also) & self._progress.reached)
        # Of those whose connections are written the count goes with them.
        alone = frozenset().union(*(step.reached for step in steps if not step.connects))
        repair_change_counters(self._api, self._live, sorted(also | alone))
        if any(step.connects for step in steps):
            self._give_head_start()
        # Before the writes, of which one may be done although its answer gets lost.
        self._progress.reached |= reached | also

    def _keep_apart(self, names: frozenset[str]) -> None:
        """Let what was changed before settle, for a moment. What does not settle in it, or cannot be seen to,
        is the next write's or the last wait's to tell."""
        if not names:
            return
        now = time.monotonic()
        soon = now + _SETTLE_SECONDS + _SETTLE_SECONDS_EACH * len(names)
        # Half of what is left: a start script that hangs must not keep a rotation from its way back.
        halfway = now + (self._deadline - now) / 2
        until = halfway if self._separate_runs else min(self._deadline, soon)
        with contextlib.suppress(CollectionError):
            self._live.wait_until_one_is_quiet([names], until, "")
        if self._separate_runs:
            self._let_runs_end(names, halfway)
        time.sleep(_BREATH_SECONDS)

    def _let_runs_end(self, names: frozenset[str], until: float) -> None:
        """Wait for the start scripts of the changes before: two that overlap leave one file of exit codes."""
        clusters = [self._live.snapshot.clusters.get(name) for name in sorted(names)]
        members = [
            m for one in clusters if one is not None for m in one.members if m.has_configmeta
        ]
        still_open = wait_until_ended(self._api, self._desired.namespace, members, until)
        self._progress.overlapped |= {(member.pod, member.container) for member in still_open}

    def _give_head_start(self) -> None:
        pause = self._progress.last_creation + _HEAD_START_SECONDS - time.monotonic()
        if pause > 0:
            time.sleep(pause)

    def wait(self) -> None:
        """Wait until everything has reached the members of the task's KDClusters, of those that name
        a changed object, and of those that connect to them.

        :raises OverwrittenError: what the task wants was undone meanwhile.
        :raises WaitTimeoutError, MemberError, PreconditionError, ApiError, UnreachableError:
        """
        live = self._live
        named = {change.name for change in self.plan.clusters} - self._unwaited
        touched = self._progress.touched(live)
        if touched or self._waited:
            live.refresh_before_waiting()
        self._waited = True
        also = (touched | dependents(self._writer.links, touched)) & set(live.snapshot.clusters)
        also -= self._unwaited
        self._writer.wait_until_gone()
        written = "The change was written, but" if touched else "Nothing had to be written, but"
        why = f"{written} it has not reached every member"
        live.wait_until_settled(
            named, also, self._deadline, why,
            may_vanish=self._desired.may_vanish, require=self._require_unchanged,
        )  # fmt: skip

    def verify(self) -> None:
        """Read again what the task wants, and see that it is so.

        Where nothing was written or waited for, the plan has just seen that.

        :raises OverwrittenError: names what is not, and who changed it.
        :raises ApiError, UnreachableError:
        """
        progress, live, desired = self._progress, self._live, self._desired
        if not (progress.objects or progress.clusters or progress.repointed or live.has_waited):
            return
        live.refresh()
        keys = [o.key for o in desired.objects]
        found = read_objects(self._api, desired.namespace, keys, desired.keys_with_data)
        for key, one in found.items():
            live.put_object(*key, one)
        self._require_unchanged()

    def _require_unchanged(self) -> None:
        snapshot = self._live.snapshot
        # Most events tell what the operator did, and leave what people want as it was.
        seen = snapshot.objects, {n: (c.uid, c.connections) for n, c in snapshot.clusters.items()}
        if seen == self._seen_unchanged:
            return
        undone = list(undone_changes(self._desired, snapshot, self._uids, self._progress.versions))
        self._progress.overwritten = {(one.kind, one.name) for one in undone}
        require_unchanged(undone)
        self._seen_unchanged = seen

    def _steps(self) -> list[Step]:
        """Everything to create, update or connect, in the order in which linked steps must go."""
        stranded = self._stranded()
        steps = [*self._leftover_steps(stranded), *self._steps_back(stranded)]
        for names, changes in self._object_groups():
            steps += self._object_steps(names, changes)
        for change in self._cluster_writes():
            write = functools.partial(self._writer.write_connections, change, dry_run=False)
            steps.append(Step(frozenset([change.name]), write, connects=True))
        return steps

    def _object_steps(self, names: tuple[str, ...], changes: list[ObjectChange]) -> list[Step]:
        """How objects that the same KDClusters name are written."""

        def write_copies() -> None:
            for change in changes:
                self._writer.write_copy(change, dry_run=False)

        moved = self._moved(names)
        reached = frozenset(names) - frozenset(moved)
        steps = [
            Step(reached, functools.partial(self._writer.write_object, change, dry_run=False))
            for change in changes
        ]
        if not moved:
            return steps
        keys = [change.key for change in changes]
        return [
            Step(frozenset(names), write_copies),
            *self._repointing_steps(moved, repoints_to_copies(keys)),
            *steps,
            *self._steps_back(dict.fromkeys(moved, keys)),
        ]

    def _moved(self, names: t.Iterable[str]) -> tuple[str, ...]:
        return kdclusters_to_repoint(self._writer.links, names)

    def _steps_back(self, stranded: t.Mapping[str, list[Key]]) -> list[Step]:
        """Make KDClusters name objects again of which they name copies, and delete the copies."""
        keys = list(dict.fromkeys(key for found in stranded.values() for key in found))
        if not keys:
            return []

        def delete_copies() -> None:
            for kind, name in keys:
                self._writer.delete_copy(kind, name)

        return [
            *self._repointing_steps(
                in_dependency_order(self._writer.links, stranded), repoints_to_originals(keys)
            ),
            Step(frozenset(stranded), delete_copies),
        ]

    def _leftover_steps(self, stranded: t.Mapping[str, list[Key]]) -> t.Iterator[Step]:
        """Delete copies that this task made and that no KDCluster names."""
        named = {key for keys in stranded.values() for key in keys}
        for kind, name in sorted(self._progress.copies - named):
            yield Step(frozenset(), functools.partial(self._writer.delete_copy, kind, name))

    def _repointing_steps(
        self, names: t.Iterable[str], repoints: t.Mapping[Key, str]
    ) -> t.Iterator[Step]:
        for name in names:
            yield Step(frozenset([name]), functools.partial(self._repoint, name, repoints))

    def _repoint(self, name: str, repoints: t.Mapping[Key, str]) -> None:
        self._give_head_start()
        self._writer.repoint(name, repoints)

    def _stranded(self) -> dict[str, list[Key]]:
        """The KDClusters that still name copies, because an earlier task was ended half way."""
        found: dict[str, list[Key]] = {}
        snapshot = self._live.snapshot
        for desired in self._desired.objects:
            if not desired.absent and live_copy(desired, snapshot) is not None:
                for name in snapshot.naming(desired.kind, copy_name(desired.name)):
                    found.setdefault(name, []).append(desired.key)
        return found

    def _guards(self, steps: t.Iterable[Step]) -> list[frozenset[str]]:
        present = frozenset(self._live.snapshot.clusters)
        return [guard & present for guard in guards_of(self._writer.links, steps)]

    def _object_groups(self) -> list[tuple[tuple[str, ...], list[ObjectChange]]]:
        """Objects to create or update by the KDClusters that they reach, and what is connected to
        first: linked KDClusters must not change at once."""
        groups: dict[tuple[str, ...], list[ObjectChange]] = {}
        for change in self._object_writes():
            if change.action != "deleted":
                names = naming(change, self._live.snapshot)
                groups.setdefault(names, []).append(change)
        order = in_dependency_order(self._writer.links, (n for names in groups for n in names))
        return sorted(groups.items(), key=lambda item: [order.index(name) for name in item[0]])

    def _object_writes(self) -> list[ObjectChange]:
        return [change for change in self.plan.objects if change.action != "unchanged"]

    def _cluster_writes(self) -> list[ClusterChange]:
        return [change for change in self.plan.clusters if change.changed]

    def _settle_linked(self, guards: t.Sequence[frozenset[str]]) -> int:
        """Wait until all KDClusters of one guard are quiet, and say which guard: a write that meets
        the operator's own write on a linked KDCluster makes it stuck (measured)."""
        for index, guard in enumerate(guards):
            if not guard:
                return index
        self._waited = True
        return self._live.wait_until_one_is_quiet(
            guards,
            self._deadline,
            f"The next change in namespace {self._desired.namespace} was not made, because KDClusters that "
            "are linked to one another did not settle",
        )
