# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put the operator's count of changes right before an object changes that KDClusters name.

Where a KDCluster itself is written this goes with it (_plan.connection_patch).
"""

from __future__ import annotations

import functools
import time
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._api import KDCLUSTER
from ansible_collections.kubedirector.connections.plugins.module_utils._errors import ApiError
from ansible_collections.kubedirector.connections.plugins.module_utils._patience import patiently
from ansible_collections.kubedirector.connections.plugins.module_utils._plan import count_patch

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._api import Api
    from ansible_collections.kubedirector.connections.plugins.module_utils._wait import LiveEstate

_TRIES = 3
_FORBIDDEN, _NOT_FOUND, _CONFLICT, _UNPROCESSABLE = 403, 404, 409, 422
# The operator writes a KDCluster of which a connected object changed with the copy that its watch last
# showed. One that is behind is refused, and tried again for hours (measured); watches are behind for
# some milliseconds.
_PAUSE_SECONDS = 1.0


def put_counts_right(api: Api, live: LiveEstate, names: t.Iterable[str], deadline: float) -> None:
    """Bring up the count of changes of those of these KDClusters that have lost some.

    What cannot be written is left as it is: a start script that is missed for it is told afterwards.

    :param deadline: as of time.monotonic(); bounds the tries of a write that the webhook refuses for
        the moment.
    :raises ApiError, Unreachable:
    """
    written = [name for name in names if _put_right(api, live, name, deadline)]
    if written:
        time.sleep(_PAUSE_SECONDS)


def _put_right(api: Api, live: LiveEstate, name: str, deadline: float) -> bool:
    for _attempt in range(_TRIES):
        cluster = live.estate.clusters.get(name)
        patch = count_patch(cluster) if cluster else []
        if not patch:
            return False
        try:
            write = functools.partial(
                api.json_patch, KDCLUSTER, live.estate.namespace, name, patch, dry_run=False
            )
            manifest = patiently(write, deadline)
        except ApiError as error:
            if error.status in (_FORBIDDEN, _NOT_FOUND):
                return False
            if error.status not in (_CONFLICT, _UNPROCESSABLE):
                raise
            # The operator counted meanwhile.
            live.refresh()
        else:
            live.put_cluster(manifest)
            return True
    return False
