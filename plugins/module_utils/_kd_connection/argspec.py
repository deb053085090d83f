# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_connection's options as an argument spec: for the module, and for the check of a whole list of them."""

from __future__ import annotations

import typing as t

from .._core.secrecy import Secrecy
from .._reconcile.desired import is_plain_name

Option = dict[str, t.Any]

_OBJECT: dict[str, Option] = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str"},
    "labels": {"type": "dict"},
    "annotations": {"type": "dict"},
    "versioned": {"type": "bool", "default": False},
}

CONNECTION_ARGUMENTS: dict[str, Option] = {
    "kdcluster": {"type": "list", "elements": "str", "aliases": ["kdclusters"]},
    "configmaps": {
        "type": "list",
        "elements": "dict",
        "options": {**_OBJECT, "data": {"type": "dict"}},
    },
    "secrets": {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": {
            **_OBJECT,
            "data": {"type": "dict", "no_log": True},
            "string_data": {"type": "dict", "no_log": True, "aliases": ["stringData"]},
            "secret_type": {"type": "str", "no_log": False},
        },
    },
    "clusters": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "exclusive": {"type": "bool", "default": False},
    "delete_objects": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    "on_reconnect_failure": {
        "type": "str",
        "choices": ["warn", "fail", "ignore"],
        "default": "warn",
    },
}

CONNECTION_SECRECY = {
    "configmaps.data": Secrecy.CREDENTIALS,
    "configmaps.annotations": Secrecy.CREDENTIALS,
    # kubectl apply keeps a copy of the values in one.
    "secrets.annotations": Secrecy.SECRET,
}


def with_named_objects(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Write plain names in configmaps and secrets as entries: git-login -> {name: git-login}.

    Text outside of a list stays what it is and is refused without being shown: it may be a secret in the wrong
    place. So is text that cannot be a name.
    """
    prepared = dict(params)
    for option in ("configmaps", "secrets"):
        entries = prepared.get(option)
        if isinstance(entries, list):
            prepared[option] = [
                {"name": entry} if isinstance(entry, str) and is_plain_name(entry) else entry
                for entry in entries
            ]
    return prepared
