# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a play of the collection's tasks with ansible-playbook, as a user does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.harness.module_runner import clean_environment

FQCN = "kubedirector.connections"
PLAYBOOK_SECONDS = 300.0


@dataclass(frozen=True)
class PlayResult:
    """What ansible-playbook left: exit code, stdout and stderr, and each task's result."""

    returncode: int
    output: str
    results: list[dict[str, Any]]


def task(module: str, **arguments: Any) -> dict[str, Any]:
    """A task of the collection."""
    return {f"{FQCN}.{module}": arguments}


def run_play(
    folder: Path,
    tasks: Sequence[Mapping[str, Any]],
    *options: str,
    play: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> PlayResult:
    """Run tasks on localhost, each whatever became of those before; returns their results in order.

    `folder` takes the playbook and the results; `play` has further keywords of the play. The
    results are written by a task of their own, so that they are what a playbook would see.
    """
    results = folder / "results.json"
    results.unlink(missing_ok=True)
    listed = []
    for number, one in enumerate(tasks):
        listed.append(
            {**one, "name": f"task {number}", "register": f"r{number}", "ignore_errors": True}
        )
    names = ", ".join(f"r{number}" for number in range(len(tasks)))
    listed.append(
        {
            "name": "results",
            "ansible.builtin.copy":
                {"content": f"{{{{ [{names}] | to_json }}}}", "dest": str(results), "mode": "0600"},
            "check_mode": False,
            "diff": False,
            "no_log": True,
        }
    )  # fmt: skip
    playbook = folder / "play.yml"
    document = [{"hosts": "localhost", "gather_facts": False, **(play or {}), "tasks": listed}]
    playbook.write_text(yaml.safe_dump(document, sort_keys=False))
    temporary = folder / "ansible-tmp"
    done = subprocess.run(
        ["ansible-playbook", *options, str(playbook)],
        env={
            **clean_environment(),
            "ANSIBLE_LOCAL_TEMP": str(temporary),
            "ANSIBLE_REMOTE_TEMP": str(temporary),
            **(environment or {}),
        },
        capture_output=True,
        text=True,
        timeout=PLAYBOOK_SECONDS,
        check=False,
    )
    output = done.stdout + done.stderr
    assert results.is_file(), output
    return PlayResult(done.returncode, output, json.loads(results.read_text()))
