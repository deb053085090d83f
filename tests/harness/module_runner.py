# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one module the way Ansible does, in a process of its own, and returns its JSON.

The processes are forked from one that has loaded the libraries and the collection already: loading
them takes longer than most tests.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

MODULES = "ansible_collections.kubedirector.connections.plugins.modules"
RUN_SECONDS = 420.0

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.integration.preloaded"])


@dataclass(frozen=True)
class ModuleResult:
    """What a module printed: its JSON result, and everything of stdout and stderr."""

    json: dict[str, Any]
    returncode: int
    output: str

    @property
    def failed(self) -> bool:
        """Whether the task failed."""
        return self.returncode != 0 or bool(self.json.get("failed"))

    @property
    def changed(self) -> bool:
        """The return value `changed`."""
        changed = self.json["changed"]
        assert isinstance(changed, bool)
        return changed

    @property
    def message(self) -> str:
        """The error's text; fails where the module did not fail, or failed with a traceback."""
        assert self.failed, self.json
        assert "Traceback" not in self.output, self.output
        return str(self.json["msg"])

    @property
    def warnings(self) -> list[str]:
        """All warnings, as text."""
        return [
            warning if isinstance(warning, str) else json.dumps(warning)
            for warning in self.json.get("warnings", [])
        ]

    @property
    def objects(self) -> dict[tuple[str, str], str]:
        """The action for each (kind, name) in `objects`."""
        return {(found["kind"], found["name"]): found["action"] for found in self.json["objects"]}

    @property
    def kdclusters(self) -> dict[str, dict[str, Any]]:
        """`kdclusters` by name."""
        return {found["name"]: found for found in self.json["kdclusters"]}


@dataclass(frozen=True)
class RunningModule:
    """A module that was started; `result` waits for it."""

    process: ForkServerProcess
    output: Path
    errors: Path

    def result(self, seconds: float = RUN_SECONDS) -> ModuleResult:
        """Return the result; raises AssertionError where there is none within `seconds`."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.kill()
            raise AssertionError(f"the module did not end within {seconds:g} s")
        stdout, stderr = self._printed()
        try:
            parsed = json.loads(stdout)
        except json.JSONDecodeError as error:
            text = f"the module printed no JSON but {stdout!r}, and {stderr}"
            raise AssertionError(text) from error
        return ModuleResult(parsed, self.process.exitcode, stdout + stderr)

    def kill(self) -> None:
        """End the module at once, as a machine does that runs out of memory."""
        self.process.kill()

    def was_killed(self, seconds: float = RUN_SECONDS) -> bool:
        """Wait for a module that may be killed; whether it was, or had ended before."""
        self.process.join(seconds)
        assert self.process.exitcode is not None, f"the module did not end within {seconds:g} s"
        self._printed()
        return self.process.exitcode == -signal.SIGKILL

    def _printed(self) -> tuple[str, str]:
        stdout, stderr = self.output.read_text(), self.errors.read_text()
        self.output.unlink()
        self.errors.unlink()
        return stdout, stderr


def start_module(
    module: str,
    arguments: Mapping[str, Any],
    *,
    check_mode: bool = False,
    diff: bool = False,
    environment: Mapping[str, str] | None = None,
) -> RunningModule:
    """Start a module of the collection.

    `environment` is added to a plain environment, in which nothing names a cluster.
    """
    output, errors = _empty_file(), _empty_file()
    internal = {"_ansible_check_mode": check_mode, "_ansible_diff": diff, "_ansible_verbosity": 3}
    payload = json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, **internal}})
    merged = {**clean_environment(), **(environment or {})}
    process = _context.Process(
        target=_run, args=(f"{MODULES}.{module}", payload, merged, str(output), str(errors))
    )
    process.start()
    return RunningModule(process, output, errors)


def _empty_file() -> Path:
    descriptor, path = tempfile.mkstemp()
    os.close(descriptor)
    return Path(path)


def clean_environment() -> dict[str, str]:
    """This process's environment without what could name a cluster or credentials."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "KUBECONFIG" and not name.startswith(("K8S_AUTH_", "KUBERNETES_"))
    }


def _run(module: str, payload: str, environment: dict[str, str], out: str, err: str) -> None:
    from ansible.module_utils import basic

    for descriptor, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    basic._ANSIBLE_ARGS = payload.encode()
    # The name of the module's JSON dialect, which ansible-core has since 2.19.
    basic._ANSIBLE_PROFILE = "legacy"
    runpy.run_module(module, run_name="__main__")
