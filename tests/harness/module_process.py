# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One module as a process of its own, without Ansible's controller around it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.harness.audit_log import AuditLog
from tests.harness.benchmark_objects import Account
from tests.harness.measure import Meter
from tests.runner.paths import NEWEST, suite_environment
from tests.runner.tree import link

_MODULES = "ansible_collections.kubedirector.connections.plugins.modules"
# Peak memory is the process's own: what the system reports to its parent may include the parent's.
_RUN = """
import re, runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = sys.stdin.buffer.read()
basic._ANSIBLE_PROFILE = "legacy"
try:
    runpy.run_module(sys.argv[1], run_name="__main__")
finally:
    print(*re.findall(r"VmHWM:.*kB", open("/proc/self/status").read()), flush=True)
"""
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True)
class ModuleRun:
    """One run: `requests` is None without an audit log."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    requests: int | None


def run_module(
    module: str, arguments: Mapping[str, Any], account: Account, audit_log: AuditLog | None
) -> ModuleRun:
    """Run a module of the collection; raises RunFailedError where it fails."""
    environment = {
        **suite_environment(NEWEST),
        "PYTHONPATH": str(link()),
    }
    measured = Meter(account, audit_log, environment).run(
        str(NEWEST.python_path()), "-c", _RUN, f"{_MODULES}.{module}",
        stdin=json.dumps({"ANSIBLE_MODULE_ARGS": dict(arguments)}),
    )  # fmt: skip
    peak = _PEAK.search(measured.output)
    assert peak is not None, measured.output
    return ModuleRun(
        measured.seconds, measured.cpu_seconds, int(peak.group(1)) / 1024, measured.requests
    )
