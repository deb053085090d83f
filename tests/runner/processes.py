# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that a run has started, so that an interrupted run ends them all."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


class StoppedError(Exception):
    """The run was interrupted: nothing more is started."""


class Processes:
    """Runs programs in process groups of their own; safe to use from several threads."""

    def __init__(self) -> None:
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def run(
        self, command: Sequence[str], log: Path, folder: Path, environment: Mapping[str, str]
    ) -> int:
        """Run to the end with both outputs in `log`; return the exit code.

        Raises StoppedError after stop(), FileNotFoundError where the program is missing.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            with self._lock:
                if self._stopped:
                    raise StoppedError
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                self._running[process.pid] = process
            try:
                return process.wait()
            finally:
                with self._lock:
                    del self._running[process.pid]

    def stop(self) -> None:
        """Ask every running program and its children to end, and start no other."""
        with self._lock:
            self._stopped = True
            for process in self._running.values():
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
