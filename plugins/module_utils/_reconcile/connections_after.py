# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a KDCluster's connections are to be: where state and exclusive act. Pure."""

from __future__ import annotations

import typing as t

from .._kubedirector.snapshot import Connections

if t.TYPE_CHECKING:
    from .desired import DesiredConnections, DesiredState

# The lists of spec.connections, and the kind of what each names.
CONNECTION_KINDS = {"clusters": "KDCluster", "configmaps": "ConfigMap", "secrets": "Secret"}
CONNECTION_LISTS = tuple(CONNECTION_KINDS)


def connections_after(desired: DesiredState, name: str, before: Connections) -> Connections:
    """What a KDCluster's connections are to be, given what they are. Order is kept.

    Present: missing names are put at the end. Exclusive: exactly the wanted names, in their order.
    Absent: the wanted names are taken out.
    """
    for one in desired.connections:
        if name in one.kdclusters:
            before = _merged(one, before)
    return before


def _merged(desired: DesiredConnections, before: Connections) -> Connections:
    named = {
        "clusters": desired.clusters,
        "configmaps": tuple(name for kind, name in desired.objects if kind == "ConfigMap"),
        "secrets": tuple(name for kind, name in desired.objects if kind == "Secret"),
    }

    def merged(field: str) -> tuple[str, ...]:
        current: tuple[str, ...] = getattr(before, field)
        names = named[field]
        if desired.absent:
            return tuple(name for name in current if name not in names)
        if desired.exclusive:
            return names
        return (*current, *(name for name in names if name not in current))

    return Connections(*(merged(field) for field in CONNECTION_LISTS))
