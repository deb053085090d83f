# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a pass's result back: annotation, status, finalizer. Source: syncCluster's defer."""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import Final

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.cluster_api import CLUSTERS, ApiError
from tests.kubedirector_simulator.notifies import send_notifies
from tests.kubedirector_simulator.objects import (
    Json,
    annotations_of,
    key_of,
    same_meaning,
    without_empty_connections,
)
from tests.kubedirector_simulator.operator_state import Pass
from tests.kubedirector_simulator.status import compact, roll_up

LOG = logging.getLogger(__name__)

_LONGEST_WAIT: Final = 30.0


def has_finalizer(cluster: Json) -> bool:
    """Whether the operator's finalizer is on the cluster."""
    return facts.FINALIZER in (cluster["metadata"].get("finalizers") or [])


def set_finalizer(cluster: Json, present: bool) -> None:
    """Puts the operator's finalizer on the cluster, or takes it off."""
    metadata = cluster["metadata"]
    others = [name for name in metadata.get("finalizers") or [] if name != facts.FINALIZER]
    if has_finalizer(cluster) != present:
        metadata["finalizers"] = [*others, facts.FINALIZER] if present else others


class WriteBack:
    """What is still to be written after a pass; nothing is when nothing changed."""

    def __init__(
        self, work: Pass, old_status: Json | None, had_finalizer: bool, status_only: bool = False
    ) -> None:
        self._work = work
        self._finalizer = has_finalizer(work.cluster)
        alive = "deletionTimestamp" not in work.cluster["metadata"] or self._finalizer
        self._status_due = alive and not same_meaning(work.status, old_status)
        # The simulator makes no status backups, but writes their annotation.
        backup = annotations_of(work.cluster).get(facts.STATUS_BACKUP_ANNOTATION)
        self._annotation_due = alive and backup != "false" and not status_only
        self._finalizer_due = self._finalizer != had_finalizer

    async def run(self) -> None:
        """Writes until it succeeds or the cluster is deleted: no other pass may start before."""
        wait = 1.0
        while self._status_due or self._annotation_due or self._finalizer_due:
            try:
                await self._write()
            except ApiError as error:
                current = await self._current()
                if current is None:
                    return
                if "deletionTimestamp" in current["metadata"]:
                    self._status_due = self._annotation_due = False
                if error.conflict:
                    self._rebase(current)
                    continue
                LOG.warning("%s: writing again: %s", key_of(self._work.cluster), error)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    async def _current(self) -> Json | None:
        try:
            return await self._work.api.find(CLUSTERS, *key_of(self._work.cluster))
        except ApiError:
            # As KubeDirector does: only a deleted KDCluster ends this. An API server that just starts
            # has more to say than that it cannot be reached.
            return self._work.cluster

    def _rebase(self, current: Json) -> None:
        current["status"] = self._work.status
        set_finalizer(current, self._finalizer)
        self._work.cluster = current

    async def _write(self) -> None:
        work = self._work
        if self._annotation_due:
            change: Json = {"metadata": {"annotations": {facts.STATUS_BACKUP_ANNOTATION: "false"}}}
            answer = await work.api.patch(CLUSTERS, *key_of(work.cluster), change)
            work.cluster["metadata"]["resourceVersion"] = answer["metadata"]["resourceVersion"]
            annotations_of(work.cluster)[facts.STATUS_BACKUP_ANNOTATION] = "false"
            self._annotation_due = False
        if self._status_due:
            work.status["generationUID"] = str(uuid.uuid4())
            uid = work.cluster["metadata"]["uid"]
            work.operator.generations.write(uid, work.status["generationUID"])
            compact(work.status)
            answer = await work.api.update(CLUSTERS, work.cluster, "status")
            work.cluster["metadata"]["resourceVersion"] = answer["metadata"]["resourceVersion"]
            self._status_due = False
        if self._finalizer_due:
            without_status = {name: part for name, part in work.cluster.items() if name != "status"}
            await work.api.update(CLUSTERS, without_empty_connections(without_status))
            self._finalizer_due = False


async def finish(work: Pass, old_status: Json | None, had_finalizer: bool) -> None:
    """Sends what is to be notified, sums the members up, and writes back what changed."""
    await send_notifies(work)
    roll_up(work.status)
    await WriteBack(work, old_status, had_finalizer).run()
