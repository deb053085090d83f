# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_rotate's argument spec."""

from __future__ import annotations

import typing as t

from .._kubedirector.selection import SELECTION_ARGUMENTS

if t.TYPE_CHECKING:
    from .._core.argument_spec import ArgumentSpec

ROTATE_ARGUMENTS: ArgumentSpec = {
    **SELECTION_ARGUMENTS,
    # A Secret's name is not secret.
    "secret": {"type": "str", "no_log": False},
    "configmap": {"type": "str"},
    "data": {"type": "dict", "no_log": True},
    "string_data": {"type": "dict", "no_log": True},
    "new_keys": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "restored"], "default": "present"},
    "on_reconnect_failure": {
        "type": "str",
        "choices": ["rollback", "warn", "ignore"],
        "default": "rollback",
    },
    "wait_timeout": {"type": "int", "default": 300},
}
