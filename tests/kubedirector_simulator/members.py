# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a cluster's members up to date, and lets them come and go. Source: members.go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from tests.kubedirector_simulator import app_catalog, facts, start_script
from tests.kubedirector_simulator.cluster_api import PODS, SERVICES, STATEFUL_SETS
from tests.kubedirector_simulator.member_setup import (
    MemberSetup,
    Setup,
    SetupFailed,
    note_script_output,
)
from tests.kubedirector_simulator.member_shell import MemberError
from tests.kubedirector_simulator.notifies import queue_notifies
from tests.kubedirector_simulator.objects import Json, annotations_of, key_of
from tests.kubedirector_simulator.operator_state import Pass, Role
from tests.kubedirector_simulator.status import app_container, detail_of

LOG = logging.getLogger(__name__)


async def sync_members(work: Pass, configmeta: Mapping[str, str]) -> None:
    """Writes configmeta.json into ready members, then moves the others on by one state each.

    Nothing else happens until every ready member has the present generation: a new member must
    not know more than those that it joins.
    """
    up_to_date = True
    for role in work.roles:
        if role.by_state.get(facts.MEMBER_READY):
            await _update_ready_members(work, role, configmeta)
        up_to_date = up_to_date and all(
            detail_of(member).get("lastConfigDataGeneration", work.generation) == work.generation
            for member in role.members(
                facts.MEMBER_READY, facts.MEMBER_CREATE_PENDING, facts.MEMBER_CREATING
            )
        )
    for role in work.roles:
        if up_to_date and role.by_state.get(facts.MEMBER_CREATE_PENDING):
            await _await_containers(work, role)
        if role.by_state.get(facts.MEMBER_CREATING):
            await _set_up_members(work, role, configmeta if up_to_date else None)
        if up_to_date and role.by_state.get(facts.MEMBER_DELETE_PENDING):
            _announce_leaving(work, role, await work.app())
        if up_to_date and role.by_state.get(facts.MEMBER_DELETING):
            await _remove_members(work, role)


def connection_version(work: Pass, role: Role) -> int:
    """How often the connections have changed, as far as the operator knows.

    That is the annotation hashChangeCounter, or else the least that a ready member knows.
    """
    counter = annotations_of(work.cluster).get(facts.HASH_CHANGE_COUNTER)
    if counter is not None:
        try:
            return int(counter)
        except ValueError:
            LOG.warning("%s: %s is not a number", key_of(work.cluster), facts.HASH_CHANGE_COUNTER)
    known = [
        detail_of(member)["lastConnectionVersion"]
        for member in role.members(facts.MEMBER_READY)
        if "lastConnectionVersion" in detail_of(member)
    ]
    return min(known, default=0)


async def _update_ready_members(work: Pass, role: Role, configmeta: Mapping[str, str]) -> None:
    version = connection_version(work, role)
    await asyncio.gather(
        *(
            _update_ready_member(work, role, member, version, configmeta)
            for member in role.members(facts.MEMBER_READY)
            if detail_of(member).get("lastConfigDataGeneration", work.generation) != work.generation
        )
    )


async def _update_ready_member(
    work: Pass, role: Role, member: Json, version: int, configmeta: Mapping[str, str]
) -> None:
    detail = detail_of(member)
    container_id = detail.get("lastConfiguredContainer", "")
    shell = work.shell(member, container_id)
    member_version = detail.get("lastConnectionVersion", version - 1)
    try:
        await shell.create_file(facts.CONFIGMETA_FILE, configmeta[member["pod"]], False)
    except MemberError as error:
        LOG.warning("%s: cannot update %s: %s", key_of(work.cluster), member["pod"], error)
        return
    if member_version < version:
        try:
            # Whatever the script's exit code will be: nothing looks at it.
            await shell.run_script("app reconnect", start_script.reconnect(container_id))
        except MemberError as error:
            LOG.warning("%s: no reconnect of %s: %s", key_of(work.cluster), member["pod"], error)
            await note_script_output(shell, detail, await work.app(), role.name)
            return
        detail["lastConnectionVersion"] = member_version + 1
    detail["lastConfigDataGeneration"] = work.generation


