# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put the operator's count of connection changes one ahead before something changes for KDClusters.

Where a KDCluster's own connections are written this goes with it (_reconcile.plan.connection_patch).
"""

from __future__ import annotations

import time
import typing as t

from .._core.errors import (
    ApiError,
    CollectionError,
    OperatorDownError,
    UnreachableError,
)
from .._kubedirector import facts
from .._kubedirector.resources import KDCLUSTER
from .plan import change_counter_patch

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._observe.watcher import SnapshotWatcher

_TRIES = 3
_CONFLICT, _UNPROCESSABLE = 409, 422
# The operator writes a KDCluster of which a connected object changed with the copy that its watch last
# showed. One that is behind is refused, and tried again for hours (measured); watches are behind for
# some milliseconds.
_PAUSE_SECONDS = 1.0


def repair_change_counters(api: Api, live: SnapshotWatcher, names: t.Iterable[str]) -> None:
    """Bring up the count of those of these KDClusters where it is not ahead and that are not being changed.

    This is never in the way of the change itself, which may be the way back of a rotation: what cannot be
    written is left as it is, and a missed start script is reported afterwards.
    """
    touched = False
    for name in names:
        try:
            touched |= _put_right(api, live, name)
        except CollectionError as error:
            touched |= error.maybe_done
            if isinstance(error, (OperatorDownError, UnreachableError)):
                # The others would take as long to fail.
                break
    if touched:
        time.sleep(_PAUSE_SECONDS)


def _put_right(api: Api, live: SnapshotWatcher, name: str) -> bool:
    """Put one right; say whether anybody just wrote it. :raises ApiError, UnreachableError:"""
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
