# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see on their terminal is what golden/ holds, on the oldest and the newest ansible-core alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.harness.canaries import canary
from tests.harness.documentation import marked_blocks
from tests.harness.examples import manifests_of
from tests.harness.kubectl import Kubectl
from tests.harness.playbook import run_playbook
from tests.harness.timing import Timing
from tests.harness.workspace import wait_configured

GOLDEN = Path(__file__).with_name("golden")
NAMESPACE = "team-a"
SECRET = {
    "name": "git-login",
    "type": "source-control",
    "string_data": {"type": "github", "token": canary("golden")},
}
CONNECTIONS = [
    {
        "namespace": NAMESPACE,
        "kdcluster": ["jupyter-notebook"],
        "secrets": [SECRET],
        "clusters": ["training-engine-tf"],
    },
    {
        "namespace": NAMESPACE,
        "kdcluster": ["deployment-engine"],
        "configmaps": [
            {"name": "model", "type": "model", "data": {"path": "s3://models.example.com/1"}}
        ],
    },
]
ROLE = [
    {
        "name": "Connect the training engines",
        "hosts": "localhost",
        "gather_facts": False,
        "roles": [
            {
                "role": "kubedirector.connections.training_engines",
                "training_engines_namespace": NAMESPACE,
                "training_engines_kdclusters": ["jupyter-notebook"],
                "training_engines_clusters": ["training-engine-tf"],
            }
        ],
    }
]


@pytest.fixture(scope="module")
def team(kubectl: Kubectl, new_namespace: Callable[[], str], timing: Timing) -> str:
    """A namespace with configured KDClusters that nothing is connected to."""
    name = new_namespace()
    kubectl.create(*manifests_of("13").values(), namespace=name)
    wait_configured(kubectl, name, seconds=timing.configure_seconds)
    return name


def shown(text: str, namespace: str) -> str:
    """The text with the name of the golden files' namespace, and without what depends on the terminal's width."""
    return re.sub(r" \*+$", "", text.replace(namespace, NAMESPACE), flags=re.MULTILINE)


@pytest.mark.parametrize("options", [["--check", "--diff"], ["--diff"], []], ids=" ".join)
def test_connect(team: str, kubectl: Kubectl, tmp_path: Path, options: list[str]) -> None:
    """In this order: what would be changed, what is changed, and a second run."""
    variables = tmp_path / "connections.yml"
    text = yaml.safe_dump({"kd_connections": CONNECTIONS}, sort_keys=False)
    variables.write_text(text.replace(NAMESPACE, team))
    done = run_playbook(
        "kubedirector.connections.connect",
        "-e",
        f"@{variables}",
        *options,
        kubeconfig=kubectl.kubeconfig,
    )
    assert done.returncode == 0, done.output
    golden = "connect-diff.txt" if "--diff" in options else "connect.txt"
    assert shown(done.output, team) == (GOLDEN / golden).read_text()


def test_a_role(team: str, kubectl: Kubectl, tmp_path: Path) -> None:
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(yaml.safe_dump(ROLE, sort_keys=False).replace(NAMESPACE, team))
    done = run_playbook(playbook, "--check", kubeconfig=kubectl.kubeconfig)
    assert done.returncode == 0, done.output
    assert shown(done.output, team) == (GOLDEN / "role-check.txt").read_text()


def test_rotate(team: str, kubectl: Kubectl, tmp_path: Path) -> None:
    """What the page says is printed in check mode, and that a run prints the same plan."""
    token = {"type": "github", "token": canary("golden-before")}
    connect = {
        "namespace": team,
        "kdcluster": ["jupyter-notebook", "deployment-engine"],
        # An application may not know which of two Secrets of one type to read.
        "exclusive": True,
        "secrets": [
            {"name": "source-control-secret", "type": "source-control", "string_data": token}
        ],
    }
    values = yaml.safe_load(marked_blocks("docs/rotation.md")["values"].replace(NAMESPACE, team))
    values["rotate_string_data"] = {"token": canary("golden-after")}

    def run(playbook: str, given: object, *options: str) -> str:
        variables = tmp_path / "values.input.json"
        variables.write_text(json.dumps(given))
        done = run_playbook(
            f"kubedirector.connections.{playbook}", "-e", f"@{variables}", *options,
            kubeconfig=kubectl.kubeconfig,
        )  # fmt: skip
        assert done.returncode == 0, done.output
        return shown(done.output, team)

    run("connect", {"kd_connections": [connect]})
    tried = run("rotate", values, "--check", "--diff")
    assert tried == (GOLDEN / "rotate-check.txt").read_text()
    page = marked_blocks("docs/rotation.md", "text")
    assert page["check"] in tried
    done = run("rotate", values)
    assert done == (GOLDEN / "rotate.txt").read_text()
    assert page["run"] in done
