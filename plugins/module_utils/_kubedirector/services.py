# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services that a KDCluster's members offer, as its KDApp describes them. Pure."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._core.json_types import JsonMapping
    from .snapshot import KDCluster


def services_of(cluster: KDCluster, app: JsonMapping | None) -> list[dict[str, t.Any]]:
    """List services with their endpoints, as members find them in configmeta.json (source: servicesForRole).

    :param app: the KDApp's manifest; None where it is not known.
    :returns: [{name, endpoints}]; an endpoint's host ends in ".svc", which every pod of the Kubernetes cluster
        resolves, whatever the cluster's domain.
    """
    spec = (app or {}).get("spec") or {}
    endpoints = {
        service.get("id"): service.get("endpoint") or {} for service in spec.get("services") or ()
    }
    found: dict[str, list[str]] = {}
    for role in (spec.get("config") or {}).get("roleServices") or ():
        pods = [m.pod for m in cluster.members if m.pod and m.role == role.get("roleID")]
        for name in role.get("serviceIDs") or () if pods else ():
            endpoint = endpoints.get(name) or {}
            scheme, port = endpoint.get("urlScheme") or "", endpoint.get("port")
            urls = found.setdefault(name, [])
            if port is not None:
                host = f"{cluster.headless_service}.{cluster.namespace}.svc"
                urls += [f"{scheme}://{pod}.{host}:{port}" for pod in pods]
    return [{"name": name, "endpoints": urls} for name, urls in found.items()]
