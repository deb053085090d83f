# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_export_info's options as an argument spec."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._core.argument_spec import ArgumentSpec

EXPORT_INFO_ARGUMENTS: ArgumentSpec = {
    "found": {"type": "dict", "required": True},
    "configmap_data": {"type": "bool", "default": False},
    "clusters": {"type": "bool", "default": False},
    # Neither is secret.
    "secret_values": {"type": "bool", "default": False, "no_log": False},
    "directory": {"type": "str"},
}
