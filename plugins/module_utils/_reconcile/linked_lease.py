# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Lease of the namespace: two tasks that change linked KDClusters at once make the operator stuck (measured)."""

from __future__ import annotations

import contextlib
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
    from .._client.api import Api
    from .._core.json_types import JsonObject

LEASE_NAME = "kubedirector-connections"
DURATION_SECONDS = 15
_RENEW_SECONDS = 4.0
# The holder stops before others may take over.
_STALE_SECONDS = 10.0
_POLL_SECONDS = 0.5
_FORBIDDEN = 403


class LinkedLease:
    """Holds the Lease in a `with` block; only warns if the caller may not use Leases.

    :param deadline: as of time.monotonic().
    :raises WaitTimeoutError: another task held it until then.
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

    def __exit__(self, *_error: object) -> None:
        """Release it; if that fails, it expires."""
        self._ended.set()
        if self._held:
            self._renewer.join(_POLL_SECONDS)
            with contextlib.suppress(CollectionError):
                self._patch_own("holderIdentity", "")

    def require(self) -> None:
        """:raises PreconditionError: another task may have taken it over."""
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
        holder: t.Any = None
        seen_at = 0.0
        display = WaitDisplay(self._deadline)
        while True:
            try:
                found = self._api.get(LEASE, self._namespace, LEASE_NAME)
                spec = found.get("spec") or {}
                if spec != record:
                    # Clocks differ, so its age counts from the last change seen.
                    record, seen_at = spec, time.monotonic()
                holder = spec.get("holderIdentity")
                age = time.monotonic() - seen_at
                if holder in (None, "", self._identity) or age > spec.get(
                    "leaseDurationSeconds", DURATION_SECONDS
                ):
                    version = found["metadata"]["resourceVersion"]
                    body = {"metadata": {"resourceVersion": version}, "spec": self._spec()}
                    self._renewed_at = time.monotonic()
                    self._api.merge_patch(LEASE, self._namespace, LEASE_NAME, body, dry_run=False)
                    return
            except NotFoundError:
                lease = {
                    "apiVersion": "coordination.k8s.io/v1",
                    "kind": "Lease",
                    "metadata": {"name": LEASE_NAME, "namespace": self._namespace},
                    "spec": self._spec(),
                }
                self._renewed_at = time.monotonic()
                with contextlib.suppress(ConflictError):
                    self._api.create(LEASE, self._namespace, lease, dry_run=False)
                    return
            except ConflictError:
                # Another task was quicker.
                pass
            if time.monotonic() + _POLL_SECONDS > self._deadline:
                raise WaitTimeoutError(
                    f"Linked KDClusters in namespace {self._namespace} were not changed, because another task, "
                    f"{holder or 'not known'}, changes some and holds the Lease {self._namespace}/{LEASE_NAME}. Run the task "
                    "again, or give a longer wait_timeout."
                )
            busy = "another task, {}, changes linked KDClusters."
            display.show(functools.partial(busy.format, holder))
            time.sleep(_POLL_SECONDS)

    def _spec(self) -> JsonObject:
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
        with self._renewing:
            started = time.monotonic()
            with contextlib.suppress(CollectionError):
                self._patch_own("renewTime", _now())
                self._renewed_at = started

    def _patch_own(self, field: str, value: str) -> None:
        """:raises ApiError, UnreachableError:"""
        patch: list[JsonObject] = [
            {"op": "test", "path": "/spec/holderIdentity", "value": self._identity},
            {"op": "replace", "path": f"/spec/{field}", "value": value},
        ]
        self._api.json_patch(LEASE, self._namespace, LEASE_NAME, patch, dry_run=False)


def _now() -> str:
    now = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1e6):06d}Z"
