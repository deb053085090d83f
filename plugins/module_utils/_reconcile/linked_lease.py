# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Lease of the namespace, so that only one task at a time changes linked KDClusters there.

Two tasks that both see linked KDClusters settled, and then write at once, make the operator stuck (measured).
"""

from __future__ import annotations

import functools
import os
import socket
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
    WaitTimeoutError,
)
from .._kubedirector.resources import LEASE

if t.TYPE_CHECKING:
    import types

    from .._client.api import Api

LEASE_NAME = "kubedirector-connections"
DURATION_SECONDS = 15
_RENEW_SECONDS = 4.0
# Its holder stops before others may take it over.
_STALE_SECONDS = 10.0
_POLL_SECONDS = 0.5
_FORBIDDEN = 403


class LinkedLease:
    """Holds the Lease of a namespace: `with LinkedLease(…) as lease`.

    Where the caller may not use Leases (403), a warning says what that means, and the block runs without.

    :param deadline: as of time.monotonic(); bounds how long another holder is waited for.
    :param warn: called with a sentence.
    :raises WaitTimeoutError: another task held it until then; names that one.
    :raises ApiError, UnreachableError:
    """

    def __init__(
        self, api: Api, namespace: str, deadline: float, warn: t.Callable[[str], None]
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._deadline = deadline
        self._warn = warn
        self._identity = f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        self._held = False
        self._renewed_at = 0.0
        self._ended = threading.Event()
        self._renewer = threading.Thread(target=self._renew_until_ended, daemon=True)
        self._renewing = threading.Lock()

    def __enter__(self) -> LinkedLease:
        """Take it, or wait for it."""
        try:
            self._acquire()
        except ApiError as error:
            if error.status != _FORBIDDEN:
                raise
            self._warn(
                f"Linked KDClusters in namespace {self._namespace} are changed without a Lease: another task "
                "that changes them at the same time can make the operator stuck. Grant the rights on leases "
                f"that the playbook rbac grants. ({error.server_message})"
            )
            return self
        self._held = True
        self._renewer.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: types.TracebackType | None,
    ) -> None:
        """Release it; where that fails, it expires."""
        self._ended.set()
        if not self._held:
            return
        self._renewer.join(_POLL_SECONDS)
        try:
            self._patch_own({"holderIdentity": ""})
        except CollectionError:
            return

    def require(self) -> None:
        """See that no other task can have taken it over. :raises PreconditionError:"""
        if not self._held:
            return
        if time.monotonic() - self._renewed_at > _STALE_SECONDS:
            self._renew()
        if time.monotonic() - self._renewed_at > _STALE_SECONDS:
            raise PreconditionError(
                [
                    f"The Lease {self._namespace}/{LEASE_NAME} could not be renewed for {_STALE_SECONDS:g} "
                    "seconds, so another task may change linked KDClusters now. Run the task again."
                ]
            )

    def _acquire(self) -> None:
        record: t.Any = None
        seen_at = 0.0
        display = WaitDisplay(self._deadline)
        while True:
            try:
                found = self._api.get(LEASE, self._namespace, LEASE_NAME)
                spec = found.get("spec") or {}
                if spec != record:
                    # Clocks differ, so how old it is counts from when this one sees it change.
                    record, seen_at = spec, time.monotonic()
                holder = spec.get("holderIdentity")
                age = time.monotonic() - seen_at
                if holder in (None, "", self._identity) or age > spec.get(
                    "leaseDurationSeconds", DURATION_SECONDS
                ):
                    started = time.monotonic()
                    version = found["metadata"]["resourceVersion"]
                    body = {"metadata": {"resourceVersion": version}, "spec": self._spec()}
                    self._api.merge_patch(LEASE, self._namespace, LEASE_NAME, body, dry_run=False)
                    self._renewed_at = started
                    return
            except NotFoundError:
                holder = None
                try:
                    started = time.monotonic()
                    self._api.create(LEASE, self._namespace, self._manifest(), dry_run=False)
                except ConflictError:
                    continue
                self._renewed_at = started
                return
            except ConflictError:
                # Another task was quicker.
                continue
            if time.monotonic() + _POLL_SECONDS > self._deadline:
                raise WaitTimeoutError(
                    f"Linked KDClusters in namespace {self._namespace} were not changed, because another task, "
                    f"{holder}, changes some and holds the Lease {self._namespace}/{LEASE_NAME}. Run the task "
                    "again, or give a longer wait_timeout."
                )
            display.show(functools.partial(_busy_sentence, holder))
            time.sleep(_POLL_SECONDS)

    def _manifest(self) -> dict[str, t.Any]:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": LEASE_NAME, "namespace": self._namespace},
            "spec": self._spec(),
        }

    def _spec(self) -> dict[str, t.Any]:
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": DURATION_SECONDS,
            "acquireTime": _now(),
            "renewTime": _now(),
        }

    def _renew_until_ended(self) -> None:
        while not self._ended.wait(_RENEW_SECONDS):
            self._renew()

    def _renew(self) -> None:
        """Renew it; one that cannot be renewed goes stale."""
        with self._renewing:
            started = time.monotonic()
            try:
                self._patch_own({"renewTime": _now()})
            except CollectionError:
                return
            self._renewed_at = started

    def _patch_own(self, fields: dict[str, str]) -> None:
        """Patch it as long as it is this task's. :raises ApiError, UnreachableError:"""
        patch: list[dict[str, t.Any]] = [
            {"op": "test", "path": "/spec/holderIdentity", "value": self._identity}
        ]
        patch += [
            {"op": "replace", "path": f"/spec/{field}", "value": value}
            for field, value in fields.items()
        ]
        self._api.json_patch(LEASE, self._namespace, LEASE_NAME, patch, dry_run=False)


def _now() -> str:
    now = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1e6):06d}Z"


def _busy_sentence(holder: str | None) -> str:
    return f"another task, {holder}, changes linked KDClusters."
