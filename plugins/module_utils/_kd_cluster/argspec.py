# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_cluster's argument spec; options may also be spelled as in the manifest."""

from __future__ import annotations

import typing as t

from .._core.argument_spec import Secrecy

if t.TYPE_CHECKING:
    from .._core.argument_spec import ArgumentSpec, Option


# API spellings other than plain camel case.
_SPELLINGS = {"src_url": "srcURL"}


def api_spelling(option: str) -> str:
    """Spell an option as manifests do."""
    first, *more = option.split("_")
    return _SPELLINGS.get(option) or first + "".join(word.capitalize() for word in more)


def _also_spelled(options: ArgumentSpec) -> ArgumentSpec:
    return {
        name: {**option, "aliases": [api_spelling(name)]} if "_" in name else option
        for name, option in options.items()
    }


def _structure(options: ArgumentSpec, **more: t.Any) -> Option:
    return {"type": "dict", "options": _also_spelled(options), **more}


def _list_of(options: ArgumentSpec, **more: t.Any) -> Option:
    return {**_structure(options, **more), "type": "list", "elements": "dict"}


_TEXT: Option = {"type": "str"}
_REQUIRED: Option = {"type": "str", "required": True}
_INT: Option = {"type": "int"}
_MAP: Option = {"type": "dict"}
_NAMES: Option = {"type": "list", "elements": "str"}
_READ_ONLY: Option = {"type": "bool"}
# A Secret's name is not secret.
_SECRET = _structure(
    {"name": _REQUIRED, "mount_path": _REQUIRED, "default_mode": _INT, "read_only": _READ_ONLY},
    no_log=False,
)

_ROLE: ArgumentSpec = {
    "id": _REQUIRED,
    "members": _INT,
    "resources": _structure({"limits": _MAP, "requests": _MAP}),
    "storage": _structure({"size": _REQUIRED, "storage_class_name": _TEXT}),
    "block_storage": _structure(
        {
            "storage_class_name": _REQUIRED,
            "path_prefix": _REQUIRED,
            "num_devices": {"type": "int", "required": True},
            "size": _TEXT,
        }
    ),
    "shared_memory": _TEXT,
    "env": _list_of({"name": _REQUIRED, "value": {"type": "raw", "required": True}}),
    "secret_keys": _list_of(
        {"name": _REQUIRED, "value": {**_REQUIRED, "no_log": True}}, no_log=False
    ),
    "secret": _SECRET,
    "service_account_name": _TEXT,
    "pod_labels": _MAP,
    "pod_annotations": _MAP,
    "service_labels": _MAP,
    "service_annotations": _MAP,
    "file_injections": _list_of(
        {
            "src_url": _REQUIRED,
            "dest_dir": _REQUIRED,
            "permissions": _structure(
                {"file_mode": _INT, "file_owner": _TEXT, "file_group": _TEXT}
            ),
        }
    ),
    "volume_projections": _list_of(
        {"pvc_name": _REQUIRED, "mount_path": _REQUIRED, "read_only": _READ_ONLY}
    ),
    "affinity": _MAP,
}

CLUSTER_ARGUMENTS: ArgumentSpec = {
    # Required, but a manifest may hold it.
    "name": {"type": "str", "aliases": ["kdcluster"]},
    "definition": _MAP,
    "src": _TEXT,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "force": {"type": "bool", "default": False},
    **_also_spelled(
        {
            "app": _TEXT,
            "app_catalog": {"type": "str", "choices": ["local", "system"]},
            "service_type": {"type": "str", "choices": ["ClusterIP", "NodePort", "LoadBalancer"]},
            "naming_scheme": {"type": "str", "choices": ["UID", "CrNameRole"]},
            "default_secret": _SECRET,
            "roles": _list_of(_ROLE),
            "connections": _structure(
                {"clusters": _NAMES, "configmaps": _NAMES, "secrets": {**_NAMES, "no_log": False}}
            ),
        }
    ),
    "labels": _MAP,
    "annotations": _MAP,
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}

CLUSTER_SECRECY = {
    "definition": Secrecy.SECRET,
    "roles.env": Secrecy.NAMED_CREDENTIALS,
}

# The action plugin replaces these.
ACTION_OPTIONS = ("definition", "src")
