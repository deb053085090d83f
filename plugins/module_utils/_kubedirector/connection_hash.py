# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's hash over a KDCluster's connections, and whether it fits what is live. Pure."""

from __future__ import annotations

import hashlib
import typing as t

if t.TYPE_CHECKING:
    from .snapshot import KDCluster, Snapshot


def connection_hash(
    clusters: t.Iterable[tuple[str, int | None, bool]],
    configmaps: t.Iterable[tuple[str, str | None]],
    secrets: t.Iterable[tuple[str, str | None]],
) -> str:
    """Compute the operator's next status.lastConnectionHash from connections in spec order.

    :param clusters: (name, status.specGenerationToProcess or None, exists) of each.
    :param configmaps: (name, resourceVersion, or None if missing), as secrets.
    :returns: an MD5 in hex, without separators (source: calcConnectionsHash; measured equal on live clusters,
        missing objects included).
    """
    text: list[str] = []
    for name, generation, exists in clusters:
        text.append(name)
        if exists:
            text.append("nil" if generation is None else str(generation))
    for name, resource_version in (*configmaps, *secrets):
        text += (name, resource_version or "")
    return hashlib.md5("".join(text).encode(), usedforsecurity=False).hexdigest()


def hash_fits(snapshot: Snapshot, cluster: KDCluster) -> bool:
    """Whether the operator has seen all that is live, as far as can be known.

    :raises KeyError: a named object was not read.
    """
    if snapshot.unreadable(cluster):
        return cluster.stored_hash != snapshot.hashes_before.get(cluster.name)
    return cluster.stored_hash == expected_hash(snapshot, cluster)


def expected_hash(snapshot: Snapshot, cluster: KDCluster) -> str:
    """What the operator stores once it has seen all; meaningless if the cluster names what the caller may not read."""
    clusters = [
        (name, other.generation if other else None, other is not None)
        for name in cluster.connections.clusters
        for other in [snapshot.clusters.get(name)]
    ]
    # ConfigMaps, then Secrets, which the hash does not tell apart.
    objects = [
        (key[1], found.resource_version if found else None)
        for key in cluster.connections.objects()
        for found in [snapshot.objects[key]]
    ]
    return connection_hash(clusters, objects, ())
