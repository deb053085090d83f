# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a KDCluster is settled. Pure."""

from __future__ import annotations

import typing as t

from . import facts
from .connection_hash import hash_fits

if t.TYPE_CHECKING:
    from .snapshot import KDCluster, Snapshot


def is_quiet(snapshot: Snapshot, cluster: KDCluster) -> bool:
    """Whether the operator is done with it, as far as possible.

    Members in `config error` get no update until their container restarts. State `configured` is not enough: an edit
    sets it again before the work begins (measured).
    """
    return (
        cluster.state == facts.STATE_CONFIGURED
        and not cluster.unfinished_roles()
        and hash_fits(snapshot, cluster)
        and (
            cluster.without_setup
            or all(m.state == facts.MEMBER_CONFIG_ERROR for m in cluster.lagging_members())
        )
    )


def is_settled(snapshot: Snapshot, cluster: KDCluster) -> bool:
    """Whether all that is live has reached every member."""
    return is_quiet(snapshot, cluster) and not cluster.lagging_members()
