# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks as a user does, in the environment that runs the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
    variables = {**os.environ, "ANSIBLE_NOCOLOR": "1", **environment}
    if kubeconfig is not None:
        variables["K8S_AUTH_KUBECONFIG"] = str(kubeconfig)
    program = Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [str(program), str(playbook), *arguments],
        env=variables,
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
