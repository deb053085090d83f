# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifies a cluster's members when others come or go: --addnodes and --delnodes."""

from __future__ import annotations

import asyncio
import logging

from tests.kubedirector_simulator import app_catalog, facts, start_script
from tests.kubedirector_simulator.member_shell import MemberError
from tests.kubedirector_simulator.objects import Json, key_of
from tests.kubedirector_simulator.operator_state import Pass, Role
from tests.kubedirector_simulator.status import detail_of, members_of

LOG = logging.getLogger(__name__)


def queue_notifies(work: Pass, changed: Role, app: Json) -> None:
    """Queues a notification about a role's new or leaving members for every member behind."""
    creating = changed.members(facts.MEMBER_CREATING)
    leaving = changed.members(facts.MEMBER_DELETE_PENDING)
    event = "addnodes" if creating else "delnodes"
    fqdns = ",".join(_fqdn(work, member) for member in creating or leaving if _counts(member))
    if not fqdns:
        return
    arguments = [
        f"--{event}",
        "--nodegroup 1",
        "--role",
        changed.name,
        "--fqdns",
        fqdns,
    ]
    for role in work.roles:
        if app_catalog.setup_package(app, role.name) is None:
            continue
        if not app_catalog.wants_event(app, role.name, event):
            continue
        for member in role.members(
            facts.MEMBER_READY, facts.MEMBER_CREATE_PENDING, facts.MEMBER_CREATING
        ):
            detail = detail_of(member)
            if detail.get("lastSetupGeneration", work.generation) != work.generation:
                detail.setdefault("pendingNotifyCmds", []).append({"arguments": arguments})


def _counts(member: Json) -> bool:
    """Whether the member really comes or goes; one that was set up before has only restarted."""
    if member["state"] == facts.MEMBER_DELETE_PENDING:
        return True
    restarted = bool(detail_of(member).get("lastConfiguredContainer"))
    return member["state"] != facts.MEMBER_CREATING and not restarted


def _fqdn(work: Pass, member: Json) -> str:
    domain = f"{work.namespace}{work.operator.config.service_domain}"
    return f"{member['pod']}.{work.status['clusterService']}.{domain}"


async def send_notifies(work: Pass) -> None:
    """Runs what is queued; members that nothing was queued for are up to date.

    Source: syncMemberNotifies in members.go.
    """
    skipping: list[Json] = []
    waiting: list[Json] = []
    in_transition = False
    for member in members_of(work.status):
        detail = detail_of(member)
        if member["state"] == facts.MEMBER_READY:
            if detail.get("pendingNotifyCmds"):
                waiting.append(member)
            else:
                skipping.append(member)
        elif member["state"] != facts.MEMBER_CONFIG_ERROR:
            in_transition = True
    if not in_transition:
        for member in skipping:
            _catch_up(detail_of(member))
    await asyncio.gather(*(_send(work, member, in_transition) for member in waiting))


def _catch_up(detail: Json) -> None:
    if "lastSetupGeneration" in detail and "lastConfigDataGeneration" in detail:
        detail["lastSetupGeneration"] = detail["lastConfigDataGeneration"]


async def _send(work: Pass, member: Json, in_transition: bool) -> None:
    detail = detail_of(member)
    shell = work.shell(member, detail.get("lastConfiguredContainer", ""))
    left = []
    for notify in detail["pendingNotifyCmds"]:
        script = start_script.notify(notify["arguments"])
        try:
            await shell.run_script("app reconfig", script)
        except MemberError as error:
            LOG.warning("%s: cannot notify %s: %s", key_of(work.cluster), member["pod"], error)
            left.append(notify)
        else:
            if not in_transition and "lastConfigDataGeneration" in detail:
                detail["lastSetupGeneration"] = detail["lastConfigDataGeneration"]
    if left:
        detail["pendingNotifyCmds"] = left
    else:
        del detail["pendingNotifyCmds"]
