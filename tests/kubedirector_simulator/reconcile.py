# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass over one KDCluster. Source: syncCluster in cluster.go of the real operator."""

from __future__ import annotations

import asyncio
import copy
import logging
from typing import Final

from tests.kubedirector_simulator import configmeta, facts
from tests.kubedirector_simulator.app_catalog import AppMissing
from tests.kubedirector_simulator.cluster_api import CLUSTERS, PODS, ApiError
from tests.kubedirector_simulator.connected_objects import (
    Connected,
    load_connected,
    load_connected_apps,
)
from tests.kubedirector_simulator.connection_hash import connection_hash
from tests.kubedirector_simulator.members import sync_members
from tests.kubedirector_simulator.notify_connecting import NotifyFailed, notify_connecting
from tests.kubedirector_simulator.objects import (
    Json,
    ObjectKey,
    annotations_of,
    bump_counter,
    key_of,
    labels_of,
    without_empty_connections,
)
from tests.kubedirector_simulator.operator_state import Operator, Pass
from tests.kubedirector_simulator.roles import Membership, members_meant_to_exist, sync_roles
from tests.kubedirector_simulator.services import (
    ensure_auth_tokens,
    sync_headless_service,
    sync_member_services,
)
from tests.kubedirector_simulator.status import members_of, new_status, observe_containers
from tests.kubedirector_simulator.write_back import WriteBack, finish, has_finalizer, set_finalizer

LOG = logging.getLogger(__name__)


class PassFailed(Exception):
    """A pass came to an end before its work was done; it is to be tried again."""


class _NoteToCome(Exception):
    """A poll met a change of the connections of which the note may just be being written."""


# So long is a note given to be written.
_NOTE_SECONDS: Final = 0.3


async def reconcile(operator: Operator, key: ObjectKey, polled: bool = False) -> bool:
    """Makes one pass over a KDCluster; returns whether it exists. Raises PassFailed.

    A poll that sees a changed object before its note is written loses count of it: a run of the start
    script that the real operator misses, too, but with a poll each 30 s. One more often would miss just as
    many more, so it starts again once the note has had time to arrive.
    """
    try:
        return await _pass(operator, key, polled)
    except _NoteToCome:
        await asyncio.sleep(_NOTE_SECONDS)
        return await _pass(operator, key, polled=False)


async def _pass(operator: Operator, key: ObjectKey, polled: bool) -> bool:
    try:
        cluster = await operator.api.find(CLUSTERS, *key)
    except ApiError as error:
        raise PassFailed(f"{key}: {error}") from error
    if cluster is None:
        return False
    old_status = copy.deepcopy(cluster.get("status"))
    had_finalizer = has_finalizer(cluster)
    work = Pass(operator, cluster)
    dying = "deletionTimestamp" in cluster["metadata"]
    restoring = facts.RESTORING_LABEL in labels_of(cluster) and not dying
    cluster["status"] = new_status() | (cluster.get("status") or {})
    if restoring:
        await _await_restore(work, old_status, had_finalizer)
        return True
    work.status.pop("restoreProgress", None)
    failure: Exception | None = None
    try:
        await _proceed(work, dying, polled)
    except (ApiError, AppMissing, NotifyFailed) as error:
        failure = error
    try:
        await finish(work, old_status, had_finalizer)
    except ApiError as error:
        failure = failure or error
    if failure is not None:
        raise PassFailed(f"{key}: {failure}") from failure
    return True


async def _await_restore(work: Pass, old_status: Json | None, had_finalizer: bool) -> None:
    """A cluster labelled as being restored is left alone, but for saying so."""
    if "specGenerationToProcess" not in (old_status or {}):
        del work.status["specGenerationToProcess"]
    try:
        await work.app()
        app_missing = False
    except AppMissing:
        app_missing = True
    work.status["restoreProgress"] = {
        "awaitingApp": app_missing,
        "awaitingStatus": True,
        "awaitingResources": True,
        "error": "",
    }
    await WriteBack(work, old_status, had_finalizer, status_only=True).run()


