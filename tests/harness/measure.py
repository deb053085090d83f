# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One measured run of a program: time, CPU time, memory, and what it asked of the API server."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.harness.audit_log import AuditLog, Request
from tests.harness.benchmark_objects import Account

LONGEST_SECONDS = 1800


class RunFailedError(Exception):
    """A measured program ended non-zero; the message holds the end of its output."""


@dataclass(frozen=True)
class Measured:
    """One run.

    `seconds` by the clock; `cpu_seconds` of the process and all its children; `peak_mib` of the
    largest of these; `requests` from the audit log, None without one.
    """

    began: float
    seconds: float
    cpu_seconds: float
    peak_mib: float
    requests: int | None
    writes: int | None
    output: str

    def figures(self) -> dict[str, float | int | None]:
        """What goes into the report."""
        return {
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "peak_mib": round(self.peak_mib, 1),
            "requests": self.requests,
            "writes": self.writes,
        }


@dataclass(frozen=True)
class Meter:
    """Runs programs as one account and measures them."""

    account: Account
    audit_log: AuditLog | None
    environment: Mapping[str, str]

    def run(self, *command: str, stdin: str | None = None) -> Measured:
        """Run a program to its end; raises RunFailedError where it ends non-zero."""
        variables = {
            **self.environment,
            "KUBECONFIG": str(self.account.kubeconfig),
            "K8S_AUTH_KUBECONFIG": str(self.account.kubeconfig),
        }
        mark = self.audit_log.mark() if self.audit_log else 0
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as given:
            given.write((stdin or "").encode())
            given.seek(0)
            began, clock = time.time(), time.perf_counter()
            process = subprocess.Popen(
                command, env=variables, stdin=given, stdout=output, stderr=subprocess.STDOUT
            )
            _pid, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - clock
            # Popen must not wait for the process again.
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read().decode(errors="replace")
        if process.returncode != 0:
            raise RunFailedError(f"{command[0]} ended {process.returncode}: {text[-4000:]}")
        requests = self._requests(mark)
        return Measured(
            began=began,
            seconds=seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss / 1024,
            requests=None if requests is None else len(requests),
            writes=None if requests is None else sum(one.writes for one in requests),
            output=text,
        )

    def _requests(self, mark: int) -> list[Request] | None:
        return self.audit_log.since(mark, self.account.user) if self.audit_log else None
