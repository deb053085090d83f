# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifies the clusters that connect to a changed object, by counting up an annotation.

This is where the real operator wedges. It writes each cluster's annotation with the copy out of
its watch's cache; when that copy is behind, the API server answers with a conflict, and the
operator tries THE SAME COPY again after 1, 2, 4 ... 4096 s, which can never succeed. Until it
gives up, the reconciler of the cluster that became stable is stuck. The simulator does the same,
but gives up after --wedge-seconds.
"""

from __future__ import annotations

import asyncio
import logging

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.cluster_api import CLUSTERS, ApiError
from tests.kubedirector_simulator.objects import (
    Json,
    annotations_of,
    bump_counter,
    key_of,
    without_empty_connections,
)
from tests.kubedirector_simulator.operator_state import Operator

LOG = logging.getLogger(__name__)


class NotifyFailed(Exception):
    """A connecting cluster could not be notified of a change."""


async def notify_connecting(operator: Operator, changed: str, copies: list[Json]) -> None:
    """Notifies the clusters in these copies that something they connect to has changed.

    Raises NotifyFailed after the option's wedge_seconds.
    """
    for cluster in copies:
        LOG.info("%s: connected %s has changed", key_of(cluster), changed)
        await _count_up(operator, cluster)


async def _count_up(operator: Operator, cluster: Json) -> None:
    waited, wait = 0.0, 1.0
    limit = operator.options.wedge_seconds
    while True:
        bump_counter(annotations_of(cluster), facts.CONN_UPDATE_COUNTER)
        try:
            await operator.api.update(CLUSTERS, without_empty_connections(cluster))
            return
        except ApiError as error:
            LOG.warning("%s: cannot be notified: %s", key_of(cluster), error)
            if await operator.api.find(CLUSTERS, *key_of(cluster)) is None:
                return
        if waited >= limit:
            raise NotifyFailed(
                f"KDCluster {key_of(cluster)} could not be notified of a change of its connections"
            )
        wait = min(wait, limit - waited)
        await asyncio.sleep(wait)
        waited += wait
        wait *= 2
