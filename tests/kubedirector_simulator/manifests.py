# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Composes the Services and StatefulSets of a KDCluster, named and labelled as upstream."""

from __future__ import annotations

from typing import Any, Final

from tests.kubedirector_simulator import app_catalog, facts
from tests.kubedirector_simulator.global_config import GlobalConfig
from tests.kubedirector_simulator.objects import Json, key_of, owner_references

_TMPFS: Final = {"tmpfs-tmp": "/tmp", "tmpfs-run": "/run", "tmpfs-run-lock": "/run/lock"}
_TMPFS_LIMIT: Final = "20Gi"


def _object_name(name: str) -> str:
    """A name cut and cleaned for the naming scheme CrNameRole."""
    cut = name[: facts.NAME_LENGTH_LIMIT]
    if len(cut) == facts.NAME_LENGTH_LIMIT and cut[-1] in "._":
        cut = cut[:-1]
    return cut.replace(".", "-").replace("_", "-").lower()


def _cluster_labels(cluster: Json) -> dict[str, str]:
    return {
        facts.CLUSTER_LABEL: cluster["metadata"]["name"],
        facts.APP_LABEL: cluster["spec"]["app"],
        facts.APP_CATALOG_LABEL: cluster["spec"]["appCatalog"],
    }


def _app_annotations(app: Json) -> dict[str, str]:
    return {facts.PRETTY_NAME_ANNOTATION: app["spec"]["label"]["name"]}


def _metadata(cluster: Json, labels: dict[str, str], annotations: dict[str, str]) -> Json:
    return {
        "namespace": key_of(cluster).namespace,
        "ownerReferences": owner_references(cluster),
        "labels": labels,
        "annotations": annotations,
    }


def headless_service(cluster: Json, app: Json | None) -> Json:
    """The cluster's headless Service; a name already in status.clusterService is used again."""
    annotations = {} if app is None else _app_annotations(app)
    metadata = _metadata(cluster, _cluster_labels(cluster), annotations)
    known = cluster["status"].get("clusterService")
    if known:
        metadata["name"] = known
    elif cluster["spec"]["namingScheme"] == "CrNameRole":
        metadata["generateName"] = _object_name(cluster["metadata"]["name"])
    else:
        metadata["generateName"] = facts.HEADLESS_SERVICE_PREFIX
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "clusterIP": "None",
            "selector": {facts.HEADLESS_LABEL: cluster["metadata"]["name"]},
            "publishNotReadyAddresses": True,
            "ports": [{"name": "port", "port": 8888}],
        },
    }


def member_service(
    cluster: Json, role: Json, pod: str, app: Json, config: GlobalConfig
) -> Json | None:
    """The Service of one member; None when its role has no service with a port."""
    services = app_catalog.services_with_port(app, role["id"])
    if not services:
        return None
    labels = _cluster_labels(cluster) | {facts.ROLE_LABEL: role["id"]}
    labels |= (role.get("serviceLabels") or {}) | config.mapping("serviceLabels")
    annotations = _app_annotations(app) | (role.get("serviceAnnotations") or {})
    annotations |= config.mapping("serviceAnnotations")
    metadata = _metadata(cluster, labels, annotations)
    by_name = cluster["spec"]["namingScheme"] == "CrNameRole"
    metadata["name"] = pod if by_name else facts.MEMBER_SERVICE_PREFIX + pod
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "selector": {facts.POD_NAME_LABEL: pod},
            "type": cluster["spec"]["serviceType"],
            "publishNotReadyAddresses": True,
            "ports": [
                {"name": _port_name(service), "port": app_catalog.port_of(service)}
                for service in services
            ],
        },
    }


def _port_name(service: Json) -> str:
    scheme = (service.get("endpoint") or {}).get("urlScheme") or "generic"
    return f"{scheme.lower()}-{service['id']}"


def _environment(role: Json, package: app_catalog.SetupPackage | None) -> list[Json]:
    environment = list(role.get("env") or [])
    if package is not None and package.new_layout:
        environment.append({"name": "PYTHONUSERBASE", "value": "/usr/local"})
    environment.append({"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"})
    return environment


def _container(role: Json, app: Json) -> Json:
    definition = app_catalog.role_of(app, role["id"]) or {}
    container: Json = {
        "name": facts.APP_CONTAINER,
        "image": definition["imageRepoTag"],
        "resources": role.get("resources") or {},
        "ports": [
            {"containerPort": app_catalog.port_of(service), "name": service["id"]}
            for service in app_catalog.services_with_port(app, role["id"])
        ],
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in _TMPFS.items()],
        "env": _environment(role, app_catalog.setup_package(app, role["id"])),
    }
    if app["spec"].get("capabilities"):
        container["securityContext"] = {"capabilities": {"add": app["spec"]["capabilities"]}}
    return container


def stateful_set(
    cluster: Json, role: Json, known_name: str, app: Json, config: GlobalConfig
) -> Json:
    """The StatefulSet of a role, with no replicas yet.

    known_name is the name it had before, "" for one that the API server shall make up.
    """
    labels = _cluster_labels(cluster) | {
        facts.ROLE_LABEL: role["id"],
        facts.HEADLESS_LABEL: cluster["metadata"]["name"],
    }
    annotations = _app_annotations(app)
    pod_labels = labels | (role.get("podLabels") or {}) | config.mapping("podLabels")
    pod_annotations = annotations | (role.get("podAnnotations") or {})
    pod_annotations |= config.mapping("podAnnotations")
    metadata = _metadata(cluster, labels, annotations)
    if known_name:
        metadata["name"] = known_name
    elif cluster["spec"]["namingScheme"] == "CrNameRole":
        metadata["generateName"] = _object_name(f"{cluster['metadata']['name']}-{role['id']}") + "-"
    else:
        metadata["generateName"] = facts.STATEFUL_SET_PREFIX
    memory: Json = {"medium": "Memory", "sizeLimit": _TMPFS_LIMIT}
    pod: dict[str, Any] = {
        "automountServiceAccountToken": bool(role.get("serviceAccountName")),
        "containers": [_container(role, app)],
        "volumes": [{"name": name, "emptyDir": memory} for name in _TMPFS],
    }
    if role.get("serviceAccountName"):
        pod["serviceAccountName"] = role["serviceAccountName"]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata,
        "spec": {
            "podManagementPolicy": "Parallel",
            "replicas": 0,
            "serviceName": cluster["status"]["clusterService"],
            "selector": {"matchLabels": pod_labels},
            "template": {
                "metadata": {"labels": pod_labels, "annotations": pod_annotations},
                "spec": pod,
            },
        },
    }
