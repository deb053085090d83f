# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a KDCluster: its first form, what its containers add, its rollup. All pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.objects import Json

_DOWN: Final = (
    facts.CONTAINER_TERMINATED,
    facts.CONTAINER_UNRESPONSIVE,
    facts.CONTAINER_MISSING,
)
_SET_UP: Final = (facts.MEMBER_READY, facts.MEMBER_CONFIG_ERROR)
_ROLLUP: Final = (
    "membershipChanging",
    "membersDown",
    "membersInitializing",
    "membersWaiting",
    "membersRestarting",
    "configErrors",
    "membersNotScheduled",
)


def new_status() -> Json:
    """The status of a cluster that has none yet."""
    return {
        "state": "",
        "memberStateRollup": dict.fromkeys(_ROLLUP, False),
        "generationUID": "",
        "specGenerationToProcess": 0,
        "clusterService": "",
        "lastNodeID": 0,
        "roles": [],
        "lastConnectionHash": "",
    }


def members_of(status: Json) -> Iterator[Json]:
    """Every member status of every role."""
    for role in status.get("roles") or []:
        yield from role.get("members") or []


def detail_of(member: Json) -> Json:
    """The member's stateDetail, made when it has none."""
    detail: Json = member.setdefault("stateDetail", {})
    return detail


def app_container(pod: Json) -> Json | None:
    """The container status of a pod's app container."""
    for container in pod.get("status", {}).get("containerStatuses") or []:
        if container["name"] == facts.APP_CONTAINER:
            found: Json = container
            return found
    return None


def observe_containers(status: Json, pods: Mapping[str, Json]) -> None:
    """Notes the state of each member's container; one that changed is to be set up again.

    pods holds the members' pods that exist, by name.
    """
    for member in members_of(status):
        detail = detail_of(member)
        detail.pop("schedulingErrorMessage", None)
        detail.pop("storageInitProgress", None)
        if not member.get("pod"):
            continue
        pod = pods.get(member["pod"])
        container = None if pod is None else app_container(pod)
        container_id = "" if container is None else container.get("containerID", "")
        if pod is None or container is None:
            detail["lastKnownContainerState"] = facts.CONTAINER_MISSING
        else:
            detail["lastKnownContainerState"] = _container_state(status, detail, pod, container)
        if member["state"] in _SET_UP and container_id != detail.get("lastConfiguredContainer", ""):
            _set_up_again(member, detail)
        if pod is not None and container is None:
            message = _unschedulable(pod)
            if message is not None:
                detail["schedulingErrorMessage"] = message


def _set_up_again(member: Json, detail: Json) -> None:
    member["state"] = facts.MEMBER_CREATE_PENDING
    if not member.get("pvc"):
        # Nothing that was put into the old container is left.
        for field in ("lastConfigDataGeneration", "lastSetupGeneration", "pendingNotifyCmds"):
            detail.pop(field, None)


def _container_state(status: Json, detail: Json, pod: Json, container: Json) -> str:
    state = container.get("state") or {}
    if "running" in state:
        expected = status.get("specGenerationToProcess")
        written = detail.get("lastConfigDataGeneration")
        if expected is not None and written is not None and expected != written:
            return facts.CONTAINER_UNRESPONSIVE
        if detail.get("pendingNotifyCmds"):
            return facts.CONTAINER_UNRESPONSIVE
        ready = _condition(pod, "Ready").get("status")
        known = {"True": facts.CONTAINER_RUNNING, "False": facts.CONTAINER_UNRESPONSIVE}
        return known.get(str(ready), facts.CONTAINER_UNKNOWN)
    if "waiting" in state:
        init = pod.get("status", {}).get("initContainerStatuses") or []
        if init and "terminated" not in (init[0].get("state") or {}):
            return facts.CONTAINER_INITIALIZING
        return facts.CONTAINER_WAITING
    return facts.CONTAINER_TERMINATED if "terminated" in state else facts.CONTAINER_UNKNOWN


def _condition(pod: Json, kind: str) -> Json:
    for condition in pod.get("status", {}).get("conditions") or []:
        if condition["type"] == kind:
            found: Json = condition
            return found
    return {}


def _unschedulable(pod: Json) -> str | None:
    scheduled = _condition(pod, "PodScheduled")
    return scheduled.get("message", "") if scheduled.get("reason") == "Unschedulable" else None


def roll_up(status: Json) -> None:
    """Sums up the members' states in status.memberStateRollup."""
    rollup = dict.fromkeys(_ROLLUP, False)
    for member in members_of(status):
        detail = detail_of(member)
        state = member["state"]
        container = detail.get("lastKnownContainerState")
        if state in (facts.MEMBER_CREATE_PENDING, facts.MEMBER_CREATING):
            met_before = bool(detail.get("lastConfiguredContainer"))
            rollup["membersRestarting" if met_before else "membershipChanging"] = True
        if state == facts.MEMBER_CREATE_PENDING and container == facts.CONTAINER_MISSING:
            rollup["membersWaiting"] = True
            rollup["membersNotScheduled"] |= "schedulingErrorMessage" in detail
        if state in (facts.MEMBER_DELETE_PENDING, facts.MEMBER_DELETING):
            rollup["membershipChanging"] = True
        if state == facts.MEMBER_CONFIG_ERROR:
            rollup["configErrors"] = True
        # A container that is still to come, or already deleted, does not mean a member is down.
        if state not in (facts.MEMBER_CREATE_PENDING, facts.MEMBER_DELETING):
            rollup["membersDown"] |= container in _DOWN
        rollup["membersInitializing"] |= container == facts.CONTAINER_INITIALIZING
        rollup["membersWaiting"] |= container == facts.CONTAINER_WAITING
    status["memberStateRollup"] = rollup


def compact(status: Json) -> None:
    """Drops roles without a StatefulSet and members without a pod: both are marked as deleted."""
    status["roles"] = [role for role in status["roles"] if role["statefulSet"]]
    for role in status["roles"]:
        role["members"] = [member for member in role["members"] if member["pod"]]
        for member in role["members"]:
            detail = detail_of(member)
            empty = [name for name, value in detail.items() if value in ("", [], None)]
            for name in empty:
                # A config error that says nothing still says that there was one.
                if name not in ("configErrorDetail", "schedulingErrorMessage"):
                    del detail[name]
