# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installed collection brings for AWX: definitions that load, and an execution environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.awx import credential_types, job_templates
from tests.harness.documentation import marked_blocks
from tests.packaging.installed import Installed

MODULES = (
    "credential_type", "execution_environment", "host", "inventory", "job_template", "project",
)  # fmt: skip
# Stands in for each module of awx.awx: writes down what it is given.
RECORDER = """#!/usr/bin/python
# WANT_JSON
import json, pathlib, sys
given = json.loads(pathlib.Path(sys.argv[1]).read_text())
given = {key: value for key, value in given.items() if not key.startswith("_ansible")}
with open(RECORD, "a") as record:
    record.write(json.dumps([MODULE, given]) + chr(10))
print(json.dumps({"changed": True}))
"""
Calls = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def load(installed: Installed, tmp_path: Path) -> Callable[..., Calls]:
    """Run load.yml with modules that record; returns what they were given, in order."""
    record = tmp_path / "record.jsonl"
    folder = tmp_path / "ansible_collections" / "awx" / "awx" / "plugins" / "modules"
    folder.mkdir(parents=True)
    for module in MODULES:
        text = RECORDER.replace("RECORD", repr(str(record))).replace("MODULE", repr(module))
        (folder / f"{module}.py").write_text(text)

    def _load(**variables: Any) -> Calls:
        done = installed.run(
            "ansible-playbook", str(installed.root / "extensions" / "awx" / "load.yml"),
            "-e", json.dumps(variables),
            variables={"ANSIBLE_COLLECTIONS_PATH": f"{installed.collections}:{tmp_path}"},
        )  # fmt: skip
        assert done.returncode == 0, done.text
        return [tuple(json.loads(line)) for line in record.read_text().splitlines()]

    return _load


def test_loading_hands_every_definition_to_awx_as_it_stands_there(
    load: Callable[..., Calls],
) -> None:
    blocks = marked_blocks("docs/awx.md")
    given_by_user = yaml.safe_load(blocks["load"] + blocks["credentials"])
    calls = load(**given_by_user)
    given = {module: [one for name, one in calls if name == module] for module in MODULES}
    types = {one["name"]: one for one in given["credential_type"]}
    assert types == {name: {**one, "kind": "cloud"} for name, one in credential_types().items()}
    templates = {one["name"]: one for one in given["job_template"]}
    assert len(templates) == len(job_templates())
    for definition in job_templates().values():
        one = templates[definition["name"]]
        assert one["survey_spec"] == definition["survey_spec"]
        assert one["survey_enabled"] is True and one["ask_credential_on_launch"] is True
        expected = ["team-a"]
        if "KubeDirector source control" in definition["credential_types"]:
            expected.append("team-a-git")
        assert one["credentials"] == expected
    (host,) = given["host"]
    assert host["variables"]["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"
    (project,) = given["project"]
    assert project["scm_url"] == given_by_user["kd_awx_project_url"]
    assert project["default_environment"] == given["execution_environment"][0]["name"]
    order = [name for name, _arguments in calls]
    assert order.index("project") < order.index("job_template")


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
    wanted = [line.split()[0] for line in (awx / "requirements.txt").read_text().splitlines()]
    assert wanted and set(wanted) <= tested
    definition = (awx / "execution-environment.yml").read_text()
    for line in definition.splitlines():
        if "package_pip:" in line:
            assert line.split()[-1] in tested
