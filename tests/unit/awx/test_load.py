# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load.yml passes to AWX's modules, and what it refuses before the first call.

The facts are those of awx.awx 24.6.1, which looks most things up by a name in all organizations, or by an id.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Template

from tests.harness.awx import FOLDER, KUBERNETES, PROJECT, credential_types, job_templates
from tests.harness.awx_modules import AwxModules, Call
from tests.harness.awx_survey import extra_variables
from tests.harness.canaries import canary
from tests.harness.cluster import REPOSITORY
from tests.harness.documentation import marked_blocks
from tests.harness.module_runner import clean_environment

pytestmark = pytest.mark.whole_run
URL = {"kd_awx_project_url": "https://git.example.com/awx.git"}
TEAM: dict[str, Any] = {"id": 7, "name": "Team A"}
# Check mode is a type of job, and Show Changes is the diff mode.
PROMPTS = {"credential", "diff_mode", "instance_groups", "job_type", "labels", "verbosity"}
GIT = "KubeDirector source control"


def credential(number: int, name: str, kind: str, organization: int | None) -> dict[str, Any]:
    """One of AWX's credentials, as controller_api returns it."""
    return {
        "id": number, "name": name, "credential_type__name": kind, "organization": organization,
    }  # fmt: skip


CREDENTIALS = [
    credential(11, "team-a", KUBERNETES, TEAM["id"]),
    credential(12, "team-a", KUBERNETES, 1),
    credential(13, "team-a-git", GIT, None),
]


# The objects that the guide's variables name.
OBJECTS: dict[str, Any] = {
    "organizations": [TEAM],
    "credentials": CREDENTIALS,
    "teams": [{"id": 31, "name": "Operators", "organization": TEAM["id"]}],
    "notification_templates": [{"id": 32, "name": "Chat", "organization": TEAM["id"]}],
}


def load(
    awx: AwxModules, variables: Mapping[str, Any], *options: str
) -> subprocess.CompletedProcess[str]:
    """Run load.yml of the repository."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(FOLDER / "load.yml"),
         "-e", json.dumps({**URL, **variables}), *options],
        env={**clean_environment(), "ANSIBLE_COLLECTIONS_PATH": str(awx.folder), "ANSIBLE_NOCOLOR": "1",
             "ANSIBLE_HOME": str(awx.folder / "home"), "ANSIBLE_LOCALHOST_WARNING": "false"},
        cwd=awx.folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a run, in one line."""
    return " ".join((done.stdout + done.stderr).replace('"', " ").split())


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    """The variables of the guide, for an organization of its own."""
    blocks = marked_blocks("docs/awx.md")
    written: dict[str, Any] = yaml.safe_load(
        blocks["load"] + blocks["credentials"] + blocks["team"]
    )
    return {**written, "kd_awx_organization": "Team A"}