async def _replicas_right(work: Pass, role: Role) -> bool:
    """Whether the StatefulSet asks for as many pods as there are members; else has it changed."""
    stateful_set = role.stateful_set
    if stateful_set is None:
        return False
    desired = len(
        role.members(
            facts.MEMBER_CREATE_PENDING,
            facts.MEMBER_CREATING,
            facts.MEMBER_READY,
            facts.MEMBER_CONFIG_ERROR,
        )
    )
    if stateful_set["spec"].get("replicas") == desired:
        return True
    name = stateful_set["metadata"]["name"]
    await work.api.patch(STATEFUL_SETS, work.namespace, name, {"spec": {"replicas": desired}})
    return False


async def _await_containers(work: Pass, role: Role) -> None:
    if not await _replicas_right(work, role):
        return
    stateful_set = role.stateful_set or {}
    if stateful_set.get("status", {}).get("replicas", 0) != stateful_set["spec"]["replicas"]:
        return
    for member in role.members(facts.MEMBER_CREATE_PENDING):
        pod = await work.objects.find(PODS, work.namespace, member["pod"])
        container = None if pod is None else app_container(pod)
        if pod is None or container is None or pod.get("status", {}).get("phase") != "Running":
            continue
        if container.get("containerID"):
            detail_of(member)["configuringContainer"] = container["containerID"]
            member["state"] = facts.MEMBER_CREATING


async def _set_up_members(work: Pass, role: Role, configmeta: Mapping[str, str] | None) -> None:
    app = await work.app()
    creating = role.members(facts.MEMBER_CREATING)
    await asyncio.gather(*(_set_up(work, role, member, app, configmeta) for member in creating))
    queue_notifies(work, role, app)
    for member in creating:
        if member["state"] != facts.MEMBER_CREATING:
            detail = detail_of(member)
            detail["lastConfiguredContainer"] = detail.pop("configuringContainer", "")


async def _set_up(
    work: Pass, role: Role, member: Json, app: Json, configmeta: Mapping[str, str] | None
) -> None:
    detail = detail_of(member)
    detail["lastConnectionVersion"] = connection_version(work, role)
    package = app_catalog.setup_package(app, role.name)
    if package is None:
        member["state"] = facts.MEMBER_READY
        detail.pop("configErrorDetail", None)
        return
    shell = work.shell(member, detail["configuringContainer"])
    setup = MemberSetup(shell, app, role.name, package, detail, work.generation, configmeta)
    try:
        progress = await setup.proceed()
    except (SetupFailed, MemberError) as error:
        LOG.warning("%s: setup of %s failed: %s", key_of(work.cluster), member["pod"], error)
        await note_script_output(shell, detail, app, role.name)
        member["state"] = facts.MEMBER_CONFIG_ERROR
        detail["configErrorDetail"] = f"execution of app config failed: {error}"
        return
    if progress is Setup.DONE:
        member["state"] = facts.MEMBER_READY
        detail.pop("configErrorDetail", None)


def _announce_leaving(work: Pass, role: Role, app: Json) -> None:
    queue_notifies(work, role, app)
    leaving = role.by_state.pop(facts.MEMBER_DELETE_PENDING)
    for member in leaving:
        member["state"] = facts.MEMBER_DELETING
    role.by_state.setdefault(facts.MEMBER_DELETING, []).extend(leaving)


async def _remove_members(work: Pass, role: Role) -> None:
    if role.stateful_set is not None and not await _replicas_right(work, role):
        return
    for member in role.members(facts.MEMBER_DELETING):
        if await work.api.find(PODS, work.namespace, member["pod"]) is not None:
            continue
        if member["service"] not in ("", facts.NO_SERVICE):
            await work.api.delete(SERVICES, work.namespace, member["service"])
        member["service"] = ""
        member["pod"] = ""
