# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cgroups that containerd makes for pods, in every hierarchy of this machine."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from tests.sandbox.commands import wait_until

_ROOT = Path("/sys/fs/cgroup")
# containerd puts each container's cgroup into one that has the name of its namespace.
_PARENT = "k8s.io"
_SECONDS = 10.0


def parents() -> list[Path]:
    """The folders, there or not, in which containerd makes its cgroups."""
    roots = [_ROOT, *(folder for folder in _ROOT.iterdir() if folder.is_dir())]
    return [root / _PARENT for root in roots]


def remove_containers(identifiers: Iterable[str]) -> None:
    """Remove the cgroups of containers that have ended; missing ones are fine."""
    for identifier in identifiers:
        for parent in parents():
            remove(parent / identifier)


def remove(cgroup: Path) -> None:
    """Remove one cgroup.

    Raises SandboxError when something still runs in it after 10 s: the kernel gives it free a
    moment after its last process has ended.
    """
    wait_until(
        partial(_removed, cgroup), timeout=_SECONDS, what=f"The cgroup {cgroup} was not free"
    )


def _removed(cgroup: Path) -> bool:
    try:
        cgroup.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
