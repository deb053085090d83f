# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the headless Service of a cluster and the Service of each member."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable

from tests.kubedirector_simulator import app_catalog, facts, manifests
from tests.kubedirector_simulator.cluster_api import SERVICES, ApiError
from tests.kubedirector_simulator.objects import Json, key_of
from tests.kubedirector_simulator.operator_state import Pass, Role

LOG = logging.getLogger(__name__)

_WITH_SERVICE = (
    facts.MEMBER_CREATE_PENDING,
    facts.MEMBER_CREATING,
    facts.MEMBER_READY,
    facts.MEMBER_CONFIG_ERROR,
)


async def sync_headless_service(work: Pass) -> None:
    """Makes the headless Service unless it exists; its name goes into status.clusterService."""
    name = work.status.get("clusterService", "")
    if await work.objects.find(SERVICES, work.namespace, name) is None:
        try:
            app: Json | None = await work.app()
        except app_catalog.AppMissing:
            app = None
        service = await work.api.create(SERVICES, manifests.headless_service(work.cluster, app))
        work.status["clusterService"] = service["metadata"]["name"]


async def sync_member_services(work: Pass) -> None:
    """Makes the Service of each member that has ports; others are marked as having none."""
    for role in work.roles:
        for member in (role.status or {}).get("members") or []:
            if member["state"] in _WITH_SERVICE and member["service"] != facts.NO_SERVICE:
                await _sync_member_service(work, role, member)


async def _sync_member_service(work: Pass, role: Role, member: Json) -> None:
    service = await work.objects.find(SERVICES, work.namespace, member["service"])
    if service is not None:
        await _sync_service_type(work, service)
        return
    manifest = manifests.member_service(
        work.cluster, role.spec or {}, member["pod"], await work.app(), work.operator.config
    )
    if manifest is None:
        member["service"] = facts.NO_SERVICE
    else:
        created = await work.api.create(SERVICES, manifest)
        member["service"] = created["metadata"]["name"]


async def _sync_service_type(work: Pass, service: Json) -> None:
    desired = work.cluster["spec"]["serviceType"]
    current = service["spec"]["type"]
    if desired == current:
        return
    name = service["metadata"]["name"]
    if current in ("NodePort", "LoadBalancer") and desired in ("ClusterIP", "LoadBalancer"):
        # The next pass makes it again.
        await work.api.delete(SERVICES, work.namespace, name)
    else:
        await work.api.patch(SERVICES, work.namespace, name, {"spec": {"type": desired}})


async def ensure_auth_tokens(work: Pass, members_for_role: dict[str, list[Json]]) -> None:
    """Gives a token to each member of a role with a service that wants one (hasAuthToken)."""
    app = await work.app()
    for active in app_catalog.role_services(app):
        services = [app_catalog.service_of(app, name) for name in active.get("serviceIDs") or []]
        if any(_wants_token(service) for service in services):
            await _ensure_tokens(work, members_for_role.get(active["roleID"], []))


def _wants_token(service: Json | None) -> bool:
    endpoint = (service or {}).get("endpoint") or {}
    return bool(endpoint.get("hasAuthToken")) and endpoint.get("port") is not None


async def _ensure_tokens(work: Pass, members: Iterable[Json]) -> None:
    for member in members:
        if not member.get("authToken"):
            member["authToken"] = uuid.uuid4().hex
        annotations = {facts.AUTH_TOKEN_ANNOTATION: member["authToken"]}
        try:
            await work.api.patch(
                SERVICES,
                work.namespace,
                member["service"],
                {"metadata": {"annotations": annotations}},
            )
        except ApiError as error:
            # The token is in configmeta.json and in the status all the same.
            LOG.warning("%s: no token on %s: %s", key_of(work.cluster), member["service"], error)
