# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubectl, bound to one cluster."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.sandbox.commands import attempt, run
from tests.sandbox.record import Record


class Kubectl:
    """Runs kubectl against the cluster of a record; time-outs are in seconds."""

    def __init__(self, record: Record) -> None:
        self._base = [record.kubectl, f"--kubeconfig={record.kubeconfig}"]
        if record.way != "given":
            self._base.append(f"--cache-dir={Path(record.kubeconfig).parent / 'kubectl-cache'}")

    def attempt(
        self, *words: str, timeout: float = 60, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it; the caller checks the exit code."""
        limit = f"--request-timeout={timeout:g}s"
        return attempt([*self._base, limit, *words], timeout=timeout + 10, stdin=stdin)

    def run(self, *words: str, timeout: float = 60, stdin: str | None = None) -> str:
        """Run it; raises SandboxError when it fails."""
        return run([*self._base, *words], timeout=timeout + 10, stdin=stdin)

    def items(self, *words: str, timeout: float = 60) -> list[dict[str, Any]]:
        """The objects that `kubectl get` lists."""
        listed = json.loads(self.run("get", *words, "-o=json", timeout=timeout))
        items: list[dict[str, Any]] = listed["items"]
        return items

    def apply(self, objects: list[dict[str, Any]]) -> None:
        """Apply objects on the server's side."""
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=document)
