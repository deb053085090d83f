# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests show: no Secret's values are fetched without need, no shell command is built from data."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client import pod_exec
from ansible_collections.kubedirector.connections.plugins.module_utils._observe import start_script
from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_configmeta_info,
    kd_connection,
)
from tests.unit.plugins.api_server import ScriptedServer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import NOTEBOOK, Run
from tests.unit.plugins.namespace_server import CONFIGMETA, STATUS, STDERR, Namespace

PLUGINS = Path(pod_exec.__file__).parents[2]
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
# Modules and calls that run a shell or another program of the controller.
FORBIDDEN = {"subprocess", "pty", "pexpect", "shlex", "commands", "popen2"}
FORBIDDEN_CALLS = {"system", "popen", "run_command", "eval", "exec", "execv", "spawnv"}


def accepted(server: ScriptedServer, name: str) -> set[str]:
    """The forms in which a Secret was requested, in answers to writes too."""
    return {
        accept
        for request in server.requests
        if request.path == f"{CORE}/secrets/{name}" and request.method in ("GET", "PATCH")
        for accept in request.header("Accept")
    }


@pytest.fixture
def connected(space: Namespace) -> Namespace:
    """The namespace with a Secret that the notebook is connected to."""
    for name in ("old", "other"):
        space.add_object("Secret", name, data={"token": "c2VjcmV0"})
    lists = space.kdcluster("notebook")["spec"]["connections"]
    lists["secrets"] = ["old"]
    space.kdcluster("notebook")["status"]["lastConnectionHash"] = space.hash_of(
        space.kdcluster("notebook")
    )
    return space


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"secrets": [{"name": "other"}]},
        {"secrets": [{"name": "other", "type": "login"}]},
        {"secrets": [{"name": "other", "labels": {"team": "a"}}]},
        {"secrets": [{"name": "other"}], "state": "absent", "delete_objects": True},
        {"configmaps": [{"name": "new", "type": "model", "data": {"a": 1}}]},
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_only_metadata_of_secrets_that_a_task_does_not_describe_are_read(
    connected: Namespace, server: ScriptedServer, run: Run, options: JsonObject, check: bool
) -> None:
    result = run(kd_connection, check, **NOTEBOOK, **options)
    assert not result.get("failed"), result
    assert accepted(server, "old") == {METADATA}
    if "secrets" in options:
        assert accepted(server, "other") == {METADATA}
    assert not [r for r in server.requests if r.path == f"{CORE}/secrets" and r.method == "GET"]


def test_the_values_of_a_secret_that_a_task_describes_are_read(
    connected: Namespace, server: ScriptedServer, run: Run
) -> None:
    run(kd_connection, **NOTEBOOK, secrets=[{"name": "other", "string_data": {"token": "x"}}])
    assert "application/json" in accepted(server, "other")
    assert accepted(server, "old") == {METADATA}


HOSTILE = "$(touch /tmp/x); `id` | sh #\n"


def test_commands_in_members_are_fixed_whatever_the_data_are(
    space: Namespace, server: ScriptedServer, run: Run
) -> None:
    space.files["pod-1", STATUS] = b"containerd://abc=3"
    space.files["pod-1", STDERR] = HOSTILE.encode()
    run(
        kd_connection, **NOTEBOOK,
        configmaps=[{"name": "new", "type": "model", "data": {"path": HOSTILE}}],
    )  # fmt: skip
    run(kd_configmeta_info, **NOTEBOOK, fields=[HOSTILE], on_member_error="report")
    commands = {tuple(r.query["command"]) for r in server.requests if r.path.endswith("/exec")}
    assert commands == {
        ("sh", "-c", start_script._READ_MEMBER, STATUS, CONFIGMETA, STDERR, "69536"),
        ("cat", CONFIGMETA),
    }  # fmt: skip


@pytest.mark.parametrize(
    "path", sorted(PLUGINS.rglob("*.py")), ids=lambda path: str(path.relative_to(PLUGINS))
)
def test_no_plugin_runs_a_program_of_the_controller(path: Path) -> None:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names} & FORBIDDEN
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").partition(".")[0]} & FORBIDDEN
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            found |= {name} & FORBIDDEN_CALLS
    # A kubeconfig's credential plug-in is the only program that runs, without a shell.
    allowed = {"subprocess"} if path.name == "exec_plugin.py" else set()
    assert found == allowed
