# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks over an inventory of Kubernetes clusters: each host has its own API server, and fails alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.documentation import marked_blocks
from tests.harness.playbook import PlaybookRun, run_playbook
from tests.unit.plugins.api_server import free_port, scripted_server
from tests.unit.plugins.clients import KDCLUSTERS, TOKEN
from tests.unit.plugins.namespace_server import Namespace

pytestmark = pytest.mark.whole_run
Run = Callable[..., PlaybookRun]
# Two that answer, and between them one that does not.
DEAD = "qualification"


@pytest.fixture
def spaces() -> Iterator[dict[str, Namespace]]:
    """What is in team-a of each host of the documented inventory, with a KDCluster named after it."""
    with scripted_server() as one, scripted_server() as other:
        found = {"production": Namespace(one), "staging": Namespace(other)}
        for name, space in found.items():
            space.add_kdcluster(f"notebook-of-{name}", "pod-0")
        yield found


@pytest.fixture
def run(spaces: dict[str, Namespace], tmp_path: Path) -> Run:
    """Run a playbook with the documented inventory, whose hosts are the scripted servers and a dead one."""
    inventory = yaml.safe_load(marked_blocks("docs/several-clusters.md")["inventory"])
    hosts = inventory["kubernetes"]["hosts"]
    assert set(hosts) == set(spaces)
    for name, space in spaces.items():
        hosts[name]["kd_auth"] = {"host": space.server.url, "api_key": TOKEN}
    dead = {"host": f"http://127.0.0.1:{free_port()}", "api_key": TOKEN}
    inventory["kubernetes"]["hosts"] = {
        "production": hosts["production"], DEAD: {"kd_auth": dead}, "staging": hosts["staging"],
    }  # fmt: skip
    file = tmp_path / "kubernetes.yml"
    file.write_text(yaml.safe_dump(inventory, sort_keys=False))

    def _run(playbook: str, *arguments: str) -> PlaybookRun:
        done = run_playbook(
            f"kubedirector.connections.{playbook}", "-i", str(file), "-e", "kd_hosts=kubernetes",
            *arguments, kubeconfig=None,
        )  # fmt: skip
        assert TOKEN not in done.output
        return done

    return _run


def failed_hosts(done: PlaybookRun) -> dict[str, int]:
    """How many tasks failed on each host, by the recap."""
    recap = done.output.rpartition("PLAY RECAP")[2]
    return {name: int(n) for name, n in re.findall(r"^(\S+) +:.*failed=(\d+)", recap, re.MULTILINE)}


def test_each_host_is_a_cluster_of_its_own_and_fails_alone(run: Run) -> None:
    done = run("overview", "-e", '{"kd_overview": {"namespace": "team-a"}}')
    assert done.returncode == 2, done.output
    assert failed_hosts(done) == {"production": 0, DEAD: 1, "staging": 0}
    for name in ("production", "staging"):
        shown = re.search(rf"ok: \[{name}\] => \{{(.*?)^\}}", done.output, re.DOTALL | re.MULTILINE)
        assert shown is not None, done.output
        assert re.findall(r"of-(\w+)", shown[1]) == [name]


def test_each_host_has_its_own_list_and_writes_though_another_fails(
    run: Run, spaces: dict[str, Namespace], tmp_path: Path
) -> None:
    for name in ("production", DEAD, "staging"):
        entry: dict[str, Any] = {
            "namespace": "team-a",
            "kdcluster": [f"notebook-of-{name}"],
            "configmaps": [{"name": f"info-{name}", "type": "info", "data": {"a": "1"}}],
        }
        file = tmp_path / f"{name}-connections.yml"
        file.write_text(yaml.safe_dump({"kd_connections": [entry]}))
    done = run("connect")
    assert done.returncode == 2, done.output
    assert failed_hosts(done) == {"production": 0, DEAD: 1, "staging": 0}
    for name, space in spaces.items():
        lists = space.kdcluster(f"notebook-of-{name}")["spec"]["connections"]
        assert lists["configmaps"] == [f"info-{name}"]
        assert f"{KDCLUSTERS}/notebook-of-{name}" in {one.path for one in space.writes}
        # The plans of hosts side by side can be told apart.
        assert f"[{name}] team-a\n[{name}]   + ConfigMap info-{name} (info)" in done.output


def test_hosts_that_the_inventory_does_not_have_are_an_error(run: Run) -> None:
    done = run("audit", "-e", "kd_hosts=typo")
    assert done.returncode not in (0, 2), done.output
    assert "kd_hosts names no host of the inventory, so nothing was done." in done.output


def test_an_export_of_each_host_has_its_own_folder(run: Run, tmp_path: Path) -> None:
    done = run(
        "export", "-e", f"kd_export_directory={tmp_path / 'out'}", "-e", '{"kd_export": {"namespace": "team-a"}}',
        "-e", '{"kd_hosts": ["production", "staging"]}',
    )  # fmt: skip
    assert done.returncode == 0, done.output
    for name in ("production", "staging"):
        written = (tmp_path / "out" / name / "team-a-connections.yml").read_text()
        assert f"notebook-of-{name}" in written
