# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts below a folder of ours, as the kernel lists them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.sandbox.commands import attempt
from tests.sandbox.errors import SandboxError

_MOUNTS = Path("/proc/self/mountinfo")
_TIMEOUT = 30.0


def parse_mount_points(mountinfo: str) -> list[Path]:
    """The mount points in the text of /proc/self/mountinfo, in the order of mounting."""

    def unescape(field: str) -> str:
        return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)

    return [Path(unescape(line.split()[4])) for line in mountinfo.splitlines() if line]


def mounts_below(folder: Path) -> list[Path]:
    """What is mounted on or below a folder, the last mounted first."""
    points = parse_mount_points(_MOUNTS.read_text())
    return [point for point in reversed(points) if point.is_relative_to(folder)]


def unmount_below(folder: Path) -> None:
    """Unmount all that is mounted on or below a folder.

    Raises SandboxError when something stays mounted: what is below may not be deleted then.
    """
    for lazily in (False, True):
        for point in mounts_below(folder):
            attempt(["umount", *(["--lazy"] if lazily else []), point], timeout=_TIMEOUT)
        if not mounts_below(folder):
            return
    left = mounts_below(folder)[0]
    raise SandboxError(f"{left} cannot be unmounted: unmount it, then run `down` again.")
