# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every job template of extensions/awx, by AWX's own engine, with answers of its survey and credentials.

Each launch asserts that no artifact holds a secret; see tests.harness.awx_job.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.access import owner_token
from tests.harness.awx import job_templates
from tests.harness.awx_job import Awx, JobResult, kubernetes_environment
from tests.harness.canaries import canary
from tests.harness.documentation import marked_blocks
from tests.harness.examples import Setup, all_setups, manifests_of, matches
from tests.harness.kdcluster import KDCluster, application_in
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import KDCLUSTER, Connections
from tests.harness.timing import Timing
from tests.harness.workspace import wait_configured
from tests.integration.playbooks.rotation import secret_values

SETUPS = {setup.name[0]: setup for setup in all_setups()}
NOTEBOOK, ENGINE = "jupyter-notebook", "deployment-engine"
TOKEN = canary("awx-git")
DEMO_TOKEN = "a-token-for-the-demo"
# What looks like a template in a user's answer is text, and stays that.
TYPED = "{{ 6 * 7 }}"
KEEP = {
    "name": "Keep what was read in the fact cache",
    "hosts": "localhost",
    "gather_facts": False,
    "tasks": [
        {"ansible.builtin.set_fact": {"kept": "{{ kd_configmeta_read }}", "cacheable": True}}
    ],
}


@pytest.fixture(scope="module")
def team(kubectl: Kubectl, new_namespace: Callable[[], str]) -> str:
    """A namespace with the KDClusters of the set-ups."""
    name = new_namespace()
    kubectl.create(*manifests_of("13").values(), namespace=name)
    wait_configured(kubectl, name, seconds=180)
    return name


