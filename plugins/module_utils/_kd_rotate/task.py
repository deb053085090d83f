# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_rotate task from its options to its result. Knows nothing of Ansible."""

from __future__ import annotations

import time
import typing as t

from .._ansible.task import Task
from .._core.display import show
from .._core.errors import (
    CollectionError,
    ConflictError,
    PreconditionError,
    RotationFailedError,
    internal_error_message,
)
from .._core.redaction import values_of
from .._core.retry import retry_transient_refusals
from .._kubedirector.selection import selection_from
from .._kubedirector.snapshot import Snapshot
from .._kubedirector.webhook_refusals import retry_seconds
from .._observe.member_text import MemberText
from .._observe.reader import (
    read_kdclusters,
    read_objects,
    read_selected,
    require_namespace,
)
from .._observe.stall_diagnosis import (
    ask_operator,
)
from .._observe.watcher import SnapshotWatcher
from .._reconcile.result import (
    connection_result,
)
from .._reconcile.shared_objects import live_copy
from .._reconcile.warnings import (
    plan_warnings,
)
from .._reconcile.writer import Progress
from .attempt import RotationAttempt, readings_of
from .keeper import Keeper
from .record import ObjectState
from .rollback import (
    Rollback,
)
from .rotation import (
    changed_keys,
    left_out,
    rotation_diff,
    rotation_from,
    rotation_problems,
    unsettled,
)

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import LiveObject
    from .record import Record, Values
    from .rotation import Rotation


# The operator looks at members every 30 s; until then it calls a pod configured that was just deleted (measured).
_NOTICED_SECONDS = 35.0
_LOOK_SECONDS = 1.0


