# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_configmeta_info's options as an argument spec."""

from __future__ import annotations

import typing as t

from .._kubedirector.selection import SELECTION_ARGUMENTS

if t.TYPE_CHECKING:
    from .._core.argument_spec import ArgumentSpec

CONFIGMETA_INFO_ARGUMENTS: ArgumentSpec = {
    "kdcluster": {"type": "list", "elements": "str", "aliases": ["kdclusters"]},
    **SELECTION_ARGUMENTS,
    "roles": {"type": "list", "elements": "str"},
    "pods": {"type": "list", "elements": "str"},
    "fields": {"type": "list", "elements": "str"},
    "secrets": {
        "type": "str",
        "choices": ["masked", "encoded", "decoded"],
        "default": "masked",
        "no_log": False,
    },
    "resolve_refs": {"type": "bool", "default": False},
    "on_member_error": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
}
