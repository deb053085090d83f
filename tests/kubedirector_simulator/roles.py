# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a cluster's roles to their desired size: StatefulSets and member statuses."""

from __future__ import annotations

import logging
from enum import Enum, auto

from tests.kubedirector_simulator import facts, manifests
from tests.kubedirector_simulator.cluster_api import STATEFUL_SETS
from tests.kubedirector_simulator.objects import Json, key_of
from tests.kubedirector_simulator.operator_state import Pass, Role
from tests.kubedirector_simulator.status import detail_of

LOG = logging.getLogger(__name__)


class Membership(Enum):
    """What a pass found about the members as a whole."""

    CHANGED = auto()
    UNREADY = auto()
    READY = auto()


async def sync_roles(work: Pass) -> Membership:
    """Fills work.roles and starts whatever resizing the spec asks for.

    Nothing is resized while any member is being set up: it may know the current
    members already and cannot be notified yet.
    """
    await _load_roles(work)
    if any(role.by_state.get(facts.MEMBER_CREATING) for role in work.roles):
        return Membership.UNREADY
    changed = False
    for role in work.roles:
        changed |= await _sync_role(work, role)
    if changed:
        return Membership.CHANGED
    ready = all(_ready_or_error(work, role) for role in work.roles)
    return Membership.READY if ready else Membership.UNREADY


async def _load_roles(work: Pass) -> None:
    roles = {spec["id"]: Role(spec["id"], spec) for spec in work.cluster["spec"]["roles"]}
    for status in work.status["roles"]:
        role = roles.setdefault(status["id"], Role(status["id"], None))
        role.status = status
        role.stateful_set = await work.objects.find(
            STATEFUL_SETS, work.namespace, status["statefulSet"]
        )
        role.regroup()
    work.roles = list(roles.values())


async def _sync_role(work: Pass, role: Role) -> bool:
    """Returns whether the set of members changed."""
    if role.stateful_set is None:
        if role.status is None:
            return await _create_role(work, role)
        return await _restore_role(work, role)
    if role.status is not None and not role.status["members"] and role.desired == 0:
        await work.api.delete(STATEFUL_SETS, work.namespace, role.status["statefulSet"])
        role.status["statefulSet"] = ""
        return False
    return _resize_role(work, role)


async def _create_role(work: Pass, role: Role) -> bool:
    if role.desired == 0 or role.spec is None:
        return False
    LOG.info("%s: creating role %s", key_of(work.cluster), role.name)
    known_name = "" if role.status is None else role.status["statefulSet"]
    manifest = manifests.stateful_set(
        work.cluster, role.spec, known_name, await work.app(), work.operator.config
    )
    role.stateful_set = await work.api.create(STATEFUL_SETS, manifest)
    name = role.stateful_set["metadata"]["name"]
    if role.status is None:
        role.status = {"id": role.name, "statefulSet": name, "members": []}
        work.status["roles"].append(role.status)
    role.status["statefulSet"] = name
    _add_members(work, role)
    return True


async def _restore_role(work: Pass, role: Role) -> bool:
    """Another user deleted the StatefulSet: first remove its members."""
    status = role.status or {}
    if not status["members"]:
        if role.desired == 0:
            status["statefulSet"] = ""
            return False
        return await _create_role(work, role)
    changed = False
    announced = (facts.MEMBER_DELETE_PENDING, facts.MEMBER_READY, facts.MEMBER_CONFIG_ERROR)
    for member in status["members"]:
        notified = member["state"] in announced
        state = facts.MEMBER_DELETE_PENDING if notified else facts.MEMBER_DELETING
        changed |= member["state"] != state
        member["state"] = state
    role.regroup()
    return changed


def _resize_role(work: Pass, role: Role) -> bool:
    members = (role.status or {})["members"]
    current = len(
        role.members(facts.MEMBER_READY, facts.MEMBER_CONFIG_ERROR, facts.MEMBER_CREATE_PENDING)
    )
    if role.desired > current and len(members) == current:
        LOG.info("%s: expanding role %s", key_of(work.cluster), role.name)
        _add_members(work, role)
        return True
    if role.desired < current:
        LOG.info("%s: shrinking role %s", key_of(work.cluster), role.name)
        _mark_for_deletion(members[role.desired :])
        role.regroup()
        return True
    return False


def _add_members(work: Pass, role: Role) -> None:
    status = role.status or {}
    for index in range(len(status["members"]), role.desired):
        work.status["lastNodeID"] += 1
        member: Json = {
            "pod": f"{status['statefulSet']}-{index}",
            "service": "",
            "nodeID": work.status["lastNodeID"],
            "state": facts.MEMBER_CREATE_PENDING,
            "stateDetail": {},
        }
        status["members"].append(member)
        role.by_state.setdefault(facts.MEMBER_CREATE_PENDING, []).append(member)


def _mark_for_deletion(members: list[Json]) -> None:
    for member in members:
        if member["state"] == facts.MEMBER_CREATE_PENDING:
            member["state"] = facts.MEMBER_DELETING
        elif member["state"] in (facts.MEMBER_READY, facts.MEMBER_CONFIG_ERROR):
            member["state"] = facts.MEMBER_DELETE_PENDING


def _ready_or_error(work: Pass, role: Role) -> bool:
    if set(role.by_state) - {facts.MEMBER_READY, facts.MEMBER_CONFIG_ERROR}:
        return False
    for member in role.members(facts.MEMBER_READY):
        detail = detail_of(member)
        if detail.get("lastSetupGeneration", work.generation) != work.generation:
            return False
        if detail.get("pendingNotifyCmds"):
            return False
    return True


def members_meant_to_exist(roles: list[Role]) -> dict[str, list[Json]]:
    """The members of each role in the spec, grouped by state as the operator lists them."""
    return {
        role.name: role.members(
            facts.MEMBER_CREATE_PENDING,
            facts.MEMBER_CREATING,
            facts.MEMBER_READY,
            facts.MEMBER_CONFIG_ERROR,
        )
        for role in roles
        if role.spec is not None
    }
