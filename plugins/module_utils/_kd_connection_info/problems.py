# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the live objects and, on request, with what members hold."""

from __future__ import annotations

import base64
import calendar
import dataclasses
import time
import typing as t

from .._client.pod_exec import run_in_pods
from .._core.credential_forms import credentials_in, is_secret_key
from .._core.errors import MemberError
from .._kubedirector import facts
from .._kubedirector import problems as rules
from .._kubedirector.configmeta import decoded, parse_configmeta
from .._kubedirector.configmeta_diff import member_differences, stale_parts
from .._kubedirector.connection_hash import hash_fits
from .._kubedirector.links import find_cycle
from .._kubedirector.problems import Problem
from .._kubedirector.resources import OLD_VALUES_LABELS, OLD_VALUES_OF
from .._kubedirector.settled import is_settled
from .._observe.members import read_configmetas
from .._observe.reader import read_allowed_objects
from .._observe.start_script import read_now
from .._reconcile.shared_objects import is_copy

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.json_types import JsonObject
    from .._core.resource import Key
    from .._kubedirector.snapshot import KDCluster, LiveObject, Member, Snapshot

# Three polls of the operator, 30 s apart, since the API server's clock may differ.
_STUCK_SECONDS = 90.0
# The start script records whole seconds, and another clock stamps the objects.
_MARGIN_SECONDS = 5.0
_MOST_PATHS = 3
_MAX_STAT_BYTES = 1000


def cluster_problems(
    snapshot: Snapshot, clusters: t.Iterable[KDCluster], now: float
) -> t.Iterator[Problem]:
    """Check KDClusters and what they name. :param now: seconds since the epoch."""
    links = snapshot.links
    seen_cycles: set[frozenset[str]] = set()
    for cluster in clusters:
        yield from _connection_problems(snapshot, cluster)
        cycle = find_cycle(links, cluster.name)
        if cycle and frozenset(cycle) not in seen_cycles:
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
    if in_error := [m for m in cluster.members if m.state == facts.MEMBER_CONFIG_ERROR]:
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
        # A deletion leaves no time, and the operator sees it only at its next poll.
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
        f"{cluster.label} {what}, and nothing has moved for {_STUCK_SECONDS:.0f} s.",
        f"{remedy[0].upper()}{remedy[1:]}.",
        cluster.name,
    )


def _still_since(snapshot: Snapshot, cluster: KDCluster, now: float) -> bool:
    """Whether nothing that concerns it was written for long; False if no time is known."""
    written = _newest_write(
        cluster,
        *(snapshot.objects.get(key) for key in cluster.connections.objects()),
        *(snapshot.clusters.get(name) for name in cluster.connections.clusters),
    )
    return written is not None and now - written > _STUCK_SECONDS


def _newest_write(*found: KDCluster | LiveObject | None) -> float | None:
    """The last write to any of them by managedFields, in seconds since the epoch."""
    times = [
        str(entry["time"])
        for one in found
        if one is not None
        for entry in one.managed_fields
        if entry.get("time")
    ]
    # In this form the latest sorts last.
    return calendar.timegm(time.strptime(max(times), "%Y-%m-%dT%H:%M:%SZ")) if times else None


def object_problems(
    objects: t.Iterable[LiveObject], named: t.Container[Key]
) -> t.Iterator[Problem]:
    """Check ConfigMaps and Secrets themselves. :param named: by KDClusters."""
    for found in objects:
        key = found.kind, found.name
        if left_over := is_left_over(found):
            yield Problem("leftover_copy", found.namespace, *left_over, object=key)
        elif key not in named and found.type and not found.terminating:
            yield Problem(
                "unused_object",
                found.namespace,
                f"{found.label} of type {found.type} is connected to no KDCluster.",
                "Connect it, or delete it.",
                object=key,
            )
        if found.kind != "ConfigMap":
            continue
        if found.data is None:
            names = [name for name in found.data_keys if is_secret_key(name)]
        else:
            names = [name for name, value in found.data.items() if credentials_in(name, value)]
        for name in names:
            yield rules.credential_in_configmap(found.namespace, found.name, name)


def is_left_over(found: LiveObject) -> tuple[str, str] | None:
    """If a task of this collection left the object behind: what it is, and what to do."""
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


@dataclasses.dataclass
class MemberState:
    """What was found in one member.

    :param exit_code: of the start script's last run, if known.
    :param configmeta: None where `error` says why.
    :param ran_at: when the start script began or ended, in seconds since the epoch, if known.
    """

    member: Member
    exit_code: int | None
    configmeta: JsonObject | None = dataclasses.field(repr=False)
    error: str = ""
    ran_at: float | None = None


def read_members(
    api: Api, namespace: str, clusters: t.Sequence[KDCluster]
) -> dict[str, list[MemberState]]:
    """Read the configured members that get configmeta.json, by KDCluster."""
    members = [
        m
        for c in clusters
        for m in c.members
        if m.has_configmeta and m.state == facts.MEMBER_CONFIGURED
    ]
    found = {
        member.pod: MemberState(member, reading.exit_code, _parsed(reading.configmeta))
        for member, reading in zip(members, read_now(api, namespace, members))
    }
    again = [state.member for state in found.values() if state.configmeta is None]
    for held in read_configmetas(api, namespace, again):
        state = found[held.member.pod]
        state.configmeta, state.error = held.configmeta, held.error or ""
    finished = [state for state in found.values() if state.exit_code is not None]
    ran = _last_runs(api, namespace, [state.member.pod for state in finished])
    for state, ran_at in zip(finished, ran):
        state.ran_at = ran_at
    return {c.name: [found[m.pod] for m in c.members if m.pod in found] for c in clusters}


