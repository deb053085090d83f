# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see on their terminal is what golden/ holds, on the oldest and the newest ansible-core alike."""

from __future__ import annotations

import base64
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
import yaml

from tests.harness.canaries import canary
from tests.harness.documentation import marked_blocks
from tests.harness.examples import manifests_of
from tests.harness.kubectl import Kubectl, Manifest
from tests.harness.modules import steering
from tests.harness.playbook import kill_playbook, run_playbook
from tests.harness.timing import Timing
from tests.harness.workspace import wait_configured

GOLDEN = Path(__file__).with_name("golden")
NAMESPACE = "team-a"
ROTATE = "kubedirector.connections.rotate"
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


def encrypt(path: Path, password: str) -> str:
    """Encrypt a file by ansible-vault, the password typed at its prompts. Returns what the terminal shows."""
    seen = io.StringIO()
    program = Path(sys.executable).with_name("ansible-vault")
    terminal = pexpect.spawn(str(program), ["encrypt", str(path)], encoding="utf-8", timeout=60)
    terminal.logfile_read = seen
    for prompt in ("New Vault password: ", "Confirm New Vault password: "):
        terminal.expect_exact(prompt)
        terminal.sendline(password)
    terminal.expect(pexpect.EOF)
    return "".join(f"{line.rstrip()}\n" for line in seen.getvalue().splitlines())


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


def test_rotate(team: str, kubectl: Kubectl, tmp_path: Path, timing: Timing) -> None:
    """The page's commands print what the page says; the last one is typed after a killed rotation."""
    token = {"type": "github", "token": canary("golden-before")}
    connect = {
        "namespace": team,
        "kdcluster": ["jupyter-notebook", "deployment-engine"],
        # An application may not know which of two Secrets of one type to read.
        "exclusive": True,
        "secrets": [
            {"name": "source-control-secret", "type": "source-control", "string_data": token}
        ],
        # Leaves time to kill a rotation between its write and its end.
        "configmaps": [steering("slow-start-script", seconds=2)],
    }
    values = yaml.safe_load(marked_blocks("docs/rotation.md")["values"].replace(NAMESPACE, team))
    values["rotate_string_data"] = {"token": canary("golden-after")}

    variables = tmp_path / "values.input.json"
    password = tmp_path / "password.input.json"
    password.write_text(canary("golden-password"))
    vault = ("--vault-password-file", str(password))

    def rotate(*arguments: str) -> str:
        done = run_playbook(ROTATE, *arguments, kubeconfig=kubectl.kubeconfig)
        assert done.returncode == 0, done.output
        return shown(done.output, team)

    def held() -> str:
        secret = kubectl.get("secret", "source-control-secret", namespace=team)
        return base64.b64decode(secret["data"]["token"]).decode()

    def kept() -> list[Manifest]:
        return kubectl.list(
            "secret", selector="kubedirector.connections/keeps=old-values", namespace=team
        )

    variables.write_text(json.dumps({"kd_connections": [connect]}))
    done = run_playbook(
        "kubedirector.connections.connect", "-e", f"@{variables}", kubeconfig=kubectl.kubeconfig
    )
    assert done.returncode == 0, done.output
    variables.write_text(json.dumps(values))
    page = marked_blocks("docs/rotation.md", "text")
    assert encrypt(variables, canary("golden-password")) == page["encrypt"]
    given = ("-e", f"@{variables}", *vault)
    tried = rotate(*given, "--check", "--diff")
    assert tried == (GOLDEN / "rotate-check.txt").read_text()
    assert page["check"] in tried
    printed = rotate(*given)
    assert printed == (GOLDEN / "rotate.txt").read_text()
    assert page["run"] in printed

    values["rotate_string_data"] = {"token": canary("golden-killed")}
    variables.write_text(json.dumps(values))
    kill_playbook(
        ROTATE, "-e", f"@{variables}", kubeconfig=kubectl.kubeconfig,
        when=lambda: held() == canary("golden-killed"), seconds=timing.settle_seconds,
    )  # fmt: skip
    restored = rotate(
        "-e", f"rotate_namespace={team}", "-e", "rotate_secret=source-control-secret",
        "-e", "rotate_state=restored",
    )  # fmt: skip
    assert page["run"] in restored
    begun = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    # ansible-core 2.16 folds a warning at the terminal's width.
    warning, all_printed = (
        "".join(re.sub(begun, "TIME", text).split()) for text in (page["restored"], restored)
    )
    assert warning in all_printed
    assert not kept()
    assert held() == canary("golden-after")
