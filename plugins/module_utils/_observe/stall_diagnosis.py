# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a KDCluster from settling, and whether it can still settle by itself.

A mere time-out hides a dead or stuck operator, or a pod that no node takes.
"""

from __future__ import annotations

import time
import typing as t

from .._client.status_errors import folded
from .._core.errors import ApiError, OperatorDownError
from .._kubedirector import facts, problems
from .._kubedirector.connection_hash import hash_fits
from .._kubedirector.resources import KDCLUSTER, POD
from .._kubedirector.settled import is_quiet

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._kubedirector.snapshot import KDCluster, Member, Snapshot

# Diagnose a KDCluster that did not change for so long.
STILL_SECONDS = 10.0
# A reason counts if it is still there so much later: a restarting operator, or a pod that waits for another's place,
# is back by then.
AGAIN_SECONDS = 4.0
# One of many KDClusters may wait long for its turn, but then others move (measured: 60 take the operator 15 s).
WEDGED_SECONDS, OTHERS_STILL_SECONDS, WEDGED_ANYWAY_SECONDS = 20.0, 10.0, 90.0

# Why a container never starts without help (source: the kubelet's reasons).
_HOPELESS_STARTS = frozenset({
    "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull",
    "ErrImagePull", "ImagePullBackOff", "InvalidImageName",
})  # fmt: skip
_MAX_WORDS = 300


class Diagnosis:
    """Remembers when each KDCluster last moved, and what was wrong."""

    def __init__(self, api: Api, names: t.Iterable[str]) -> None:
        now = time.monotonic()
        self._api = api
        self._moved = dict.fromkeys(names, now)
        self._found: dict[tuple[str, str], float] = {}

    def moved(self, name: str) -> None:
        self._moved[name] = time.monotonic()

    def unrecoverable(self, snapshot: Snapshot, names: t.Iterable[str]) -> list[str]:
        """Say what a person must do before these KDClusters can settle.

        :returns: sentences; none while they may still settle by themselves.
        :raises ApiError, UnreachableError:
        """
        now = time.monotonic()
        found: dict[tuple[str, str], str] = {}
        still = [
            cluster
            for name in sorted(names)
            if (cluster := snapshot.clusters.get(name)) is not None
            and not is_quiet(snapshot, cluster)
            and now - self._moved.setdefault(name, now) >= STILL_SECONDS
        ]
        if still:
            if down := self._operator_down(still[0]):
                found["operator", "down"] = down
            else:
                for cluster in still:
                    found.update(self._member_reasons(cluster))
                    if self._looks_wedged(cluster):
                        found[cluster.name, "wedged"] = wedge_sentence(cluster)
        self._found = {key: self._found.get(key, now) for key in found}
        return [
            sentence for key, sentence in found.items() if now - self._found[key] >= AGAIN_SECONDS
        ]

    def _operator_down(self, cluster: KDCluster) -> str:
        try:
            ask_operator(self._api, cluster)
        except OperatorDownError as error:
            return (
                f"{cluster.label} does not move, because the KubeDirector operator is down: "
                f"{facts.DOWN_REMEDY}{_words(self._api.redact(error.server_message))}."
            )
        return ""

    def _member_reasons(self, cluster: KDCluster) -> t.Iterator[tuple[tuple[str, str], str]]:
        for member in cluster.lagging_members():
            if not member.pod or member.state not in facts.MEMBER_STATES_WITHOUT_CONTAINER:
                continue
            if reason := self._pod_reason(cluster, member):
                where = f"{cluster.label}: pod {member.pod} of role {member.role}"
                yield (cluster.name, member.pod), f"{where} {reason}"

    def _pod_reason(self, cluster: KDCluster, member: Member) -> str:
        """Why it does not start, or "" if unknown."""
        try:
            status = self._api.get(POD, cluster.namespace, member.pod).get("status") or {}
        except ApiError:
            # Absent, or hidden from the caller: use the operator's words.
            said = self._api.redact(member.scheduling_error)
            return _unschedulable(said) if said else ""
        for condition in status.get("conditions") or ():
            if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
                return _unschedulable(self._api.redact(str(condition.get("message", ""))))
        for container in (
            *(status.get("initContainerStatuses") or ()),
            *(status.get("containerStatuses") or ()),
        ):
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") in _HOPELESS_STARTS:
                return (
                    f"does not start: container {container.get('name')} is in {waiting['reason']}"
                    f"{_words(self._api.redact(str(waiting.get('message') or '')))}. Fix that, or give wait=false."
                )
        return ""

    def _looks_wedged(self, cluster: KDCluster) -> bool:
        now = time.monotonic()
        still = now - self._moved[cluster.name]
        others = now - max(self._moved.values())
        return cluster.looks_wedged and (
            still >= WEDGED_ANYWAY_SECONDS
            or (still >= WEDGED_SECONDS and others >= OTHERS_STILL_SECONDS)
        )


def ask_operator(api: Api, cluster: KDCluster) -> None:
    """Ask for an empty change: the operator's own process serves the webhook (source).

    :raises OperatorDownError, UnreachableError:
    """
    nothing = [{"op": "test", "path": "/metadata/name", "value": cluster.name}]
    try:
        api.json_patch(KDCLUSTER, cluster.namespace, cluster.name, nothing, dry_run=True)
    except OperatorDownError:
        raise
    except ApiError:
        # A running webhook refuses it, or the caller lacks the right: neither matters.
        return


def _unschedulable(said: str) -> str:
    return (
        f"cannot be scheduled{_words(said)}. Make room for it or correct what it asks for, or give "
        "wait=false."
    )


def _words(said: str) -> str:
    text = folded(said, _MAX_WORDS).rstrip(". ")
    return f" ({text})" if text else ""


def wedge_sentence(cluster: KDCluster) -> str:
    return (
        f"{cluster.label} is in state {cluster.state or 'unknown'!r} although every member has generation "
        f"{cluster.generation}; {facts.WEDGE_REMEDY}."
    )


def lag_sentence(snapshot: Snapshot, cluster: KDCluster) -> str:
    text = f"{cluster.label} is in state {cluster.state or 'unknown'!r}"
    if lagging := cluster.lagging_members():
        members = "; ".join(
            f"{m.pod or '(no pod yet)'} of role {m.role}: state {m.state!r}, generation "
            f"{'none' if m.config_generation is None else m.config_generation}"
            + (f", {m.problem}" if m.problem else "")
            for m in lagging
        )
        return f"{text}, and these members lag behind generation {cluster.generation}: {members}."
    if unfinished := cluster.unfinished_roles():
        roles = ", ".join(
            f"role {role} has {has} of {desired} members" for role, desired, has in unfinished
        )
        return f"{text}, and {roles}: check that the operator is running and that it is not stuck."
    if not hash_fits(snapshot, cluster):
        text = f"{text}, and the operator has not seen the change"
        if cluster.state == facts.STATE_CONFIGURED:
            return f"{text}: check that it is running and that it is not stuck."
        return f"{text}; {facts.WEDGE_REMEDY}."
    return wedge_sentence(cluster)


def config_error_sentence(cluster: KDCluster) -> str:
    """Say which members will never take the change, and why."""
    if cluster.without_setup:
        return problems.never_updated(cluster).sentence
    return problems.config_error(cluster, cluster.lagging_members()).sentence
