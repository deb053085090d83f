# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash by which the operator sees that a connected object has changed."""

from __future__ import annotations

import hashlib

from tests.kubedirector_simulator.connected_objects import Connected
from tests.kubedirector_simulator.objects import Json


def _cluster_version(cluster: Json | None) -> str:
    if cluster is None:
        return ""
    generation = (cluster.get("status") or {}).get("specGenerationToProcess")
    return "nil" if generation is None else str(generation)


def _resource_version(obj: Json | None) -> str:
    return "" if obj is None else str(obj["metadata"]["resourceVersion"])


def connection_hash(connected: Connected) -> str:
    """MD5 (hex) over each name and its version, in spec order and with nothing in between.

    A cluster's version is its status.specGenerationToProcess, a ConfigMap's or Secret's its
    resourceVersion; a missing object has none. Source: calcConnectionsHash in cluster.go.
    """
    parts = [named.name + _cluster_version(named.found) for named in connected.clusters]
    parts += [named.name + _resource_version(named.found) for named in connected.configmaps]
    parts += [named.name + _resource_version(named.found) for named in connected.secrets]
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
