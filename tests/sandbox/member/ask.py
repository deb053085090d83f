# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what the member's start script understood of its connections when it last ran."""

from __future__ import annotations

import sys
from pathlib import Path

UNDERSTOOD = Path("/var/lib/member/read.json")

try:
    sys.stdout.write(UNDERSTOOD.read_text())
except FileNotFoundError:
    sys.exit(f"The start script has not run in this member: there is no {UNDERSTOOD}.")
