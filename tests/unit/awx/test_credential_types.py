# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX accepts every credential type, and together they hold what the roles mark no_log.

AWX's rules are those of CredentialTypeInputField and CredentialTypeInjectorField in awx/main/fields.py (24.6).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.harness.awx import (
    FOLDER,
    KUBERNETES,
    PROJECT,
    credential_types,
    injected,
    job_templates,
    unsafe_yaml,
)
from tests.harness.cluster import REPOSITORY

TYPES = credential_types()
FIELD_KEYS = {"id", "label", "type", "secret", "multiline", "help_text", "format", "choices",
              "ask_at_runtime", "default"}  # fmt: skip
# Another form of a variable that a template sets.
ALTERNATIVES = {"rotate_data"}
NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@pytest.mark.parametrize("name", TYPES)
def test_awx_accepts_the_type(name: str) -> None:
    definition = TYPES[name]
    assert set(definition) == {"name", "description", "inputs", "injectors"}
    assert set(definition["inputs"]) <= {"fields", "required"}
    fields = definition["inputs"]["fields"]
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids) and "tower" not in ids
    assert set(definition["inputs"].get("required", [])) <= set(ids)
    for field in fields:
        assert {"id", "label"} <= set(field) <= FIELD_KEYS
        assert NAME.fullmatch(field["id"])
        assert field["type"] == "string"
    assert set(definition["injectors"]) == {"extra_vars"}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for variable, template in definition["injectors"]["extra_vars"].items():
        assert NAME.fullmatch(variable)
        assert environment.from_string(template).render(dict.fromkeys(ids, "EXAMPLE"))


def test_templates_name_types_that_exist() -> None:
    named = {one for template in job_templates().values() for one in template["credential_types"]}
    assert named == {KUBERNETES, *TYPES}
    for template in job_templates().values():
        assert KUBERNETES in template["credential_types"]


@pytest.mark.parametrize("template", job_templates())
def test_a_role_gets_its_secrets_from_credentials_only(template: str) -> None:
    definition = job_templates()[template]
    given = {
        variable
        for name in definition["credential_types"]
        if name != KUBERNETES
        for variable in TYPES[name]["injectors"]["extra_vars"]
    }
    asked = {question["variable"] for question in definition["survey_spec"]["spec"]}
    # ansible-runner passes the survey's answers last, so they would win.
    assert not given & asked
    playbook = (PROJECT / definition["playbook"]).read_text()
    for variable in secret_variables(template):
        assert variable in given or f"{variable}:" in playbook


def secret_variables(role: str) -> list[str]:
    """The variables that a role's argument spec marks no_log; none if the role does not exist."""
    path = REPOSITORY / "roles" / role / "meta" / "argument_specs.yml"
    if not path.exists():
        return []
    options = yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"]
    marked = [name for name, spec in options.items() if spec.get("no_log")]
    return [name for name in marked if name not in ALTERNATIVES]


def test_the_entered_credential_decides_the_type_of_authentication() -> None:
    definition = TYPES["KubeDirector source control"]
    by_token = injected(definition, {"token": "t", "password": ""})
    assert by_token == {
        "source_control_auth_type": "token",
        "source_control_token": "t",
        "source_control_password": "",
    }
    assert injected(definition, {"password": "p"})["source_control_auth_type"] == "password"


def test_input_of_users_is_marked_unsafe() -> None:
    assert unsafe_yaml({"a": ["{{ b }}"], "c": 5}) == (
        "!unsafe 'a':\n- !unsafe '{{ b }}'\n!unsafe 'c': 5\n"
    )


def test_loading_does_not_evaluate_the_templates_of_awx() -> None:
    text = (FOLDER / "credential_types.yml").read_text()
    assert text.count("{{") == text.count('!unsafe "{{')


def test_nothing_names_a_registry_or_an_index() -> None:
    # kubernetes.io is in the path of a pod's service account.
    allowed = {"https://www.gnu.org", "kubernetes.io"}
    for path in files():
        found = re.findall(r"https?://[^\s\"'/]+|\b[\w-]+\.(?:io|com|org|net)\b", path.read_text())
        assert {one for one in found if "example.com" not in one} <= allowed, path


def files() -> list[Path]:
    """Every file that users copy or load."""
    return [path for path in sorted(FOLDER.rglob("*")) if path.is_file()]


def test_loading_passes_every_argument_of_a_template_on() -> None:
    tasks = yaml.safe_load((FOLDER / "tasks" / "present.yml").read_text().replace("!unsafe ", ""))
    (task,) = [task for task in tasks if "awx.awx.job_template" in task]
    used = {
        key
        for template in job_templates().values()
        for key in template
        if f"kd_awx_template.{key}" not in str(task)
    }
    assert used == set()
