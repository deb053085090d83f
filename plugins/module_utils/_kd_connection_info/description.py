# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was found, in the form of return values. Pure."""

from __future__ import annotations

import typing as t

from .._core.printable import printable
from .._kubedirector import facts
from .._kubedirector.links import dependents
from .._kubedirector.services import services_of
from .._kubedirector.settled import is_settled

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._kubedirector.problems import Problem
    from .._kubedirector.snapshot import KDCluster, LiveObject, Snapshot
    from .estate import Space


def cluster_entry(space: Space, cluster: KDCluster) -> JsonObject:
    """Describe a KDCluster."""
    snapshot = space.snapshot
    return {
        "namespace": cluster.namespace,
        "name": cluster.name,
        "app": cluster.app,
        "state": cluster.state,
        "settled": _is_settled(snapshot, cluster),
        "terminating": cluster.terminating,
        "labels": dict(cluster.labels),
        "members": [
            {"pod": member.pod, "role": member.role, "state": member.state}
            for member in cluster.members
        ],
        "connections": cluster.connections.as_lists(),
        "connected_by": users_of(space, "KDCluster", cluster.name),
        "services": services_of(cluster, space.apps.get(cluster.app)),
    }


def _is_settled(snapshot: Snapshot, cluster: KDCluster) -> bool | None:
    settled = is_settled(snapshot, cluster)
    return None if settled and snapshot.unreadable(cluster) else settled


def object_entry(space: Space, found: LiveObject) -> JsonObject:
    """Describe a ConfigMap or Secret by its metadata."""
    return {
        "namespace": found.namespace,
        "kind": found.kind,
        "name": found.name,
        "type": found.type,
        "connected_to": users_of(space, found.kind, found.name),
        "immutable": found.immutable,
        "terminating": found.terminating,
        "owner": found.owner or None,
        "field_managers": sorted(
            {str(entry.get("manager")) for entry in found.managed_fields if entry.get("manager")}
        ),
    }


def edges_of(cluster: KDCluster) -> t.Iterator[JsonObject]:
    """What a KDCluster connects to, in the order of its spec."""
    named = [("KDCluster", name) for name in cluster.connections.clusters]
    for kind, name in (*named, *cluster.connections.objects()):
        yield {"namespace": cluster.namespace, "from": cluster.name, "to": name, "kind": kind}


def problem_entry(problem: Problem) -> JsonObject:
    """Describe a problem; text out of the cluster cannot hold control characters."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": printable(problem.message),
        "hint": printable(problem.hint),
        "namespace": problem.namespace,
        "kdcluster": problem.kdcluster or None,
        "object": "/".join(problem.object) if problem.object else None,
    }


def users_of(space: Space, kind: str, name: str) -> list[str]:
    """The KDClusters that name an object or KDCluster, sorted."""
    return list(space.users.get((kind, name), ()))


def usage_entry(space: Space, kind: str, name: str) -> JsonObject | None:
    """Say who uses an object or KDCluster, and who runs its start script when it changes.

    A change reaches every KDCluster that names it, and gives each of them a new generation; so it reaches all that
    connect to these, too (source: calcConnectionsHash).

    :returns: None where it does not exist here and no KDCluster names it.
    """
    snapshot = space.snapshot
    found: KDCluster | LiveObject | None = (
        snapshot.clusters.get(name) if kind == "KDCluster" else snapshot.objects.get((kind, name))
    )
    users = users_of(space, kind, name)
    if found is None and not users:
        return None
    through = sorted(dependents(snapshot.links, users) - {name if kind == "KDCluster" else ""})
    return {
        "namespace": snapshot.namespace,
        "kind": kind,
        "name": name,
        "exists": _exists(found),
        "used_by": users,
        "used_through": through,
        "start_scripts": [
            {"kdcluster": one, "pods": pods}
            for one in (*users, *through)
            for pods in [_running_start_script(snapshot.clusters[one])]
            if pods
        ],
    }


def _exists(found: KDCluster | LiveObject | None) -> bool | None:
    """None where the caller may not know."""
    if found is None:
        return False
    return None if not getattr(found, "readable", True) else True


def _running_start_script(cluster: KDCluster) -> list[str]:
    """The members in which the operator runs the start script after a change."""
    if cluster.terminating or cluster.restoring or cluster.without_setup:
        return []
    return [
        m.pod for m in cluster.members if m.has_configmeta and m.state != facts.MEMBER_CONFIG_ERROR
    ]
