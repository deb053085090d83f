# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the collection's playbooks as a user does."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.runner.paths import NEWEST, ROOT, suite_environment
from tests.runner.tree import link

_CHANGED = re.compile(r"\bchanged=(\d+)")


class PlaybookFailed(Exception):
    """ansible-playbook ended non-zero; the message is what it printed."""


def run_playbook(name: str, variables: Sequence[Path], kubeconfig: Path) -> int:
    """Run kubedirector.connections.<name> and return how many tasks changed something.

    Raises PlaybookFailed.
    """
    link()
    environment = {**suite_environment(NEWEST), "K8S_AUTH_KUBECONFIG": str(kubeconfig)}
    done = subprocess.run(
        command(name, variables),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    changed = _CHANGED.search(done.stdout)
    if done.returncode != 0 or changed is None:
        raise PlaybookFailed((done.stdout + done.stderr).strip())
    return int(changed[1])


def command(name: str, variables: Sequence[Path]) -> list[str]:
    """The command line of one playbook, as a user would type it in the repository."""
    files = [word for path in variables for word in ("-e", f"@{os.path.relpath(path, ROOT)}")]
    return ["ansible-playbook", f"kubedirector.connections.{name}", *files]