@pytest.fixture(scope="module")
def account(
    kubectl: Kubectl, team: str, address: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A token of the account that the template `rbac` makes; all other templates run with it."""
    token = owner_token(kubectl, team)
    owner = Awx(tmp_path_factory.mktemp("rbac"), kubernetes_environment(address, token))
    answers = {"kd_access_namespace": team, "kd_access_manage_kdclusters_text": "true"}
    succeeded(owner.launch("rbac", answers))
    return kubectl.ok("create", "token", "kd-connections", namespace=team).strip()


@pytest.fixture
def awx(account: str, address: dict[str, str], tmp_path: Path) -> Awx:
    """Launches jobs with the account's token."""
    return Awx(tmp_path, kubernetes_environment(address, account))


@pytest.fixture
def empty(kubectl: Kubectl, team: str, timing: Timing) -> Callable[[str], None]:
    """Take every connection from a KDCluster, and wait until it has settled."""

    def _empty(name: str) -> None:
        found = KDCluster(kubectl, team, name, timing)
        if any((found.get()["spec"].get("connections") or {}).values()):
            found.connect(Connections())
        found.wait_settled()

    return _empty


def succeeded(job: JobResult) -> JobResult:
    """The job itself; AssertionError with what it printed where it failed."""
    assert job.returncode == 0, job.output
    return job


def read_by(kubectl: Kubectl, team: str, name: str) -> list[dict[str, Any]]:
    """What a script in each member of a KDCluster reads of its connections."""
    selector = f"kubedirector.hpe.com/kdcluster={name}"
    pods = kubectl.list("pods", namespace=team, selector=selector)
    return [application_in(kubectl, team, pod["metadata"]["name"]) for pod in pods]


def connection(setup: Setup) -> dict[str, Any]:
    """The one entry of a set-up's connections."""
    (entry,) = yaml.safe_load(setup.connections_file.read_text())["kd_connections"]
    found: dict[str, Any] = entry
    return found


def names(values: list[str]) -> str:
    """Names as a user types them into a survey."""
    return "\n".join(values)


def models_answers() -> dict[str, str]:
    renamed = {"model-version": "model_version", "scoring-path": "scoring_path"}
    models = [
        {"object_name": one["name"], **{renamed.get(k, k): v for k, v in one["data"].items()}}
        for one in connection(SETUPS["1"])["configmaps"]
    ]
    return {
        "model_registry_kdclusters_text": ENGINE,
        "model_registry_models_text": yaml.safe_dump(models),
    }


def secret_answers() -> dict[str, str]:
    data = connection(SETUPS["2"])["secrets"][0]["string_data"]
    return {
        "source_control_kdclusters_text": NOTEBOOK,
        "source_control_type": data["type"],
        "source_control_repo_url": data["repoURL"],
        "source_control_branch": data["branch"],
        "source_control_username": data["username"],
        "source_control_email": data["email"],
    }


def configmap_answers() -> dict[str, str]:
    data = connection(SETUPS["5"])["configmaps"][0]["data"]
    proxy = f"{data['proxy-protocol']}://{data['proxy-hostname']}:{data['proxy-port']}"
    return {
        "source_control_kdclusters_text": NOTEBOOK,
        "source_control_type": data["type"],
        "source_control_repo_url": data["repo-url"],
        "source_control_branch": data["branch"],
        "source_control_username": data["user-name"],
        "source_control_email": data["user-email"],
        "source_control_proxy_text": proxy,
        "source_control_object": "configmap",
        "source_control_key_spelling": "older",
    }


def engines_answers() -> dict[str, str]:
    return {
        "training_engines_kdclusters_text": NOTEBOOK,
        "training_engines_clusters_text": names(connection(SETUPS["3"])["clusters"]),
    }


def combination_answers() -> dict[str, str]:
    return {
        "notebook_kdclusters_text": NOTEBOOK,
        "notebook_clusters_text": names(connection(SETUPS["4"])["clusters"]),
    }


def secrets_of(namespace: str, setup: Setup) -> dict[str, str]:
    """Inputs of a credential of type KubeDirector Secrets."""
    text = yaml.safe_dump([{"namespace": namespace, "secrets": connection(setup)["secrets"]}])
    return {"secrets": text.replace(DEMO_TOKEN, TOKEN)}


@pytest.mark.parametrize(
    ("number", "template", "answers", "credential"),
    [
        ("1", "model_registry", models_answers, None),
        ("2", "source_control", secret_answers, "KubeDirector source control"),
        ("3", "training_engines", engines_answers, None),
        ("4", "notebook", combination_answers, "KubeDirector Secrets"),
        ("5", "source_control", configmap_answers, None),
    ],
)
def test_a_template_connects_its_set_up(
    awx: Awx, kubectl: Kubectl, team: str, empty: Callable[[str], None],
    number: str, template: str, answers: Callable[[], dict[str, str]], credential: str | None,
) -> None:  # fmt: skip
    setup = SETUPS[number]
    ((kdcluster, expected),) = setup.expected.items()
    empty(kdcluster)
    inputs = {
        "KubeDirector source control": {"token": TOKEN},
        "KubeDirector Secrets": secrets_of(team, setup) if credential else {},
    }
    credentials = {credential: inputs[credential]} if credential else {}
    succeeded(awx.launch(template, {f"{template}_namespace": team, **answers()}, credentials))
    with_token = json.loads(json.dumps(expected).replace(DEMO_TOKEN, TOKEN))
    members = read_by(kubectl, team, kdcluster)
    assert members
    for read in members:
        assert matches(with_token, {key: read[key] for key in with_token}), read


def test_demo_creates_a_set_up(awx: Awx, kubectl: Kubectl, team: str) -> None:
    setup = SETUPS["2"]
    (expected,) = setup.expected.values()
    (arguments,) = yaml.safe_load(setup.kdclusters_file.read_text())["kd_clusters"]
    arguments = {**arguments, "name": "from-nothing", "namespace": "is-replaced"}
    secrets = [{"name": one["name"]} for one in connection(setup)["secrets"]]
    entry = {"kdcluster": "from-nothing", "secrets": secrets}
    job = awx.launch(
        "demo",
        {
            "kd_demo_namespace": team,
            "kd_clusters_text": yaml.safe_dump([arguments]),
            "kd_connections_text": yaml.safe_dump([entry]),
        },
        {"KubeDirector Secrets": secrets_of(team, setup)},
    )
    (result,) = succeeded(job).results("Read configmeta.json from the members")
    assert result["kdclusters"][0]["members"]
    with_token = json.loads(json.dumps(expected).replace(DEMO_TOKEN, TOKEN))
    (read,) = read_by(kubectl, team, "from-nothing")
    assert matches(with_token, {key: read[key] for key in with_token}), read


def test_connect_takes_a_list_and_its_secrets_from_a_credential(
    awx: Awx, kubectl: Kubectl, team: str, empty: Callable[[str], None]
) -> None:
    empty(NOTEBOOK)
    blocks = {
        name: text.replace("team-a", team) for name, text in marked_blocks("docs/awx.md").items()
    }
    connections = yaml.safe_load(blocks["connections"])
    connections[1]["configmaps"][0]["data"]["typed"] = TYPED
    job = awx.launch(
        "connect",
        {"kd_connections_text": yaml.safe_dump(connections)},
        {
            "KubeDirector Secrets": {
                "secrets": blocks["secrets"].replace("not-for-a-survey", canary("awx-connect"))
            }
        },
    )
    (result,) = succeeded(job).results("Connect")
    assert result["changed"] is True
    (read,) = read_by(kubectl, team, NOTEBOOK)
    assert read["secrets"]["token"][0]["data"]["token"] == canary("awx-connect")
    assert set(read["clusters"]) == {"training-engine-tf"}
    found = kubectl.get("configmap", "training-data", namespace=team)
    assert found["data"]["typed"] == TYPED


def test_rotate_takes_new_values_from_a_credential(awx: Awx, kubectl: Kubectl, team: str) -> None:
    answers = {"rotate_namespace": team, "rotate_secret": "data-token"}
    values = marked_blocks("docs/awx.md")["values"]
    typed = values.replace("not-for-a-survey-either", canary("awx-rotated"))
    job = succeeded(awx.launch("rotate", answers, {"KubeDirector new values": {"values": typed}}))
    (read,) = read_by(kubectl, team, NOTEBOOK)
    assert read["secrets"]["token"][0]["data"]["token"] == canary("awx-rotated")
    # What AWX gives to the next node of a workflow.
    (stats,) = [one for one in job.events if one["event"] == "playbook_on_stats"]
    handed_on = stats["event_data"]["artifact_data"]
    assert handed_on["kd_configmeta_namespace"] == team
    assert NOTEBOOK in handed_on["kd_configmeta_kdcluster_text"].split()


def test_overview_shows_the_connections(awx: Awx, team: str) -> None:
    job = succeeded(awx.launch("overview", {"kd_overview_namespace_text": team}))
    (result,) = job.results("Look around")
    assert NOTEBOOK in [one["name"] for one in result["kdclusters"]]
    # The account may read them one by one.
    assert {one["kind"] for one in result["not_seen"]} == {"ConfigMap", "Secret"}
    assert f"Namespace {team}" in job.output


def test_the_template_connect_takes_the_export(awx: Awx, kubectl: Kubectl, team: str) -> None:
    job = succeeded(awx.launch("export", {"kd_export_namespace_text": team}))
    (shown,) = job.results("Show them")
    entries = yaml.safe_load("\n".join(shown["msg"]))["kd_connections"]
    (entry,) = [one for one in entries if one["kdcluster"] == [NOTEBOOK]]
    live = kubectl.get(KDCLUSTER, NOTEBOOK, namespace=team)["spec"]["connections"]
    for part in ("clusters", "configmaps", "secrets"):
        assert entry.get(part, []) == (live.get(part) or [])


def test_configmeta_shows_no_secret_and_keeps_none_in_the_fact_cache(
    awx: Awx, kubectl: Kubectl, team: str
) -> None:
    assert (
        "data-token"
        in kubectl.get(KDCLUSTER, NOTEBOOK, namespace=team)["spec"]["connections"]["secrets"]
    )
    answers = {"kd_configmeta_namespace": team, "kd_configmeta_kdcluster_text": NOTEBOOK}
    job = succeeded(awx.launch("configmeta", answers, plays=[KEEP]))
    (result,) = job.results("Read configmeta.json from the members")
    (member,) = result["kdclusters"][0]["members"]
    assert set(member["configmeta"]) == {"connections"}
    assert member["configmeta"]["connections"]["secrets"]["token"][0]["metadata"]["name"] == (
        "data-token"
    )
    (kept,) = job.results("ansible.builtin.set_fact")
    assert kept["ansible_facts"]["kept"]["kdclusters"]


def test_audit_fails_after_the_connections_changed(
    awx: Awx, kubectl: Kubectl, team: str, empty: Callable[[str], None]
) -> None:
    job = succeeded(awx.launch("export", {"kd_export_namespace_text": team}))
    (shown,) = job.results("Show them")
    entries = yaml.safe_load("\n".join(shown["msg"]))["kd_connections"]
    answers = {"kd_connections_text": yaml.safe_dump(entries), "kd_audit_severity": "error"}
    succeeded(awx.launch("audit", answers))
    empty(NOTEBOOK)
    job = awx.launch("audit", answers)
    assert job.returncode == 2
    (said,) = job.messages
    assert said.startswith("drift: 1 of ")
    answers["kd_audit_allow_text"] = f"connections_differ:{team}/{NOTEBOOK}"
    succeeded(awx.launch("audit", answers))


def test_mlflow_and_a_user_directory(
    awx: Awx, kubectl: Kubectl, team: str, empty: Callable[[str], None]
) -> None:
    empty(NOTEBOOK)
    answers = {
        "mlflow_namespace": team,
        "mlflow_kdclusters_text": NOTEBOOK,
        "mlflow_tracking_cluster": "training-engine-tf",
        "mlflow_artifact_root": "s3://artifacts.example.com/team-a",
    }
    key = {"access_key_id": "team-a", "secret_access_key": canary("awx-mlflow")}
    succeeded(awx.launch("mlflow", answers, {"KubeDirector mlflow": key}))
    answers = {
        "external_auth_namespace": team,
        "external_auth_kdclusters_text": NOTEBOOK,
        "external_auth_locations_text": "ldap-1.example.com:636\nldap-2.example.com:636",
        "external_auth_bind_type": "search_bind",
        "external_auth_base_dn_text": "ou=people,dc=example,dc=com",
        "external_auth_user_attr": "uid",
        "external_auth_groups_text": "cn=users,dc=example,dc=com",
    }
    binding = {"bind_dn": "cn=reader,dc=example,dc=com", "bind_pwd": canary("awx-directory")}
    succeeded(awx.launch("external_auth", answers, {"KubeDirector user directory": binding}))
    connections = kubectl.get(KDCLUSTER, NOTEBOOK, namespace=team)["spec"]["connections"]
    assert connections["clusters"] == ["training-engine-tf"]
    assert connections["secrets"] == ["mlflow-secret", "external-auth"]
    mlflow, directory = (secret_values(kubectl, team, name) for name in connections["secrets"])
    assert mlflow["AWS_SECRET_ACCESS_KEY"] == canary("awx-mlflow")
    assert "MLFLOW_S3_ENDPOINT_URL" not in mlflow
    assert directory["bind_pwd"] == canary("awx-directory")
    assert directory["auth_service_locations"] == "ldap-1.example.com:636::::ldap-2.example.com:636"


@pytest.mark.parametrize(
    ("template", "answers", "secrets", "said"),
    [
        (
            "notebook",
            {"notebook_namespace": "none", "notebook_kdclusters_text": "none"},
            f"- password: {canary('unbalanced')}: [",
            "The field Secrets of the credential is not a YAML list with namespace and secrets in",
        ),
        (
            "connect",
            {"kd_connections_text": "- namespace: none"},
            f"just a word {canary('word')}",
            "The field Secrets of the credential is not a YAML list with namespace and secrets in",
        ),
        (
            "model_registry",
            {
                "model_registry_namespace": "none",
                "model_registry_kdclusters_text": "none",
                "model_registry_models_text": "my model",
            },
            None,
            "The answer to Models is not a YAML list with name in each entry.",
        ),
        (
            "rotate",
            {"rotate_namespace": "none", "rotate_secret": "none"},
            None,
            "The job has no credential of type KubeDirector new values",
        ),
    ],
    # By number: the names of tests are in a report that is searched, too.
    ids=range(4),
)
def test_an_answer_that_is_not_a_list_is_named_and_not_shown(
    awx: Awx, template: str, answers: dict[str, str], secrets: str | None, said: str
) -> None:
    credentials = {"KubeDirector Secrets": {"secrets": secrets}} if secrets else {}
    job = awx.launch(template, answers, credentials)
    assert job.returncode != 0
    assert said in job.messages[-1]


def test_every_template_is_launched_here() -> None:
    launched = Path(__file__).read_text()
    assert [name for name in job_templates() if f'"{name}"' not in launched] == []
