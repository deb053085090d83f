# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX accepts every survey. A survey asks only for variables that exist, and never for a secret."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.doc_fragments.auth import (
    ModuleDocFragment,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._connection_types import (
    type_data,
)
from tests.harness.awx import PROJECT, job_templates
from tests.harness.awx_survey import (
    answer_problems,
    choices,
    extra_variables,
    filled_in,
    spec_problems,
)
from tests.harness.cluster import REPOSITORY
from tests.harness.documentation import marked_blocks

TEMPLATES = job_templates()
# Playbooks without a role of their name: the module whose options their variables hold.
MODULES = {
    "configmeta": "kd_configmeta_info",
    "overview": "kd_connection_info",
    "export": "kd_connection_info",
    "audit": "kd_connection_info",
    "rbac": "kd_access",
}
PREFIXES = {
    "configmeta": "kd_configmeta_",
    "overview": "kd_overview_",
    "export": "kd_export_",
    "audit": "kd_audit_",
    "rbac": "kd_access_",
}
# Text that the project's playbook does not convert to the option of that name.
OF_THE_PROJECT = {
    "kd_audit_allow_text", "kd_audit_severity", "kd_clusters_text", "kd_connections_text",
    "kd_demo_namespace", "source_control_proxy_text",
}  # fmt: skip
SUFFIX = "_text"


@cache
def options(template: str) -> dict[str, dict[str, Any]]:
    """The variables that a template may ask for, each with its specification."""
    if template in MODULES:
        shared = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
        documented = {**shared, **module_options(MODULES[template])}
        return {PREFIXES[template] + name: one for name, one in documented.items()}
    path = REPOSITORY / "roles" / template / "meta" / "argument_specs.yml"
    if not path.exists():
        return {}
    specs: dict[str, Any] = yaml.safe_load(path.read_text())["argument_specs"]
    found: dict[str, dict[str, Any]] = specs["main"]["options"]
    return found


def module_options(name: str) -> dict[str, dict[str, Any]]:
    """The options of a module's DOCUMENTATION."""
    module = ast.parse((REPOSITORY / "plugins" / "modules" / f"{name}.py").read_text())
    for statement in module.body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id == "DOCUMENTATION"
            and isinstance(statement.value, ast.Constant)
        ):
            documented = yaml.safe_load(str(statement.value.value))
            found: dict[str, dict[str, Any]] = documented["options"]
            return found
    raise AssertionError(f"{name} has no DOCUMENTATION")


def questions() -> list[Any]:
    """Every question with its template, as parameters of a test."""
    return [
        pytest.param(template, question, id=question["variable"])
        for template, definition in TEMPLATES.items()
        for question in definition["survey_spec"]["spec"]
    ]


def test_every_playbook_of_the_collection_has_a_template() -> None:
    playbooks = {path.stem for path in (REPOSITORY / "playbooks").glob("*.yml")}
    assert set(TEMPLATES) == playbooks
    for name, template in TEMPLATES.items():
        assert template["playbook"] == f"{name}.yml"
        assert f"kubedirector.connections.{name}\n" in (PROJECT / f"{name}.yml").read_text()


@pytest.mark.parametrize("template", TEMPLATES)
def test_awx_accepts_the_survey(template: str) -> None:
    assert spec_problems(TEMPLATES[template]["survey_spec"]) == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_form_can_be_sent_once_the_required_questions_are_answered(template: str) -> None:
    """AWX's form sends empty text for an unanswered question. Numbers and choices do not accept that."""
    survey = TEMPLATES[template]["survey_spec"]
    required = {
        one["variable"]: one.get("default") or "x" for one in survey["spec"] if one["required"]
    }
    assert set(extra_variables(survey, filled_in(survey, required))) == {
        one["variable"] for one in survey["spec"]
    }


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_api_schedules_and_workflows_may_leave_out_answers_with_a_default(
    template: str,
) -> None:
    survey = TEMPLATES[template]["survey_spec"]
    with_default = {
        one["variable"]: one["default"] for one in survey["spec"] if one["default"] != ""
    }
    needed = {one["variable"]: "x" for one in survey["spec"] if one["variable"] not in with_default}
    assert extra_variables(survey, needed) == {**needed, **with_default}


@pytest.mark.parametrize(("template", "question"), questions())
def test_a_question_agrees_with_the_specification(
    template: str, question: Mapping[str, Any]
) -> None:
    variable: str = question["variable"]
    assert question["question_description"] and not question["question_name"].endswith("?")
    if variable in OF_THE_PROJECT:
        return
    spec = options(template)[variable.removesuffix(SUFFIX)]
    assert not spec.get("no_log")
    # Answers are text or numbers. The suffix marks text that the playbook converts.
    if spec["type"] == "int":
        assert (question["type"], question["default"]) == ("integer", spec["default"])
        return
    if spec["type"] == "bool":
        assert variable.endswith(SUFFIX)
        assert choices(question) == ["false", "true"]
        assert question["default"] == str(spec["default"]).lower()
        return
    is_text = spec["type"] == "str"
    assert variable.endswith(SUFFIX) is not is_text
    assert question["type"] in (("text", "textarea", "multiplechoice") if is_text else ("text", "textarea"))  # fmt: skip
    if "default" in spec and is_text:
        assert question["default"] == spec["default"]
    if "choices" in spec:
        assert choices(question) == spec["choices"]
    if spec.get("required"):
        assert question["required"]


