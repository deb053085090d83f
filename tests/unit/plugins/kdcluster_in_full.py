# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A KDCluster with every field that kd_cluster knows: as options, and as the API has it, by hand."""

from __future__ import annotations

import copy
from typing import Any

from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import MARK
from tests.unit.plugins.namespace_server import Namespace

AFFINITY: JsonObject = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "gpu", "operator": "In", "values": ["yes"]}]}
            ]
        }
    }
}
OPTIONS: JsonObject = {
    "name": "lab",
    "app": "notebook-app",
    "app_catalog": "local",
    "service_type": "NodePort",
    "naming_scheme": "CrNameRole",
    "default_secret": {
        "name": "tls", "mount_path": "/etc/tls", "default_mode": 288, "read_only": True,
    },
    "roles": [
        {
            "id": "controller",
            "members": 2,
            "resources": {
                "limits": {"memory": "4Gi", "cpu": 2, "nvidia.com/gpu": 1},
                "requests": {"memory": "1Gi", "cpu": "500m"},
            },
            "storage": {"size": "20Gi", "storage_class_name": "fast"},
            "block_storage": {
                "storage_class_name": "raw", "path_prefix": "/dev/kd", "num_devices": 3,
                "size": "5Gi",
            },
            "shared_memory": "1Gi",
            "env": [{"name": "THREADS", "value": 4}, {"name": "DEBUG", "value": True}],
            "secret_keys": [{"name": "rest-password", "value": MARK}],
            "secret": {
                "name": "keys", "mount_path": "/etc/keys", "default_mode": 256, "read_only": False,
            },
            "service_account_name": "runner",
            "pod_labels": {"Tier": 1},
            "pod_annotations": {"example.com/Pod": "p"},
            "service_labels": {"exposed": True},
            "service_annotations": {"example.com/lb": "internal"},
            "file_injections": [
                {
                    "src_url": "https://files.example.com/a.py",
                    "dest_dir": "/opt/files",
                    "permissions": {"file_mode": 493, "file_owner": "root", "file_group": "staff"},
                },
                {"src_url": "https://files.example.com/b.py", "dest_dir": "/opt"},
            ],
            "volume_projections": [
                {"pvc_name": "data", "mount_path": "/data", "read_only": True},
                {"pvc_name": "more", "mount_path": "/more"},
            ],
            "affinity": AFFINITY,
        }
    ],
    "connections": {"clusters": ["engine"], "configmaps": ["model"], "secrets": ["token"]},
    "labels": {"team": "a", "cost-centre": 7},
    "annotations": {"example.com/note": "made by hand"},
}  # fmt: skip
# The same as KubeDirector's CRD spells it.
ROLE: JsonObject = {
    "id": "controller",
    "members": 2,
    "resources": {
        "limits": {"memory": "4Gi", "cpu": "2", "nvidia.com/gpu": "1"},
        "requests": {"memory": "1Gi", "cpu": "500m"},
    },
    "storage": {"size": "20Gi", "storageClassName": "fast"},
    "blockStorage": {
        "storageClassName": "raw", "pathPrefix": "/dev/kd", "numDevices": 3, "size": "5Gi",
    },
    "sharedMemory": "1Gi",
    "env": [{"name": "THREADS", "value": "4"}, {"name": "DEBUG", "value": "true"}],
    "secretKeys": [{"name": "rest-password", "value": MARK}],
    "secret": {"name": "keys", "mountPath": "/etc/keys", "defaultMode": 256, "readOnly": False},
    "serviceAccountName": "runner",
    "podLabels": {"Tier": "1"},
    "podAnnotations": {"example.com/Pod": "p"},
    "serviceLabels": {"exposed": "true"},
    "serviceAnnotations": {"example.com/lb": "internal"},
    "fileInjections": [
        {
            "srcURL": "https://files.example.com/a.py",
            "destDir": "/opt/files",
            "permissions": {"fileMode": 493, "fileOwner": "root", "fileGroup": "staff"},
        },
        {"srcURL": "https://files.example.com/b.py", "destDir": "/opt"},
    ],
    "volumeProjections": [
        {"pvcName": "data", "mountPath": "/data", "readOnly": True},
        {"pvcName": "more", "mountPath": "/more"},
    ],
    "affinity": AFFINITY,
}  # fmt: skip
MANIFEST: JsonObject = {
    "apiVersion": "kubedirector.hpe.com/v1beta1",
    "kind": "KubeDirectorCluster",
    "metadata": {
        "name": "lab",
        "namespace": "team-a",
        "labels": {"team": "a", "cost-centre": "7"},
        "annotations": {"example.com/note": "made by hand"},
    },
    "spec": {
        "app": "notebook-app",
        "appCatalog": "local",
        "serviceType": "NodePort",
        "namingScheme": "CrNameRole",
        "defaultSecret": {
            "name": "tls", "mountPath": "/etc/tls", "defaultMode": 288, "readOnly": True,
        },
        "roles": [ROLE],
        "connections": {"clusters": ["engine"], "configmaps": ["model"], "secrets": ["token"]},
    },
}  # fmt: skip
# As the operator stores it, without members, so that every field may change. The operator keeps no plain
# value of a secret key.
STORED_ROLE: JsonObject = {
    **ROLE,
    "members": 0,
    "secretKeys": [{"name": "rest-password", "encryptedValue": "0123abcd"}],
}


def add_in_full(space: Namespace) -> None:
    """Add it as the operator stores it."""
    space.add_kdcluster("lab")
    found = space.kdcluster("lab")
    made = copy.deepcopy({**MANIFEST, "spec": {**MANIFEST["spec"], "roles": [STORED_ROLE]}})
    found["metadata"].update(made["metadata"])
    found["spec"] = made["spec"]
    found["status"]["lastConnectionHash"] = space.hash_of(found)


def option_names(arguments: Any) -> set[str]:
    """The names of an argument spec, those of suboptions with their path."""
    names: set[str] = set()
    for name, spec in arguments.items():
        names |= {name, *(f"{name}.{inner}" for inner in option_names(spec.get("options", {})))}
    return names


def given_names(arguments: Any, options: Any) -> set[str]:
    """The names of those options that are given at least once."""
    names: set[str] = set()
    for name, value in options.items():
        names.add(name)
        inner = arguments[name].get("options")
        if inner:
            for one in value if isinstance(value, list) else [value]:
                names |= {f"{name}.{found}" for found in given_names(inner, one)}
    return names
