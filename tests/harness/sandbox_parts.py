# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop and restart parts of a sandbox.

The sandbox is known by what lies beside its kubeconfig, as any suite is given only that.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.kubectl import Kubectl, wait_until
from tests.sandbox.processes import ProcessTable, Started

OPERATOR, API_SERVER = "operator", "kube-apiserver"
READY_SECONDS = 120.0


@dataclass(frozen=True)
class SandboxParts:
    """The processes of the sandbox to which a kubectl belongs, if it is one."""

    kubectl: Kubectl

    @property
    def _table(self) -> ProcessTable:
        return ProcessTable(self.kubectl.kubeconfig.parent)

    def _process(self, name: str) -> Started | None:
        pids: Path = self.kubectl.kubeconfig.parent / "pids"
        return self._table.get(name) if pids.is_dir() else None

    @property
    def has_operator(self) -> bool:
        """Whether its operator is a process of this machine: the simulator."""
        return self._process(OPERATOR) is not None

    @property
    def has_api_server(self) -> bool:
        """Whether its API server is a process of this machine."""
        return self._process(API_SERVER) is not None

    @contextmanager
    def hanging_operator(self) -> Iterator[None]:
        """Stop the simulator: its process exists, but does not work or answer."""
        process = self._process(OPERATOR)
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process.pid, signal.SIGCONT)

    def restart_api_server(self) -> None:
        """End the API server and start it again; returns once it is ready. DeadlineError else.

        Requests that are still open after 5 s, commands in members among them, are cut off.
        """
        self._table.restart(API_SERVER, grace=5)
        wait_until(
            "the API server is ready again",
            lambda: self.kubectl.run("get", "--raw=/readyz").returncode == 0,
            seconds=READY_SECONDS,
        )
