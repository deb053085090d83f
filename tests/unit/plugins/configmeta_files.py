# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""configmeta.json as the operator writes it, built from its documented form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.unit.plugins.manifests import TYPE_LABELS, JsonObject, encoded

REFERENCE = "bdvlibrefkey"


def reference(*steps: str) -> JsonObject:
    """A pointer to another place of the file."""
    return {REFERENCE: list(steps)}


def connected_object(
    kind: str,
    name: str,
    data: Mapping[str, str],
    *,
    object_type: str = "model",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> JsonObject:
    """One entry of connections.configmaps or .secrets; in a Secret every string is base64."""
    text = encoded if kind == "Secret" else str
    all_labels = {TYPE_LABELS[kind]: object_type, **(labels or {})}
    return {
        "metadata": {"name": text(name)},
        "data": {key: text(value) for key, value in data.items()},
        "labels": {key: text(value) for key, value in all_labels.items()},
        "annotations": {key: text(value) for key, value in (annotations or {}).items()} or None,
    }


def role(
    node_ids: Sequence[str] = ("1",),
    *,
    role_id: str = "controller",
    secret_keys: Mapping[str, str] | None = None,
    token: str = "",
    prefix: Sequence[str] = (),
) -> JsonObject:
    """One role of nodegroup 1, with one service.

    :param prefix: the KDCluster's path in the file, with which its references begin.
    """
    content: JsonObject = {
        "node_ids": list(node_ids),
        "hostnames": [f"host-{node_id}" for node_id in node_ids],
        "fqdns": [f"host-{node_id}.example.com" for node_id in node_ids],
        "flavor": {"cores": "1"},
        "services": {
            "notebook": {
                "id": "notebook",
                "name": "Notebook",
                "endpoints": ["http://host-1.example.com:8888"],
                # The operator lets these point at the local KDCluster, even in a connected one.
                "hostnames": reference("nodegroups", "1", "roles", role_id, "hostnames"),
                "fqdns": reference(*prefix, "nodegroups", "1", "roles", role_id, "fqdns"),
                "authToken": token,
            }
        },
    }
    if secret_keys is not None:
        content["secret_keys"] = dict(secret_keys)
    return content


def configmeta(
    name: str = "jupyter-notebook",
    *,
    cluster_id: str = "uid-jupyter-notebook",
    roles: Mapping[str, JsonObject] | None = None,
    configmaps: Mapping[str, list[JsonObject]] | None = None,
    secrets: Mapping[str, list[JsonObject]] | None = None,
    clusters: Mapping[str, JsonObject] | None = None,
    node_id: str | None = "1",
    prefix: Sequence[str] = (),
) -> JsonObject:
    """One KDCluster's configmeta; a connected one has no node and null connections."""
    found: dict[str, Any] = dict(roles if roles is not None else {"controller": role()})
    nested = bool(prefix)
    return {
        "version": "9",
        "services": {
            "notebook": {
                "1": {
                    role_id: reference(
                        *prefix, "nodegroups", "1", "roles", role_id, "services", "notebook"
                    )
                    for role_id in found
                }
            }
        },
        "nodegroups": {
            "1": {
                "distro_id": f"local/{name}",
                "catalog_entry_version": "1",
                "config_metadata": {"impl": "1"},
                "roles": found,
            }
        },
        "distros": {f"local/{name}": {"1": reference(*prefix, "nodegroups", "1")}},
        "cluster": {
            "name": name,
            "isolated": False,
            "id": cluster_id,
            "config_metadata": {"1": reference(*prefix, "nodegroups", "1", "config_metadata")},
        },
        "node": None
        if nested
        else {
            "role_id": "controller",
            "nodegroup_id": "1",
            "id": node_id,
            "hostname": f"host-{node_id}",
            "domain": "headless.team-a.svc.cluster.local",
        },
        "connections": {
            "clusters": None if nested else dict(clusters or {}),
            "configmaps": None if nested else dict(configmaps or {}),
            "secrets": None if nested else dict(secrets or {}),
        },
    }


def connected_cluster(name: str, **parts: Any) -> JsonObject:
    """A KDCluster under connections.clusters."""
    return configmeta(
        name, cluster_id=f"uid-{name}", prefix=("connections", "clusters", name), **parts
    )
