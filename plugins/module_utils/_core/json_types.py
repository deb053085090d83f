# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON types of the API server and members. Pure."""

from __future__ import annotations

import typing as t

JsonObject = dict[str, t.Any]
# For what is only read.
JsonMapping = t.Mapping[str, t.Any]
