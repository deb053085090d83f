# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's playbooks refuse bad answers before they send a request, and say why."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.argspec import (
    CLUSTER_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.argspec import (
    ACTION_OPTIONS,
    CONNECTION_ARGUMENTS,
)
from tests.harness.awx import (
    KUBERNETES,
    PROJECT,
    credential_types,
    injected,
    job_templates,
    unsafe_yaml,
)
from tests.harness.awx_survey import extra_variables, filled_in
from tests.harness.canaries import canary
from tests.harness.cluster import REPOSITORY
from tests.harness.module_runner import clean_environment
from tests.harness.playbook import run_playbook

pytestmark = pytest.mark.whole_run
# Nothing listens there: a playbook that goes on to the cluster fails with another message.
CLUSTER = MappingProxyType({"K8S_AUTH_HOST": "https://127.0.0.1:1", "K8S_AUTH_API_KEY": "none"})
HIDDEN = canary("awx-answer")


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a template's playbook with AWX's variables; returns its output in one line."""
    for name in os.environ.keys() - clean_environment().keys():
        monkeypatch.delenv(name)

    def _refusal(
        template: str,
        answers: Mapping[str, Any],
        credentials: Mapping[str, Mapping[str, str]] | None = None,
        environment: Mapping[str, str] = CLUSTER,
        given: Mapping[str, Any] = MappingProxyType({}),
    ) -> str:
        survey = job_templates()[template]["survey_spec"]
        variables = extra_variables(survey, filled_in(survey, answers))
        for name, inputs in (credentials or {}).items():
            variables |= injected(credential_types()[name], inputs)
        extra = tmp_path / "extravars.yml"
        extra.write_text(unsafe_yaml({**variables, **given}))
        done = run_playbook(
            PROJECT / f"{template}.yml", "-e", f"@{extra}", kubeconfig=None,
            ANSIBLE_COLLECTIONS_PATH=str(REPOSITORY / "build" / "tree"), HOME=str(tmp_path), **environment,
        )  # fmt: skip
        assert done.returncode != 0
        return " ".join(done.output.replace('\\"', '"').split())

    return _refusal


@pytest.mark.parametrize("template", job_templates())
def test_a_template_checks_its_credentials_first(template: str) -> None:
    first = yaml.safe_load((PROJECT / f"{template}.yml").read_text())[0]
    assert first["import_playbook"] == "check.yml"


def test_a_missing_credential_for_the_cluster_is_named(refusal: Any) -> None:
    answers = {"kd_configmeta_namespace": "team-a", "kd_configmeta_kdcluster_text": "notebook"}
    assert f"The job has no credential of type {KUBERNETES}." in refusal(
        "configmeta", answers, environment={}
    )


def test_hosts_that_are_not_in_the_inventory_are_named(refusal: Any) -> None:
    answers = {"kd_configmeta_namespace": "team-a", "kd_configmeta_kdcluster_text": "notebook"}
    given = {"kd_hosts": "kubernetes", "awx_inventory_name": "KubeDirector connections"}
    assert (
        "kd_hosts is kubernetes, which matches no host of the job's inventory KubeDirector connections. Nothing was written. "
        "Choose an inventory with such hosts, one for each Kubernetes cluster."
    ) in refusal("configmeta", answers, given=given)


@pytest.mark.parametrize("hosts", ["kubernetes", "localhost", "all:!a", ["b", "a"]], ids=str)
def test_hosts_that_are_in_the_inventory_are_accepted(hosts: Any, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"kubernetes": {"hosts": {"a": {}, "b": {}}}}))
    done = run_playbook(
        PROJECT / "check.yml",
        "-i",
        str(inventory),
        "-e",
        json.dumps({"kd_hosts": hosts}),
        kubeconfig=None,
    )
    assert done.returncode == 0, done.output


WHERE = {
    template: {f"{template}_namespace": "team-a", f"{template}_kdclusters_text": "notebook"}
    for template in ("external_auth", "source_control", "mlflow", "notebook")
}
GIT = {
    **WHERE["source_control"],
    "source_control_repo_url": "https://git.example.com/team-a.git",
    "source_control_branch": "main",
    "source_control_username": "team-a",
    "source_control_email": "team-a@example.com",
}


@pytest.mark.parametrize(
    ("template", "answers", "questions"),
    [
        ("external_auth", {}, "Servers, Way of binding, User attribute, Groups, Base DN"),
        (
            "external_auth",
            {"external_auth_bind_type": "direct_bind", "external_auth_user_attr": "uid"},
            "Servers, Groups",
        ),
        ("source_control", {}, "Repository, Branch, User, Mail address"),
        ("source_control", {"source_control_object": "configmap"}, "Repository, Branch"),
        ("mlflow", {}, "Place of artifacts"),
    ],
    ids=range(5),
)
def test_a_missing_answer_that_present_needs_is_named(
    refusal: Any, template: str, answers: dict[str, str], questions: str
) -> None:
    credentials = {GIT_CREDENTIAL: {"token": HIDDEN}} if template == "source_control" else {}
    said = refusal(template, {**WHERE[template], **answers}, credentials)
    assert f"an answer here: {questions}. Nothing was written." in said
    named = {one["question_name"] for one in job_templates()[template]["survey_spec"]["spec"]}
    assert set(questions.split(", ")) <= named


GIT_CREDENTIAL = "KubeDirector source control"


@pytest.mark.parametrize(
    ("template", "answers", "credential"),
    [
        ("source_control", GIT, GIT_CREDENTIAL),
        (
            "mlflow",
            {**WHERE["mlflow"], "mlflow_artifact_root": "s3://artifacts.example.com/team-a"},
            "KubeDirector mlflow",
        ),
        (
            "rotate",
            {"rotate_namespace": "team-a", "rotate_secret": "git-login"},
            "KubeDirector new values",
        ),
    ],
    ids=["source_control", "mlflow", "rotate"],
)
def test_a_missing_credential_is_named(
    refusal: Any, template: str, answers: dict[str, str], credential: str
) -> None:
    said = refusal(template, answers)
    assert f"The job has no credential of type {credential}. Nothing was written." in said
    assert credential in job_templates()[template]["credential_types"]


def test_a_credential_without_a_secret_for_the_namespace_is_reported(refusal: Any) -> None:
    secrets = yaml.safe_dump([{"namespace": "team-b", "secrets": [{"name": "git-login"}]}])
    said = refusal("notebook", WHERE["notebook"], {"KubeDirector Secrets": {"secrets": secrets}})
    assert (
        "no credential of type KubeDirector Secrets with an entry for the namespace team-a." in said
    )


@pytest.mark.parametrize(
    ("template", "answers", "message"),
    [
        (
            "connect",
            {
                "kd_connections_text": [
                    {"namespace": "team-a", "secrets": ["git-login"]},
                    {"namespace": "team-a", "secrets": [{"name": "s", "string_data": {"k": HIDDEN}}]},
                ]
            },
            "The answer to Connections holds values of Secrets: entry 2 has string_data. Nothing was",
        ),
        (
            "demo",
            {
                "kd_demo_namespace": "team-a",
                "kd_clusters_text": [
                    {"name": "a", "roles": [{"id": "x", "secretKeys": [{"name": "k", "value": HIDDEN}]}]}
                ],
                "kd_connections_text": [{"kdcluster": "a"}],
            },
            "The answer to KDClusters holds values of Secrets: entry 1 has secretKeys. Nothing was",
        ),
    ],
    ids=["connect", "demo"],
)  # fmt: skip
def test_a_secret_value_in_an_answer_is_refused(
    refusal: Any, template: str, answers: dict[str, Any], message: str
) -> None:
    """AWX keeps answers with the job, where everyone who may see the job can read them."""
    typed = {k: v if isinstance(v, str) else yaml.safe_dump(v) for k, v in answers.items()}
    said = refusal(template, typed)
    assert message in said
    assert HIDDEN not in said


FILE = {"name": "data", "type": "data-source"}
NAMED = {"namespace": "team-a", "kdcluster": ["notebook"]}


@pytest.mark.parametrize(
    ("template", "answers", "secrets", "message"),
    [
        (
            "connect",
            {"kd_connections_text": [NAMED, {**NAMED, "configmaps": ["a", {**FILE, "from_files": ["/proc/self/environ"]}]}]},
            [],
            "The answer to Connections names files of the execution environment: entry 2 has from_files in configmaps.",
        ),
        (
            "connect",
            {"kd_connections_text": [{**NAMED, "secrets": [{"name": "data", "src": "/proc/self/environ"}]}]},
            [],
            "The answer to Connections names files of the execution environment: entry 1 has src in secrets.",
        ),
        (
            "connect",
            {"kd_connections_text": [NAMED]},
            [{"namespace": "team-a", "secrets": [{**FILE, "from_env_file": "/proc/self/environ"}]}],
            "The field Secrets of the credential names files of the execution environment: entry 1 has from_env_file in secrets.",
        ),
        (
            "notebook",
            {"notebook_configmaps_text": [{"name": "a"}, {**FILE, "src": "/proc/self/environ"}]},
            [],
            "The answer to ConfigMaps names files of the execution environment: entry 2 has src.",
        ),
        (
            "notebook",
            {},
            [{"namespace": "team-a", "secrets": [{**FILE, "from_files": ["/proc/self/environ"]}]}],
            "The field Secrets of the credential names files of the execution environment: entry 1 has from_files in secrets.",
        ),
        (
            "audit",
            {"kd_connections_text": [{**NAMED, "configmaps": [{**FILE, "from_env_file": "/proc/self/environ"}]}]},
            [],
            "The answer to Expected connections names files of the execution environment: entry 1 has from_env_file in configmaps.",
        ),
        (
            "demo",
            {
                "kd_demo_namespace": "team-a",
                "kd_clusters_text": [{"name": "notebook"}],
                "kd_connections_text": [{**NAMED, "configmaps": [{**FILE, "src": "/proc/self/environ"}]}],
            },
            [],
            "The answer to Connections names files of the execution environment: entry 1 has src in configmaps.",
        ),
    ],
    ids=["connect-configmap", "connect-secret", "connect-credential", "notebook", "notebook-credential", "audit", "demo"],
)  # fmt: skip
def test_a_file_of_the_execution_environment_is_refused(
    refusal: Any,
    template: str,
    answers: dict[str, Any],
    secrets: list[dict[str, Any]],
    message: str,
) -> None:
    """/proc/self/environ has the cluster credential's token, and a user who may launch jobs sees the ConfigMap."""
    typed = {k: v if isinstance(v, str) else yaml.safe_dump(v) for k, v in answers.items()}
    credentials = {"KubeDirector Secrets": {"secrets": yaml.safe_dump(secrets)}} if secrets else {}
    said = refusal(template, {**WHERE.get(template, {}), **typed}, credentials)
    assert (
        f"{message} Nothing was written. Give the content in the entry, or run the playbook from a project of your own."
        in said
    )