@pytest.fixture(scope="module")
def loaded(given: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """The calls of AWX's modules."""
    awx = AwxModules(tmp_path_factory.mktemp("awx"))
    awx.answer(OBJECTS)
    done = load(awx, given)
    assert done.returncode == 0, done.stdout + done.stderr
    return awx.calls()


def only(calls: list[Call], module: str) -> Call:
    (call,) = [call for call in calls if call.module == module]
    return call


def test_an_object_of_an_organization_is_passed_by_its_id(loaded: list[Call]) -> None:
    """A lookup by name also finds another organization's inventory, and the load fails."""
    ids = {module: only(loaded, module).id for module in ("project", "inventory")}
    assert str(only(loaded, "host").given["inventory"]) == ids["inventory"]
    templates = [call.given for call in loaded if call.module == "job_template"]
    assert len(templates) == len(job_templates())
    for template in templates:
        assert {name: str(template[name]) for name in ids} == ids
    for call in loaded:
        assert str(call.given.get("organization", TEAM["id"])) == str(TEAM["id"])


def test_an_execution_environment_is_each_organizations_own(loaded: list[Call]) -> None:
    """Its name is unique in all of AWX: a second organization would take the first one's."""
    environment = only(loaded, "execution_environment")
    assert environment.given["name"] == "KubeDirector connections (Team A)"
    assert str(only(loaded, "project").given["default_environment"]) == environment.id


def test_a_missing_organization_is_named(tmp_path: Path) -> None:
    awx = AwxModules(tmp_path)
    awx.answer()
    done = load(awx, {"kd_awx_organization": "Team B"})
    assert done.returncode != 0
    assert "AWX has no organization Team B. Nothing was written." in said(done)
    assert awx.calls() == []


def test_a_missing_awx_awx_is_named(tmp_path: Path) -> None:
    assert "Install the collection awx.awx: ansible-galaxy" in said(load(AwxModules(tmp_path), {}))


def test_the_inventory_is_an_ordinary_one(loaded: list[Call]) -> None:
    """In check mode awx.awx.inventory compares the kind with none, and reports a change each time."""
    assert only(loaded, "inventory").given["kind"] == ""


def test_every_definition_is_passed_unchanged(loaded: list[Call], given: dict[str, Any]) -> None:
    types = {call.given["name"]: call.given for call in loaded if call.module == "credential_type"}
    assert types == {name: {**one, "kind": "cloud"} for name, one in credential_types().items()}
    templates = {call.given["name"]: call.given for call in loaded if call.module == "job_template"}
    for definition in job_templates().values():
        one = templates[definition["name"]]
        assert one["survey_spec"] == definition["survey_spec"]
        # Extra variables are the user's.
        assert one["survey_enabled"] is True and "extra_vars" not in one
        assert {name for name, on in one.items() if name.startswith("ask_") and on} == {
            f"ask_{what}_on_launch" for what in PROMPTS
        }
    host = only(loaded, "host").given
    assert host["variables"]["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"
    assert only(loaded, "project").given["scm_url"] == given["kd_awx_project_url"]
    order = [call.module for call in loaded]
    assert order.index("project") < order.index("job_template")


def test_a_template_gets_the_credentials_of_its_types_by_their_ids(loaded: list[Call]) -> None:
    templates = {call.given["name"]: call.given for call in loaded if call.module == "job_template"}
    for name, definition in job_templates().items():
        expected = [11] + ([13] if GIT in definition["credential_types"] else [])
        # This template needs an administrator's credential, and asks for it.
        got = templates[definition["name"]].get("credentials", [])
        assert got == ([] if name == "rbac" else expected)


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        (
            {"Kubernetes": "team-a"},
            "kd_awx_credentials has Kubernetes, a type of credential that no",
        ),
        ({KUBERNETES: "team-b"}, "names team-b, but the organization Default has no credentials"),
        ({KUBERNETES: "twice"}, "names twice, but the organization Default has 2 credentials"),
    ],
    ids=["type", "missing", "twice"],
)
def test_credentials_are_checked_before_the_first_write(
    credentials: dict[str, str], message: str, tmp_path: Path
) -> None:
    awx = AwxModules(tmp_path)
    twice = [credential(number, "twice", KUBERNETES, None) for number in (21, 22)]
    awx.answer({"credentials": [*twice, credential(23, "team-b", KUBERNETES, TEAM["id"])]})
    done = load(awx, {"kd_awx_credentials": credentials})
    assert done.returncode != 0
    assert message in said(done)
    assert awx.calls() == []


PASSWORD = canary("git-url")
# AWX gives the URL back as it is.
SECRET_URL = f"https://git:{PASSWORD}@git.example.com/awx.git"
SECRET_URLS = (
    f"git:{PASSWORD}@host", f"git:a/{PASSWORD}@host", f"https://git:a@{PASSWORD}@host/a.git", f"'https://a:b/c@{PASSWORD}@host/a'",
)  # fmt: skip
FAILED = {
    "failed": True, "msg": "The Project Update - KubeDirector connections, failed",
    "job_data": {"id": 40, "status": "failed", "job_explanation": "", "scm_url": SECRET_URL},
}  # fmt: skip
GALAXY = "Fetch galaxy collections from collections/requirements.(yml/yaml)"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            {"task": GALAXY, "event_data": {"res": {"msg": "non-zero return code", "stderr": "[WARNING]: Skipping\nERROR! no such name.\n"}}},
            f"branch main: {GALAXY}: ERROR! no such name. Where the execution environment has the collection, remove "
            "collections/requirements.yml from the repository;",
        ),
        (
            {"task": "Update project using git", "event_data": {"res": {"msg": f"Failed to reach {', '.join(SECRET_URLS)}"}}},
            "branch main: Update project using git: Failed to reach ***@host, ***@host, ***@host/a.git, '***@host/a'. No job template was written.",
        ),
    ],
    ids=["galaxy", "git"],
)  # fmt: skip
def test_a_project_that_cannot_be_updated_is_reported_with_its_cause(
    event: dict[str, Any], message: str, tmp_path: Path
) -> None:
    awx = AwxModules(tmp_path)
    awx.answer(
        {"project_updates/40/events": [{"event": "runner_on_failed", **event}]},
        {"project_update": FAILED},
    )
    done = load(awx, {})
    assert done.returncode != 0
    assert message in said(done)
    assert PASSWORD not in said(done)
    assert [call for call in awx.calls() if call.module == "job_template"] == []


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"project_update": FAILED}, "branch main: The Project Update - KubeDirector connections, failed."),
        ({"project": {"failed": True, "msg": "no such scheme"}}, "branch main: no such scheme."),
        ({}, "failed=0"),
    ],
    ids=["update", "project", "success"],
)  # fmt: skip
def test_the_url_of_the_repository_is_not_shown(
    results: dict[str, dict[str, Any]], message: str, tmp_path: Path
) -> None:
    """Some hold a password; AWX shows it to whoever may see the project, and a log may have more readers."""
    awx = AwxModules(tmp_path)
    shown = {"invocation": {"module_args": {"scm_url": SECRET_URL}}}
    awx.answer({}, {"project": {"changed": True, "id": 5, **shown}, **results})
    printed = said(load(awx, {"kd_awx_project_url": SECRET_URL}, "-vvv"))
    assert message in printed
    assert PASSWORD not in printed


