# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's hash over all that a KDCluster connects to: how it is made, and whether it fits what is live. Pure."""

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
    """Compute what the operator will store as status.lastConnectionHash.

    :param clusters: (name, status.specGenerationToProcess or None, exists) of each connected
        KDCluster, in the order of the spec.
    :param configmaps: (name, resourceVersion, or None where it is missing), in the order of the spec.
    :param secrets: the same for Secrets.
    :returns: an MD5 in hex. Order counts and there are no separators (source: calcConnectionsHash;
        measured equal on live clusters, missing objects included).
    """
    text: list[str] = []
    for name, generation, exists in clusters:
        text.append(name)
        if exists:
            text.append("nil" if generation is None else str(generation))
    for name, resource_version in (*configmaps, *secrets):
        text.append(name)
        text.append(resource_version or "")
    return hashlib.md5("".join(text).encode(), usedforsecurity=False).hexdigest()


def hash_fits(snapshot: Snapshot, cluster: KDCluster) -> bool:
    """Whether the operator has seen everything that is live now, as far as that can be known.

    :raises KeyError: an object that the cluster names was not read.
    """
    if snapshot.unreadable(cluster):
        return cluster.stored_hash != snapshot.hashes_before.get(cluster.name)
    return cluster.stored_hash == expected_hash(snapshot, cluster)


def expected_hash(snapshot: Snapshot, cluster: KDCluster) -> str:
    """What the operator will have stored once it has seen everything that is live now.

    Meaningless where it names what the caller may not read (see hash_fits).

    :raises KeyError: an object that the cluster names was not read.
    """

    def versions(kind: str, names: t.Iterable[str]) -> t.Iterator[tuple[str, str | None]]:
        for name in names:
            found = snapshot.objects[(kind, name)]
            yield name, found.resource_version if found else None

    connected = cluster.connections
    return connection_hash(
        [
            (name, other.generation if other else None, other is not None)
            for name in connected.clusters
            for other in [snapshot.clusters.get(name)]
        ],
        list(versions("ConfigMap", connected.configmaps)),
        list(versions("Secret", connected.secrets)),
    )
