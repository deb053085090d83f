# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the kernel's list of mounts."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.mounts import parse_mount_points

MOUNTINFO = """\
22 1 0:20 / /proc rw,nosuid - proc proc rw
31 1 0:30 / /state/with\\040space/a rw shared:1 - tmpfs tmpfs rw
"""


def test_mount_points_with_their_spaces() -> None:
    assert parse_mount_points(MOUNTINFO) == [Path("/proc"), Path("/state/with space/a")]
