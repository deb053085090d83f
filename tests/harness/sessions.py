# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terminal sessions in the documentation: a command after each `$`, and what it printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from tests.harness.documentation import marked_blocks
from tests.harness.kubectl import Kubectl
from tests.harness.playbook import run_playbook

_DOCUMENTED = "team-a"
# What differs from run to run, as the pages write it.
_VARIES = (
    (re.compile(r"^eyJ[\w.-]+$", re.MULTILINE), "eyJhbGciOi..."),
    (re.compile(r"\b\d+s$", re.MULTILINE), "12s"),
    (re.compile(r" \*+$", re.MULTILINE), ""),
    (re.compile(r" +$", re.MULTILINE), ""),
)


def session(page: str, name: str) -> str:
    """A session of a page."""
    return marked_blocks(page, "console")[name]


def replayed(text: str, namespace: str, kubectl: Kubectl, folder: Path) -> str:
    """Run the commands of a session in a folder and in a namespace, and write the session as it is now.

    AssertionError where a command fails, or is neither kubectl nor ansible-playbook.
    """
    lines: list[str] = []
    for command in re.findall(r"^\$ (.+)$", text, re.MULTILINE):
        program, *words = shlex.split(command.replace(_DOCUMENTED, namespace), comments=True)
        printed = _PROGRAMS[program](words, kubectl, folder)
        for pattern, written in _VARIES:
            printed = pattern.sub(written, printed)
        lines += [f"$ {command}", printed.replace(namespace, _DOCUMENTED).strip("\n")]
    return "\n".join(lines) + "\n"


def _kubectl(words: list[str], kubectl: Kubectl, folder: Path) -> str:
    return kubectl.ok(*(str(folder / word) if word.endswith(".yml") else word for word in words))


def _playbook(words: list[str], kubectl: Kubectl, folder: Path) -> str:
    (name, *given) = (f"@{folder / word[1:]}" if word.startswith("@") else word for word in words)
    done = run_playbook(name, *given, kubeconfig=kubectl.kubeconfig)
    assert done.returncode == 0, done.output
    return done.output


_PROGRAMS: dict[str, Callable[[list[str], Kubectl, Path], str]] = {
    "kubectl": _kubectl,
    "ansible-playbook": _playbook,
}
