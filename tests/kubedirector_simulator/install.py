# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts what the operator needs into the cluster: its namespace and its CRDs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import yaml

from tests.kubedirector_simulator import facts, refusals
from tests.kubedirector_simulator.cluster_api import (
    CLUSTERS,
    CRDS,
    NAMESPACES,
    ApiError,
    ClusterApi,
)
from tests.kubedirector_simulator.objects import Json

_CRD_FOLDER: Final = Path(__file__).parent / "crds"
_WAIT_SECONDS: Final = 0.1
_TRIES: Final = 300


class InstallFailed(Exception):
    """The cluster did not take what the operator put into it in time."""


async def install(api: ClusterApi, namespace: str) -> None:
    """Makes the namespace and the CRDs, or brings them up to date. Raises InstallFailed."""
    if await api.find(NAMESPACES, None, namespace) is None:
        await api.create(
            NAMESPACES,
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        )
    names = [await _apply(api, path) for path in sorted(_CRD_FOLDER.glob("*.yaml"))]
    for name in names:
        await _await_established(api, name)


async def _apply(api: ClusterApi, path: Path) -> str:
    crd: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    name: str = crd["metadata"]["name"]
    current = await api.find(CRDS, None, name)
    if current is None:
        await api.create(CRDS, crd)
    else:
        crd["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"]
        await api.update(CRDS, crd)
    return name


async def _await_established(api: ClusterApi, name: str) -> None:
    for _attempt in range(_TRIES):
        crd = await api.get(CRDS, None, name)
        conditions = (crd.get("status") or {}).get("conditions") or []
        if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
            return
        await asyncio.sleep(_WAIT_SECONDS)
    raise InstallFailed(f"The CRD {name} is not established: ask `kubectl describe crd {name}`.")


async def await_webhook(api: ClusterApi, namespace: str) -> None:
    """Waits until the API server asks the webhook. Raises InstallFailed.

    The proof is a dry-run creation of a KDCluster whose app does not exist: only the webhook
    refuses that.
    """
    name = "webhook-probe"
    probe: Json = {
        "apiVersion": facts.API_VERSION,
        "kind": "KubeDirectorCluster",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"app": name, "roles": []},
    }
    said = "it let everything pass"
    for _attempt in range(_TRIES):
        try:
            await api.create(CLUSTERS, probe, dry_run=True)
        except ApiError as error:
            said = str(error)
            if refusals.APP_UNKNOWN.format(name) in said:
                return
        await asyncio.sleep(_WAIT_SECONDS)
    raise InstallFailed(f"The API server does not reach the admission webhook: {said}")
