# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README.md: its commands run, its playbook prints what it shows, its picture fits, its table is complete."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.documentation import marked_blocks
from tests.runner.paths import ROOT
from tests.unit.docs import connected_picture
from tests.unit.plugins.api_server import scripted_server
from tests.unit.plugins.clients import CORE, TOKEN
from tests.unit.plugins.namespace_server import AS_LIVE, CONFIGMETA, Namespace

TEXT = (ROOT / "README.md").read_text()
BLOCKS = marked_blocks("README.md")
COMMANDS = marked_blocks("README.md", "shell")
TRAINING_DATA = f"{CORE}/configmaps/training-data"
Run = Callable[[str], str]


@pytest.fixture
def space() -> Iterator[Namespace]:
    """team-a with the notebook of the README."""
    with scripted_server() as server:
        found = Namespace(server)
        found.add_kdcluster("jupyter-notebook", "pod-0")
        yield found


@pytest.fixture
def run(space: Namespace, tmp_path: Path) -> Run:
    """Run a command beside connect.yml; returns what it printed, without blanks at the lines' ends."""
    (tmp_path / "connect.yml").write_text(BLOCKS["connect"])
    variables = {"K8S_AUTH_HOST": space.server.url, "K8S_AUTH_API_KEY": TOKEN}
    folder = Path(sys.executable).parent

    def _run(command: str) -> str:
        program, *arguments = shlex.split(command)
        done = subprocess.run(
            [str(folder / program), *arguments], cwd=tmp_path, env={**os.environ, **variables},
            check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return "".join(f"{line.rstrip()}\n" for line in done.stdout.strip().splitlines())

    return _run


def connected(space: Namespace) -> Any:
    """The ConfigMaps that the notebook connects to."""
    connections = space.kdcluster("jupyter-notebook")["spec"].get("connections") or {}
    return connections.get("configmaps") or []


@pytest.mark.whole_run
def test_look_connect_read_and_disconnect(run: Run, space: Namespace, tmp_path: Path) -> None:
    assert "jupyter-" in run(COMMANDS["look"])
    assert run("ansible-playbook connect.yml") == marked_blocks("README.md", "text")["printed"]
    assert connected(space) == ["training-data"]
    live, drawn = space.objects[TRAINING_DATA], connected_picture.configmap()
    assert live["metadata"].items() >= drawn["metadata"].items()
    assert live["data"] == drawn["data"]
    assert "changed=0 " in run("ansible-playbook connect.yml")
    space.files["pod-0", CONFIGMETA] = json.dumps(connected_picture.configmeta()).encode()
    assert drawn["data"]["path"] in run(COMMANDS["read"])
    space.files["pod-0", CONFIGMETA] = AS_LIVE
    (tmp_path / "connect.yml").write_text(BLOCKS["connect"] + BLOCKS["back"])
    run("ansible-playbook connect.yml")
    assert (connected(space), TRAINING_DATA in space.objects) == ([], False)


def test_the_python_libraries_are_those_of_the_requirements() -> None:
    (command,) = [line for line in COMMANDS["install"].splitlines() if line.startswith("pip")]
    named = shlex.split(command, comments=True)[2:]
    assert sorted(named) == sorted((ROOT / "requirements.txt").read_text().split())


@pytest.mark.parametrize("pattern", ["plugins/modules/kd_*.py", "playbooks/*.yml", "roles/*"])
def test_the_table_names_every_module_playbook_and_role(pattern: str) -> None:
    table = TEXT.partition("| I want to |")[2].partition("\n\n")[0]
    names = {path.stem for path in ROOT.glob(pattern)}
    assert names and names <= set(re.findall(r"`(\w+)`", table))


def test_the_sections_that_a_certified_collection_has() -> None:
    headings = re.findall(r"^## (.*)", TEXT, re.MULTILINE)
    assert set(headings) >= {
        "Description", "Requirements", "Installation", "Use Cases", "Testing", "Support",
        "Release Notes", "License",
    }  # fmt: skip
