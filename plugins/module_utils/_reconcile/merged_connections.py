# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Future connections: where state and exclusive act. Pure."""

from __future__ import annotations

import typing as t

from .._kubedirector.snapshot import Connections

if t.TYPE_CHECKING:
    from .desired import DesiredConnections, DesiredState

# The lists of spec.connections, and the kind that each names.
CONNECTION_KINDS = {"clusters": "KDCluster", "configmaps": "ConfigMap", "secrets": "Secret"}


def connections_after(desired: DesiredState, name: str, before: Connections) -> Connections:
    """Present adds missing names at the end, absent removes the wanted ones, both keep the order; exclusive gives
    exactly the wanted names in their order."""
    for one in desired.connections:
        if name in one.kdclusters:
            before = _merged(one, before)
    return before


def _merged(desired: DesiredConnections, before: Connections) -> Connections:
    wanted = [*(("KDCluster", name) for name in desired.clusters), *desired.objects]

    def merged(current: tuple[str, ...], kind: str) -> tuple[str, ...]:
        names = tuple(name for one, name in wanted if one == kind)
        if desired.absent:
            return tuple(name for name in current if name not in names)
        if desired.exclusive:
            return names
        return (*current, *(name for name in names if name not in current))

    return Connections(
        *(merged(getattr(before, field), kind) for field, kind in CONNECTION_KINDS.items())
    )
