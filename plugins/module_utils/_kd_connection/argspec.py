# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_connection's options as an argument spec: for the module, and for the check of a whole list of them."""

from __future__ import annotations

import typing as t

Option = dict[str, t.Any]

_OBJECT: dict[str, Option] = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str"},
    "labels": {"type": "dict"},
    "annotations": {"type": "dict"},
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
            "string_data": {"type": "dict", "no_log": True},
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
