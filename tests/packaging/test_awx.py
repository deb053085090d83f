# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installed collection brings for AWX: definitions that load, and an execution environment."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.harness.awx import job_templates
from tests.harness.awx_modules import AwxModules
from tests.harness.documentation import marked_blocks
from tests.packaging.installed import Installed


def test_the_installed_definitions_are_loaded(installed: Installed, tmp_path: Path) -> None:
    awx = AwxModules(tmp_path)
    awx.answer()
    done = installed.run(
        "ansible-playbook", str(installed.root / "extensions" / "awx" / "load.yml"),
        "-e", json.dumps(yaml.safe_load(marked_blocks("docs/awx.md")["load"])),
        variables={"ANSIBLE_COLLECTIONS_PATH": f"{installed.collections}:{tmp_path}"},
    )  # fmt: skip
    assert done.returncode == 0, done.text
    loaded = [call.given["name"] for call in awx.calls() if call.module == "job_template"]
    assert loaded == [one["name"] for one in job_templates().values()]


def test_an_execution_environment_can_be_laid_out(installed: Installed, tmp_path: Path) -> None:
    definition = installed.root / "extensions" / "awx" / "execution-environment.yml"
    done = installed.run(
        "ansible-builder", "create", "-f", str(definition), "-c", str(tmp_path),
        "--output-filename", "Containerfile",
    )  # fmt: skip
    assert done.returncode == 0, done.text
    assert "\nkubernetes==" in (tmp_path / "_build" / "requirements.txt").read_text()
    assert "FROM $EE_BASE_IMAGE AS base" in (tmp_path / "Containerfile").read_text()


def test_it_has_the_versions_that_are_tested(installed: Installed) -> None:
    awx = installed.root / "extensions" / "awx"
    pinned = (Path(__file__).parents[1] / "requirements" / "py313.txt").read_text()
    tested = {line.split()[0] for line in pinned.splitlines() if "==" in line}
    required = [line.split()[0] for line in (awx / "requirements.txt").read_text().splitlines()]
    assert required and set(required) <= tested
    definition = (awx / "execution-environment.yml").read_text()
    for line in definition.splitlines():
        if "package_pip:" in line:
            assert line.split()[-1] in tested
