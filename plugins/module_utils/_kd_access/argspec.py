# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_access's options as an argument spec."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._core.argument_spec import ArgumentSpec

ACCESS_ARGUMENTS: ArgumentSpec = {
    "name": {"type": "str", "default": "kd-connections"},
    "manage_kdclusters": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
