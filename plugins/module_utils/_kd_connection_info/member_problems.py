# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong in the members themselves: read on request, by one or two commands in each."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import typing as t

from .._client.pod_exec import run_in_pods
from .._core.errors import MemberError
from .._kubedirector import facts
from .._kubedirector import problems as rules
from .._kubedirector.configmeta import decoded, parse_configmeta
from .._kubedirector.configmeta_diff import member_differences, stale_parts
from .._kubedirector.problems import Problem
from .._kubedirector.settled import is_settled
from .._kubedirector.snapshot import Snapshot
from .._observe.members import read_configmetas
from .._observe.reader import read_allowed_objects
from .._observe.start_script import read_now
from .problems import newest_write

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.json_types import JsonObject
    from .._kubedirector.snapshot import KDCluster, Member

# The start script notes its beginning and its end by whole seconds, and another clock stamps the objects.
_MARGIN_SECONDS = 5.0
_MOST_PATHS = 3
_MAX_STAT_BYTES = 1000


@dataclasses.dataclass(frozen=True)
class MemberState:
    """What was found in one member.

    :param configmeta: what it holds; None where `error` says why not.
    :param exit_code: of the start script's last run, where that is known.
    :param ran_at: when that began or ended, in seconds since the epoch, where that is known.
    """

    member: Member
    configmeta: JsonObject | None = dataclasses.field(repr=False)
    error: str = ""
    exit_code: int | None = None
    ran_at: float | None = None


def read_members(
    api: Api, namespace: str, clusters: t.Iterable[KDCluster]
) -> dict[str, list[MemberState]]:
    """Read the configured members that get configmeta.json; by KDCluster."""
    listed = list(clusters)
    members = [
        m
        for c in listed
        for m in c.members
        if m.has_configmeta and m.state == facts.MEMBER_CONFIGURED
    ]
    found: dict[str, MemberState] = {}
    again: list[Member] = []
    for member, reading in zip(members, read_now(api, namespace, members)):
        configmeta = _parsed(reading.configmeta)
        found[member.pod] = MemberState(member, configmeta, exit_code=reading.exit_code)
        if configmeta is None:
            again.append(member)
    for held in read_configmetas(api, namespace, again):
        found[held.member.pod] = dataclasses.replace(
            found[held.member.pod], configmeta=held.configmeta, error=held.error or ""
        )
    finished = [member for member in members if found[member.pod].exit_code is not None]
    for member, ran_at in zip(finished, _last_runs(api, namespace, finished)):
        found[member.pod] = dataclasses.replace(found[member.pod], ran_at=ran_at)
    return {c.name: [found[m.pod] for m in c.members if m.pod in found] for c in listed}


def with_configmap_data(api: Api, snapshot: Snapshot, clusters: t.Iterable[KDCluster]) -> Snapshot:
    """The same with the data of the ConfigMaps that these KDClusters name; never a Secret's."""
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
    """Say what is wrong in a KDCluster's members.

    :param snapshot: with the data of ConfigMaps, as far as they may be read.
    """
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
        # Its members are about to get something else.
        return
    yield from _differences(snapshot, cluster, states)
    # Of connected KDClusters it is not known when they changed.
    written = newest_write(*(snapshot.objects[key] for key in cluster.connections.objects()))
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
    """Members that do not hold what is live, and members that hold it and differ nevertheless."""
    # What the operator skips or drops is a problem of its own.
    comparable = dataclasses.replace(
        snapshot,
        objects={
            key: found
            for key in cluster.connections.objects()
            for found in [snapshot.objects[key]]
            if found is not None and found.readable and found.type
        },
    )
    dropped = {
        name
        for name in cluster.connections.clusters
        for other in [snapshot.clusters.get(name)]
        if other is None or snapshot.lacks_app(other, local_only=True)
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
    differences = member_differences(current)
    if differences:
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
    except (binascii.Error, ValueError):
        return b""


def _member(state: MemberState) -> str:
    return f"member {state.member.pod} (role {state.member.role})"


def _parsed(content: bytes | None) -> JsonObject | None:
    try:
        return None if content is None else parse_configmeta(content)
    except ValueError:
        # It may be being written just now.
        return None


def _last_runs(api: Api, namespace: str, members: t.Sequence[Member]) -> list[float | None]:
    command = ["stat", "-c", "%Y", facts.START_SCRIPT_STATUS_PATH]
    outputs = run_in_pods(
        api,
        namespace,
        facts.APP_CONTAINER,
        [(member.pod, command) for member in members],
        max_bytes=_MAX_STAT_BYTES,
    )
    return [
        float(output.stdout)
        if not isinstance(output, MemberError) and output.stdout.strip().isdigit()
        else None
        for output in outputs
    ]
