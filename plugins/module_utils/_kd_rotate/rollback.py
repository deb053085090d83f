# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back of a rotation: old values into the object and all members, and what to say of it."""

from __future__ import annotations

import time
import typing as t

from .._core.errors import (
    CollectionError,
    ConflictError,
)
from .._core.redaction import plain_values
from .attempt import RotationAttempt
from .rotation import (
    ObjectState,
    object_state,
)

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.redaction import Redactor
    from .._kubedirector.snapshot import Snapshot
    from .._reconcile.writer import Progress
    from .rotation import (
        Rotation,
        Values,
    )

_RETRY_SECONDS = 1.0


class Rollback:
    """Puts the old values back.

    :param old: the object's data before this task.
    :param new: its data as this task wrote them.
    :param deadline: as of time.monotonic(); bounds all of it.
    :param progress: what was written on the way there; filled further.
    :param read: reads the estate anew.
    :ivar done: the old values are back in the object and in every member.
    :ivar object_is_back: they are back in the object.
    :ivar way: the way itself, once it was begun.
    """

    def __init__(
        self,
        api: Api,
        rotation: Rotation,
        old: Values,
        new: Values,
        *,
        redactor: Redactor,
        deadline: float,
        progress: Progress,
        read: t.Callable[[Rotation], tuple[Snapshot, str]],
    ) -> None:
        self._api = api
        self._rotation = rotation
        self._old = old
        self._new = new
        self._redactor = redactor
        self._deadline = deadline
        self._progress = progress
        self._read = read
        version = progress.versions.get(rotation.key)
        self._written = () if version is None else (version,)
        self.done = False
        self.object_is_back = False
        self.way: RotationAttempt | None = None

    def go(self) -> str:
        """Put the old values back, wait, and say in what state everything is then."""
        while True:
            try:
                return self._once()
            except CollectionError as error:
                last = time.monotonic() + _RETRY_SECONDS > self._deadline
                if last or not (error.passes or isinstance(error, ConflictError)):
                    return self._failed(str(error))
            time.sleep(_RETRY_SECONDS)

    def _once(self) -> str:
        rotation, progress = self._rotation, self._progress
        snapshot, resource_version = self._read(rotation)
        found = snapshot.objects[rotation.key]
        if found is not None:
            # An application may have printed what somebody else wrote.
            self._redactor.add(plain_values(rotation.kind, found.data))
        state_of_object = object_state(found, self._old, self._new, self._written)
        begun = bool(progress.objects or progress.repointed or progress.clusters)
        if snapshot.objects[rotation.copy_key] is None:
            progress.copies.discard(rotation.key)
        else:
            # The answer to its creation may have got lost.
            progress.copies.add(rotation.key)
        if state_of_object is ObjectState.ORIGINAL and not begun and not progress.copies:
            return f"Nothing was written: {rotation.label} holds the old values."
        if state_of_object is ObjectState.DELETED:
            return (
                f"Somebody else deleted {rotation.label} meanwhile, so the old values are lost."
                + (f" {progress.copies_sentence(rotation.namespace)}" if progress.copies else "")
            )
        ours = state_of_object is not ObjectState.MODIFIED
        self.way = way = RotationAttempt(
            self._api, rotation, snapshot, resource_version, self._old if ours else None,
            redactor=self._redactor, deadline=self._deadline, progress=progress,
        )  # fmt: skip
        before = progress.versions.get(rotation.key)
        try:
            way.write()
        finally:
            rewritten = progress.versions.get(rotation.key) != before
            self.object_is_back = state_of_object is ObjectState.ORIGINAL or rewritten
        if not ours:
            return self._foreign(snapshot)
        wrong = way.verify({key: self._old.get(key) for key in rotation.values})
        if wrong.held:
            return self._failed(" ".join(wrong.held))
        self.done = True
        gone = way.vanished
        names = ", ".join(name for name in way.desired.kdclusters if name not in gone)
        told = f"The old values are back in {rotation.label}" + (
            f" and in every member of KDCluster {names}." if names else "."
        )
        if wrong.reconnect:
            told += f" With them, too: {' '.join(wrong.reconnect)}"
        return told

    def _foreign(self, snapshot: Snapshot) -> str:
        """Somebody else's edit is not overwritten."""
        rotation = self._rotation
        found = snapshot.objects[rotation.key]
        version = "" if found is None else f" (it is at resourceVersion {found.resource_version})"
        return (
            f"Somebody else changed {rotation.label} meanwhile, so it was left as they made it{version}, and "
            "the old values are not back: it may hold new ones. Look at it with: kubectl get "
            f"{rotation.kind.lower()} {rotation.name} -n {rotation.namespace} -o yaml. {self._again()}"
        )

    def _failed(self, why: str) -> str:
        """Say what state things are in when the way back did not come to its end."""
        rotation = self._rotation
        names = "" if self.way is None else ", ".join(self.way.desired.kdclusters)
        members = f" of KDCluster {names}" if names else ""
        if self.object_is_back:
            told = (
                f"The old values are back in {rotation.label}, but not for sure in every member{members}: "
                f"{why} Once that is mended the members take them by themselves; see how far they are with: "
                f"kubectl get kubedirectorclusters {names.replace(',', '')} -n {rotation.namespace}."
            )
        else:
            told = (
                f"Putting the old values back failed, too: {why} {rotation.label} may hold the new values, and "
                f"so may the members{members}. This task kept the old ones nowhere. {self._again()}"
            )
        if self._progress.copies:
            told += f" {self._progress.copies_sentence(rotation.namespace)}"
        return told

    def _again(self) -> str:
        rotation = self._rotation
        return (
            "Rotate to the values that are to stay with: ansible-playbook kubedirector.connections.rotate "
            f"-e rotate_namespace={rotation.namespace} -e rotate_{rotation.kind.lower()}={rotation.name} "
            "-e @values.yml."
        )
