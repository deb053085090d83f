# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task runs in Ansible's own worker process where its result is the same there."""

from __future__ import annotations

import base64
import json
import resource
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.modules import Fresh, Modules, model, token
from tests.integration.playbook import PlayResult, run_play, task

IN_WORKER = "in Ansible's worker process"
ON_HOST = "Using module file"
# The same Python by another name: what Ansible then runs is a process of its own.
ANOTHER_NAME = f"{Path(sys.executable).parent}/../bin/{Path(sys.executable).name}"
# Ansible itself opens some 40 files; an item of a loop may leave none behind.
FEW_FILES = 128
ITEMS = 80
PLUGIN = """#!{python}
import json, sys
from pathlib import Path
print(json.dumps({{
    "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
    "status": json.loads(Path({status!r}).read_text()),
}}))
"""


def ways(played: PlayResult) -> tuple[int, int]:
    """The number of tasks that ran in the worker, and in a process."""
    on_host = [line for line in played.output.splitlines() if ON_HOST in line and "/kd_" in line]
    return played.output.count(IN_WORKER), len(on_host)


def reading(tenant: Modules) -> dict[str, Any]:
    return task("kd_configmeta_info", **tenant.auth, namespace=tenant.namespace, kdcluster=["lab"])


@pytest.fixture(scope="module")
def kubeconfig(kubectl: Kubectl) -> dict[str, Any]:
    """The administrator's kubeconfig, with certificates and key in it."""
    shown: dict[str, Any] = kubectl.json("config", "view", "--raw", "--minify", "--flatten")
    if "client-key-data" not in shown["users"][0]["user"]:
        pytest.fail("the given kubeconfig has no client key, which this test needs")
    return shown


def test_the_result_is_the_same_in_the_worker_and_in_a_process(
    tenant: Modules, emptied: Named, fresh: Fresh, tmp_path: Path
) -> None:
    emptied("lab")
    name = fresh("either")
    where = {**tenant.auth, "namespace": tenant.namespace, "kdcluster": ["lab"]}
    secret = token(name, key=canary("sorrel"))
    tasks = [
        task("kd_connection", **where, configmaps=[model(name, port=8080)], secrets=[secret]),
        reading(tenant),
        task("kd_connection", **where, configmaps=[model(name, port=8080)], secrets=[secret]),
        task("kd_connection", **where, configmaps=[{"name": "no-such-object"}]),
        task("kd_connection", **where, no_such_option=1),
        task("kd_connection", **{**where, "validate_certs": False}, secrets=[{"name": name}]),
    ]
    first = run_play(tmp_path, tasks, "-vvv")
    there = {"vars": {"ansible_python_interpreter": ANOTHER_NAME}}
    again = run_play(tmp_path, tasks[1:], "-vvv", play=there)
    assert ways(first) == (6, 0), first.output
    assert ways(again) == (0, 5), again.output
    assert first.results[0]["changed"] is True
    assert [bool(one.get("failed")) for one in first.results] == [False] * 3 + [True] * 2 + [False]
    assert "not verified" in first.results[5]["warnings"][0]
    for result in first.results + again.results:
        # ansible-core before 2.19 shows with -vvv where in the code it failed, which lies elsewhere then.
        result.pop("exception", None)
    assert first.results[1:] == again.results
    for played in (first, again):
        assert canary("sorrel") not in played.output