def test_the_environments_collection_is_not_overridden_by_the_project() -> None:
    """AWX installs a project's requirements in its control plane, and a job finds those first."""
    names = {path.name for path in PROJECT.rglob("*")}
    assert not names & {"requirements.yml", "requirements.yaml"}
    (collection,) = yaml.safe_load((FOLDER / "collections.yml").read_text())["collections"]
    galaxy = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text())
    assert collection == {
        "name": f"{galaxy['namespace']}.{galaxy['name']}",
        "version": galaxy["version"],
    }


SEVERAL = {"kd_awx_hosts": "kubernetes"}


def test_a_job_for_several_kubernetes_clusters_asks_for_their_inventory(tmp_path: Path) -> None:
    awx = AwxModules(tmp_path)
    awx.answer()
    done = load(awx, SEVERAL)
    assert done.returncode == 0, done.stdout + done.stderr
    for template in (call.given for call in awx.calls() if call.module == "job_template"):
        assert template["extra_vars"] == {"kd_hosts": "kubernetes"}
        assert template["ask_inventory_on_launch"] and template["ask_job_slice_count_on_launch"]


@pytest.mark.parametrize("given", [SEVERAL, {}], ids=["several", "one"])
def test_a_load_changes_only_kd_hosts_of_the_extra_variables(
    given: dict[str, Any], tmp_path: Path
) -> None:
    """Users set variables of roles there, as the guide says."""
    rotate, rbac, audit = (job_templates()[name]["name"] for name in ("rotate", "rbac", "audit"))
    own = {"rotate_wait_timeout": 900, "kd_own": "{{ awx_user_name }}"}
    awx = AwxModules(tmp_path)
    awx.answer({
        "job_templates": [
            {"name": rotate, "organization": 1, "extra_vars": yaml.safe_dump({**own, "kd_hosts": "old"})},
            {"name": rbac, "organization": 1, "extra_vars": "---\n" + yaml.safe_dump(given and {"kd_hosts": "kubernetes"})},
            {"name": audit, "organization": 1, "extra_vars": "---"},
        ]
    })  # fmt: skip
    done = load(awx, given)
    assert done.returncode == 0, done.stdout + done.stderr
    handed_on = {
        call.given["name"]: call.given for call in awx.calls() if call.module == "job_template"
    }
    hosts = {"kd_hosts": "kubernetes"} if given else {}
    assert handed_on[rotate]["extra_vars"] == {**own, **hosts}
    # With nothing to change, comments stay, too.
    assert "extra_vars" not in handed_on[rbac]
    assert handed_on[audit].get("extra_vars", {}) == hosts


