# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles as their READMEs show them, and the playbooks of their names; bad data writes nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.canaries import canary
from tests.harness.cluster import REPOSITORY
from tests.harness.documentation import marked_blocks
from tests.harness.examples import manifests_of
from tests.harness.kdcluster import CONFIGMETA
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import KDCLUSTER, configmap
from tests.harness.playbook import PlaybookRun, run_playbook
from tests.harness.workspace import wait_configured
from tests.integration.playbooks.bad_role_data import (
    BAD,
    FINE,
    missing_refusals,
    mistakes,
    refused_play,
)
from tests.integration.playbooks.context import kubeconfig_in

ROLES = [
    "model_registry", "training_engines", "source_control", "notebook", "mlflow", "external_auth",
]  # fmt: skip
# What the READMEs' roles make.
OBJECTS = [
    ("configmap", "convolutional-nn"), ("configmap", "training-data"),
    ("secret", "external-auth"), ("secret", "mlflow-secret"), ("secret", "source-control-secret"),
]  # fmt: skip
FQCN = "kubedirector.connections"
DOCUMENTED = "team-a"
SECRETS = {
    "git_token": canary("role-git"),
    "mlflow_key": canary("role-mlflow"),
    "directory_password": canary("role-directory"),
}


@pytest.fixture(scope="module")
def team(kubectl: Kubectl, new_namespace: Callable[[], str]) -> str:
    """A namespace with the KDClusters that the READMEs name."""
    name = new_namespace()
    found = manifests_of("13")
    del found["KubeDirectorCluster", "training-engine-pytorch"]
    engine = found["KubeDirectorCluster", "training-engine-tf"]
    tracking = {**engine, "metadata": {**engine["metadata"], "name": "tracking-server"}}
    kubectl.create(*found.values(), tracking, namespace=name)
    wait_configured(kubectl, name, seconds=180)
    return name


