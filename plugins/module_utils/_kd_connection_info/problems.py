# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with what is live, as the API server shows it. Pure; the rules are in _kubedirector.problems."""

from __future__ import annotations

import calendar
import time
import typing as t

from .._core.credential_forms import credentials_in, is_secret_key
from .._kubedirector import facts
from .._kubedirector import problems as rules
from .._kubedirector.connection_hash import hash_fits
from .._kubedirector.links import find_cycle
from .._kubedirector.own_objects import OLD_VALUES_LABELS, OLD_VALUES_OF
from .._kubedirector.problems import Problem
from .._reconcile.shared_objects import is_copy

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import KDCluster, LiveObject, Snapshot

# The operator polls every 30 s; three polls without a move are not a matter of luck (the clocks of this machine
# and the API server may differ by some seconds).
STUCK_SECONDS = 90.0


def cluster_problems(
    snapshot: Snapshot, clusters: t.Iterable[KDCluster], now: float
) -> t.Iterator[Problem]:
    """Look over KDClusters and what they name.

    :param now: seconds since the epoch.
    """
    links = snapshot.links
    seen_cycles: set[frozenset[str]] = set()
    for cluster in clusters:
        yield from _connection_problems(snapshot, cluster)
        cycle = find_cycle(links, cluster.name)
        if cycle is not None and frozenset(cycle) not in seen_cycles:
            seen_cycles.add(frozenset(cycle))
            yield Problem(
                "cycle",
                snapshot.namespace,
                f"{cluster.label} is connected to itself through a cycle ({' -> '.join(cycle)}), which makes the "
                "operator stuck within a second.",
                "Take one of these connections out.",
                cluster.name,
            )
        yield from _state_problems(snapshot, cluster, now)


def _connection_problems(snapshot: Snapshot, cluster: KDCluster) -> t.Iterator[Problem]:
    yield from rules.object_problems(cluster, cluster.connections, snapshot)
    for name in cluster.connections.clusters:
        other = snapshot.clusters.get(name)
        if other is None:
            yield rules.missing_cluster(cluster, name)
            continue
        if snapshot.lacks_app(other, local_only=True):
            yield Problem(
                "foreign_app",
                snapshot.namespace,
                f"{cluster.label} connects to {other.label}, whose KDApp {other.app} is not in namespace "
                f"{snapshot.namespace}: the operator drops such a connection silently.",
                "Put a copy of the KDApp there.",
                cluster.name,
                ("KDCluster", name),
            )
        if other.secret_keys:
            yield rules.exposed_secret_keys(cluster, other)
    if snapshot.lacks_app(cluster, local_only=False):
        yield rules.missing_app(cluster)
    if cluster.gets_no_configmeta and any(cluster.connections.as_lists().values()):
        yield rules.no_config_package(cluster)


def _state_problems(snapshot: Snapshot, cluster: KDCluster, now: float) -> t.Iterator[Problem]:
    if cluster.restoring:
        yield rules.restoring(cluster)
        return
    in_error = [m for m in cluster.members if m.state == facts.MEMBER_CONFIG_ERROR]
    if in_error:
        yield rules.config_error(cluster, in_error)
    if cluster.terminating or cluster.unfinished_roles():
        return
    if cluster.state != facts.STATE_CONFIGURED:
        if cluster.looks_wedged and _still_since(snapshot, cluster, now):
            yield _stuck(
                cluster,
                f"is in state {cluster.state or 'unknown'!r} although every member has generation "
                f"{cluster.generation}",
                facts.WEDGE_REMEDY,
            )
    elif not hash_fits(snapshot, cluster):
        # A deletion leaves no time, and the operator sees it at its next poll only.
        deleted = any(snapshot.objects[key] is None for key in cluster.connections.objects())
        if _still_since(snapshot, cluster, now) and not deleted:
            yield _stuck(cluster, "has not been given its last change", facts.DOWN_REMEDY)
        else:
            yield Problem(
                "stale_configmeta",
                cluster.namespace,
                f"{cluster.label}: the operator has not seen the last change of what it names, so its members hold "
                "what was there before.",
                "The operator looks at least every 30 s. If this stays, check that it runs.",
                cluster.name,
            )
    elif cluster.without_setup and cluster.lagging_members():
        yield rules.never_updated(cluster)
    elif cluster.missing_counts:
        yield Problem(
            "missed_reconnect",
            cluster.namespace,
            f"{cluster.label}: the operator's count of connection changes (annotation {facts.CHANGE_COUNT}) is "
            f"{cluster.missing_counts} behind what its members know, so the next change will run no start script.",
            "Make the next change with kd_connection, which corrects the count first.",
            cluster.name,
        )


