# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_rotate task, from options to result, without Ansible."""

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
)
from .._core.redaction import values_of
from .._core.retry import retry_transient_refusals
from .._kubedirector.selection import selection_from
from .._kubedirector.settled import is_quiet
from .._kubedirector.snapshot import Snapshot
from .._kubedirector.webhook_refusals import retry_seconds
from .._observe.member_text import MemberText
from .._observe.reader import read_kdclusters, read_objects, read_selected, require_namespace
from .._observe.stall_diagnosis import ask_operator
from .._observe.watcher import SnapshotWatcher
from .._reconcile.result import connection_result
from .._reconcile.shared_objects import copy_name, live_copy, naming
from .._reconcile.warnings import plan_warnings
from .._reconcile.writer import Progress
from .attempt import RotationAttempt, readings_of
from .keeper import Keeper
from .record import ObjectState
from .rollback import Rollback, begun, grounds_in_error, grounds_in_members
from .rotation import (
    changed_keys,
    left_out,
    rotation_diff,
    rotation_from,
    rotation_problems,
)

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import LiveObject
    from .record import Record, Values
    from .rotation import Rotation


# The operator checks members every 30 s; until then a pod just deleted counts as configured (measured).
_NOTICED_SECONDS = 35.0
_LOOK_SECONDS = 1.0


