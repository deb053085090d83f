# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kubelet changes outside its own folders, restored when the last sandbox ends."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.sandbox import cgroups
from tests.sandbox.errors import SandboxError
from tests.sandbox.files import locked, write_private
from tests.sandbox.settings import Settings

# The kubelet writes these at its start, and its device manager has a fixed folder.
_KERNEL_SETTINGS = (
    Path("/proc/sys/kernel/panic"),
    Path("/proc/sys/kernel/panic_on_oops"),
    Path("/proc/sys/vm/overcommit_memory"),
    Path("/proc/sys/vm/panic_on_oom"),
)
# containerd, its shims and CNI use these whatever they are configured to.
_FOLDERS = (
    Path("/run/containerd"),
    Path("/var/lib/cni"),
    Path("/var/lib/containerd"),
    Path("/var/lib/kubelet"),
    Path("/var/log/containers"),
)
_DEVICE_MANAGER_FILES = (
    Path("/var/lib/kubelet/device-plugins/kubelet.sock"),
    Path("/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"),
)
# One for the whole machine, whatever cache a sandbox has; a boot clears the kernel's settings and this file.
_FILE = Path("/run/kubedirector-connections.json")
_LOCK = Path("/run/kubedirector-connections.lock")
_LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Noted:
    """The state folders of the sandboxes that run, and how things were before the first."""

    users: list[str]
    kernel: dict[str, str]
    absent: list[str]
    absent_cgroups: list[str]


def remember_host_settings(settings: Settings) -> None:
    """Note how things were before the first sandbox, and that this one depends on them."""
    with locked(_LOCK, timeout=_LOCK_SECONDS):
        noted = _read() or Noted(
            users=[],
            kernel={str(path): path.read_text().strip() for path in _KERNEL_SETTINGS},
            absent=[str(folder) for folder in _FOLDERS if not folder.exists()],
            absent_cgroups=[str(folder) for folder in cgroups.parents() if not folder.exists()],
        )
        _write(replace(noted, users=sorted({*noted.users, str(settings.state)})))


def restore_host_settings(settings: Settings) -> None:
    """Restore what was there before, unless another sandbox still runs."""
    with locked(_LOCK, timeout=_LOCK_SECONDS):
        noted = _read()
        if noted is None or str(settings.state) not in noted.users:
            return
        others = [user for user in noted.users if user != str(settings.state)]
        if others:
            _write(replace(noted, users=others))
            return
        for path, value in noted.kernel.items():
            if Path(path).read_text().strip() != value:
                Path(path).write_text(value)
        for file in _DEVICE_MANAGER_FILES:
            if str(file.parents[1]) in noted.absent:
                file.unlink(missing_ok=True)
        for folder in noted.absent:
            _remove_empty(Path(folder))
        for folder in noted.absent_cgroups:
            cgroups.remove(Path(folder))
        _FILE.unlink()


def _remove_empty(folder: Path) -> None:
    """Remove a folder and those in it, except those that are in use again."""
    for path, _folders, _files in os.walk(folder, topdown=False):
        if not any(Path(path).iterdir()):
            Path(path).rmdir()


def _read() -> Noted | None:
    try:
        return Noted(**json.loads(_FILE.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise SandboxError(f"{_FILE} cannot be read: {error}.") from error


def _write(noted: Noted) -> None:
    write_private(_FILE, json.dumps(asdict(noted), indent=2))