class RotationTask(Task):
    """Runs one task. `result` can be read at any time; after a failure it says what holds which values."""

    def __post_init__(self) -> None:
        self._text = MemberText(self.api, Snapshot(self.namespace, {}, {}), self.redactor)
        self._progress = Progress()
        self._rotation: Rotation | None = None
        self._keeper: Keeper | None = None
        self._earlier: str | None = None
        self._type: str | None = None
        self._plan: list[str] = []
        self._before: Values = {}
        self._old: Values = {}
        self._new: Values = {}
        self._attempt: RotationAttempt | None = None
        self._rollback: Rollback | None = None
        self._accepted_dry = False

    def run(self) -> None:
        """Do what the task wants.

                :raises RotationFailedError: not every member took the new values; the message says which values are
            where now.
        :raises CollectionError: any other; then nothing was written.
        """
        self._rotation = rotation = rotation_from(self.params, self.namespace)
        self._keeper = keeper = Keeper(self.api, rotation)
        try:
            self._rotate(rotation, keeper)
        finally:
            for sentence in self._progress.warnings:
                self.warn(sentence)

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values."""
        rotation, keeper = self._rotation, self._keeper
        if rotation is None or keeper is None:
            return {
                "changed": False,
                "kdclusters": [],
                "rolled_back": False,
                "earlier_rotation": None,
                "kept_in": None,
                "plan": [],
            }
        back = self._rollback
        is_back = back is not None and back.done
        after = self._before
        if back is not None and back.object_is_back:
            after = self._old
        elif self._progress.objects or self._accepted_dry:
            after = self._new
        keys = changed_keys(self._before, after)
        shown = {
            "kind": rotation.kind,
            "name": rotation.name,
            "type": self._type,
            "action": "updated" if keys else "unchanged",
            "changed_keys": keys,
        }
        # After a rollback nothing has changed, unless an earlier task had written the new values.
        changed = self._begun() and not (is_back and self._earlier is None)
        kdclusters: list[dict[str, t.Any]] = []
        way = self._attempt if back is None or back.way is None else back.way
        if way is not None:
            shown_result = connection_result(
                way.plan, way.live.snapshot, self._progress, way.reconnects,
                as_planned=self._accepted_dry,
            )  # fmt: skip
            kdclusters = shown_result["kdclusters"]
            changed = changed or (self._accepted_dry and way.plan.changed)
        for one in kdclusters:
            one["action"] = "updated" if keys else one["action"]
        return {
            "changed": changed,
            "object": shown,
            "kdclusters": kdclusters,
            "rolled_back": is_back,
            "earlier_rotation": self._earlier,
            "kept_in": None if keeper.record is None else keeper.name,
            "plan": self._plan,
        }

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        """The --diff, or None before anything is known."""
        if self._rotation is None or self._attempt is None:
            return None
        return rotation_diff(self._rotation, self._before, self._new)

    def _rotate(self, rotation: Rotation, keeper: Keeper) -> None:
        deadline = self._deadline()
        # Check mode takes over nothing, so it need not know whether the other task still works.
        earlier = keeper.find() if self.check_mode else keeper.find_abandoned(deadline)
        if earlier is None and rotation.restoring:
            raise PreconditionError(
                [
                    f"No old values of {rotation.label} are kept: no rotation of it was interrupted. "
                    "Give the values that you want with state=present."
                ]
            )
        snapshot, resource_version = self._read_ready(rotation, keeper, deadline)
        found = t.cast("LiveObject", snapshot.objects[rotation.key])
        record = earlier or keeper.new_record(found)
        self._type = found.type
        self._before = found.data or {}
        self._old = record.old
        self._new = {**record.old, **rotation.values}
        self._redact(rotation, snapshot)
        self._text = MemberText(self.api, snapshot, self.redactor)
        if earlier is not None:
            self._note_earlier(rotation, keeper, earlier, record.state_of(found))
            # Its writes may still be on their way to the members.
            self._progress.reached |= set(rotation.naming(snapshot))
            if live_copy(rotation, snapshot) is not None:
                self._progress.copies.add(rotation.key)
        self._attempt = way = self._way(rotation, snapshot, resource_version, self._deadline())
        if way.desired.kdclusters:
            # A write of an object calls no webhook, so it would not show that the operator is down.
            named = snapshot.clusters[way.desired.kdclusters[0]]
            retry_transient_refusals(lambda: ask_operator(self.api, named), deadline, retry_seconds)
        for sentence in plan_warnings(way.desired, snapshot, way.plan):
            self.warn(sentence)
        record = record.about_to_write(self._new, rotation.values)
        self._plan = way.plan_lines(changed_keys(self._before, self._new))
        if self.check_mode or way.plan.changed:
            show("\n".join(self._plan))
        if self.check_mode:
            way.try_dry()
            if earlier is None and way.plan.changed:
                keeper.try_dry(record)
            self._accepted_dry = True
        elif rotation.restoring:
            self._restore(rotation, keeper, record)
        elif earlier is not None or way.plan.changed:
            self._write_or_roll_back(rotation, keeper, record, way)
        else:
            wrong = self._wrong(way, rotation.values)
            if wrong:
                raise RotationFailedError(
                    f"{rotation.label} holds these values already, so nothing was written. But "
                    f"{' '.join(wrong)}"
                )
            self._warn_of_vanished(way)

    def _read_ready(
        self, rotation: Rotation, keeper: Keeper, deadline: float
    ) -> tuple[Snapshot, str]:
        """Read the snapshot, and wait until the KDClusters that name the object are settled, and their members
        can be read.

        It does not wait for KDClusters that an earlier rotation left half way: they may never settle.

        :raises PreconditionError, WaitTimeoutError, MemberError, ApiError, UnreachableError:
        """
        selection = selection_from(self.params)
        selected = read_selected(self.api, self.namespace, selection) if selection else []
        noticed = min(deadline, time.monotonic() + _NOTICED_SECONDS)
        while True:
            snapshot, resource_version = self._read(rotation)
            problems = list(rotation_problems(rotation, snapshot, keeper.record))
            if selection is not None and not problems:
                selection.require_size(
                    [name for name in rotation.naming(snapshot) if name in selected], self.namespace
                )
                problems = list(left_out(rotation, snapshot, selection, selected))
            if problems and keeper.record is not None:
                problems.append(f"An earlier rotation of it did not end: {keeper.way_out}")
            if problems:
                raise PreconditionError(problems)
            if keeper.record is not None:
                return snapshot, resource_version
            busy = unsettled(rotation, snapshot)
            if busy:
                SnapshotWatcher(self.api, snapshot, resource_version).wait_until_settled(
                    busy,
                    (),
                    deadline,
                    f"Nothing was written, because an earlier change in namespace {self.namespace} has not reached "
                    "every member",
                    may_vanish=busy,
                )
                continue
            readings = readings_of(self.api, rotation, snapshot)
            errors = [one.error for _cluster, one in readings if one.error is not None]
            if not errors:
                return snapshot, resource_version
            if time.monotonic() >= noticed:
                unread = (
                    "Nothing was written, because the members could not be verified afterwards."
                )
                raise PreconditionError([unread, *errors])
            time.sleep(_LOOK_SECONDS)

    def _note_earlier(
        self, rotation: Rotation, keeper: Keeper, record: Record, state: ObjectState
    ) -> None:
        """Warn of a rotation that did not end, and what this task does about it.

        :raises PreconditionError: others changed the object since, and the options do not say what to keep.
        """
        did_not_end = f"An earlier rotation of {rotation.label}, begun {record.begun}, did not end"
        self._earlier = "unfinished"
        if rotation.restoring:
            goes_on = "This task restores the values from before it."
            if state is ObjectState.MODIFIED:
                goes_on += " It overwrites what others changed in the object since."
        elif state is ObjectState.MODIFIED:
            raise PreconditionError(
                [
                    f"{did_not_end}, and others changed the object since. Nothing was written. "
                    f"{keeper.way_out} Or keep the object as it is: delete the old values with kubectl delete "
                    f"secret {keeper.name} -n {self.namespace}, and run this task again."
                ]
            )
        elif record.wrote(self._new):
            goes_on = "This task finishes it."
        else:
            goes_on = (
                "This task sets other values. If that fails, it restores the values from before the earlier "
                "rotation."
            )
        self.warn(f"{did_not_end}. {goes_on}")

    def _way(
        self, rotation: Rotation, snapshot: Snapshot, resource_version: str, deadline: float
    ) -> RotationAttempt:
        return RotationAttempt(
            self.api, rotation, snapshot, resource_version, self._new,
            text=self._text, on_reconnect_failure=self.params["on_reconnect_failure"],
            deadline=deadline, progress=self._progress,
        )  # fmt: skip

    def _wrong(self, way: RotationAttempt, keys: t.Iterable[str]) -> list[str]:
        """Wait, read the members, and return what is wrong with the new values of these keys."""
        found = way.verify({key: self._new.get(key) for key in keys})
        if self.params["on_reconnect_failure"] != "warn":
            return [*found.held, *found.reconnect]
        for sentence in found.reconnect:
            self.warn(sentence)
        return list(found.held)

    def _warn_of_vanished(self, way: RotationAttempt) -> None:
        for name in way.vanished:
            self.warn(
                f"KDCluster {self.namespace}/{name} was deleted during this task, so its members were not "
                "verified."
            )

    def _write_or_roll_back(
        self, rotation: Rotation, keeper: Keeper, record: Record, way: RotationAttempt
    ) -> None:
        """Write and verify; roll back if anything is wrong."""
        if way.needs_copies:
            # A refusal should come before copies are made and connected.
            way.try_dry()
        finishes = keeper.record is not None and keeper.record.wrote(self._new)
        if keeper.record is None:
            keeper.try_dry(record)
        keeper.keep(record)
        with keeper.beating():
            try:
                way = self._write(rotation, way)
                failures = self._wrong(way, record.keys)
            except CollectionError as error:
                if not self._begun() and not error.maybe_done and self._earlier is None:
                    self._remove(keeper)
                    error.args = (f"{error} Nothing was written.",)
                    raise
                failures = [str(error)]
            except Exception as error:
                # A bug must not leave new values in place unverified.
                failures = [internal_error_message(error)]
            if failures:
                back = self._go_back(rotation, keeper)
                raise RotationFailedError(
                    f"{rotation.label} was not rotated. {' '.join(failures)} {back}"
                )
            self._remove(keeper)
        if self._earlier is not None:
            self._earlier = "finished" if finishes else "replaced"
        self._warn_of_vanished(way)

    def _write(self, rotation: Rotation, way: RotationAttempt) -> RotationAttempt:
        """Write; again if others only changed the object's metadata since it was read.

        :returns: the attempt that wrote.
        :raises CollectionError: see RotationAttempt.write.
        """
        while True:
            before = way.live.snapshot.objects[rotation.key]
            try:
                way.write()
                return way
            except ConflictError:
                snapshot, resource_version = self._read(rotation)
                found = snapshot.objects[rotation.key]
                if found is None or before is None or time.monotonic() > way.deadline:
                    raise
                if found.resource_version == before.resource_version:
                    raise
                if (found.uid, found.data, found.type) != (before.uid, before.data, before.type):
                    raise
                self._attempt = way = self._way(rotation, snapshot, resource_version, way.deadline)

    def _restore(self, rotation: Rotation, keeper: Keeper, record: Record) -> None:
        """Restore the old values that an earlier task kept."""
        keeper.keep(record)
        with keeper.beating():
            report = self._go_back(rotation, keeper, forced=True)
        back = t.cast("Rollback", self._rollback)
        wants = self.params["on_reconnect_failure"]
        if not back.done or (back.refused and wants == "rollback"):
            raise RotationFailedError(report)
        for sentence in back.refused:
            self.warn(sentence)

    def _go_back(self, rotation: Rotation, keeper: Keeper, *, forced: bool = False) -> str:
        """Restore the old values, remove the kept ones if that worked, and return how it went."""
        self._rollback = back = Rollback(
            self.api, rotation, keeper,
            resumed=self._earlier is not None, forced=forced, text=self._text, redactor=self.redactor,
            on_reconnect_failure=self.params["on_reconnect_failure"], deadline=self._deadline(),
            progress=self._progress, read=self._read,
        )  # fmt: skip
        report = back.go()
        if back.done or back.nothing_written:
            self._remove(keeper)
            if self._earlier is not None:
                self._earlier = "restored"
        return report

    def _remove(self, keeper: Keeper) -> None:
        """Remove the kept old values. If that fails, only warn."""
        try:
            keeper.remove()
        except CollectionError as error:
            self.warn(
                f"{error} {keeper.label} still keeps old values of {keeper.target}. If the next rotation failed, it "
                f"would restore them. Delete it: kubectl delete secret {keeper.name} -n {self.namespace}."
            )

    def _begun(self) -> bool:
        """Whether it is certain that something was written."""
        done = self._progress
        return bool(done.objects or done.copies or done.repointed or done.clusters)

    def _deadline(self) -> float:
        """Start wait_timeout again, for the next phase and its requests."""
        deadline = time.monotonic() + float(self.params["wait_timeout"])
        self.api.repeat_until(deadline)
        return deadline

    def _read(self, rotation: Rotation) -> tuple[Snapshot, str]:
        """Read the KDClusters, the object with its data, and what else those name that name it."""
        clusters, resource_version = read_kdclusters(self.api, self.namespace)
        if not clusters:
            require_namespace(self.api, self.namespace)
        keys = [rotation.key, rotation.copy_key]
        either = set(keys)
        for cluster in clusters.values():
            named = cluster.connections.objects()
            if either.intersection(named):
                keys += named
        objects = read_objects(self.api, self.namespace, keys, with_data={rotation.key})
        return Snapshot(self.namespace, clusters, objects), resource_version

    def _redact(self, rotation: Rotation, snapshot: Snapshot) -> None:
        """Redact old and new values everywhere, except names that messages need."""
        names = [rotation.namespace, rotation.name, *self._new]
        for name in rotation.naming(snapshot):
            members = snapshot.clusters[name].members
            names += [name, *(member.pod for member in members), *(m.role for m in members)]
        self.redactor.allow(names)
        for data in (self._before, self._old, self._new):
            self.redactor.add(values_of(rotation.kind, data))
