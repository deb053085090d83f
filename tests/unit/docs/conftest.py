# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that tests of modules have, too."""

from __future__ import annotations

from tests.unit.plugins.clients import server
from tests.unit.plugins.conftest import no_pauses
from tests.unit.plugins.module_runs import plain_run, run, space
from tests.unit.plugins.rotation_runs import members

__all__ = ["members", "no_pauses", "plain_run", "run", "server", "space"]
