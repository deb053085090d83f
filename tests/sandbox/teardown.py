# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop a node of ours and remove every trace of it. Safe to run on half a node, and twice."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox import cgroups, network
from tests.sandbox.commands import attempt
from tests.sandbox.errors import SandboxError
from tests.sandbox.host_settings import restore_host_settings
from tests.sandbox.mounts import mounts_below, unmount_below
from tests.sandbox.node_files import containerd_socket
from tests.sandbox.processes import ProcessTable, Started, alive, end_processes, identify
from tests.sandbox.record import Record
from tests.sandbox.settings import Settings

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

_CONTROL_PLANE = ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")
_CNI_RESULTS = Path("/var/lib/cni/results")
_LOG_LINKS = Path("/var/log/containers")
_SHIM_SOCKETS = Path("/run/containerd/s")


def tear_down(settings: Settings, record: Record | None, progress: Progress) -> None:
    """End the processes and containers, then remove mounts, bridge, cgroups and the state folder.

    Raises SandboxError, and leaves the state folder for a second try, when something resists.
    """
    state = settings.state
    table = ProcessTable(state)
    with progress.step("Stopping operator, kubelet and control plane"):
        # The kubelet first: it would start again the containers that are ended below.
        table.stop(["operator", "api-relay", "kubelet"], grace=3)
        table.stop(_CONTROL_PLANE, grace=1)
    with progress.step("Stopping containers and containerd"):
        _end_containers(table, state)
        table.stop(["containerd"], grace=10)
        _end_shims(state)
    _require_all_ended(table)
    with progress.step("Removing mounts, bridge, cgroups and the state folder"):
        unmount_below(state)
        if record is None or record.way == "node":
            network.remove_bridge(settings.bridge)
            cgroups.remove_containers(bundle.name for bundle in _bundles(state))
            _remove_strays(settings)
            restore_host_settings(settings)
        if mounts_below(state):
            raise SandboxError(f"Something is still mounted below {state}; run `down` again.")
        shutil.rmtree(state)


def _require_all_ended(table: ProcessTable) -> None:
    left = [process for process in table.all() if alive(process)]
    end_processes(left, grace=3)


def _end_containers(table: ProcessTable, state: Path) -> None:
    """Let containerd itself delete its tasks, which removes their cgroups and mounts too."""
    containerd = table.get("containerd")
    if containerd is None or not alive(containerd):
        return
    ctr = ["ctr", "-a", str(containerd_socket(state)), "-n", "k8s.io"]
    listed = attempt([*ctr, "tasks", "ls", "-q"], timeout=30)
    tasks = listed.stdout.split()
    if tasks:
        # What this leaves is ended below through its shims.
        attempt([*ctr, "tasks", "delete", "--force", *tasks], timeout=180)


def _shims(state: Path) -> list[Started]:
    """The containerd shims that serve our socket, recognised by their command line."""
    ours = []
    address = str(containerd_socket(state)).encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith(b"containerd-shim-runc-v2") and address in words:
            shim = identify(f"shim {folder.name}", int(folder.name))
            if shim is not None:
                ours.append(shim)
    return ours


def _children(pid: int) -> Iterator[int]:
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, file.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue


def _end_shims(state: Path) -> None:
    """End the shims that are left and the first processes of their containers."""
    shims = _shims(state)
    for shim in shims:
        for child in _children(shim.pid):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
    end_processes(shims, grace=1)


def _bundles(state: Path) -> list[Path]:
    """The folders, called after their containers, of tasks that containerd has not deleted."""
    return list((state / "containerd" / "state").glob("*.task/k8s.io/*"))


def _remove_strays(settings: Settings) -> None:
    """Remove the few files that containerd, CNI and the kubelet keep in fixed places."""
    for result in _CNI_RESULTS.glob(f"{settings.bridge}-*"):
        container = result.name.removeprefix(f"{settings.bridge}-").rpartition("-")[0]
        (_CNI_RESULTS / f"cni-loopback-{container}-lo").unlink(missing_ok=True)
        result.unlink()
    for link in _LOG_LINKS.glob("*"):
        if link.is_symlink() and Path(os.readlink(link)).is_relative_to(settings.state):
            link.unlink()
    for bundle in _bundles(settings.state):
        if not (bundle / "address").exists():
            continue
        socket = Path((bundle / "address").read_text().strip().removeprefix("unix://"))
        if socket.is_relative_to(_SHIM_SOCKETS):
            socket.unlink(missing_ok=True)


def keep_logs(settings: Settings) -> Path:
    """Copy the logs of a start that failed to where `down` leaves them.

    Returns that folder; the logs of the failure before are replaced.
    """
    kept = settings.failed_logs
    if kept.exists():
        shutil.rmtree(kept)
    logs = settings.state / "logs"
    if logs.is_dir():
        shutil.copytree(logs, kept)
    return kept
