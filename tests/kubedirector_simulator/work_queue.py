# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the passes: one at a time per KDCluster, several clusters side by side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.objects import Json, ObjectKey, connected_names
from tests.kubedirector_simulator.operator_state import Operator
from tests.kubedirector_simulator.reconcile import PassFailed

LOG = logging.getLogger(__name__)

_SIDE_BY_SIDE: Final = 10
_FIRST_RETRY_SECONDS: Final = 0.005
_REAL_POLL_SECONDS: Final = 30.0
_RECHECK_SECONDS: Final = 0.5

Reconcile = Callable[[Operator, ObjectKey, bool], Awaitable[bool]]


class WorkQueue:
    """Passes for clusters that changed, whose poll is due, or whose last pass failed."""

    def __init__(self, operator: Operator, reconcile: Reconcile) -> None:
        self._operator = operator
        self._reconcile = reconcile
        self._slots = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._due: dict[ObjectKey, asyncio.Event] = {}
        self._tasks: dict[ObjectKey, asyncio.Task[None]] = {}
        self.failed = asyncio.get_running_loop().create_future()

    def add(self, key: ObjectKey) -> None:
        """Schedule a pass over this cluster; many calls before it make one pass."""
        self._due.setdefault(key, asyncio.Event()).set()
        if key not in self._tasks:
            task = asyncio.create_task(self._serve(key), name=f"kdcluster {key}")
            task.add_done_callback(self._report)
            self._tasks[key] = task

    async def stop(self) -> None:
        """Ends all passes where they are."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _report(self, task: asyncio.Task[None]) -> None:
        """An unexpected error in a pass is a bug of the simulator: it ends the process."""
        if not task.cancelled() and task.exception() is not None and not self.failed.done():
            self.failed.set_exception(task.exception() or RuntimeError("unknown"))

    async def _serve(self, key: ObjectKey) -> None:
        loop = asyncio.get_running_loop()
        due = self._due[key]
        failures = 0
        next_poll: float | None = None
        while True:
            polled = await self._await_turn(key, due, next_poll)
            if polled:
                next_poll = None
            due.clear()
            try:
                async with self._slots:
                    exists = await self._reconcile(self._operator, key, polled)
            except PassFailed as error:
                LOG.warning("%s", error)
                loop.call_later(_FIRST_RETRY_SECONDS * 2 ** min(failures, 12), due.set)
                failures += 1
                continue
            failures = 0
            if not exists and not due.is_set():
                del self._due[key], self._tasks[key]
                return
            if next_poll is None:
                next_poll = loop.time() + self._operator.options.poll_seconds

    async def _await_turn(
        self, key: ObjectKey, due: asyncio.Event, next_poll: float | None
    ) -> bool:
        """Waits for an event or the poll; returns whether it was the poll."""
        loop = asyncio.get_running_loop()
        if next_poll is None:
            await due.wait()
            return False
        latest = next_poll + max(0.0, _REAL_POLL_SECONDS - self._operator.options.poll_seconds)
        while True:
            try:
                wait = max(next_poll - loop.time(), _RECHECK_SECONDS)
                await asyncio.wait_for(due.wait(), wait)
                return False
            except TimeoutError:
                now = loop.time()
                if now >= latest or (now >= next_poll and self._connected_settled(key)):
                    return True

    def _connected_settled(self, key: ObjectKey) -> bool:
        """Whether all clusters that this one connects to are configured.

        A poll more often than the real operator's would see a connected cluster halfway through
        a change just as much more often, and then run into its notification (a wedge that the
        real operator does not have). Such a poll waits, though not longer than the real one.
        """
        cluster = self._operator.clusters.get(key)
        if cluster is None:
            return True
        names = connected_names(cluster, "clusters")
        found = (self._operator.clusters.get(ObjectKey(key.namespace, name)) for name in names)
        return all(other is None or _configured(other) for other in found)


def _configured(cluster: Json) -> bool:
    return (cluster.get("status") or {}).get("state") == facts.CONFIGURED
