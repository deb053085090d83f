# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kd_connection_info's options as an argument spec."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._core.argument_spec import ArgumentSpec, Option

_NAMES: Option = {"type": "list", "elements": "str"}

CONNECTION_INFO_ARGUMENTS: ArgumentSpec = {
    "namespace": _NAMES,
    "all_namespaces": {"type": "bool", "default": False},
    "kdcluster": {**_NAMES, "aliases": ["kdclusters"]},
    "label_selectors": _NAMES,
    "apps": _NAMES,
    "configmap": {"type": "str"},
    # The name of a Secret is not secret.
    "secret": {"type": "str", "no_log": False},
    "cluster": {"type": "str"},
    "members": {"type": "bool", "default": False},
    "summary": {"type": "bool", "default": False},
}
