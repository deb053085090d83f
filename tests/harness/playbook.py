# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks as a user does, in the environment that runs the tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.harness.kubectl import wait_until

_RECAP = re.compile(r"\b(ok|changed|failed)=(\d+)")
PLAYBOOK_SECONDS = 600.0


@dataclass(frozen=True)
class PlaybookRun:
    """How a run ended: exit code, everything that it printed, and the recap's counts."""

    returncode: int
    output: str
    counts: Mapping[str, int]


def run_playbook(
    playbook: Path | str, *arguments: str, kubeconfig: Path | None, **environment: str
) -> PlaybookRun:
    """Run ansible-playbook; without an inventory among the arguments there is the implicit localhost.

    :param playbook: a file, or a collection's playbook by name.
    :param kubeconfig: given to the modules through the environment, unless None.
    :param environment: further variables.
    """
    done = subprocess.run(
        _command(playbook, arguments),
        env=_variables(kubeconfig, environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=PLAYBOOK_SECONDS,
    )
    output = done.stdout + done.stderr
    recap = done.stdout.rpartition("PLAY RECAP")[2]
    return PlaybookRun(
        done.returncode, output, {name: int(count) for name, count in _RECAP.findall(recap)}
    )


def kill_playbook(
    playbook: Path | str,
    *arguments: str,
    kubeconfig: Path,
    when: Callable[[], bool],
    seconds: float,
) -> None:
    """Run ansible-playbook, and kill it and its workers as soon as `when` says so.

    :raises DeadlineError: `when` did not say so within `seconds`.
    """
    process = subprocess.Popen(
        _command(playbook, arguments),
        env=_variables(kubeconfig, {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(f"the moment to kill {playbook}", when, seconds=seconds)
    finally:
        # Since ansible-core 2.19 a worker has a session of its own, and lives on without its parent.
        for pid in _family(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()


def _family(pid: int) -> list[int]:
    children = [
        int(child)
        for path in Path(f"/proc/{pid}/task").glob("*/children")
        for child in path.read_text().split()
    ]
    return [pid, *(one for child in children for one in _family(child))]


def _command(playbook: Path | str, arguments: Sequence[str]) -> list[str]:
    return [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), *arguments]


def _variables(kubeconfig: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    given = {} if kubeconfig is None else {"K8S_AUTH_KUBECONFIG": str(kubeconfig)}
    return {**os.environ, "ANSIBLE_NOCOLOR": "1", **environment, **given}
