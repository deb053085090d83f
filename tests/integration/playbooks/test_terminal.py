# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The terminal session in the docs is what a run prints."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from tests.harness import terminal
from tests.harness.documentation import marked_blocks
from tests.harness.examples import manifests_of
from tests.harness.kubectl import Kubectl
from tests.harness.playbook import run_playbook
from tests.harness.workspace import wait_configured
from tests.runner.paths import BUILD

THERE = ("training-notebook", "training-engine", "jupyter-notebook", "training-engine-tf")
SEEN = BUILD / "terminal.txt"


def test_the_session_is_what_a_run_prints(
    kubectl: Kubectl, new_namespace: Callable[[], str], tmp_path: Path
) -> None:
    namespace = new_namespace()
    found = {name: one for (_kind, name), one in manifests_of("3").items() if name in THERE}
    kubectl.create(*found.values(), namespace=namespace)
    wait_configured(kubectl, namespace, seconds=180)
    connect = tmp_path / "connect.yml"
    connect.write_text(marked_blocks("README.md")["connect"].replace(terminal.NAMESPACE, namespace))
    outputs = []
    for command in terminal.COMMANDS:
        _program, playbook, *arguments = shlex.split(command.replace(terminal.NAMESPACE, namespace))
        done = run_playbook(
            connect if playbook == connect.name else playbook, *arguments,
            kubeconfig=kubectl.kubeconfig,
        )  # fmt: skip
        assert done.returncode == 0, done.output
        outputs.append(terminal.shown(done.output, namespace))
    SEEN.write_text(terminal.session(outputs))
    # If the new one is right: copy SEEN over RECORDED, then `make pictures`.
    assert SEEN.read_text() == terminal.RECORDED.read_text()