def with_configmap_data(api: Api, snapshot: Snapshot, clusters: t.Iterable[KDCluster]) -> Snapshot:
    """Add the data of the ConfigMaps that KDClusters name, never a Secret's."""
    names = {
        key
        for cluster in clusters
        for key in cluster.connections.objects()
        if key[0] == "ConfigMap" and snapshot.objects[key] is not None
    }
    found, _refused = read_allowed_objects(api, snapshot.namespace, sorted(names))
    return dataclasses.replace(snapshot, objects={**snapshot.objects, **found})


def member_problems(
    snapshot: Snapshot, cluster: KDCluster, states: t.Sequence[MemberState]
) -> t.Iterator[Problem]:
    """Check a KDCluster's members. :param snapshot: with the data of readable ConfigMaps."""
    for state in states:
        if state.exit_code:
            yield Problem(
                "reconnect_failed",
                cluster.namespace,
                f"{cluster.label}: the start script of {_member(state)} ended with exit code {state.exit_code}.",
                f"Look at {facts.START_SCRIPT_STDERR_PATH} there: kubectl exec -n {cluster.namespace} "
                f"{state.member.pod} -c {facts.APP_CONTAINER} -- cat {facts.START_SCRIPT_STDERR_PATH}.",
                cluster.name,
            )
    yield from _newlines(cluster, states)
    if not states or not is_settled(snapshot, cluster):
        # Its members are about to change.
        return
    yield from _differences(snapshot, cluster, states)
    # The time of a change to a connected KDCluster is unknown.
    written = _newest_write(*(snapshot.objects[key] for key in cluster.connections.objects()))
    for state in states:
        if written and state.ran_at and state.ran_at + _MARGIN_SECONDS < written:
            yield Problem(
                "missed_reconnect",
                cluster.namespace,
                f"{cluster.label}: {_member(state)} has the last change in configmeta.json, but its start script "
                "has not run since, so the application may still use what it read before.",
                f"Run it: kubectl exec -n {cluster.namespace} {state.member.pod} -c {facts.APP_CONTAINER} -- sh -c "
                f"'{facts.START_SCRIPT} --reconnect'.",
                cluster.name,
            )


def _differences(
    snapshot: Snapshot, cluster: KDCluster, states: t.Sequence[MemberState]
) -> t.Iterator[Problem]:
    """Members that do not hold what is live, and those that hold it but differ."""
    # What the operator skips or drops is another problem.
    comparable = dataclasses.replace(
        snapshot,
        objects={
            key: found
            for key in cluster.connections.objects()
            if (found := snapshot.objects[key]) is not None and found.readable and found.type
        },
    )
    dropped = {
        name
        for name in cluster.connections.clusters
        if (other := snapshot.clusters.get(name)) is None
        or snapshot.lacks_app(other, local_only=True)
    }
    current: dict[str, JsonObject] = {}
    for state in states:
        if state.configmeta is None:
            continue
        stale = [
            one
            for one in stale_parts(state.configmeta, cluster, comparable)
            if one["kind"] != "KDCluster" or one["name"] not in dropped
        ]
        for one in stale:
            yield Problem(
                "stale_configmeta",
                cluster.namespace,
                f"{cluster.label}: configmeta.json of {_member(state)} does not hold what is live of {one['kind']} "
                f"{cluster.namespace}/{one['name']}: {one['reason']}.",
                "Delete its pod: a new one gets configmeta.json as it is then.",
                cluster.name,
                (one["kind"], one["name"]),
            )
        if not stale:
            current[state.member.pod] = state.configmeta
    if differences := member_differences(current):
        paths = sorted({one["path"] for one in differences})
        pods = sorted({one["other_pod"] for one in differences})
        more = " and more" if len(paths) > _MOST_PATHS else ""
        yield Problem(
            "inconsistent_members",
            cluster.namespace,
            f"{cluster.label}: configmeta.json of {', '.join(pods)} differs from that of "
            f"{differences[0]['pod']} in {', '.join(paths[:_MOST_PATHS])}{more}.",
            "See with kd_configmeta_info which one is right, and delete the pods of the others.",
            cluster.name,
        )


def _newlines(cluster: KDCluster, states: t.Sequence[MemberState]) -> t.Iterator[Problem]:
    for state in states:
        held = ((state.configmeta or {}).get("connections") or {}).get("secrets") or {}
        for entry in (entry for entries in held.values() for entry in entries or ()):
            name = decoded(str((entry.get("metadata") or {}).get("name", "")))
            for key, value in (entry.get("data") or {}).items():
                if name in cluster.connections.secrets and rules.is_line(_bytes(value)):
                    yield rules.newline_in_secret(cluster.namespace, name, key)


def _bytes(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return b""


def _member(state: MemberState) -> str:
    return f"member {state.member.pod} (role {state.member.role})"


def _parsed(content: bytes | None) -> JsonObject | None:
    try:
        return parse_configmeta(content or b"")
    except ValueError:
        # The operator may be writing it.
        return None


def _last_runs(api: Api, namespace: str, pods: t.Sequence[str]) -> list[float | None]:
    command = ["stat", "-c", "%Y", facts.START_SCRIPT_STATUS_PATH]
    commands = [(pod, command) for pod in pods]
    outputs = run_in_pods(api, namespace, facts.APP_CONTAINER, commands, max_bytes=_MAX_STAT_BYTES)
    return [
        float(output.stdout)
        if not isinstance(output, MemberError) and output.stdout.strip().isdigit()
        else None
        for output in outputs
    ]
