# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks over an inventory of Kubernetes clusters: each host has its own API server, and fails alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.canaries import INPUTS, needles, search
from tests.harness.documentation import marked_blocks
from tests.harness.playbook import PLAYBOOK_SECONDS, PlaybookRun, run_playbook
from tests.harness.vault import vaulted
from tests.unit.plugins.api_server import Answer, Request, free_port, scripted_server
from tests.unit.plugins.clients import KDCLUSTERS, TOKEN
from tests.unit.plugins.namespace_server import Namespace

pytestmark = pytest.mark.whole_run
Run = Callable[..., PlaybookRun]
# Two hosts that answer, and between them one that does not.
DEAD = "development"
HOSTS = ("production", DEAD, "staging")
# Two slices of a job, as AWX 24.6 cuts them: the hosts by name, every second one.
SLICES = (sorted(HOSTS)[::2], sorted(HOSTS)[1::2])
# How long a host waits for the other one, in seconds.
TOGETHER_SECONDS = 30.0


@pytest.fixture
def spaces() -> Iterator[dict[str, Namespace]]:
    """The namespace team-a of each host of the documented inventory, with a KDCluster named after the host."""
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


def failed_hosts(output: str) -> dict[str, int]:
    """The number of failed tasks on each host, from the recap."""
    recap = output.rpartition("PLAY RECAP")[2]
    return {name: int(n) for name, n in re.findall(r"^(\S+) +:.*failed=(\d+)", recap, re.MULTILINE)}


def entry_of(name: str) -> dict[str, Any]:
    """An entry that connects a ConfigMap named after the host."""
    return {
        "namespace": "team-a",
        "kdcluster": [f"notebook-of-{name}"],
        "configmaps": [{"name": f"info-{name}", "type": "info", "data": {"a": "1"}}],
    }


def test_each_host_is_a_cluster_of_its_own_and_fails_alone(run: Run) -> None:
    done = run("overview", "-e", '{"kd_overview": {"namespace": "team-a"}}')
    assert done.returncode == 2, done.output
    assert failed_hosts(done.output) == {"production": 0, DEAD: 1, "staging": 0}
    for name in ("production", "staging"):
        shown = re.search(rf"ok: \[{name}\] => \{{(.*?)^\}}", done.output, re.DOTALL | re.MULTILINE)
        assert shown is not None, done.output
        assert re.findall(r"of-(\w+)", shown[1]) == [name]


def test_each_host_has_its_own_list_and_writes_though_another_fails(
    run: Run, spaces: dict[str, Namespace], tmp_path: Path
) -> None:
    for name in HOSTS:
        file = tmp_path / f"{name}-connections.yml"
        file.write_text(yaml.safe_dump({"kd_connections": [entry_of(name)]}))
    done = run("connect")
    assert done.returncode == 2, done.output
    assert marked_blocks("docs/several-clusters.md", "text")["printed"] in done.output
    assert failed_hosts(done.output) == {"production": 0, DEAD: 1, "staging": 0}
    for name, space in spaces.items():
        lists = space.kdcluster(f"notebook-of-{name}")["spec"]["connections"]
        assert lists["configmaps"] == [f"info-{name}"]
        assert f"{KDCLUSTERS}/notebook-of-{name}" in {one.path for one in space.writes}
        # The plans of hosts that run side by side carry their names.
        assert f"[{name}] team-a\n[{name}]   + ConfigMap info-{name} (info)" in done.output


MISSING = "{{ no_such_variable }}"
ELSEWHERE = {
    "a token": {"kd_auth": {"host": "http://127.0.0.1:9", "api_key": MISSING}},
    "a host's": {"kd_auth": "{{ kd_auths[inventory_hostname] }}", "kd_auths": {}},
    "empty": {"kd_auth": ""},
    "null": {"kd_auth": None},
    "the hosts": {"kd_hosts": MISSING},
    "a namespace": {"kd_overview": {"namespace": [MISSING]}},
    "all of it": {"kd_overview": MISSING},
}


def run_refused(playbook: str, space: Namespace, given: dict[str, Any]) -> str:
    """Run a playbook that has to fail, where the environment names a cluster; returns its output."""
    done = run_playbook(
        f"kubedirector.connections.{playbook}", "-e", json.dumps(given), kubeconfig=None,
        K8S_AUTH_HOST=space.server.url, K8S_AUTH_API_KEY=TOKEN,
    )  # fmt: skip
    assert done.returncode != 0, done.output
    return done.output