@pytest.mark.parametrize(
    "template", [name for name in TEMPLATES if name not in ("connect", "demo")]
)
def test_no_required_option_is_left_out(template: str) -> None:
    asked = {
        one["variable"].removesuffix(SUFFIX) for one in TEMPLATES[template]["survey_spec"]["spec"]
    }
    required = {name for name, spec in options(template).items() if spec.get("required")}
    assert required <= asked


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_projects_playbook_converts_every_text(template: str) -> None:
    playbook = (PROJECT / f"{template}.yml").read_text()
    for question in TEMPLATES[template]["survey_spec"]["spec"]:
        if question["variable"].endswith(SUFFIX):
            assert question["variable"] in playbook


def test_the_documented_models_are_valid() -> None:
    models = yaml.safe_load(marked_blocks("docs/awx.md")["models"])
    (made,) = type_data.model_configmaps(models)
    assert made["name"] == "convolutional-nn"


def test_the_guide_lists_every_template_with_its_credential_type() -> None:
    guide = (REPOSITORY / "docs" / "awx.md").read_text()
    for name, template in TEMPLATES.items():
        (_kubernetes, *types) = template["credential_types"]
        assert f"| {template['name']} | `{name}` | {' '.join(types)}{' ' * bool(types)}|" in guide


GOOD = {"question_name": "Name", "variable": "name", "type": "text", "required": True}
CHOICE = {**GOOD, "type": "multiplechoice", "choices": "a\nb"}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({**GOOD, "type": "number"}, "type number does not exist"),
        ({**GOOD, "required": "yes"}, "required missing or of another type"),
        ({**GOOD, "min": "1"}, "min is not an integer"),
        ({**GOOD, "default": 5}, "does not fit"),
        ({**GOOD, "type": "integer", "default": "5"}, "does not fit"),
        ({**GOOD, "default": "$encrypted$x"}, "AWX's own word"),
        ({**GOOD, "type": "multiselect"}, "no choices"),
        ({**CHOICE, "default": "c"}, "it is not a choice"),
        ({**CHOICE, "default": "a\nb"}, "only one choice"),
    ],
)
def test_awx_refuses_a_bad_survey(question: dict[str, Any], said: str) -> None:
    survey = {"name": "", "description": "", "spec": [question]}
    (problem,) = spec_problems(survey)
    assert said in problem


def test_awx_accepts_a_good_survey() -> None:
    several = {**CHOICE, "variable": "several", "type": "multiselect", "default": "a\nb"}
    number = {**GOOD, "variable": "number", "type": "float", "default": 1, "min": 0, "max": None}
    survey = {"name": "", "description": "", "spec": [GOOD, several, number]}
    assert spec_problems(survey) == []
    assert spec_problems({**survey, "spec": [GOOD, GOOD]}) == ["name: asked for twice"]
    assert spec_problems({**survey, "spec": []}) == ["there are no questions"]
    assert spec_problems({"spec": [GOOD], "name": ""}) != []


@pytest.mark.parametrize(
    ("question", "answer", "good"),
    [
        ({**GOOD, "max": 3}, "abc", True),
        ({**GOOD, "max": 3}, "abcd", False),
        ({**GOOD, "min": 1}, "", False),
        (GOOD, 5, False),
        (CHOICE, "b", True),
        (CHOICE, "", False),
        ({**CHOICE, "type": "multiselect"}, ["a"], True),
        ({**CHOICE, "type": "multiselect"}, "a", False),
        ({**GOOD, "type": "integer"}, 5, True),
        ({**GOOD, "type": "integer"}, "", False),
        ({**GOOD, "type": "integer"}, True, False),
        ({**GOOD, "type": "float", "max": 2}, 2.5, False),
    ],
)
def test_awx_accepts_only_an_answer_that_fits(
    question: dict[str, Any], answer: Any, good: bool
) -> None:
    assert (answer_problems(question, {"name": answer}) == []) is good


def test_an_answer_without_a_question_is_refused() -> None:
    survey = {"name": "", "description": "", "spec": [{**GOOD, "default": "x"}]}
    with pytest.raises(ValueError, match="other is not asked for"):
        extra_variables(survey, {"name": "y", "other": "z"})
    with pytest.raises(ValueError, match="name needs an answer"):
        extra_variables(survey, {})
