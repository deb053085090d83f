# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment is built, and runs the collection's playbooks on a cluster in podman's containers.

The first build takes minutes; the image stays in the cache.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

from tests.harness.access import address_of, owner_token
from tests.harness.awx_job import Awx, Container, JobResult, kubernetes_environment
from tests.harness.canaries import canary
from tests.harness.kdcluster import application_in
from tests.harness.kubectl import Kubectl, Manifest
from tests.harness.manifests import KDCLUSTER
from tests.packaging.execution_environment import (
    ExecutionEnvironment,
    execution_environment,
    what_runs,
)
from tests.packaging.installed import Installed
from tests.runner.paths import ROOT
from tests.sandbox import commands
from tests.sandbox.errors import MissingPart

# In the image.
COLLECTIONS = "/usr/share/ansible/collections"


@pytest.fixture(scope="module")
def environment(installed: Installed, tarball: Path) -> Iterator[ExecutionEnvironment]:
    """The image; a machine that cannot build it fails these tests with what it lacks."""
    try:
        with execution_environment(installed, tarball) as found:
            yield found
    except MissingPart as error:
        pytest.fail(error.sentence, pytrace=False)


@pytest.fixture(scope="module")
def kubernetes(
    kubectl: Kubectl, home: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What AWX's credential for the cluster sets, with a token of the namespace's administrator."""
    address = address_of(kubectl, tmp_path_factory.mktemp("authority"))
    return kubernetes_environment(address, owner_token(kubectl, home))


@pytest.fixture
def launch(
    environment: ExecutionEnvironment, kubernetes: dict[str, str], tmp_path: Path
) -> Callable[..., JobResult]:
    """Launches a job template with answers of its survey, in the execution environment."""
    container = Container(environment.image, environment.podman.variables)

    def _launch(template: str, answers: dict[str, str], **other: str) -> JobResult:
        return Awx(tmp_path, {**kubernetes, **other}, container).launch(template, answers)

    return _launch


def connected(kubectl: Kubectl, home: str) -> dict[str, list[str]]:
    """What the KDCluster is connected to."""
    found: dict[str, list[str]] = kubectl.get(KDCLUSTER, "notebook", namespace=home)["spec"].get(
        "connections", {}
    )
    return found


def read_by_the_member(kubectl: Kubectl, home: str) -> Manifest:
    """What a script in the KDCluster's member reads of its connections."""
    (pod,) = kubectl.list("pod", namespace=home)
    return application_in(kubectl, home, pod["metadata"]["name"])


def pinned(text: str) -> set[tuple[str, str]]:
    """The names and versions in lines such as NAME==VERSION."""
    parts = [line.split(";")[0].strip().split("==") for line in text.splitlines()]
    return {(canonicalize_name(name), version) for name, version in parts}


def answers(home: str, name: str) -> dict[str, str]:
    """A survey's answer that connects the KDCluster to a ConfigMap."""
    entry = {
        "namespace": home,
        "kdcluster": ["notebook"],
        "configmaps": [{"name": name, "type": name, "data": {"path": f"repo://{name}"}}],
    }
    return {"kd_connections_text": yaml.safe_dump([entry])}


def test_it_has_the_collection_the_pinned_requirements_and_no_pip_settings(
    environment: ExecutionEnvironment, installed: Installed
) -> None:
    def said(*command: str) -> str:
        options = ("--rm", "--network=none", "--pull=never")
        return environment.podman.run("run", *options, environment.image, *command)

    files = f"{COLLECTIONS}/ansible_collections/kubedirector/connections/FILES.json"
    assert what_runs(said("cat", files)) == what_runs((installed.root / "FILES.json").read_text())
    pins = (installed.root / "extensions" / "awx" / "requirements.txt").read_text()
    versions = said("python3", "-m", "pip", "list", "--format=freeze")
    assert pins and pinned(pins) <= pinned(versions)
    # What ansible-builder sets.
    left = ":env:.break-system-packages='1'\n"
    assert said("python3", "-m", "pip", "config", "list") == left


def test_ansible_builder_ends_as_the_page_says(installed: Installed, tmp_path: Path) -> None:
    """`create` writes what `build` hands to podman, and ends with the same words."""
    folder = shutil.copytree(installed.root / "extensions" / "awx", tmp_path / "awx")
    program = Path(sys.executable).with_name("ansible-builder")
    definition, context = folder / "execution-environment.yml", folder / "context"
    printed = commands.run([program, "create", "-f", definition, "-c", context], timeout=120)
    shown = printed.splitlines()[-1].replace(str(folder), "/home/me/awx")
    assert f"\n   {shown}\n" in (ROOT / "docs" / "awx.md").read_text()


def test_a_job_connects_and_the_next_one_shows_it(
    launch: Callable[..., JobResult], kubectl: Kubectl, home: str
) -> None:
    done = launch("connect", answers(home, "by-runner"))
    assert done.returncode == 0, done.output
    assert connected(kubectl, home)["configmaps"] == ["by-runner"]
    (read,) = read_by_the_member(kubectl, home)["configmaps"]["by-runner"]
    assert read["data"] == {"path": "repo://by-runner"}
    shown = launch("overview", {"kd_overview_namespace_text": home})
    assert shown.returncode == 0, shown.output
    assert "notebook" in shown.output and "by-runner" in shown.output


def test_a_role_runs_in_it(launch: Callable[..., JobResult], kubectl: Kubectl, home: str) -> None:
    model = {
        "name": "cnn",
        "model_version": 1,
        "path": "repo://cnn",
        "scoring_path": "repo://cnn.py",
    }
    done = launch(
        "model_registry",
        {
            "model_registry_namespace": home,
            "model_registry_kdclusters_text": "notebook",
            "model_registry_models_text": yaml.safe_dump([model]),
        },
    )
    assert done.returncode == 0, done.output
    (read,) = read_by_the_member(kubectl, home)["configmaps"]["model"]
    assert read["data"]["path"] == "repo://cnn"


def test_a_token_that_is_not_accepted_is_reported_as_everywhere(
    launch: Callable[..., JobResult], kubectl: Kubectl, home: str
) -> None:
    before = connected(kubectl, home)
    done = launch("connect", answers(home, "never"), K8S_AUTH_API_KEY=canary("wrong-token"))
    assert done.returncode != 0
    (message,) = done.messages
    assert "does not accept the credentials (401)" in message
    assert connected(kubectl, home) == before


def test_ansible_navigator_runs_playbooks_in_it(
    environment: ExecutionEnvironment,
    kubernetes: dict[str, str],
    installed: Installed,
    kubectl: Kubectl,
    home: str,
    tmp_path: Path,
) -> None:
    (entry,) = yaml.safe_load(answers(home, "by-navigator")["kd_connections_text"])
    given = {
        "connect": {"kd_connections": [entry]},
        "overview": {"kd_overview": {"namespace": [home]}},
    }
    # ansible-navigator insists on it; systemd makes it elsewhere.
    Path("/dev/mqueue").mkdir(exist_ok=True)
    # The container gets the folder in which ansible-navigator is called.
    authority = str(shutil.copy(kubernetes["K8S_AUTH_SSL_CA_CERT"], installed.home))
    done = {}
    for playbook, variables in given.items():
        (installed.home / "given.input.json").write_text(json.dumps(variables))
        done[playbook] = installed.run(
            "ansible-navigator", "run", f"kubedirector.connections.{playbook}", "--mode", "stdout",
            "--execution-environment", "true", "--container-engine", "podman",
            "--execution-environment-image", environment.image, "--pull-policy", "never",
            "--container-options=--network=host",
            *(f"--pass-environment-variable={name}" for name in kubernetes),
            "--playbook-artifact-enable", "false", "--log-file", str(tmp_path / "navigator.log"),
            "--extra-vars", "@given.input.json",
            variables={
                **kubernetes,
                **environment.podman.variables,
                "K8S_AUTH_SSL_CA_CERT": authority,
                # ansible-navigator hands this on; the collection is the image's own.
                "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
            },
        )  # fmt: skip
    for run in done.values():
        assert run.returncode == 0, run.text
    assert "by-navigator" in connected(kubectl, home)["configmaps"]
    (read,) = read_by_the_member(kubectl, home)["configmaps"]["by-navigator"]
    assert read["data"] == {"path": "repo://by-navigator"}
    assert "by-navigator" in done["overview"].stdout
