# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows for GitHub, which cannot run here, call make targets and files that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.runner.paths import BETWEEN, DEVEL, ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
MATRIX = "${{ matrix.target }}"


def jobs_of(workflow: Path) -> dict[str, Any]:
    """The jobs of a workflow by name."""
    jobs: dict[str, Any] = yaml.safe_load(workflow.read_text())["jobs"]
    return jobs


def commands(workflow: Path) -> list[str]:
    """All shell commands of a workflow, once for each target of the job's matrix."""
    found: list[str] = []
    for job in jobs_of(workflow).values():
        targets = job.get("strategy", {}).get("matrix", {}).get("target", [""])
        run = [step["run"] for step in job["steps"] if "run" in step]
        found += [command.replace(MATRIX, target) for target in targets for command in run]
    return found


def test_the_checks_that_a_host_runs() -> None:
    text = "\n".join(command for path in WORKFLOWS for command in commands(path))
    called = set(re.findall(r"\bmake ([a-z-]+)", text))
    assert called >= {"lint", "sanity", "unit", "docs", "contract", "integration"}
    assert called <= TARGETS


def test_every_other_ansible_core_is_checked() -> None:
    job = jobs_of(GITHUB / "workflows" / "checks.yml")["versions"]
    assert job["strategy"]["matrix"]["target"] == [pair.ansible for pair in (*BETWEEN, DEVEL)]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_is_complete(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text())
    # YAML reads the key `on` as true.
    assert set(content) == {"name", True, "permissions", "jobs"}
    for job in content["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"]
        for step in job["steps"]:
            assert ("run" in step) is not ("uses" in step)
            assert "run" in step or re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_files_that_a_workflow_calls_exist(workflow: Path) -> None:
    run = commands(workflow)
    assert not any("${{" in command for command in run)
    for name in re.findall(r"\btests/[\w/.-]+", "\n".join(run)):
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_complete(form: Path) -> None:
    content = yaml.safe_load(form.read_text())
    assert set(content) == {"name", "description", "body"}
    for field in content["body"]:
        assert field["type"] == "markdown" or field["attributes"]["label"]