def test_there_is_no_workflow_for_several_kubernetes_clusters(tmp_path: Path) -> None:
    """With several, no job names KDClusters for "show configmeta", so it cannot run."""
    awx = AwxModules(tmp_path)
    awx.answer({"teams": [{"id": 31, "name": "Operators", "organization": 1}]})
    done = load(awx, {**SEVERAL, "kd_awx_team": "Operators"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert only(awx.calls(), "workflow_job_template").given["state"] == "absent"
    assert "workflow_job_template_node" not in {call.module for call in awx.calls()}
    assert "workflows" not in only(awx.calls(), "role").given


# Each of these needs an object that exists.
DEPENDENT = {"host", "workflow_job_template_node", "schedule"}


@pytest.mark.parametrize("exists", [False, True], ids=["empty", "loaded"])
def test_check_mode_succeeds(
    exists: bool, loaded: list[Call], given: dict[str, Any], tmp_path: Path
) -> None:
    """In an empty AWX, no module returns an id. Whether a project's update changes it is unknown."""
    awx = AwxModules(tmp_path)
    modules = {call.module for call in loaded} - {"project_update"}
    awx.answer(OBJECTS, {name: {"changed": False, "id": 7} for name in modules if exists})
    done = load(awx, given, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    calls = awx.calls()
    assert {call.module for call in calls} == modules - (set() if exists else DEPENDENT)
    templates = [call.given for call in calls if call.module == "job_template"]
    assert len(templates) == len(job_templates())
    assert {str(one.get("project")) for one in templates} == {"7" if exists else "None"}


def test_the_workflow_shows_what_was_rotated(loaded: list[Call]) -> None:
    workflow = only(loaded, "workflow_job_template")
    rotate, show = (job_templates()[name] for name in ("rotate", "configmeta"))
    assert workflow.given["survey_spec"] == rotate["survey_spec"]
    nodes = [call.given for call in loaded if call.module == "workflow_job_template_node"]
    ids = {call.given["name"]: call.id for call in loaded if call.module == "job_template"}
    # A node must exist before another node names it.
    assert [
        (node["identifier"], str(node["unified_job_template"]), node["success_nodes"])
        for node in nodes
    ] == [("show", ids[show["name"]], []), ("rotate", ids[rotate["name"]], ["show"])]
    assert {str(node["workflow_job_template"]) for node in nodes} == {workflow.id}
    needed = {one["variable"] for one in show["survey_spec"]["spec"] if one["required"]}
    assert all(f"{name}:" in (PROJECT / "result.yml").read_text() for name in needed)


def test_a_team_a_notification_and_a_schedule_are_created(
    loaded: list[Call], given: dict[str, Any]
) -> None:
    ids = {call.given["name"]: call.id for call in loaded if call.module == "job_template"}
    role = only(loaded, "role").given
    assert (role["role"], [str(one) for one in role["teams"]]) == ("execute", ["31"])
    expected = {number for name, number in ids.items() if name != job_templates()["rbac"]["name"]}
    assert {str(one) for one in role["job_templates"]} == expected
    for call in loaded:
        if call.module in ("job_template", "workflow_job_template"):
            assert [str(one) for one in call.given["notification_templates_error"]] == ["32"]
    schedule = only(loaded, "schedule").given
    assert schedule["unified_job_template"] == job_templates()["overview"]["name"]
    assert schedule["rrule"] == given["kd_awx_schedule"]["rrule"]
    survey = job_templates()["overview"]["survey_spec"]
    assert extra_variables(survey, schedule["extra_data"])


RULE = "DTSTART:20260101T020000Z RRULE:FREQ=DAILY;INTERVAL=1"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kd_awx_schedule": RULE}, "kd_awx_schedule takes rrule, a text, and optionally extra_data, "),
        ({"kd_awx_schedule": {"extra_data": {}}}, "kd_awx_schedule takes rrule"),
        ({"kd_awx_schedule": {"rrule": RULE, "inventory": "a"}}, "kd_awx_schedule takes rrule"),
        ({"kd_awx_schedule": {"rrule": RULE, "extra_data": ["a"]}}, "kd_awx_schedule takes rrule"),
        ({"kd_awx_schedule": {"rrule": RULE}, **SEVERAL}, "kd_awx_schedule cannot choose the inventory"),
    ],
    ids=["text", "no-rule", "unknown", "answers", "several"],
)  # fmt: skip
def test_a_schedule_is_checked_before_the_first_write(
    given: dict[str, Any], message: str, tmp_path: Path
) -> None:
    awx = AwxModules(tmp_path)
    awx.answer()
    done = load(awx, given)
    assert done.returncode != 0
    assert message in said(done)
    assert awx.calls() == []


def test_a_project_gets_its_credential(tmp_path: Path) -> None:
    awx = AwxModules(tmp_path)
    # One of another type may have the same name.
    awx.answer({"credentials": [*CREDENTIALS, credential(14, "team-a", "Source Control", 1)]})
    done = load(awx, {"kd_awx_project_credential": "team-a"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(only(awx.calls(), "project").given["credential"]) == "14"


@pytest.mark.parametrize(
    "variable", ["kd_awx_team", "kd_awx_notification", "kd_awx_project_credential"]
)
def test_an_object_of_another_organization_is_refused(variable: str, tmp_path: Path) -> None:
    awx = AwxModules(tmp_path)
    other = [{"id": 31, "name": "Operators", "organization": TEAM["id"]}]
    awx.answer(dict.fromkeys(["teams", "notification_templates", "credentials"], other))
    done = load(awx, {variable: "Operators"})
    assert done.returncode != 0
    assert f"{variable} names Operators, which is none of the" in said(done)
    assert awx.calls() == []


MADE: dict[str, Any] = {
    endpoint: [{"id": number, "name": "KubeDirector connections", "organization": TEAM["id"]}]
    for endpoint, number in (("inventories", 51), ("projects", 52))
}


def test_everything_but_the_credential_types_is_removed(loaded: list[Call], tmp_path: Path) -> None:
    """AWX removes nodes, schedules and roles with their objects."""
    awx = AwxModules(tmp_path)
    own = [
        {"name": one["name"], "organization": TEAM["id"], "inventory": 51, "project": 52}
        for one in job_templates().values()
    ]
    hosts = [{"name": "localhost", "inventory": 51}]
    awx.answer({"organizations": [TEAM], **MADE, "job_templates": own, "hosts": hosts})
    done = load(awx, {"kd_awx_state": "absent", "kd_awx_organization": "Team A"})
    assert done.returncode == 0, done.stdout + done.stderr
    removed = awx.calls()
    assert {call.given["state"] for call in removed} == {"absent"}
    of_others = {
        "credential_type",
        "host",
        "project_update",
        "role",
        "schedule",
        "workflow_job_template_node",
    }
    made = {
        (call.module, call.given.get("name")) for call in loaded if call.module not in of_others
    }
    assert {(call.module, call.given["name"]) for call in removed} == made


@pytest.mark.parametrize("used", [False, True], ids=["free", "used"])
def test_credential_types_are_removed_only_if_no_credential_has_one(
    used: bool, tmp_path: Path
) -> None:
    """AWX reports a missing permission, after everything else is deleted."""
    awx = AwxModules(tmp_path)
    awx.answer({"credentials": [credential(41, "theirs", GIT, TEAM["id"])] if used else []})
    done = load(awx, {"kd_awx_state": "absent", "kd_awx_delete_types": True})
    types = {call.given["name"] for call in awx.calls() if call.module == "credential_type"}
    if used:
        assert done.returncode != 0
        assert f"credentials have the type {GIT}: theirs. Nothing was removed." in said(done)
        assert awx.calls() == []
    else:
        assert done.returncode == 0, done.stdout + done.stderr
        assert types == set(credential_types())


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (
            {"hosts": [{"name": "localhost", "inventory": 51}, {"name": "production", "inventory": 51}]},
            "The inventory KubeDirector connections has more hosts than localhost: production. Nothing was removed.",
        ),
        (
            {"job_templates": [{"name": "Copy", "organization": TEAM["id"], "inventory": 51, "project": 60}]},
            "Job templates that load.yml did not make use the inventory KubeDirector connections: Copy. Nothing was removed.",
        ),
        (
            {"job_templates": [{"name": job_templates()["rbac"]["name"], "organization": 1, "project": 52}]},
            "Job templates that load.yml did not make use the project KubeDirector connections: "
            f"{job_templates()['rbac']['name']}. Nothing was removed.",
        ),
    ],
    ids=["host", "copy", "organization"],
)  # fmt: skip
def test_an_object_that_others_use_is_not_removed(
    objects: dict[str, Any], message: str, tmp_path: Path
) -> None:
    awx = AwxModules(tmp_path)
    awx.answer({"organizations": [TEAM], **MADE, **objects})
    done = load(awx, {"kd_awx_state": "absent", "kd_awx_organization": "Team A"})
    assert done.returncode != 0
    assert message in said(done)
    assert awx.calls() == []


def test_the_guides_notification_is_json_without_the_answers() -> None:
    body = marked_blocks("docs/awx.md", "text")["notification"]
    job = {"name": "connect", "id": 7, "status": "failed", "extra_vars": "answers"}
    sent = Template(body).render(job=job, url="https://awx", job_metadata="answers")
    assert json.loads(sent) == {
        "job": "connect",
        "id": "7",
        "status": "failed",
        "url": "https://awx",
    }
