# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers questions about a KubeDirectorApp: its roles, services, images and packages."""

from __future__ import annotations

from dataclasses import dataclass

from tests.kubedirector_simulator.cluster_api import APPS
from tests.kubedirector_simulator.object_cache import ObjectCache
from tests.kubedirector_simulator.objects import Json, by_name, key_of


class AppMissing(Exception):
    """The KubeDirectorApp that a KDCluster names does not exist where it may be looked for."""


@dataclass(frozen=True)
class SetupPackage:
    """A role's app config package."""

    url: str
    new_layout: bool


async def find_app(objects: ObjectCache, cluster: Json, operator_namespace: str) -> Json:
    """The cluster's KubeDirectorApp: "local", "system", or local first when appCatalog is unset.

    Raises AppMissing.
    """
    spec = cluster["spec"]
    catalog = spec.get("appCatalog")
    app = None
    if catalog in (None, "local"):
        app = await objects.find(APPS, key_of(cluster).namespace, spec["app"])
    if app is None and catalog in (None, "system"):
        app = await objects.find(APPS, operator_namespace, spec["app"])
    if app is None:
        raise AppMissing(f"KubeDirectorApp {spec['app']} of KDCluster {key_of(cluster)} is missing")
    return app


def role_of(app: Json, role: str) -> Json | None:
    """The app's definition of a role."""
    return by_name(app["spec"].get("roles") or [], role)


def service_of(app: Json, service: str) -> Json | None:
    """The app's definition of a service."""
    return by_name(app["spec"].get("services") or [], service)


def port_of(service: Json) -> int | None:
    """A service's port, None when it has no endpoint."""
    port: int | None = (service.get("endpoint") or {}).get("port")
    return port


def role_services(app: Json) -> list[Json]:
    """Which services run on which role: config.roleServices."""
    services: list[Json] = app["spec"].get("config", {}).get("roleServices") or []
    return services


def services_with_port(app: Json, role: str) -> list[Json]:
    """The definitions of a role's services that have a port, in the order of spec.services."""
    active = by_name(role_services(app), role, "roleID")
    selected = (active or {}).get("serviceIDs") or []
    return [
        service
        for service in app["spec"].get("services") or []
        if service["id"] in selected and port_of(service) is not None
    ]


def setup_package(app: Json, role: str) -> SetupPackage | None:
    """A role's config package; None for a role that gets no configmeta.

    The webhook has already moved the app's default onto the roles.
    """
    package = (role_of(app, role) or {}).get("configPackage")
    if package is None:
        return None
    return SetupPackage(package["packageURL"], bool(package.get("useNewSetupLayout")))


def wants_event(app: Json, role: str, event: str) -> bool:
    """Whether a role's start script is run for an event: configure, addnodes or delnodes."""
    events = (role_of(app, role) or {}).get("eventList")
    return events is None or event in events


def cardinality(role: Json) -> tuple[int, bool]:
    """A role's member count, and whether more than that are allowed ("1+")."""
    text = role["cardinality"]
    return int(text.rstrip("+")), text.endswith("+")
