# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of the documentation does what it says, typed as it stands there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.harness.canaries import canary
from tests.harness.documentation import marked_blocks, plugin_examples
from tests.harness.examples import manifests_of
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import secret
from tests.harness.modules import Modules
from tests.harness.playbook import PlaybookRun, run_playbook

TOKEN = ("-e", f"source_control_token={canary('documented')}")
# What the documentation says lies beside its playbooks.
FILES = {
    "connections.yml": "kd_connections: [{namespace: team-a, kdcluster: [jupyter-notebook], configmaps: [training-data]}]\n",
    "code/train.py": "print('trained')\n",
    "conf/train.yml": "epochs: 3\n",
    "object-store.env": f"ACCESS_KEY=team-a\nSECRET_KEY={canary('stored')}\n",
    "object-store.yml": json.dumps(secret("object-store", {"SECRET_KEY": canary("stored")})),
}
# The namespace that the documentation speaks of.
DOCUMENTED = "team-a"


@pytest.fixture(scope="module")
def team(kubectl: Kubectl, new_namespace: Callable[[], str]) -> str:
    """A namespace with the KDClusters of the documentation."""
    name = new_namespace()
    kubectl.create(*manifests_of("13").values(), namespace=name)
    kubectl.create(
        secret("mlflow-credentials", {"MLFLOW_ARTIFACT_ROOT": "s3://x"}, connection_type="mlflow"),
        namespace=name,
    )
    return name


@pytest.fixture
def run(team: str, tmp_path: Path, kubectl: Kubectl) -> Callable[..., PlaybookRun]:
    """Run the text of a playbook in the team's namespace."""

    def _run(text: str, *arguments: str) -> PlaybookRun:
        for name, content in FILES.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content.replace(DOCUMENTED, team))
        playbook = tmp_path / "playbook.yml"
        playbook.write_text(text.replace(DOCUMENTED, team))
        done = run_playbook(playbook, *TOKEN, *arguments, kubeconfig=kubectl.kubeconfig)
        assert done.returncode == 0, done.output
        return done

    return _run


def test_your_own_playbook_connects_and_a_second_run_changes_nothing(
    run: Callable[..., PlaybookRun], kubectl: Kubectl, team: str
) -> None:
    text = marked_blocks("docs/getting-started.md")["playbook"]
    run(text)
    connections = kubectl.get("kubedirectorcluster", "jupyter-notebook", namespace=team)["spec"][
        "connections"
    ]
    assert connections["clusters"] == ["training-engine-tf"]
    assert connections["secrets"] == ["source-control-secret"]
    assert run(text).counts["changed"] == 0


def test_the_readme_connects_and_disconnects(
    run: Callable[..., PlaybookRun], kubectl: Kubectl, team: str
) -> None:
    def connected() -> list[str]:
        found = kubectl.get("kubedirectorcluster", "jupyter-notebook", namespace=team)
        names: list[str] = found["spec"].get("connections", {}).get("configmaps") or []
        return names

    blocks = marked_blocks("README.md")
    run(blocks["connect"])
    assert "training-data" in connected()
    assert run(blocks["connect"]).counts["changed"] == 0
    run(blocks["connect"] + blocks["back"])
    assert "training-data" not in connected()
    # An example of kd_connection changes the ConfigMap.
    run(blocks["connect"])


def test_connections_by_the_playbook_and_by_awx_import(
    run: Callable[..., PlaybookRun], kubectl: Kubectl, team: str, tmp_path: Path
) -> None:
    connections = marked_blocks("docs/getting-started.md")["connections"]
    variables = tmp_path / "connections.yml"
    variables.write_text(connections.replace("demo-model-registry", team))
    done = run_playbook(
        "kubedirector.connections.connect", "-e", f"@{variables}", kubeconfig=kubectl.kubeconfig
    )
    assert done.returncode == 0, done.output
    engine = kubectl.get("kubedirectorcluster", "deployment-engine", namespace=team)
    assert "convolutional-nn-model" in engine["spec"]["connections"]["configmaps"]
    imported = marked_blocks("docs/awx.md")["by hand"]
    assert run(imported, "-e", f"@{variables}").counts["changed"] == 0


@pytest.mark.parametrize(
    "plugin",
    [
        "plugins/modules/kd_access.py",
        "plugins/modules/kd_connection.py",
        "plugins/modules/kd_connections.py",
        "plugins/modules/kd_configmeta_info.py",
        "plugins/filter/entry_places.py",
        "plugins/modules/kd_connection_info.py",
        "plugins/modules/kd_export_info.py",
        "plugins/filter/audit_entries.py",
        "plugins/filter/audit_report.py",
        "plugins/filter/external_auth_secret.py",
        "plugins/filter/mlflow_secret.py",
        "plugins/filter/model_configmaps.py",
        "plugins/filter/source_control_fields.py",
        "plugins/filter/source_control_object.py",
    ],
)
def test_examples_of_a_plugin(plugin: str, run: Callable[..., PlaybookRun]) -> None:
    tasks = yaml.safe_load(plugin_examples(plugin))
    run(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))


def test_documented_role_is_enough(kubectl: Kubectl, team: str, address: dict[str, str]) -> None:
    role = yaml.safe_load(marked_blocks("docs/rbac.md")["role"])
    kubectl.create(role, namespace=team)
    kubectl.ok("create", "serviceaccount", "connector", namespace=team)
    kubectl.ok(
        "create", "rolebinding", "connector", "--role", role["metadata"]["name"],
        "--serviceaccount", f"{team}:connector", namespace=team,
    )  # fmt: skip
    token = kubectl.ok("create", "token", "connector", namespace=team).strip()
    modules = Modules({**address, "api_key": token}, team)
    entry = {"name": "rights", "type": "rights", "data": {"a": "1"}}
    modules.connected(kdcluster=["deployment-engine"], configmaps=[entry])
    modules.read(kdcluster=["deployment-engine"])
    modules.connected(
        kdcluster=["deployment-engine"], configmaps=[{"name": "rights"}], state="absent",
        delete_objects=True,
    )  # fmt: skip
