# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed playbook does its work on a cluster."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.harness.canaries import canary
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import KDCLUSTER
from tests.packaging.installed import Installed, Output

CONFIGMETA = "/etc/guestconfig/configmeta.json"


@pytest.fixture(scope="module")
def variables(home: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the playbook's variable: two kd_connection tasks, the second without objects."""
    connections = [
        {
            "namespace": home,
            "kdcluster": ["notebook"],
            "configmaps": [
                {"name": "model", "type": "model", "data": {"name": "cnn", "model-version": 1}}
            ],
        },
        {
            "namespace": home,
            "kdcluster": ["notebook"],
            "secrets": [
                {
                    "name": "login",
                    "type": "notebookusersecret",
                    "string_data": {"user": canary("login")},
                }
            ],
        },
    ]
    path = tmp_path_factory.mktemp("variables") / "connections.input.json"
    path.write_text(json.dumps({"kd_connections": connections}))
    return path


def connect(installed: Installed, kubectl: Kubectl, variables: Path) -> Output:
    """Run the installed playbook as the README says."""
    return installed.run(
        "ansible-playbook", "kubedirector.connections.connect", "--extra-vars", f"@{variables}",
        variables={"K8S_AUTH_KUBECONFIG": str(kubectl.kubeconfig)},
    )  # fmt: skip


def test_the_members_get_what_the_playbook_connects(
    installed: Installed, kubectl: Kubectl, home: str, variables: Path
) -> None:
    done = connect(installed, kubectl, variables)
    assert done.returncode == 0, done.text
    (pod,) = kubectl.list("pod", namespace=home)
    text = kubectl.read_file(pod["metadata"]["name"], CONFIGMETA, namespace=home)
    assert text is not None
    connections = json.loads(text)["connections"]
    (model,) = connections["configmaps"]["model"]
    assert model["data"] == {"name": "cnn", "model-version": "1"}
    (login,) = connections["secrets"]["notebookusersecret"]
    assert login["data"] == {"user": base64.b64encode(canary("login").encode()).decode()}


def test_a_second_run_changes_nothing(
    installed: Installed, kubectl: Kubectl, home: str, variables: Path
) -> None:
    assert connect(installed, kubectl, variables).returncode == 0
    before = kubectl.get(KDCLUSTER, "notebook", namespace=home)["metadata"]["resourceVersion"]
    done = connect(installed, kubectl, variables)
    assert done.returncode == 0, done.text
    assert "changed=0" in done.stdout, done.text
    after = kubectl.get(KDCLUSTER, "notebook", namespace=home)["metadata"]["resourceVersion"]
    assert after == before


def test_ansible_navigator_runs_the_same_playbooks_without_a_container(
    installed: Installed, kubectl: Kubectl, home: str, variables: Path, tmp_path: Path
) -> None:
    given = tmp_path / "configmeta.json"
    given.write_text(json.dumps({"kd_configmeta": {"namespace": home, "kdcluster": ["notebook"]}}))
    done = {
        playbook: installed.run(
            "ansible-navigator", "run", f"kubedirector.connections.{playbook}",
            "--execution-environment", "false", "--mode", "stdout",
            "--playbook-artifact-enable", "false", "--log-file", str(tmp_path / "navigator.log"),
            "--extra-vars", f"@{file}",
            variables={"K8S_AUTH_KUBECONFIG": str(kubectl.kubeconfig)},
        )
        for playbook, file in (("connect", variables), ("configmeta", given))
    }  # fmt: skip
    for run in done.values():
        assert run.returncode == 0, run.text
    assert "notebookusersecret" in done["configmeta"].stdout