@pytest.mark.parametrize(
    ("keywords", "in_worker"),
    [
        ({}, True),
        ({"check_mode": True}, True),
        ({"delegate_to": "here"}, True),
        ({"delegate_to": "there"}, False),
        ({"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}, True),
        ({"vars": {"ansible_python_interpreter": ANOTHER_NAME}}, False),
        ({"vars": {"ansible_python_interpreter": "auto_silent"}}, False),
        ({"environment": {"NO_PROXY": "127.0.0.1"}}, False),
        ({"async": 120, "poll": 1}, False),
        ({"timeout": 120}, False),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else str(value),
)
def test_a_task_runs_in_the_worker_only_where_the_result_is_the_same(
    tenant: Modules, home: str, tmp_path: Path, keywords: dict[str, Any], in_worker: bool
) -> None:
    inventory = tmp_path / "inventory"
    inventory.write_text(
        "here ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
        f"there ansible_connection=local ansible_python_interpreter={ANOTHER_NAME}\n"
    )
    one = task("kd_connection", **tenant.auth, namespace=home, configmaps=[{"name": "reader-info"}])
    played = run_play(tmp_path, [{**one, **keywords}], "-vvv", "-i", str(inventory))
    assert ways(played) == ((1, 0) if in_worker else (0, 1)), played.output
    assert played.results[0]["changed"] is False
    # With async, Ansible removes the module only after it has read the result.
    wait_until("the module is removed", lambda: not list(tmp_path.rglob("AnsiballZ_*")), seconds=30)


def test_the_plan_is_printed_unless_the_task_has_no_log(
    tenant: Modules, home: str, tmp_path: Path
) -> None:
    one = task("kd_connection", **tenant.auth, namespace=home, configmaps=[{"name": "reader-info"}])
    played = run_play(tmp_path, [{**one, "check_mode": True}])
    assert f"{home}\n  = ConfigMap reader-info" in played.output
    hidden = run_play(tmp_path, [{**one, "check_mode": True, "no_log": True}])
    assert "reader-info" not in hidden.output


def test_requested_files_of_modules_are_kept(tenant: Modules, home: str, tmp_path: Path) -> None:
    one = task("kd_connection", **tenant.auth, namespace=home, configmaps=[{"name": "reader-info"}])
    played = run_play(tmp_path, [one], "-vvv", environment={"ANSIBLE_KEEP_REMOTE_FILES": "1"})
    assert ways(played) == (0, 1), played.output
    kept = list((tmp_path / "ansible-tmp").rglob("AnsiballZ_kd_connection.py"))
    assert kept
    for path in kept:
        # It holds the task's token.
        path.unlink()


@pytest.fixture
def few_files() -> Iterator[None]:
    """What is started may have only a few files open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_files")
def test_the_items_of_a_loop_leave_no_file_open(
    kubeconfig: dict[str, Any], home: str, tmp_path: Path
) -> None:
    """A loop's items run in one worker; each opens connections and three files of its own."""
    names = [f"no-such-object-{number}" for number in range(ITEMS)]
    one = task(
        "kd_connection", kubeconfig=kubeconfig, namespace=home, state="absent",
        delete_objects=True, configmaps=[{"name": "{{ item }}"}],
    )  # fmt: skip
    played = run_play(tmp_path, [{**one, "loop": names}], "-vvv")
    assert played.output.count(IN_WORKER) == ITEMS, played.output
    found = played.results[0]["results"]
    assert [bool(item.get("failed")) for item in found] == [False] * ITEMS, found[-1]


@pytest.mark.parametrize("interpreter", ["{{ ansible_playbook_python }}", ANOTHER_NAME])
def test_the_items_of_a_loop_have_warnings_of_their_own(
    tenant: Modules, home: str, tmp_path: Path, interpreter: str
) -> None:
    auth = {**tenant.auth, "validate_certs": "{{ item }}"}
    one = task("kd_connection", **auth, namespace=home, configmaps=[{"name": "reader-info"}])
    there = {"vars": {"ansible_python_interpreter": interpreter}}
    played = run_play(tmp_path, [{**one, "loop": [False, True]}], play=there)
    whole = played.results[0]
    warned = [whole.get("warnings", []), *(item.get("warnings", []) for item in whole["results"])]
    assert "not verified" in warned[0][0]
    # ansible-core before 2.19 takes the items' warnings out of them, into the loop's own.
    assert [len(warnings) for warnings in warned] in ([1, 1, 0], [1, 0, 0])


def test_the_key_of_a_credential_plugin_is_deleted(
    kubeconfig: dict[str, Any], home: str, tmp_path: Path
) -> None:
    """The kubernetes library removes its files at the end of the process, which a worker does not come
    to, and takes them for those of the loop's next item."""
    user = kubeconfig["users"][0]["user"]
    decoded = {
        "clientCertificateData": _decoded(user["client-certificate-data"]),
        "clientKeyData": _decoded(user["client-key-data"]),
    }
    status, plugin = tmp_path / "credential-plugin-status", tmp_path / "credential-plugin"
    status.write_text(json.dumps(decoded))
    status.chmod(0o600)
    plugin.write_text(PLUGIN.format(python=sys.executable, status=str(status)))
    one = task(
        "kd_connection",
        kubeconfig=with_plugin(kubeconfig, plugin),
        namespace=home,
        configmaps=[{"name": "{{ item }}"}],
    )
    # ansible-core makes a socket there, whose path may not be long.
    with tempfile.TemporaryDirectory(prefix="kd-") as temporary:
        played = run_play(
            tmp_path, [{**one, "loop": ["reader-info"] * 2}], "-vvv",
            environment={"TMPDIR": temporary},
        )  # fmt: skip
        left = {path: path.read_bytes() for path in Path(temporary).rglob("*") if path.is_file()}
    assert ways(played) == (2, 0), played.output
    found = played.results[0]["results"]
    assert [bool(item.get("failed")) for item in found] == [False, False], found
    assert not [path for path, content in left.items() if b"PRIVATE KEY" in content], left.keys()


def test_the_output_of_a_credential_plugin_is_not_shown(
    kubeconfig: dict[str, Any], home: str, tmp_path: Path
) -> None:
    """The kubernetes library logs the output of a failing plug-in; neither output nor log shows it."""
    plugin = tmp_path / "credential-plugin"
    plugin.write_text(f"#!/bin/sh\necho {canary('lovage')} >&2\nexit 1\n")
    one = task(
        "kd_connection",
        kubeconfig=with_plugin(kubeconfig, plugin),
        namespace=home,
        configmaps=[{"name": "reader-info"}],
    )
    log = tmp_path / "ansible.log"
    played = run_play(tmp_path, [one], "-vvv", environment={"ANSIBLE_LOG_PATH": str(log)})
    assert ways(played) == (1, 0), played.output
    assert "Run it by hand" in played.results[0]["msg"]
    assert canary("lovage") not in played.output
    assert canary("lovage") not in log.read_text()


@pytest.mark.parametrize("interpreter", ["{{ ansible_playbook_python }}", ANOTHER_NAME])
def test_a_relative_path_starts_from_the_playbooks_folder(
    kubeconfig: dict[str, Any], home: str, tmp_path: Path, interpreter: str
) -> None:
    (tmp_path / "kubeconfig.json").write_text(json.dumps(kubeconfig))
    (tmp_path / "kubeconfig.json").chmod(0o600)
    one = task(
        "kd_connection", kubeconfig="kubeconfig.json", namespace=home,
        configmaps=[{"name": "reader-info"}],
    )  # fmt: skip
    there = {"vars": {"ansible_python_interpreter": interpreter}}
    played = run_play(tmp_path, [one], play=there)
    assert not played.results[0].get("failed"), played.results


def with_plugin(kubeconfig: dict[str, Any], plugin: Path) -> dict[str, Any]:
    """The kubeconfig, whose user gets credentials from this program."""
    plugin.chmod(stat.S_IRWXU)
    exec_entry = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(plugin),
        "interactiveMode": "Never",
    }
    return {
        **kubeconfig,
        "users": [{**kubeconfig["users"][0], "user": {"exec": exec_entry}}],
    }


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
