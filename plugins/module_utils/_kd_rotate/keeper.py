# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps an object's old values in a Secret, which is also the rotation's lock."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
import typing as t
import uuid

from .._core.display import WaitDisplay
from .._core.errors import (
    ApiError,
    CollectionError,
    ConflictError,
    NotFoundError,
    PreconditionError,
)
from .._kubedirector.resources import SECRET
from .record import Record, parse_record, record_data, record_manifest, record_name

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.json_types import JsonMapping
    from .._kubedirector.snapshot import LiveObject
    from .rotation import Rotation

# A working task counts `beat` up. One that has not for the longer time was killed; the waiting task measures
# that by its own clock.
BEAT_SECONDS, TAKEOVER_SECONDS = 2.0, 15.0
_LOOK_SECONDS = 1.0


class _Kept(t.NamedTuple):
    record: Record
    metadata: JsonMapping


class Keeper:
    """One task's hold on the old values of one object."""

    def __init__(self, api: Api, rotation: Rotation) -> None:
        self._api = api
        self._rotation = rotation
        self._holder = uuid.uuid4().hex
        self.name = record_name(*rotation.key)
        self._kept: _Kept | None = None
        self._beaten = 0.0
        self._lock = threading.Lock()

    @property
    def record(self) -> Record | None:
        """What is kept, as last seen."""
        return None if self._kept is None else self._kept.record

    @property
    def label(self) -> str:
        """How messages call the Secret."""
        return f"Secret {self._rotation.namespace}/{self.name}"

    @property
    def way_out(self) -> str:
        """Where the old values are, and how to restore them."""
        rotation = self._rotation
        return (
            f"{self.label} keeps the old values; restore them with: ansible-playbook "
            f"kubedirector.connections.rotate -e rotate_namespace={rotation.namespace} "
            f"-e rotate_{rotation.kind.lower()}={rotation.name} -e rotate_state=restored."
        )

    def find(self) -> Record | None:
        """Look for what an earlier task kept.

        :raises PreconditionError: the Secret is not ours.
        :raises ApiError, UnreachableError:
        """
        self._kept = self._look()
        return self.record

    def _look(self) -> _Kept | None:
        try:
            manifest = self._api.get(SECRET, self._rotation.namespace, self.name)
        except NotFoundError:
            return None
        record = parse_record(manifest, *self._rotation.key)
        if record is None:
            raise PreconditionError(
                [
                    f"{self.label} exists, but kubedirector.connections did not create it. It needs that name "
                    f"to keep the old values of {self._rotation.label}. Delete it, or rename it."
                ]
            )
        return _Kept(record, manifest["metadata"])

    def find_abandoned(self, deadline: float) -> Record | None:
        """Look for what a killed task kept.

        :param deadline: as of time.monotonic().
        :raises PreconditionError: the other task still works then.
        :raises ApiError, UnreachableError:
        """
        record = self.find()
        seen, lives = time.monotonic(), False
        display = WaitDisplay(deadline)
        while record is not None:
            now = time.monotonic()
            if now - seen >= TAKEOVER_SECONDS:
                return record
            if lives and now >= deadline:
                raise PreconditionError(
                    [
                        f"Another task rotates {self._rotation.label} (since {record.begun}). Nothing was written. "
                        "Run this task again when that one has ended, or give a longer wait_timeout."
                    ]
                )
            display.show(lambda: f"another task rotates {self._rotation.label}.")
            time.sleep(min(_LOOK_SECONDS, TAKEOVER_SECONDS))
            before, record = record, self.find()
            if record != before:
                seen, lives = time.monotonic(), True
        return None

    def new_record(self, found: LiveObject) -> Record:
        """What to keep of the object as it is."""
        return Record(
            kind=found.kind,
            name=found.name,
            uid=found.uid,
            type=found.type,
            old=found.data or {},
            keys=(),
            digests=(),
            salt=uuid.uuid4().hex,
            holder=self._holder,
            begun=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )

    def try_dry(self, record: Record) -> None:
        """Try dry to keep and remove the record. :raises PreconditionError, ApiError, UnreachableError:"""
        namespace = self._rotation.namespace
        with self._explained():
            # A right is checked before the object is looked for.
            with contextlib.suppress(NotFoundError):
                self._api.delete(SECRET, namespace, self.name, dry_run=True)
            with contextlib.suppress(NotFoundError):
                self._api.merge_patch(SECRET, namespace, self.name, {}, dry_run=True)
            self._create(record, dry_run=True)

    def keep(self, record: Record) -> None:
        """Keep this record instead of an earlier task's.

        :raises PreconditionError: it cannot be kept, or another task was faster.
        :raises ApiError, UnreachableError:
        """
        record = dataclasses.replace(record, holder=self._holder)
        with self._explained(), self._lock:
            if self._kept is None:
                self._create(record, dry_run=False)
            else:
                self._replace(self._kept, record)

    def remove(self) -> None:
        """Remove the old values. :raises PreconditionError, ApiError, UnreachableError:"""
        with self._lock:
            while self._kept is not None:
                kept = self._kept
                try:
                    with contextlib.suppress(NotFoundError):
                        self._api.delete(
                            SECRET, self._rotation.namespace, self.name, dry_run=False,
                            uid=kept.metadata.get("uid"),
                            resource_version=kept.metadata["resourceVersion"],
                        )  # fmt: skip
                    self._kept = None
                except ConflictError:
                    self._kept = self._unchanged(kept, "It keeps the old values now.")

    @contextlib.contextmanager
    def beating(self) -> t.Iterator[None]:
        """Show other tasks that this one works."""
        ended = threading.Event()
        thread = threading.Thread(target=self._beat_until, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def require_held(self) -> Record:
        """Check that no other task took over; return what is kept.

        :raises PreconditionError: one has, or may have.
        :raises ApiError, UnreachableError:
        """
        advice = "See how that one ends."
        with self._lock:
            if self._kept is None:
                raise self._taken(advice)
            self._kept = self._unchanged(self._kept, advice)
            return self._kept.record

    def _beat_until(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT_SECONDS):
            # require_held reports what is wrong.
            with contextlib.suppress(CollectionError), self._lock:
                kept = self._kept
                if kept is not None:
                    record = dataclasses.replace(kept.record, beat=kept.record.beat + 1)
                    self._replace(kept, record)

    def _create(self, record: Record, *, dry_run: bool) -> None:
        namespace = self._rotation.namespace
        manifest = record_manifest(record, namespace)
        try:
            created = self._api.create(SECRET, namespace, manifest, dry_run=dry_run)
        except ConflictError as error:
            # A quota that others change just now is a conflict, too.
            if error.reason != "AlreadyExists":
                raise
            raise self._taken("Nothing was written.") from None
        if not dry_run:
            self._note(record, created)

    def _replace(self, kept: _Kept, record: Record) -> None:
        while True:
            version = kept.metadata["resourceVersion"]
            body = {"metadata": {"resourceVersion": version}, "data": record_data(record)}
            try:
                answer = self._api.merge_patch(
                    SECRET, self._rotation.namespace, self.name, body, dry_run=False,
                    metadata_only=True,
                )  # fmt: skip
            except (ConflictError, NotFoundError):
                kept = self._unchanged(kept, "Nothing was written.")
            else:
                self._note(record, answer)
                return

    def _note(self, record: Record, answer: JsonMapping) -> None:
        self._kept = _Kept(record, answer["metadata"])
        self._beaten = time.monotonic()

    def _unchanged(self, before: _Kept, advice: str) -> _Kept:
        """Read the Secret again: others may have changed labels or annotations only, and an answer to a write of
        this task may have got lost."""
        found = self._look()
        if found is None and time.monotonic() - self._beaten < TAKEOVER_SECONDS:
            # No task may take over yet, so it was deleted by hand.
            self._create(before.record, dry_run=False)
            found = self._kept
        if found is None or (found.record != before.record and found.record.holder != self._holder):
            raise self._taken(advice)
        return found

    def _taken(self, advice: str) -> PreconditionError:
        return PreconditionError(
            [
                f"Another task rotates {self._rotation.label}: it holds {self.label}. {advice} Run this task "
                "again when that one has ended."
            ]
        )

    @contextlib.contextmanager
    def _explained(self) -> t.Iterator[None]:
        """Say what to do if the API server refuses."""
        try:
            yield
        except ApiError as error:
            if error.passes:
                raise
            raise PreconditionError(
                [
                    f"{error} A rotation keeps the old values in {self.label} until it ends. Nothing was written. "
                    "Leave room in the namespace's quota for one more Secret of that size, and grant the verbs "
                    "get, create, patch and delete on secrets."
                ]
            ) from None
