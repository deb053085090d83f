# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the guides do what the pages say, word for word."""

from __future__ import annotations

import builtins
import io
import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entries import (
    entry_problems,
)
from tests.demo.playbooks import command
from tests.harness.canaries import canary
from tests.harness.cluster import REPOSITORY
from tests.harness.documentation import marked_blocks
from tests.harness.examples import all_setups, matches
from tests.harness.playbook import run_playbook
from tests.unit.docs.test_commands import commands
from tests.unit.plugins.api_server import scripted_server
from tests.unit.plugins.clients import CORE, KDCLUSTERS, TOKEN
from tests.unit.plugins.manifests import encoded
from tests.unit.plugins.namespace_server import COUNT, Namespace

KUBECTL = marked_blocks("docs/coming-from-kubectl.md")
EZMERAL = marked_blocks("docs/ezmeral.md")
NAME = "kubedirector.connections."
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
LOGIN = f"{CORE}/secrets/git-login"
VALUE = canary("pages")
ENTRY = {
    "namespace": "team-a", "kdcluster": ["jupyter-notebook"],
    "configmaps": [{"name": "training-data", "type": "data-source", "data": {"path": "s3://x"}}],
}  # fmt: skip
Run = Callable[[str], None]


@pytest.fixture
def space() -> Iterator[Namespace]:
    """team-a with a notebook and its KDApp, and a Secret as kubectl applies it."""
    with scripted_server() as server:
        found = Namespace(server)
        found.apps.append({"metadata": {"name": "jupyter-notebook", "namespace": "team-a"}})
        found.add_kdcluster("jupyter-notebook", "pod-0")
        found.add_object(
            "Secret", "git-login", object_type="source-control", annotations={APPLIED: "{}"}
        )
        yield found


@pytest.fixture
def run(space: Namespace, tmp_path: Path) -> Run:
    """Run a playbook; no output shows the value."""

    def _run(text: str) -> None:
        playbook = tmp_path / "playbook.yml"
        playbook.write_text(text)
        done = run_playbook(
            playbook, "-e", f"git_token={VALUE}", kubeconfig=None,
            K8S_AUTH_HOST=space.server.url, K8S_AUTH_API_KEY=TOKEN,
        )  # fmt: skip
        assert done.returncode == 0 and VALUE not in done.output, done.output

    return _run


@pytest.mark.whole_run
def test_an_object_of_kubectl_is_reported_and_not_written(run: Run, space: Namespace) -> None:
    run(KUBECTL["named"])
    assert space.kdcluster("jupyter-notebook")["spec"]["connections"]["secrets"] == ["git-login"]
    assert not [one for one in space.writes if one.path == LOGIN]


@pytest.mark.whole_run
def test_an_object_of_kubectl_is_taken_over(run: Run, space: Namespace) -> None:
    run(KUBECTL["described"])
    assert space.objects[LOGIN]["data"]["token"] == encoded(VALUE)
    assert APPLIED not in (space.objects[LOGIN]["metadata"].get("annotations") or {})


@pytest.mark.whole_run
def test_kd_cluster_creates_the_notebook_of_hpe_ezmeral(run: Run, space: Namespace) -> None:
    del space.objects[f"{KDCLUSTERS}/jupyter-notebook"]
    space.add_object("Secret", "hpecp-ext-auth-secret", object_type="extAuth")
    run(EZMERAL["kdcluster"].replace("my-tenant", "team-a"))
    (role,) = space.kdcluster("jupyter-notebook")["spec"]["roles"]
    assert role["podLabels"] == {"hpecp.hpe.com/dtap": "hadoop2"}


@pytest.mark.whole_run
def test_the_plan_and_the_message_of_getting_started(space: Namespace, tmp_path: Path) -> None:
    space.add_kdcluster("deployment-engine", "pod-1", "pod-2")
    page = "docs/getting-started.md"
    file = tmp_path / "connections.yml"
    text, shown = marked_blocks(page)["connections"], marked_blocks(page, "text")

    def connect(text: str) -> str:
        file.write_text(text.replace("demo-model-registry", "team-a"))
        return run_playbook(
            f"{NAME}connect", "--check", "-e", f"kd_connections_file={file}", kubeconfig=None,
            K8S_AUTH_HOST=space.server.url, K8S_AUTH_API_KEY=TOKEN,
        ).output  # fmt: skip

    assert shown["plan"].replace("demo-model-registry", "team-a") in connect(text)
    path = "path: s3://models.example.com/convolutional-nn/1"
    lines = text.splitlines()
    # The page omits the licence of the demo's example file.
    assert lines[10].strip() == path
    wrong = connect(text.replace(f"{path}\n", "path: [a, b]\n", 1))
    message = shown["message"].partition("; ...")[0]
    assert message in " ".join(wrong.split())


@pytest.mark.whole_run
@pytest.mark.parametrize("page", ["docs/audit.md", "docs/overview.md"])
def test_a_page_shows_what_its_command_prints(
    page: str, space: Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space.kdcluster("jupyter-notebook")["metadata"]["annotations"] = {COUNT: "1"}
    del space.objects[LOGIN]
    (tmp_path / "connections.yml").write_text(yaml.safe_dump({"kd_connections": [ENTRY]}))
    (tmp_path / "export.yml").write_text(marked_blocks("docs/overview.md")["export"])
    shown = marked_blocks(page, "text")["printed"]
    words = next(
        one for one in commands(REPOSITORY / page) if one[0] in (f"{NAME}audit", f"{NAME}export")
    )
    done = run_playbook(
        *words, kubeconfig=None, K8S_AUTH_HOST=space.server.url, K8S_AUTH_API_KEY=TOKEN
    )
    assert shown in done.output


def test_a_line_of_the_plan_is_in_the_readme() -> None:
    line = marked_blocks("docs/running-notebook.md", "text")["printed"]
    assert line in marked_blocks("README.md", "text")["printed"]


def test_the_demo_prints_what_it_runs_and_expects() -> None:
    setup = all_setups()[0]
    shown = marked_blocks("docs/try-it.md", "text")["demo"]
    files = (setup.kdclusters_file, setup.connections_file, setup.configmeta_file)
    for run in (command("demo", files), command(setup.role, [setup.role_file])):
        assert f"$ {shlex.join(run)}\n" in shown
    read = json.loads(shown[shown.index("{") :])
    (expected,) = setup.expected.values()
    assert matches(expected, {key: read[key] for key in expected})


def test_the_entries_for_hpe_ezmeral_are_entries_of_connect() -> None:
    entries = yaml.safe_load(EZMERAL["notebook"])["kd_connections"]
    assert entry_problems(entries) == []


def test_the_cell_reads_the_file_again_while_the_operator_writes_it() -> None:
    token = {"connections": {"secrets": {"source-control": [{"data": {"token": encoded("new")}}]}}}
    contents = iter(['{"connections": {"sec', json.dumps(token)])

    def opened(path: str) -> io.StringIO:
        assert path == "/etc/guestconfig/configmeta.json"
        return io.StringIO(next(contents))

    cell: dict[str, Any] = {"open": opened, "__builtins__": builtins}
    exec(marked_blocks("docs/running-notebook.md", "python")["read"], cell)  # noqa: S102
    assert cell["token"] == "new"