def _stuck(cluster: KDCluster, what: str, remedy: str) -> Problem:
    return Problem(
        "stuck_operator",
        cluster.namespace,
        f"{cluster.label} {what}, and nothing has moved for {STUCK_SECONDS:.0f} s.",
        f"{remedy[0].upper()}{remedy[1:]}.",
        cluster.name,
    )


def _still_since(snapshot: Snapshot, cluster: KDCluster, now: float) -> bool:
    """Whether nothing that concerns a KDCluster was written for long; not where no time is known."""
    written = newest_write(
        cluster,
        *(snapshot.objects.get(key) for key in cluster.connections.objects()),
        *(snapshot.clusters.get(name) for name in cluster.connections.clusters),
    )
    return written is not None and now - written > STUCK_SECONDS


def newest_write(*found: KDCluster | LiveObject | None) -> float | None:
    """When one of them was last written, in seconds since the epoch, as their managedFields say."""
    times = [
        str(entry["time"])
        for one in found
        if one is not None
        for entry in one.managed_fields
        if entry.get("time")
    ]
    # Written so, the latest is the largest.
    return calendar.timegm(time.strptime(max(times), "%Y-%m-%dT%H:%M:%SZ")) if times else None


def object_problems(
    objects: t.Iterable[LiveObject], named: t.Container[tuple[str, str]]
) -> t.Iterator[Problem]:
    """Look over ConfigMaps and Secrets themselves.

    :param named: (kind, name) of what KDClusters name.
    """
    for found in objects:
        key = found.kind, found.name
        kept_for = is_left_over(found)
        if kept_for:
            yield Problem("leftover_copy", found.namespace, *kept_for, object=key)
        elif key not in named and found.type and not found.terminating:
            yield Problem(
                "unused_object",
                found.namespace,
                f"{found.label} of type {found.type} is connected to no KDCluster.",
                "Connect it, or delete it.",
                object=key,
            )
        if found.kind == "ConfigMap":
            for name in _credential_keys(found):
                yield rules.credential_in_configmap(found.namespace, found.name, name)


def _credential_keys(found: LiveObject) -> list[str]:
    """Keys that are credentials: by their names alone where the data were not read."""
    if found.data is None:
        return [key for key in found.data_keys if is_secret_key(key)]
    return [key for key, value in found.data.items() if credentials_in(key, value)]


def is_left_over(found: LiveObject) -> tuple[str, str] | None:
    """Whether a task of this collection made an object for itself and should have deleted it.

    :returns: what it is and what to do, or None.
    """
    if found.kind == "Secret" and found.labels.items() >= OLD_VALUES_LABELS.items():
        target = found.annotations.get(OLD_VALUES_OF, "an object")
        return (
            f"{found.label} keeps the old values of {target}: a kd_rotate task did not end.",
            "Unless one is at work, run it again, or restore them with state: restored.",
        )
    if is_copy(found, None):
        return (
            f"{found.label} is a copy that kd_connection made of an object that linked KDClusters share: the task "
            "did not end.",
            "Unless one is at work, run it again.",
        )
    return None
