# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a KDCluster's spec that ask whether what it refers to (still) exists.

Any change of the spec runs all of them, so a drift that has nothing to do with the change, a
deleted StorageClass for example, refuses it.
"""

from __future__ import annotations

import aiohttp

from tests.kubedirector_simulator import refusals
from tests.kubedirector_simulator.cluster_api import (
    ACCESS_REVIEWS,
    CLAIMS,
    SERVICE_ACCOUNTS,
    STORAGE_CLASSES,
)
from tests.kubedirector_simulator.objects import Json
from tests.kubedirector_simulator.operator_state import Operator
from tests.kubedirector_simulator.verdict import Verdict

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
# The API server gives a webhook 10 seconds.
_FETCH_SECONDS = 8.0


async def check_references(operator: Operator, request: Json, verdict: Verdict) -> None:
    """Service accounts, storage classes, injected files and projected volumes of all roles."""
    for index, role in enumerate(request["object"]["spec"]["roles"]):
        await _check_service_account(operator, request, role, verdict)
        await _check_storage(operator, index, role, verdict)
        await _check_injections(role, verdict)
        await _check_volumes(operator, request, role, verdict)


async def _may_get(operator: Operator, request: Json, kind: str, name: str) -> str:
    """ "" or the reason why the caller is denied to get an object."""
    user = request.get("userInfo") or {}
    review = await operator.api.create(
        ACCESS_REVIEWS,
        {
            "apiVersion": ACCESS_REVIEWS.api_version,
            "kind": "SubjectAccessReview",
            "spec": {
                "resourceAttributes": {
                    "namespace": request["namespace"],
                    "verb": "get",
                    "resource": kind,
                    "name": name,
                },
                "user": user.get("username", ""),
                "groups": user.get("groups") or [],
                "uid": user.get("uid", ""),
                "extra": user.get("extra") or {},
            },
        },
    )
    status = review.get("status") or {}
    return str(status.get("reason", "")) if status.get("denied") else ""


async def _check_service_account(
    operator: Operator, request: Json, role: Json, verdict: Verdict
) -> None:
    name = role.get("serviceAccountName")
    if not name:
        return
    if await operator.api.find(SERVICE_ACCOUNTS, request["namespace"], name) is None:
        verdict.refuse(refusals.SERVICE_ACCOUNT_UNKNOWN.format(name, role["id"]))
        return
    denied = await _may_get(operator, request, "ServiceAccount", name)
    if denied:
        verdict.refuse(denied)


async def _check_storage(operator: Operator, index: int, role: Json, verdict: Verdict) -> None:
    storage = role.get("storage")
    if storage is None:
        return
    name = storage.get("storageClassName")
    if name is not None:
        if await operator.api.find(STORAGE_CLASSES, None, name) is None:
            verdict.refuse(refusals.STORAGE_CLASS_UNKNOWN.format(name, role["id"]))
        return
    default = operator.config.storage_class or await _default_class(operator)
    if default is None:
        verdict.refuse(refusals.STORAGE_CLASS_MISSING)
    else:
        storage["storageClassName"] = default
        verdict.add(f"/spec/roles/{index}/storage/storageClassName", default)


async def _default_class(operator: Operator) -> str | None:
    for storage_class in await operator.api.list(STORAGE_CLASSES):
        annotations = storage_class["metadata"].get("annotations") or {}
        if annotations.get(_DEFAULT_CLASS) == "true":
            name: str = storage_class["metadata"]["name"]
            return name
    return None


async def _check_injections(role: Json, verdict: Verdict) -> None:
    timeout = aiohttp.ClientTimeout(total=_FETCH_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for injection in role.get("fileInjections") or []:
            url = injection["srcURL"]
            try:
                # As upstream: any answer will do, from any certificate.
                await (await session.head(url, ssl=False)).release()
            except (aiohttp.ClientError, TimeoutError) as error:
                verdict.refuse(refusals.URL_UNREACHABLE.format(url, role["id"], error))


async def _check_volumes(operator: Operator, request: Json, role: Json, verdict: Verdict) -> None:
    for volume in role.get("volumeProjections") or []:
        claim = volume["pvcName"]
        namespace = request["namespace"]
        if await operator.api.find(CLAIMS, namespace, claim) is None:
            verdict.refuse(refusals.CLAIM_UNKNOWN.format(claim, namespace, role["id"]))
            continue
        # The real operator asks about the service account's name here.
        name = role.get("serviceAccountName", "")
        denied = await _may_get(operator, request, "PersistentVolumeClaim", name)
        if denied:
            verdict.refuse(denied)
