# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders for the manifests that tests create; the smallest ones that KubeDirector admits."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Manifest = dict[str, Any]

API_VERSION = "kubedirector.hpe.com/v1beta1"
CONFIGMAP_TYPE_LABEL = "kubedirector.hpe.com/cmType"
SECRET_TYPE_LABEL = "kubedirector.hpe.com/secretType"

KDAPP = "kubedirectorapps.kubedirector.hpe.com"
KDCLUSTER = "kubedirectorclusters.kubedirector.hpe.com"
KDCONFIG = "kubedirectorconfigs.kubedirector.hpe.com"

MEMBER_IMAGE = "localhost/kubedirector-connections/member:sandbox"
APP_CONFIG_PACKAGE = {"packageURL": "file:///opt/member/appconfig.tgz"}

START_SCRIPT_TYPE = "sandbox-start-script"


@dataclass(frozen=True)
class AppService:
    """A service that a KDApp's role offers; `port` in 1..65535."""

    name: str
    port: int
    scheme: str = "http"
    has_auth_token: bool = False


@dataclass(frozen=True)
class AppRole:
    """A role of a KDApp: its services, whether its members get a config package, and its eventList."""

    name: str
    services: Sequence[AppService] = ()
    config_package: bool = True
    cardinality: str = "1+"
    events: Sequence[str] | None = None


@dataclass(frozen=True)
class Connections:
    """What `spec.connections` names, in order."""

    clusters: Sequence[str] = field(default_factory=list)
    configmaps: Sequence[str] = field(default_factory=list)
    secrets: Sequence[str] = field(default_factory=list)

    def spec(self) -> Manifest:
        """Return the value of `spec.connections`: three lists, never null."""
        return {
            "clusters": list(self.clusters),
            "configmaps": list(self.configmaps),
            "secrets": list(self.secrets),
        }


@dataclass(frozen=True)
class ClusterRole:
    """A role of a KDCluster and the number of its members."""

    name: str
    members: int = 1
    extra: Mapping[str, Any] = field(default_factory=dict)


def kdapp(
    name: str,
    roles: Sequence[AppRole],
    *,
    distro_id: str | None = None,
    version: str = "1.0",
    config_metadata: Mapping[str, str] | None = None,
    config_package: Mapping[str, Any] | None = None,
) -> Manifest:
    """A KubeDirectorApp on the member image; a role without config package says so with null."""
    services = {service.name: service for role in roles for service in role.services}
    spec: Manifest = {
        "label": {"name": name, "description": "made by a test"},
        "distroID": distro_id or f"example/{name}",
        "version": version,
        "configSchemaVersion": 7,
        "defaultImageRepoTag": MEMBER_IMAGE,
        "defaultConfigPackage": dict(config_package or APP_CONFIG_PACKAGE),
        "services": [_service(service) for service in services.values()],
        "roles": [_app_role(role) for role in roles],
        "config": {
            "selectedRoles": [role.name for role in roles],
            "roleServices": [
                {"roleID": role.name, "serviceIDs": [service.name for service in role.services]}
                for role in roles
            ],
        },
    }
    if config_metadata is not None:
        spec["config"]["configMeta"] = dict(config_metadata)
    return _object("KubeDirectorApp", name, spec)


def kdcluster(
    name: str,
    app: str,
    roles: Sequence[ClusterRole],
    *,
    connections: Connections | None = None,
    labels: Mapping[str, str] | None = None,
) -> Manifest:
    """A KubeDirectorCluster with small members and no storage; without connections when None."""
    spec: Manifest = {
        "app": app,
        "namingScheme": "CrNameRole",
        "serviceType": "ClusterIP",
        "roles": [_cluster_role(role) for role in roles],
    }
    if connections is not None:
        spec["connections"] = connections.spec()
    manifest = _object("KubeDirectorCluster", name, spec)
    if labels is not None:
        manifest["metadata"]["labels"] = dict(labels)
    return manifest


def namespace(name: str) -> Manifest:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def configmap(
    name: str,
    data: Mapping[str, str],
    *,
    connection_type: str | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    binary_data: Mapping[str, bytes] | None = None,
) -> Manifest:
    """A ConfigMap, with the cmType label unless `connection_type` is None."""
    manifest = _connectable(
        "ConfigMap", name, CONFIGMAP_TYPE_LABEL, connection_type, labels, annotations
    )
    manifest["data"] = dict(data)
    if binary_data is not None:
        manifest["binaryData"] = {key: encoded(value) for key, value in binary_data.items()}
    return manifest


def secret(
    name: str,
    data: Mapping[str, bytes | str],
    *,
    connection_type: str | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """An Opaque Secret, with the secretType label unless `connection_type` is None."""
    manifest = _connectable("Secret", name, SECRET_TYPE_LABEL, connection_type, labels, annotations)
    manifest["type"] = "Opaque"
    manifest["data"] = {key: encoded(value) for key, value in data.items()}
    return manifest


def start_script(name: str, *, exit_code: int = 0, seconds: float = 0) -> Manifest:
    """A ConfigMap that steers the member image's start script in clusters that connect to it."""
    data = {"exit": str(exit_code), "seconds": f"{seconds:g}"}
    return configmap(name, data, connection_type=START_SCRIPT_TYPE)


def encoded(value: bytes | str) -> str:
    """The value in base64, text taken as UTF-8."""
    return b64encode(value.encode() if isinstance(value, str) else value).decode()


def _object(kind: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _connectable(
    kind: str,
    name: str,
    type_label: str,
    connection_type: str | None,
    labels: Mapping[str, str] | None,
    annotations: Mapping[str, str] | None,
) -> Manifest:
    typed = {} if connection_type is None else {type_label: connection_type}
    metadata: Manifest = {"name": name, "labels": {**(labels or {}), **typed}}
    if annotations is not None:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _service(service: AppService) -> Manifest:
    endpoint: Manifest = {"port": service.port, "urlScheme": service.scheme, "path": "/"}
    if service.has_auth_token:
        endpoint["hasAuthToken"] = True
    return {"id": service.name, "label": {"name": service.name}, "endpoint": endpoint}


def _app_role(role: AppRole) -> Manifest:
    manifest: Manifest = {"id": role.name, "cardinality": role.cardinality}
    if not role.config_package:
        manifest["configPackage"] = None
    if role.events is not None:
        manifest["eventList"] = list(role.events)
    return manifest


def _cluster_role(role: ClusterRole) -> Manifest:
    return {
        "id": role.name,
        "members": role.members,
        "resources": {
            "requests": {"cpu": "5m", "memory": "16Mi"},
            "limits": {"cpu": "1", "memory": "256Mi"},
        },
        **role.extra,
    }
