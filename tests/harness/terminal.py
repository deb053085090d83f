# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The terminal session that the docs show: look around, plan, connect, read back."""

from __future__ import annotations

import re
from pathlib import Path

RECORDED = Path(__file__).with_name("recordings") / "terminal.txt"
NAMESPACE = "team-a"
# connect.yml is the playbook of README.md.
COMMANDS = (
    "ansible-playbook kubedirector.connections.overview -e '{kd_overview: {namespace: team-a}}'",
    "ansible-playbook connect.yml --check",
    "ansible-playbook connect.yml",
    "ansible-playbook kubedirector.connections.configmeta -e '{kd_configmeta: {namespace: team-a, "
    "kdcluster: [jupyter-notebook], fields: [connections]}}'",
)
# Tasks that only check print nothing else; what varies from run to run.
_QUIET = re.compile(r"^TASK \[.*\] \*+\nok: \[localhost\]\n\n", re.MULTILINE)
_RECAP = re.compile(r"^PLAY RECAP .*\n.*\n", re.MULTILINE)
_RANDOM = re.compile(r"(?<=-)[a-z0-9]{5}(?=-\d)")


def shown(output: str, namespace: str) -> str:
    """What a run printed, as if in team-a, without tasks that only check and without the recap."""
    text = _RECAP.sub("", _QUIET.sub("", output)).replace(namespace, NAMESPACE)
    text = _RANDOM.sub("x7k2p", text)
    return "".join(f"{line.rstrip()}\n" for line in text.strip().splitlines())


def session(outputs: list[str]) -> str:
    """The commands, each with what is shown of its output."""
    return "\n".join(
        f"$ {command}\n{output}" for command, output in zip(COMMANDS, outputs, strict=True)
    )