def test_every_option_that_reads_a_file_is_refused() -> None:
    assert set(refused_in_a_list("kd_list_options")) == {*ACTION_OPTIONS} - {"definition"}


def test_entries_of_the_answer_and_of_the_credential_are_counted_separately(refusal: Any) -> None:
    broken = {"namespace": "team-a", "secrets": ["git-login"], "kdclster": ["notebook"]}
    secrets = [{"namespace": "team-a", "secrets": [{"name": "git-login"}]}, broken]
    said = refusal(
        "connect",
        {"kd_connections_text": yaml.safe_dump([broken])},
        {"KubeDirector Secrets": {"secrets": yaml.safe_dump(secrets)}},
    )
    assert "Connections, entry 1 (" in said
    assert "Secrets of the credential, entry 2 (" in said
    assert "entry 3" not in said


def refused_in_a_list(variable: str) -> list[str]:
    """The options that check_list.yml refuses, by the variable that lists them."""
    (play,) = yaml.safe_load((PROJECT / "check_list.yml").read_text())
    (refused,) = [
        task["vars"][variable] for task in play["tasks"] if variable in task.get("vars", {})
    ]
    return list(refused)


def test_every_option_for_a_secret_value_is_refused_in_an_answer() -> None:
    refused = refused_in_a_list("kd_list_secret")
    secret = CONNECTION_ARGUMENTS["secrets"]["options"]
    hidden = [
        *((name, spec) for name, spec in secret.items() if spec.get("no_log")),
        *((n, s) for n, s in CLUSTER_ARGUMENTS["roles"]["options"].items() if n == "secret_keys"),
    ]
    names = {one for name, spec in hidden for one in (name, *spec.get("aliases", ()))}
    assert names and names <= set(refused)