@pytest.fixture
def run(kubectl: Kubectl, tmp_path: Path) -> Callable[..., PlaybookRun]:
    """Run plays with the secrets that the READMEs take from elsewhere; no output shows them."""
    given = tmp_path / "secrets.input.json"
    given.write_text(json.dumps(SECRETS))
    given.chmod(0o600)

    def _run(
        plays: list[dict[str, Any]] | str,
        *arguments: str,
        kubeconfig: Path = kubectl.kubeconfig,
    ) -> PlaybookRun:
        playbook: Path | str = tmp_path / "plays.yml"
        if isinstance(plays, str):
            playbook = plays
        else:
            (tmp_path / "plays.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
        done = run_playbook(
            playbook, "-vvv", "--diff", "-e", f"@{given}", *arguments, kubeconfig=kubeconfig
        )
        assert not [name for name, value in SECRETS.items() if value in done.output]
        return done

    return _run


def documented(role: str, namespace: str) -> list[dict[str, Any]]:
    """The plays of a role's README, in another namespace."""
    text = marked_blocks(f"roles/{role}/README.md")[f"role {role}"]
    plays: list[dict[str, Any]] = yaml.safe_load(text.replace(DOCUMENTED, namespace))
    return plays


def state_of(kubectl: Kubectl, namespace: str) -> dict[str, str]:
    """What a write would change: an object's resourceVersion, and of a KDCluster the generation."""
    return {
        f"{kind}/{one['metadata']['name']}": str(one["metadata"][version])
        for kind, version in (
            ("configmap", "resourceVersion"), ("secret", "resourceVersion"), (KDCLUSTER, "generation"),
        )
        for one in kubectl.list(kind, namespace=namespace)
    }  # fmt: skip


def in_member(kubectl: Kubectl, namespace: str, pod_of: str) -> dict[str, Any]:
    """`connections` as a member of the KDCluster holds them, asked of the pod itself."""
    selector = f"kubedirector.hpe.com/kdcluster={pod_of}"
    pod = kubectl.list("pod", namespace=namespace, selector=selector)[0]["metadata"]["name"]
    text = kubectl.read_file(pod, CONFIGMETA, namespace=namespace)
    assert text is not None
    connections: dict[str, Any] = json.loads(text)["connections"]
    return connections


def there(
    kubectl: Kubectl, namespace: str, objects: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Which of these objects exist."""
    return [one for one in objects if kubectl.find(*one, namespace=namespace) is not None]


def test_every_role_connects_what_its_readme_says_and_a_second_run_changes_nothing(
    run: Callable[..., PlaybookRun], kubectl: Kubectl, team: str
) -> None:
    plays = [play for role in ROLES for play in documented(role, team)]
    done = run([*plays, *plays])
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == len(ROLES), done.output
    (model,) = in_member(kubectl, team, "deployment-engine")["configmaps"]["model"]
    assert model["data"]["scoring-path"] == "repo://code/scoring.py"
    assert model["data"]["model-version"] == "1"
    held = in_member(kubectl, team, "jupyter-notebook")
    assert set(held["clusters"]) == {"training-engine-tf", "tracking-server"}
    assert held["configmaps"]["data-source"][0]["data"]["path"] == "s3://data.example.com/training"
    secrets = {
        kind: {key: base64.b64decode(value).decode() for key, value in found[0]["data"].items()}
        for kind, found in held["secrets"].items()
    }
    assert secrets["source-control"]["token"] == SECRETS["git_token"]
    assert secrets["mlflow"]["AWS_SECRET_ACCESS_KEY"] == SECRETS["mlflow_key"]
    assert secrets["extAuth"]["bind_pwd"] == SECRETS["directory_password"]

    absent = [arg for role in ROLES for arg in ("-e", f"{role}_state=absent")]
    done = run(plays, *absent)
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == len(ROLES), done.output
    for kdcluster in ("jupyter-notebook", "deployment-engine"):
        held = in_member(kubectl, team, kdcluster)
        assert not any(held[kind] for kind in ("clusters", "configmaps", "secrets"))
    assert there(kubectl, team, OBJECTS) == OBJECTS

    deleting = [arg for role in ROLES for arg in ("-e", f'{{"{role}_delete_objects": true}}')]
    done = run(plays, *absent, *deleting)
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == len(OBJECTS), done.output
    assert there(kubectl, team, OBJECTS) == []


def test_every_role_names_bad_data_and_writes_nothing(
    run: Callable[..., PlaybookRun], kubectl: Kubectl, team: str
) -> None:
    before = state_of(kubectl, team)
    bad = [one for role in BAD for one in mistakes(role, team)]
    done = run([refused_play(bad)])
    assert missing_refusals(bad, done.output) == []
    assert state_of(kubectl, team) == before


@pytest.mark.parametrize("role", ROLES)
def test_there_are_many_kinds_of_bad_data_for_every_role(role: str) -> None:
    assert len(BAD[role]) >= 8


def test_check_mode_of_every_role_in_the_contexts_namespace_reports_changes_and_writes_nothing(
    run: Callable[..., PlaybookRun], kubectl: Kubectl, team: str, tmp_path: Path
) -> None:
    before = state_of(kubectl, team)
    plays = [play for role in ROLES for play in documented(role, team)]
    for role, play in zip(ROLES, plays, strict=True):
        del play["roles"][0][f"{role}_namespace"]
    done = run(plays, "--check", kubeconfig=kubeconfig_in(team, kubectl, tmp_path))
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == len(ROLES), done.output
    assert state_of(kubectl, team) == before


def test_roles_take_several_kdclusters_existing_objects_and_both_spellings(
    run: Callable[..., PlaybookRun], kubectl: Kubectl, team: str
) -> None:
    both = ["jupyter-notebook", "training-engine-tf"]
    names = {"older": "info-older", "newer": "info-newer"}
    kubectl.create(
        configmap(names["older"], {"branch": "stale"}, connection_type="source-control"),
        configmap("never-connected", {"a": "1"}, connection_type="source-control"),
        namespace=team,
    )

    def play(name: str, **variables: Any) -> dict[str, Any]:
        fine = {**FINE["source_control"], "object": "configmap", "object_name": name, **variables}
        fine = {name: value for name, value in fine.items() if name not in ("auth_type", "token")}
        given = {"namespace": team, "kdclusters": both, **fine}
        role = {f"source_control_{name}": value for name, value in given.items()}
        return {
            "hosts": "localhost",
            "gather_facts": False,
            "roles": [{"role": f"{FQCN}.source_control", **role}],
        }

    written = [play(name, key_spelling=spelling) for spelling, name in names.items()]
    done = run([*written, play("never-connected", state="absent")])
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == 2, done.output
    for kdcluster in both:
        older, newer = in_member(kubectl, team, kdcluster)["configmaps"]["source-control"]
        assert older["data"]["repo-url"] == newer["data"]["repoURL"]
        assert older["data"]["user-name"] == newer["data"]["username"] == "team-a"
        assert older["data"]["branch"] == "main"
        assert not {"repoURL", "username"} & set(older["data"])

    deleting = {"state": "absent", "delete_objects": True}
    done = run([play(name, **deleting) for name in [*names.values(), "never-there"]])
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == 2, done.output
    assert kubectl.find("configmap", names["older"], namespace=team) is None
    assert kubectl.find("configmap", "never-connected", namespace=team) is not None
    assert not in_member(kubectl, team, "jupyter-notebook")["configmaps"]


def test_the_playbook_of_a_role_takes_its_variables(
    run: Callable[..., PlaybookRun], kubectl: Kubectl, team: str
) -> None:
    variables = ["training_engines_clusters", "training_engines_kdclusters"]
    values = {
        "training_engines_namespace": team,
        **dict(zip(variables, (["training-engine-tf"], ["jupyter-notebook"]), strict=True)),
    }
    done = run(f"{FQCN}.training_engines", "-e", json.dumps(values))
    assert done.returncode == 0, done.output
    spec = kubectl.get(KDCLUSTER, "jupyter-notebook", namespace=team)["spec"]
    assert spec["connections"]["clusters"] == ["training-engine-tf"]


def test_every_role_has_a_playbook_and_a_readme() -> None:
    shipped = {path.name for path in (REPOSITORY / "roles").iterdir() if path.is_dir()}
    # A rotation needs what is connected already: test_rotate.py.
    assert shipped == {*ROLES, "rotate"}
    for role in shipped:
        assert (REPOSITORY / "playbooks" / f"{role}.yml").is_file()