class RotationTask(Task):
    _rotation: Rotation  # set before _keeper
    _text: MemberText  # set before _attempt

    def __post_init__(self) -> None:
        self._progress = Progress()
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
        """Rotate or restore.

        :raises RotationFailedError: not every member took the values; says which values are where now.
        :raises CollectionError: any other; then nothing was written.
        """
        self._rotation = rotation_from(self.params, self.namespace)
        self._keeper = keeper = Keeper(self.api, self._rotation)
        try:
            self._rotate(keeper)
        finally:
            for sentence in self._progress.warnings:
                self.warn(sentence)

    @property
    def result(self) -> dict[str, t.Any]:
        keeper, back = self._keeper, self._rollback
        is_back = back is not None and back.done
        after = self._before
        if back is not None and back.object_is_back:
            after = self._old
        elif self._progress.objects or self._accepted_dry:
            after = self._new
        keys = changed_keys(self._before, after)
        # A rollback leaves no change, unless an earlier task had written the new values.
        changed = begun(self._progress) and not (is_back and self._earlier is None)
        kdclusters: list[dict[str, t.Any]] = []
        attempt = self._attempt if back is None else back.last_attempt or self._attempt
        if attempt is not None:
            kdclusters = connection_result(
                attempt.plan, attempt.live.snapshot, self._progress, attempt.reconnects,
                as_planned=self._accepted_dry,
            )["kdclusters"]  # fmt: skip
            changed = changed or (self._accepted_dry and attempt.plan.changed)
        if keys:
            for one in kdclusters:
                one["action"] = "updated"
        result: dict[str, t.Any] = {"changed": changed}
        if keeper is not None:
            result["object"] = {
                "kind": self._rotation.kind,
                "name": self._rotation.name,
                "type": self._type,
                "action": "updated" if keys else "unchanged",
                "changed_keys": keys,
            }
        return {
            **result,
            "kdclusters": kdclusters,
            "rolled_back": is_back,
            "earlier_rotation": self._earlier,
            "kept_in": keeper.name if keeper is not None and keeper.record is not None else None,
            "plan": self._plan,
        }

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        if self._attempt is None:
            return None
        return rotation_diff(self._rotation, self._before, self._new)

    def _rotate(self, keeper: Keeper) -> None:
        rotation = self._rotation
        deadline = self._deadline()
        # Check mode takes over nothing, so the other task may still work.
        earlier = keeper.find() if self.check_mode else keeper.find_abandoned(deadline)
        if earlier is None and rotation.restoring:
            raise PreconditionError(
                [
                    f"No old values of {rotation.label} are kept: no rotation of it was interrupted. "
                    "Give the values that you want with state=present."
                ]
            )
        snapshot, resource_version = self._read_ready(keeper, deadline)
        found = t.cast("LiveObject", snapshot.objects[rotation.key])
        record = earlier or keeper.new_record(found)
        self._type = found.type
        self._before = found.data or {}
        self._old = record.old
        self._new = {**record.old, **rotation.values}
        self._redact(snapshot)
        self._text = MemberText(self.api, snapshot, self.redactor)
        if earlier is not None:
            self._note_earlier(keeper, earlier, record.state_of(found))
            # Its writes may not have reached the members yet.
            self._progress.reached |= set(naming(rotation, snapshot))
            if live_copy(rotation, snapshot) is not None:
                self._progress.copies.add(rotation.key)
        self._attempt = attempt = self._new_attempt(
            snapshot, resource_version, self._new, self._deadline()
        )
        if attempt.desired.kdclusters:
            # Writing an object calls no webhook, so it would not show that the operator is down.
            named = snapshot.clusters[attempt.desired.kdclusters[0]]
            retry_transient_refusals(lambda: ask_operator(self.api, named), deadline, retry_seconds)
        for sentence in plan_warnings(attempt.desired, snapshot, attempt.plan):
            self.warn(sentence)
        record = record.about_to_write(self._new, rotation.values)
        self._plan = attempt.plan_lines(changed_keys(self._before, self._new))
        if self.check_mode or attempt.plan.changed:
            show("\n".join(self._plan))
        if self.check_mode:
            attempt.applier.try_dry()
            if earlier is None and attempt.plan.changed:
                keeper.try_dry(record)
            self._accepted_dry = True
        elif rotation.restoring:
            self._restore(keeper, record)
        elif earlier is not None or attempt.plan.changed:
            self._write_or_roll_back(keeper, record, attempt)
        else:
            wrong = self._wrong(attempt, rotation.values)
            if wrong:
                raise RotationFailedError(
                    f"{rotation.label} holds these values already, so nothing was written. But "
                    f"{' '.join(wrong)}"
                )
            self._warn_of_vanished(attempt)

    def _read_ready(self, keeper: Keeper, deadline: float) -> tuple[Snapshot, str]:
        """Read until the KDClusters that name the object are settled and their members readable. An interrupted
        rotation's may never settle."""
        rotation = self._rotation
        selection = selection_from(self.params)
        selected = read_selected(self.api, self.namespace, selection) if selection else []
        noticed = min(deadline, time.monotonic() + _NOTICED_SECONDS)
        while True:
            snapshot, resource_version = self._read()
            names = naming(rotation, snapshot)
            problems = list(rotation_problems(rotation, snapshot, keeper.record))
            if selection is not None and not problems:
                selection.require_size([n for n in names if n in selected], self.namespace)
                problems = list(left_out(rotation, snapshot, selection, selected))
            if problems and keeper.record is not None:
                problems.append(f"An earlier rotation of it did not end: {keeper.way_out}")
            if problems:
                raise PreconditionError(problems)
            if keeper.record is not None:
                return snapshot, resource_version
            clusters = [snapshot.clusters[name] for name in names]
            busy = [c.name for c in clusters if not (c.terminating or is_quiet(snapshot, c))]
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

    def _note_earlier(self, keeper: Keeper, record: Record, state: ObjectState) -> None:
        """Warn of an interrupted rotation, and say what this task does."""
        rotation = self._rotation
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

    def _new_attempt(
        self, snapshot: Snapshot, resource_version: str, data: Values | None, deadline: float
    ) -> RotationAttempt:
        return RotationAttempt(
            self.api, self._rotation, snapshot, resource_version, data, deadline,
            self._text, self.params["on_reconnect_failure"], self._progress,
        )  # fmt: skip

    def _wrong(self, attempt: RotationAttempt, keys: t.Iterable[str]) -> list[str]:
        """Wait, read the members, and return what is wrong with these keys' values."""
        found = attempt.verify({key: self._new.get(key) for key in keys})
        grounds = grounds_in_members(found, self.params["on_reconnect_failure"])
        for sentence in found.reconnect:
            if sentence not in grounds:
                self.warn(sentence)
        return grounds

    def _warn_of_vanished(self, attempt: RotationAttempt) -> None:
        for name in attempt.vanished:
            self.warn(
                f"KDCluster {self.namespace}/{name} was deleted during this task, so its members were not "
                "verified."
            )

    def _write_or_roll_back(self, keeper: Keeper, record: Record, attempt: RotationAttempt) -> None:
        if attempt.repointed:
            # A refusal should come before copies are made and connected.
            attempt.applier.try_dry()
        finishes = keeper.record is not None and keeper.record.wrote(self._new)
        if keeper.record is None:
            keeper.try_dry(record)
        keeper.keep(record)
        with keeper.beating():
            try:
                attempt = self._write(attempt)
                failures = self._wrong(attempt, record.keys)
            except Exception as error:
                # A bug, too, must not leave new values in place unverified.
                failures = grounds_in_error(
                    error, self._progress, resumed=self._earlier is not None
                )
                if not failures:
                    self._remove(keeper)
                    error.args = (f"{error} Nothing was written.",)
                    raise
            if failures:
                back = self._go_back(keeper)
                raise RotationFailedError(
                    f"{self._rotation.label} was not rotated. {' '.join(failures)} {back.report}"
                )
            self._remove(keeper)
        if self._earlier is not None:
            self._earlier = "finished" if finishes else "replaced"
        self._warn_of_vanished(attempt)

    def _write(self, attempt: RotationAttempt) -> RotationAttempt:
        """Write; again if others changed only the object's metadata."""
        key = self._rotation.key
        while True:
            before = attempt.live.snapshot.objects[key]
            try:
                attempt.applier.write()
                return attempt
            except ConflictError:
                snapshot, resource_version = self._read()
                found = snapshot.objects[key]
                if (
                    found is None
                    or before is None
                    or time.monotonic() > attempt.deadline
                    or found.resource_version == before.resource_version
                    or (found.uid, found.data, found.type) != (before.uid, before.data, before.type)
                ):
                    raise
                self._attempt = attempt = self._new_attempt(
                    snapshot, resource_version, self._new, attempt.deadline
                )

    def _restore(self, keeper: Keeper, record: Record) -> None:
        keeper.keep(record)
        with keeper.beating():
            back = self._go_back(keeper, forced=True)
        wants = self.params["on_reconnect_failure"]
        if not back.done or (back.refused and wants == "rollback"):
            raise RotationFailedError(back.report)
        for sentence in back.refused:
            self.warn(sentence)

    def _go_back(self, keeper: Keeper, *, forced: bool = False) -> Rollback:
        self._rollback = back = Rollback(
            self._rotation, keeper, resumed=self._earlier is not None, forced=forced,
            redactor=self.redactor, deadline=self._deadline(), progress=self._progress,
            read=self._read, new_attempt=self._new_attempt,
        )  # fmt: skip
        back.go()
        if back.done or back.nothing_written:
            self._remove(keeper)
            if self._earlier is not None:
                self._earlier = "restored"
        return back

    def _remove(self, keeper: Keeper) -> None:
        """Remove the old values; only warn if that fails."""
        try:
            keeper.remove()
        except PreconditionError as error:
            # It is another task's.
            self.warn(str(error))
        except CollectionError as error:
            self.warn(
                f"{error} {keeper.label} still keeps old values of {self._rotation.label}. If the next rotation failed, "
                f"it would restore them. Delete it: kubectl delete secret {keeper.name} -n {self.namespace}."
            )

    def _deadline(self) -> float:
        """Start wait_timeout again, for the next phase."""
        deadline: float = time.monotonic() + self.params["wait_timeout"]
        self.api.repeat_until(deadline)
        return deadline

    def _read(self) -> tuple[Snapshot, str]:
        """Read KDClusters, the object with data, its copy, and what else those name that name either."""
        rotation = self._rotation
        clusters, resource_version = read_kdclusters(self.api, self.namespace)
        if not clusters:
            require_namespace(self.api, self.namespace)
        keys = [rotation.key, (rotation.kind, copy_name(rotation.name))]
        either = set(keys)
        for cluster in clusters.values():
            named = cluster.connections.objects()
            if either.intersection(named):
                keys += named
        objects = read_objects(self.api, self.namespace, keys, with_data={rotation.key})
        return Snapshot(self.namespace, clusters, objects), resource_version

    def _redact(self, snapshot: Snapshot) -> None:
        """Redact old and new values, except names that messages need."""
        rotation = self._rotation
        names = [rotation.namespace, rotation.name, *self._new]
        for name in naming(rotation, snapshot):
            members = snapshot.clusters[name].members
            names += [name, *(member.pod for member in members), *(m.role for m in members)]
        self.redactor.allow(names)
        for data in (self._before, self._old, self._new):
            self.redactor.add(values_of(rotation.kind, data))
