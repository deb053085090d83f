# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put KDClusters' count of connection changes one ahead before what they connect to changes.

A change of their own connections does that itself (plan.connection_patch).
"""

from __future__ import annotations

import time
import typing as t

from .._core.errors import ApiError, CollectionError, OperatorDownError, UnreachableError
from .._kubedirector import facts
from .._kubedirector.resources import KDCLUSTER
from .plan import change_counter_patch

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._observe.watcher import SnapshotWatcher

_TRIES = 3
_CONFLICT, _UNPROCESSABLE = 409, 422
# After an object's change the operator writes the KDCluster with the copy that its watch last showed. The watch is
# behind for some milliseconds; a stale copy is refused, and the write retried for hours (measured).
_PAUSE_SECONDS = 1.0


def repair_change_counters(api: Api, live: SnapshotWatcher, names: t.Iterable[str]) -> None:
    """Put it ahead where it is not, for configured KDClusters.

    A failed write is ignored, since the change may be a rollback: a missed start script is reported later.
    """
    touched = False
    for name in names:
        try:
            touched |= _repair(api, live, name)
        except CollectionError as error:
            touched |= error.maybe_done
            if isinstance(error, (OperatorDownError, UnreachableError)):
                # The others would take as long to fail.
                break
    if touched:
        time.sleep(_PAUSE_SECONDS)


def _repair(api: Api, live: SnapshotWatcher, name: str) -> bool:
    """Return whether it was just written, perhaps by others. :raises ApiError, UnreachableError:"""
    for attempt in range(_TRIES):
        cluster = live.snapshot.clusters.get(name)
        if cluster is None or cluster.state != facts.STATE_CONFIGURED:
            return False
        patch = change_counter_patch(cluster)
        if not patch:
            return attempt > 0
        try:
            answer = api.json_patch(KDCLUSTER, live.snapshot.namespace, name, patch, dry_run=False)
        except ApiError as error:
            if error.status not in (_CONFLICT, _UNPROCESSABLE):
                raise
            # The operator counted meanwhile.
            live.refresh()
        else:
            live.put_cluster(answer)
            return True
    return True
