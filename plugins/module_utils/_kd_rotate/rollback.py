# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rollback of a rotation: what calls for it, and how the old values return."""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .._core.errors import CollectionError, ConflictError, internal_error_message
from .._core.redaction import values_of
from .._core.retry import retry_transient_refusals
from .._reconcile.shared_objects import live_copy
from .record import ObjectState

if t.TYPE_CHECKING:
    from .._core.redaction import Redactor
    from .._kubedirector.snapshot import LiveObject, Snapshot
    from .._reconcile.writer import Progress
    from .attempt import Findings, RotationAttempt
    from .keeper import Keeper
    from .record import Values
    from .rotation import Rotation

_RETRY_PAUSE = 1.0


def grounds_in_members(found: Findings, on_reconnect_failure: str) -> list[str]:
    """What calls for a rollback in the members, one sentence each."""
    return [*found.held, *(found.reconnect if on_reconnect_failure != "warn" else ())]


def grounds_in_error(error: Exception, progress: Progress, *, resumed: bool) -> list[str]:
    """What calls for a rollback after an error; nothing if certainly nothing was written.

    :param resumed: an earlier task wrote.
    """
    if not isinstance(error, CollectionError):
        return [internal_error_message(error)]
    return [str(error)] if begun(progress) or error.maybe_done or resumed else []


@dataclasses.dataclass(repr=False)
class Rollback:
    """Restores the old values that `keeper` keeps.

    :param resumed: an earlier task wrote, so the members are verified in any case.
    :param forced: overwrite what others changed.
    :param deadline: as of time.monotonic().
    :param progress: what the attempt wrote; filled further.
    :param done: the object and every member have the old values.
    :param tried: it has begun to write; an answer may have got lost.
    :param refused: a sentence for each start script that failed with the old values.
    :param report: which values are where then.
    """

    rotation: Rotation
    keeper: Keeper
    resumed: bool
    forced: bool
    redactor: Redactor
    deadline: float
    progress: Progress
    read: t.Callable[[], tuple[Snapshot, str]]
    new_attempt: t.Callable[[Snapshot, str, Values | None, float], RotationAttempt]
    done: bool = False
    tried: bool = False
    nothing_written: bool = False
    object_is_back: bool = False
    refused: t.Sequence[str] = ()
    last_attempt: RotationAttempt | None = None
    report: str = ""

    def go(self) -> None:
        """Restore the old values, and wait."""
        try:
            self.report = retry_transient_refusals(
                self._once, self.deadline, _retry_seconds, _RETRY_PAUSE
            )
        except CollectionError as error:
            self.report = self._failed(str(error))

    def _once(self) -> str:
        rotation, progress = self.rotation, self.progress
        record = self.keeper.require_held()
        snapshot, resource_version = self.read()
        if live_copy(rotation, snapshot) is None:
            progress.copies.discard(rotation.key)
        else:
            # The answer to its creation may be lost.
            progress.copies.add(rotation.key)
        found = snapshot.objects[rotation.key]
        if found is None:
            return (
                f"{rotation.label} was deleted during this task. Create it again with kd_connection. "
                f"{self.keeper.label} keeps its old values.{self._copies}"
            )
        # An application may have printed what others wrote.
        self.redactor.add(values_of(rotation.kind, found.data))
        written = progress.versions.get(rotation.key)
        state = record.state_of(found)
        if state is ObjectState.MODIFIED and (self.forced or found.resource_version == written):
            # A webhook may have changed what this task wrote.
            state = ObjectState.OURS
        if state is ObjectState.ORIGINAL and not (begun(progress) or self.resumed or self.tried):
            self.nothing_written = True
            return f"Nothing was written: {rotation.label} holds the old values."
        ours = state is not ObjectState.MODIFIED
        data = record.old if ours else None
        self.last_attempt = attempt = self.new_attempt(
            snapshot, resource_version, data, self.deadline
        )
        self.tried = True
        try:
            attempt.applier.write()
        finally:
            rewritten = progress.versions.get(rotation.key) != written
            self.object_is_back = state is ObjectState.ORIGINAL or rewritten
        if not ours:
            return self._foreign(found)
        wrong = attempt.verify({key: record.old.get(key) for key in record.keys})
        if wrong.held:
            return self._failed(" ".join(wrong.held))
        self.done = True
        self.refused = wrong.reconnect
        gone = attempt.vanished
        names = ", ".join(name for name in attempt.desired.kdclusters if name not in gone)
        report = f"The old values are back in {rotation.label}"
        report += f" and in every member of KDCluster {names}." if names else "."
        if wrong.reconnect:
            report += f" But with the old values, too: {' '.join(wrong.reconnect)}"
        return report

    def _foreign(self, found: LiveObject) -> str:
        rotation = self.rotation
        return (
            f"{rotation.label} was changed by others during this task (it is at resourceVersion "
            f"{found.resource_version}), so the old values were not restored. It may hold new values. Look at it with: "
            f"kubectl get {rotation.kind.lower()} {rotation.name} -n {rotation.namespace} -o yaml. {self.keeper.way_out}"
        )

    def _failed(self, why: str) -> str:
        """Say which values are where."""
        rotation = self.rotation
        names = "" if self.last_attempt is None else ", ".join(self.last_attempt.desired.kdclusters)
        members = f" of KDCluster {names}" if names else ""
        if self.object_is_back:
            report = (
                f"{rotation.label} was rolled back, but some members{members} may still have the new values: {why} "
                "Fix that; then the operator updates the members by itself. Follow it with: "
                f"kubectl get kubedirectorclusters {names.replace(',', '')} -n {rotation.namespace}."
            )
        else:
            report = f"The rollback failed: {why} {rotation.label} and its members{members} may hold the new values."
        return f"{report} {self.keeper.way_out}{self._copies}"

    @property
    def _copies(self) -> str:
        progress = self.progress
        return f" {progress.copies_sentence(self.rotation.namespace)}" if progress.copies else ""


def begun(progress: Progress) -> bool:
    """Whether something was certainly written."""
    return bool(progress.objects or progress.copies or progress.repointed or progress.clusters)


def _retry_seconds(error: CollectionError) -> float:
    return math.inf if error.passes or isinstance(error, ConflictError) else 0.0