@pytest.mark.parametrize("given", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_cannot_be_worked_out_does_not_mean_another_cluster(
    spaces: dict[str, Namespace], given: dict[str, Any]
) -> None:
    space = spaces["production"]
    run_refused("overview", space, given)
    assert space.server.requests == []


@pytest.mark.parametrize(
    "given",
    [
        {"kd_connections_file": f"{MISSING}.yml"},
        {"kd_audit": {"namespace": [MISSING]}},
    ],
    ids=["file", "namespace"],
)
def test_an_audit_is_not_clean_if_what_to_audit_cannot_be_worked_out(
    spaces: dict[str, Namespace], given: dict[str, Any]
) -> None:
    assert "clean" not in run_refused("audit", spaces["production"], given)


def test_nothing_runs_on_the_hosts_whatever_the_inventory_says(
    spaces: dict[str, Namespace], tmp_path: Path
) -> None:
    space = spaces["production"]
    host = {
        "kd_auth": {"host": space.server.url, "api_key": TOKEN},
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": free_port(),
        "ansible_become": True, "ansible_become_exe": "/no/such/program",
    }  # fmt: skip
    file = tmp_path / "kubernetes.yml"
    file.write_text(yaml.safe_dump({"kubernetes": {"hosts": {"production": host}}}))
    done = run_playbook(
        "kubedirector.connections.overview", "-i", str(file), "-e", "kd_hosts=kubernetes",
        "-e", '{"kd_overview": {"namespace": "team-a"}}', kubeconfig=None,
    )  # fmt: skip
    assert done.returncode == 0, done.output
    assert space.server.requests


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


def test_hosts_work_at_the_same_time(run: Run, spaces: dict[str, Namespace]) -> None:
    # No host gets its first answer before both have sent a request.
    both = threading.Barrier(len(spaces), timeout=TOGETHER_SECONDS)

    def answer_together(space: Namespace) -> None:
        answer = space.server.otherwise
        assert answer is not None

        def wait_once(request: Request) -> Answer:
            space.server.otherwise = answer
            both.wait()
            return answer(request)

        space.server.otherwise = wait_once

    for space in spaces.values():
        answer_together(space)
    overview = '{"kd_overview": {"namespace": "team-a"}, "kd_hosts": ["production", "staging"]}'
    done = run("overview", "-e", overview)
    assert not both.broken
    assert failed_hosts(done.output) == {"production": 0, "staging": 0}


def run_job(
    folder: Path, hosts: dict[str, Any], password: Path
) -> subprocess.CompletedProcess[str]:
    """Run a job as AWX does: by ansible-runner, over hosts of an inventory that a program prints."""
    inventory = {"kubernetes": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}
    for name in ("project", "inventory", "env"):
        (folder / name).mkdir(parents=True)
    program = folder / "inventory" / "hosts"
    program.touch(mode=0o700)
    program.write_text(f"#!{sys.executable}\nprint({json.dumps(inventory)!r})\n")
    (folder / "env" / "extravars").write_text('{"kd_hosts": "kubernetes"}')
    (folder / "project" / "connect.yml").write_text(
        "- import_playbook: kubedirector.connections.connect\n"
    )
    programs = Path(sys.executable).parent
    return subprocess.run(
        [str(programs / "ansible-runner"), "run", str(folder), "--playbook", "connect.yml"],
        env={
            **os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_VAULT_PASSWORD_FILE": str(password),
        },
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=PLAYBOOK_SECONDS,
    )  # fmt: skip


def test_each_slice_of_an_awx_job_does_its_own_hosts(
    spaces: dict[str, Namespace], tmp_path: Path
) -> None:
    addresses = {name: space.server.url for name, space in spaces.items()}
    addresses[DEAD] = f"http://127.0.0.1:{free_port()}"
    password = tmp_path / "password"
    password.write_text("of-the-vault")
    # AWX reads a host's variables as plain YAML, and refuses one with tags.
    auth = yaml.safe_load(marked_blocks("docs/several-clusters.md")["awx host"])["kd_auth"]
    assert list(auth.pop("api_key")) == ["__ansible_vault"] and auth.pop("ca_cert")
    token = {"__ansible_vault": str(vaulted(TOKEN, password))}
    hosts = {
        name: {
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "kd_auth": {**auth, "host": addresses[name], "api_key": token},
            "kd_connections": [entry_of(name)],
        }
        for name in HOSTS
    }
    folders = [tmp_path / f"slice-{number}" for number in range(len(SLICES))]
    slices = [{name: hosts[name] for name in names} for names in SLICES]
    with ThreadPoolExecutor(len(slices)) as pool:
        jobs = list(pool.map(run_job, folders, slices, [password] * len(slices)))
    for folder, job in zip(folders, jobs, strict=True):
        # AWX does not keep the inventory of a job either.
        (folder / "inventory" / "hosts").unlink()
        assert search([folder], needles(TOKEN), INPUTS).hits == [], job.stdout
    assert [(job.returncode, failed_hosts(job.stdout)) for job in jobs] == [
        (2, {DEAD: 1, "staging": 0}), (0, {"production": 0}),
    ]  # fmt: skip
    for name, space in spaces.items():
        lists = space.kdcluster(f"notebook-of-{name}")["spec"]["connections"]
        assert lists["configmaps"] == [f"info-{name}"]
        posts = [one.json["metadata"]["name"] for one in space.writes if one.method == "POST"]
        assert posts == [f"info-{name}"]
