# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the objects that a KDCluster's spec.connections names, in spec order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.kubedirector_simulator.cluster_api import (
    APPS,
    CLUSTERS,
    CONFIGMAPS,
    SECRETS,
    ClusterApi,
    Resource,
)
from tests.kubedirector_simulator.object_cache import ObjectCache
from tests.kubedirector_simulator.objects import Json, connected_names, key_of


@dataclass(frozen=True)
class NamedObject:
    """A name out of spec.connections, and its object unless that is missing."""

    name: str
    found: Json | None


@dataclass(frozen=True)
class Connected:
    """What spec.connections names, as it was found in the cluster's own namespace."""

    clusters: list[NamedObject]
    configmaps: list[NamedObject]
    secrets: list[NamedObject]


async def load_connected(api: ClusterApi, cluster: Json) -> Connected:
    """The connected objects of a KDCluster. Raises ApiError for anything but "not found"."""
    namespace = key_of(cluster).namespace

    async def load(kind: str, resource: Resource) -> list[NamedObject]:
        names = connected_names(cluster, kind)
        found = await asyncio.gather(*(api.find(resource, namespace, name) for name in names))
        return [NamedObject(name, obj) for name, obj in zip(names, found, strict=True)]

    clusters, configmaps, secrets = await asyncio.gather(
        load("clusters", CLUSTERS), load("configmaps", CONFIGMAPS), load("secrets", SECRETS)
    )
    return Connected(clusters, configmaps, secrets)


async def load_connected_apps(objects: ObjectCache, connected: Connected) -> dict[str, Json]:
    """The KubeDirectorApp of each connected cluster, by the cluster's name.

    Only an app in the cluster's own namespace counts, whatever its appCatalog says (an upstream
    limit): a cluster without one is left out.
    """
    apps: dict[str, Json] = {}
    for named in connected.clusters:
        if named.found is not None:
            namespace = key_of(named.found).namespace
            app = await objects.find(APPS, namespace, named.found["spec"]["app"])
            if app is not None:
                apps[named.name] = app
    return apps
