# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests of KDClusters, ConfigMaps and Secrets, as an API server returns them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    KDCluster,
    LiveObject,
    Snapshot,
    parse_kdcluster,
    parse_object,
)

JsonObject = dict[str, Any]
NAMESPACE = "team-a"
# Written out here on purpose: the code under test has its own.
TYPE_LABELS = {
    "ConfigMap": "kubedirector.hpe.com/cmType",
    "Secret": "kubedirector.hpe.com/secretType",
}


def encoded(text: str) -> str:
    """Base64 of a text's UTF-8."""
    return base64.b64encode(text.encode()).decode()


def member(
    pod: str,
    *,
    role: str = "controller",
    node_id: str = "1",
    state: str = "configured",
    config: int | None = 1,
    setup: int | None = 1,
    version: int | None = None,
    problem: str | None = None,
    scheduling_error: str | None = None,
    container: str = "containerd://abc",
) -> JsonObject:
    """One entry of status.roles[].members, with its role beside it."""
    detail: JsonObject = {"lastConfiguredContainer": container}
    if config is not None:
        detail["lastConfigDataGeneration"] = config
    if setup is not None:
        detail["lastSetupGeneration"] = setup
    if version is not None:
        detail["lastConnectionVersion"] = version
    if problem is not None:
        detail["configErrorDetail"] = problem
    if scheduling_error is not None:
        detail["schedulingErrorMessage"] = scheduling_error
    return {"pod": pod, "nodeID": node_id, "state": state, "stateDetail": detail, "_role": role}


def kdcluster_manifest(
    name: str,
    *,
    clusters: Sequence[str] = (),
    configmaps: Sequence[str] = (),
    secrets: Sequence[str] = (),
    connections: JsonObject | None = None,
    no_connections: bool = False,
    app: str = "notebook-app",
    app_catalog: str | None = None,
    state: str = "configured",
    generation: int | None = 1,
    stored_hash: str = "",
    members: Iterable[JsonObject] = (),
    uid: str | None = None,
    labels: Mapping[str, str] | None = None,
    resource_version: str = "1",
    secret_keys: Sequence[str] = (),
) -> JsonObject:
    """A KubeDirectorCluster.

    :param connections: spec.connections itself, in place of the three lists.
    :param no_connections: leave spec.connections out.
    """
    spec: JsonObject = {"app": app}
    if app_catalog is not None:
        spec["appCatalog"] = app_catalog
    if not no_connections:
        spec["connections"] = (
            connections
            if connections is not None
            else {
                "clusters": list(clusters),
                "configmaps": list(configmaps),
                "secrets": list(secrets),
            }
        )
    if secret_keys:
        keys = [{"name": key, "encryptedValue": "QXZJKV"} for key in secret_keys]
        spec["roles"] = [{"id": "controller", "secretKeys": keys}, {"id": "worker"}]
    roles: dict[str, list[JsonObject]] = {}
    for entry in members:
        shown = dict(entry)
        roles.setdefault(shown.pop("_role"), []).append(shown)
    status: JsonObject = {
        "state": state,
        "lastConnectionHash": stored_hash,
        "roles": [{"id": role, "members": found} for role, found in roles.items()],
    }
    if generation is not None:
        status["specGenerationToProcess"] = generation
    metadata: JsonObject = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": uid if uid is not None else f"uid-{name}",
        "resourceVersion": resource_version,
    }
    if labels:
        metadata["labels"] = dict(labels)
    return {"metadata": metadata, "spec": spec, "status": status}


def object_manifest(
    kind: str,
    name: str,
    *,
    object_type: str | None = "model",
    data: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    resource_version: str = "7",
) -> JsonObject:
    """A ConfigMap or Secret; a Secret's data in base64 already."""
    metadata: JsonObject = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-{name}",
        "resourceVersion": resource_version,
        "labels": dict(labels or {}),
    }
    if object_type is not None:
        metadata["labels"][TYPE_LABELS[kind]] = object_type
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"kind": kind, "metadata": metadata, "data": dict(data or {})}


def snapshot_of(
    clusters: Iterable[JsonObject] = (),
    objects: Mapping[tuple[str, str], JsonObject | None] | None = None,
    *,
    apps: Iterable[str] | None = ("notebook-app",),
) -> Snapshot:
    """A snapshot read from manifests, each object with its data."""
    found: dict[str, KDCluster] = {}
    for manifest in clusters:
        cluster = parse_kdcluster(manifest)
        found[cluster.name] = cluster
    read: dict[tuple[str, str], LiveObject | None] = {
        (kind, name): (None if manifest is None else parse_object(kind, manifest, with_data=True))
        for (kind, name), manifest in (objects or {}).items()
    }
    return Snapshot(
        namespace=NAMESPACE,
        clusters=found,
        objects=read,
        apps=None if apps is None else frozenset(apps),
    )


def task(**options: Any) -> JsonObject:
    """The options of a kd_connection task, with the module's defaults."""
    return {
        "namespace": None,
        "kdcluster": None,
        "configmaps": None,
        "secrets": None,
        "clusters": None,
        "state": "present",
        "exclusive": False,
        "delete_objects": False,
        "wait": True,
        "wait_timeout": 300,
        "on_reconnect_failure": "warn",
        **options,
    }


def managed_by(manager: str, seconds: int, *path: str, **more: Any) -> JsonObject:
    """An entry of metadata.managedFields: who wrote the field at `path`, at which second."""
    fields: JsonObject = {}
    for key in reversed(path):
        fields = {key: fields}
    time = f"2026-01-01T00:00:{seconds:02}Z"
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields, **more}