@pytest.mark.parametrize("template", job_templates())
def test_a_template_passes_the_result_of_its_module_on(template: str) -> None:
    """Only one of two imports runs. The other one's task registers that it was skipped."""
    plays = yaml.safe_load((PROJECT / f"{template}.yml").read_text())
    paths = [REPOSITORY / "playbooks" / f"{template}.yml", REPOSITORY / "playbooks" / "connect.yml",
             REPOSITORY / "roles" / template / "tasks" / "main.yml"]  # fmt: skip
    registered = "".join(path.read_text() for path in paths if path.exists())
    done = [
        play
        for play in plays
        if play.get("import_playbook") == f"kubedirector.connections.{template}"
    ]
    assert done
    for play in done:
        handed_on = plays[plays.index(play) + 1]
        assert handed_on["import_playbook"] == "result.yml"
        assert handed_on.get("when") == play.get("when")
        variable = handed_on["vars"]["kd_returned"].strip("{} ")
        assert f"register: {variable}\n" in registered


def test_the_next_node_of_a_workflow_has_the_result(tmp_path: Path) -> None:
    returned = {
        "changed": True,
        "object": {"kind": "Secret", "name": "git-login", "action": "updated", "changed_keys": []},
        "kdclusters": [
            {"namespace": "team-a", "name": name, "action": "updated", "members": [{"pod": name}]}
            for name in ("notebook", "engine")
        ],
    }
    playbook = tmp_path / "playbook.yml"
    imported = {"import_playbook": str(PROJECT / "result.yml"), "vars": {"kd_returned": returned}}
    playbook.write_text(yaml.safe_dump([{"name": "Hand on", **imported}]))
    done = run_playbook(playbook, kubeconfig=None, ANSIBLE_SHOW_CUSTOM_STATS="1")
    assert done.returncode == 0, done.output
    stats = done.output.partition("CUSTOM STATS: ")[2]
    (handed_on,) = [line for line in stats.splitlines() if "RUN:" in line]
    assert json.loads(handed_on.partition("RUN: ")[2]) == {
        "kd_configmeta_namespace": "team-a",
        "kd_configmeta_kdcluster_text": "notebook engine",
        "kd_result": {
            "localhost": {
                "changed": True,
                "kdclusters": [
                    {"namespace": "team-a", "name": name, "action": "updated"}
                    for name in ("notebook", "engine")
                ],
                "objects": [{"kind": "Secret", "name": "git-login", "action": "updated"}],
                "problems": [],
            }
        },
    }
