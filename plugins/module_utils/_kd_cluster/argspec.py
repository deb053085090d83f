# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_cluster's options as an argument spec; each may also be written as the manifest spells it."""

from __future__ import annotations

import typing as t

from .._core.secrecy import Secrecy

if t.TYPE_CHECKING:
    from .._core.secrecy import ArgumentSpec, Option


def _text(**more: t.Any) -> Option:
    return {"type": "str", **more}


def _map(*aliases: str) -> Option:
    return {"type": "dict", **({"aliases": list(aliases)} if aliases else {})}


def _structure(options: ArgumentSpec, *aliases: str, **more: t.Any) -> Option:
    return {**_map(*aliases), **more, "options": options}


def _list_of(options: ArgumentSpec, *aliases: str, **more: t.Any) -> Option:
    return {**_structure(options, *aliases, **more), "type": "list", "elements": "dict"}


_NAME = _text(required=True)
_SIZE = _text(required=True)
_MOUNT_PATH = _text(required=True, aliases=["mountPath"])
_READ_ONLY: Option = {"type": "bool", "aliases": ["readOnly"]}
# These hold a Secret's name, which is none.
_SECRET: ArgumentSpec = {
    "name": _NAME,
    "mount_path": _MOUNT_PATH,
    "default_mode": {"type": "int", "aliases": ["defaultMode"]},
    "read_only": _READ_ONLY,
}
_NAMES: Option = {"type": "list", "elements": "str"}

_ROLE: ArgumentSpec = {
    "id": _text(required=True),
    "members": {"type": "int"},
    "resources": _structure({"limits": _map(), "requests": _map()}),
    "storage": _structure(
        {"size": _SIZE, "storage_class_name": _text(aliases=["storageClassName"])}
    ),
    "block_storage": _structure(
        {
            "storage_class_name": _text(required=True, aliases=["storageClassName"]),
            "path_prefix": _text(required=True, aliases=["pathPrefix"]),
            "num_devices": {"type": "int", "required": True, "aliases": ["numDevices"]},
            "size": _text(),
        },
        "blockStorage",
    ),
    "shared_memory": _text(aliases=["sharedMemory"]),
    "env": _list_of({"name": _NAME, "value": {"type": "raw", "required": True}}),
    "secret_keys": _list_of(
        {"name": _NAME, "value": _text(required=True, no_log=True)}, "secretKeys", no_log=False
    ),
    "secret": _structure(_SECRET, no_log=False),
    "service_account_name": _text(aliases=["serviceAccountName"]),
    "pod_labels": _map("podLabels"),
    "pod_annotations": _map("podAnnotations"),
    "service_labels": _map("serviceLabels"),
    "service_annotations": _map("serviceAnnotations"),
    "file_injections": _list_of(
        {
            "src_url": _text(required=True, aliases=["srcURL"]),
            "dest_dir": _text(required=True, aliases=["destDir"]),
            "permissions": _structure(
                {
                    "file_mode": {"type": "int", "aliases": ["fileMode"]},
                    "file_owner": _text(aliases=["fileOwner"]),
                    "file_group": _text(aliases=["fileGroup"]),
                }
            ),
        },
        "fileInjections",
    ),
    "volume_projections": _list_of(
        {
            "pvc_name": _text(required=True, aliases=["pvcName"]),
            "mount_path": _MOUNT_PATH,
            "read_only": _READ_ONLY,
        },
        "volumeProjections",
    ),
    "affinity": _map(),
}

CLUSTER_ARGUMENTS: ArgumentSpec = {
    # Needed, but a manifest may hold it.
    "name": _text(aliases=["kdcluster"]),
    "definition": _map(),
    "src": _text(),
    "state": _text(choices=["present", "absent"], default="present"),
    "force": {"type": "bool", "default": False},
    "app": _text(),
    "app_catalog": _text(choices=["local", "system"], aliases=["appCatalog"]),
    "service_type": _text(
        choices=["ClusterIP", "NodePort", "LoadBalancer"], aliases=["serviceType"]
    ),
    "naming_scheme": _text(choices=["UID", "CrNameRole"], aliases=["namingScheme"]),
    "default_secret": _structure(_SECRET, "defaultSecret", no_log=False),
    "roles": _list_of(_ROLE),
    "connections": _structure(
        {"clusters": _NAMES, "configmaps": _NAMES, "secrets": {**_NAMES, "no_log": False}}
    ),
    "labels": _map(),
    "annotations": _map(),
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}

CLUSTER_SECRECY = {
    "definition": Secrecy.SECRET,
    "roles.env": Secrecy.NAMED_CREDENTIALS,
}

# The action plugin puts others in place of these.
ACTION_OPTIONS = ("definition", "src")
