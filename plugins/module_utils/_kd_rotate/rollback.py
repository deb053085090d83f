# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rollback of a rotation: restores the old values in the object and all members, and reports it."""

from __future__ import annotations

import math
import typing as t

from .._core.errors import (
    CollectionError,
    ConflictError,
)
from .._core.redaction import values_of
from .._core.retry import retry_transient_refusals
from .._reconcile.shared_objects import live_copy
from .attempt import RotationAttempt
from .record import ObjectState

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.redaction import Redactor
    from .._kubedirector.snapshot import Snapshot
    from .._observe.member_text import MemberText
    from .._reconcile.writer import Progress
    from .keeper import Keeper
    from .rotation import Rotation

_RETRY_PAUSE = 1.0


class Rollback:
    """Restores the old values.

    :param keeper: keeps them.
    :param resumed: an earlier task wrote something, so the members are verified in any case.
    :param forced: overwrite what others changed in the object.
    :param deadline: as of time.monotonic(); bounds all of it.
    :param progress: what the attempt wrote; filled further.
    :param read: reads a new snapshot.
    :ivar done: the old values are back in the object and in every member.
    :ivar nothing_written: there was nothing to restore.
    :ivar object_is_back: the old values are back in the object.
    :ivar refused: the start scripts that failed with the old values, one sentence each.
    :ivar way: the attempt that restores, once it has begun.
    """

    def __init__(
        self,
        api: Api,
        rotation: Rotation,
        keeper: Keeper,
        *,
        resumed: bool,
        forced: bool = False,
        text: MemberText,
        redactor: Redactor,
        on_reconnect_failure: str,
        deadline: float,
        progress: Progress,
        read: t.Callable[[Rotation], tuple[Snapshot, str]],
    ) -> None:
        self._api = api
        self._rotation = rotation
        self._keeper = keeper
        self._resumed = resumed
        self._forced = forced
        self._text = text
        self._redactor = redactor
        self._on_reconnect_failure = on_reconnect_failure
        self._deadline = deadline
        self._progress = progress
        self._read = read
        self.done = False
        self.nothing_written = False
        self.object_is_back = False
        self.refused: tuple[str, ...] = ()
        self.way: RotationAttempt | None = None

    def go(self) -> str:
        """Restore the old values, wait, and return which values are where then."""
        try:
            return retry_transient_refusals(
                self._once, self._deadline, _retry_seconds, _RETRY_PAUSE
            )
        except CollectionError as error:
            return self._failed(str(error))

    def _once(self) -> str:
        rotation, progress = self._rotation, self._progress
        record = self._keeper.require_held()
        snapshot, resource_version = self._read(rotation)
        found = snapshot.objects[rotation.key]
        state = record.state_of(found)
        if found is not None:
            # An application may have printed what others wrote.
            self._redactor.add(values_of(rotation.kind, found.data))
            if self._forced or found.resource_version == progress.versions.get(rotation.key):
                # A webhook may have changed what this task wrote.
                state = ObjectState.OURS if state is ObjectState.MODIFIED else state
        begun = bool(progress.objects or progress.repointed or progress.clusters)
        if live_copy(rotation, snapshot) is None:
            progress.copies.discard(rotation.key)
        else:
            # The answer to its creation may be lost.
            progress.copies.add(rotation.key)
        if state is ObjectState.ORIGINAL and not (begun or progress.copies or self._resumed):
            self.nothing_written = True
            return f"Nothing was written: {rotation.label} holds the old values."
        if state is ObjectState.DELETED:
            return (
                f"{rotation.label} was deleted during this task. Create it again with kd_connection. "
                f"{self._keeper.label} keeps its old values."
                + (f" {progress.copies_sentence(rotation.namespace)}" if progress.copies else "")
            )
        ours = state is not ObjectState.MODIFIED
        self.way = way = RotationAttempt(
            self._api, rotation, snapshot, resource_version, record.old if ours else None,
            text=self._text, on_reconnect_failure=self._on_reconnect_failure,
            deadline=self._deadline, progress=progress,
        )  # fmt: skip
        before = progress.versions.get(rotation.key)
        try:
            way.write()
        finally:
            rewritten = progress.versions.get(rotation.key) != before
            self.object_is_back = state is ObjectState.ORIGINAL or rewritten
        if not ours:
            return self._foreign(snapshot)
        wrong = way.verify({key: record.old.get(key) for key in record.keys})
        if wrong.held:
            return self._failed(" ".join(wrong.held))
        self.done = True
        self.refused = wrong.reconnect
        gone = way.vanished
        names = ", ".join(name for name in way.desired.kdclusters if name not in gone)
        report = f"The old values are back in {rotation.label}" + (
            f" and in every member of KDCluster {names}." if names else "."
        )
        if wrong.reconnect:
            report += f" But with the old values, too: {' '.join(wrong.reconnect)}"
        return report

    def _foreign(self, snapshot: Snapshot) -> str:
        """Report an edit by others, which a rollback does not overwrite."""
        rotation = self._rotation
        found = snapshot.objects[rotation.key]
        version = "" if found is None else f" (it is at resourceVersion {found.resource_version})"
        return (
            f"{rotation.label} was changed by others during this task{version}, so the old values were not "
            "restored. It may hold new values. Look at it with: kubectl get "
            f"{rotation.kind.lower()} {rotation.name} -n {rotation.namespace} -o yaml. {self._keeper.way_out}"
        )

    def _failed(self, why: str) -> str:
        """Say which values are where if the rollback failed."""
        rotation = self._rotation
        names = "" if self.way is None else ", ".join(self.way.desired.kdclusters)
        members = f" of KDCluster {names}" if names else ""
        if self.object_is_back:
            report = (
                f"{rotation.label} was rolled back, but some members{members} may still have the new values: {why} "
                "Fix that; then the operator updates the members by itself. Follow it with: "
                f"kubectl get kubedirectorclusters {names.replace(',', '')} -n {rotation.namespace}."
            )
        else:
            report = f"The rollback failed: {why} {rotation.label} and its members{members} may hold the new values."
        report += f" {self._keeper.way_out}"
        if self._progress.copies:
            report += f" {self._progress.copies_sentence(rotation.namespace)}"
        return report


def _retry_seconds(error: CollectionError) -> float:
    return math.inf if error.passes or isinstance(error, ConflictError) else 0.0