async def _proceed(work: Pass, dying: bool, polled: bool) -> None:
    connected = await load_connected(work.api, work.cluster)
    current_hash = connection_hash(connected)
    if polled and not dying and current_hash != work.status["lastConnectionHash"]:
        raise _NoteToCome
    set_finalizer(work.cluster, not dying)
    uid = work.cluster["metadata"]["uid"]
    if dying:
        work.operator.generations.forget(uid)
        work.operator.app_users.remove(work.cluster)
        return
    if not _known(work, uid):
        return
    observe_containers(work.status, await _pods(work))
    await sync_headless_service(work)
    membership = await sync_roles(work)
    hash_changed = current_hash != work.status["lastConnectionHash"]
    if hash_changed:
        await _count_hash_change(work)
        work.status["lastConnectionHash"] = current_hash
    if hash_changed or membership is Membership.CHANGED:
        work.operator.stale_copies.hold(work.cluster)
        work.status["specGenerationToProcess"] += 1
    await sync_member_services(work)
    if membership is Membership.READY:
        await _settle(work)
        return
    if work.status["state"] != facts.CREATING:
        work.status["state"] = facts.UPDATING
    await sync_members(work, await _compose(work, connected))


def _known(work: Pass, uid: str) -> bool:
    """Whether the pass may go on: False for a new cluster, which only gets its first status.

    Raises ApiError when the status is not the one that the operator wrote last.
    """
    incoming = work.status["generationUID"]
    expected = work.operator.generations.read(uid)
    if expected is not None:
        if expected.uid != incoming:
            raise ApiError(409, "Conflict", "the status read is not the one last written")
        return True
    work.operator.app_users.add(work.cluster)
    if not incoming:
        work.status["state"] = facts.CREATING
        return False
    # The operator was restarted: take the status as it is.
    work.operator.generations.write(uid, incoming, validated=True)
    return True


async def _pods(work: Pass) -> dict[str, Json]:
    names = [member["pod"] for member in members_of(work.status)]
    pods = await asyncio.gather(*(work.objects.find(PODS, work.namespace, name) for name in names))
    return {name: pod for name, pod in zip(names, pods, strict=True) if pod is not None}


async def _count_hash_change(work: Pass) -> None:
    """Counts the annotation up, in this pass's copy at any rate.

    The write is refused by the operator's own webhook when this pass has already changed the
    status in its copy, and nothing tries again: then the count is lost after this pass, and
    members may miss their --reconnect. The real operator does that too.
    """
    bump_counter(annotations_of(work.cluster), facts.HASH_CHANGE_COUNTER)
    try:
        answer = await work.api.update(CLUSTERS, without_empty_connections(work.cluster))
    except ApiError as error:
        LOG.info("%s: hashChangeCounter not written: %s", work.cluster["metadata"]["name"], error)
    else:
        work.cluster["metadata"] = answer["metadata"]


async def _settle(work: Pass) -> None:
    """All members are ready: notify the clusters that connect to this one, once."""
    if work.status["state"] != facts.CONFIGURED:
        LOG.info("%s: stable", work.cluster["metadata"]["name"])
        copies = work.operator.stale_copies.take(work.cluster)
        await notify_connecting(work.operator, f"cluster {key_of(work.cluster)}", copies)
        work.status["state"] = facts.CONFIGURED


async def _compose(work: Pass, connected: Connected) -> dict[str, str]:
    members = members_meant_to_exist(work.roles)
    await ensure_auth_tokens(work, members)
    source = configmeta.ConfigmetaSource(
        cluster=work.cluster,
        app=await work.app(),
        members_for_role=members,
        connected=connected,
        apps_of_connected=await load_connected_apps(work.objects, connected),
        secret_keys=work.operator.config.secret_keys,
        service_domain=work.operator.config.service_domain,
    )
    return configmeta.compose(source)
