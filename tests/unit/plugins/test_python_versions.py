# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module, packed by Ansible, on the oldest supported Python, and on an older one."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ansible_collections
import pytest

from ansible_collections.kubedirector.connections.plugins.plugin_utils._module_in_worker import (
    with_newer_python,
)
from tests.harness.canaries import canary
from tests.runner.paths import OLDEST_FOR_MODULES, ROOT, environment_folder
from tests.unit.plugins.api_server import ScriptedServer
from tests.unit.plugins.clients import TOKEN
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.rotation_runs import Members

pytestmark = pytest.mark.whole_run
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("kd_*.py"))
VALUE = canary("value of a Secret")
# A placeholder for the scripted server.
SERVER = "https://api.example.com"
OPTIONS: dict[str, JsonObject] = {
    "kd_access": {},
    "kd_cluster": {
        "name": "batch", "app": "notebook-app", "connections": {"secrets": ["token"]},
        "roles": [
            {"id": "controller", "resources": {"limits": {"memory": "2Gi", "cpu": "500m"}}},
        ],
    },
    "kd_configmeta_info": {"kdcluster": ["lab"]},
    "kd_connection": {
        "kdcluster": "lab",
        "secrets": [{"name": "key", "type": "source-control", "string_data": {"token": VALUE}}],
        # The member of this test still holds the old values.
        "on_reconnect_failure": "ignore",
    },
    "kd_connections": {
        "connections": [
            {"kdcluster": "lab", "secrets": ["key"]},
            {"secrets": [{"name": "key", "type": "login", "string_data": {"token": VALUE}}]},
        ],
        "on_reconnect_failure": "ignore",
    },
    "kd_connection_info": {"members": True},
    "kd_export_info": {
        "found": {
            "server": SERVER, "objects": [], "problems": [],
            "kdclusters": [
                {
                    "namespace": "team-a", "name": "lab", "app": "notebook-app", "terminating": False,
                    "connections": {"clusters": [], "configmaps": ["token"], "secrets": []},
                },
            ],
            "edges": [
                {"namespace": "team-a", "from": "lab", "to": "token", "kind": "ConfigMap"},
            ],
        },
        "configmap_data": True, "clusters": True,
    },
    "kd_rotate": {"secret": "token", "string_data": {"token": VALUE}},
}  # fmt: skip
# Python 3.8 reads these before its version is checked.
READ_BY_OLDER = ["_ansible/runner.py", "_ansible/python_version.py", "_ansible/__init__.py"]
OLDER = """
import runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = b"{}", "legacy"
sys.version_info = (3, 8, 18, "final", 0)
try:
    runpy.run_module(sys.argv[1], run_name="__main__")
finally:
    print(*[name for name in sys.modules if "_client" in name or "_core" in name], file=sys.stderr)
"""


def tree() -> str:
    """The folder that holds ansible_collections."""
    return str(Path(next(iter(ansible_collections.__path__))).parent)


def played(module: str, python: Path, folder: Path, **options: Any) -> JsonObject:
    """Run one task on this machine with another Python, as Ansible does on a managed host."""
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible"), "localhost",
            "-m", f"kubedirector.connections.{module}", "-a", json.dumps(options),
            "-e", json.dumps({"ansible_python_interpreter": str(python)}),
        ],
        env={
            **os.environ, "ANSIBLE_COLLECTIONS_PATH": tree(), "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(folder), "ANSIBLE_REMOTE_TMP": str(folder),
        },
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    head, _arrow, result = done.stdout.partition(" => ")
    assert head in ("localhost | CHANGED", "localhost | SUCCESS"), done.stdout + done.stderr
    found: JsonObject = json.loads(result)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_every_module_runs_on_the_oldest_python(
    server: ScriptedServer, members: Members, module: str, tmp_path: Path
) -> None:
    members.exit_code = lambda value: 0
    python = environment_folder(OLDEST_FOR_MODULES) / "bin" / "python"
    own = json.loads(json.dumps(OPTIONS[module]).replace(SERVER, server.url))
    options = {"host": server.url, "api_key": TOKEN, "namespace": "team-a", **own}
    result = played(module, python, tmp_path, **options)
    assert result["changed"] is not module.endswith("_info")
    for secret in (VALUE, encoded(VALUE), TOKEN):
        assert secret not in json.dumps(result)


@pytest.mark.parametrize("module", MODULES)
def test_an_older_python_is_named_with_what_to_set(module: str) -> None:
    name = f"ansible_collections.kubedirector.connections.plugins.modules.{module}"
    done = subprocess.run(
        [sys.executable, "-c", OLDER, name],
        env={"PYTHONPATH": tree(), "PATH": ""},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.strip()) == (1, "")
    assert json.loads(done.stdout) == {
        "failed": True,
        "msg": "The modules of kubedirector.connections need Python 3.9 or newer, and "
        f"{sys.executable} is Python 3.8.18. Set ansible_python_interpreter to the path of a newer one on this "
        "host.",
    }


def test_files_that_an_older_python_reads_have_no_newer_syntax() -> None:
    plugins = ROOT / "plugins"
    paths = [plugins / "modules" / f"{module}.py" for module in MODULES]
    for path in [*paths, *(plugins / "module_utils" / name for name in READ_BY_OLDER)]:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 8))


def test_ansibles_message_about_an_older_python_gets_advice() -> None:
    said = "Ansible requires Python 3.9 or newer on the target. Current version: 3.8.18"
    result = with_newer_python({"failed": True, "msg": said})
    assert result["msg"].startswith(f"{said} Set ansible_python_interpreter to ")
    stderr = "  from __future__ import annotations\nSyntaxError: future feature annotations is not defined\n"
    result = with_newer_python({"msg": "MODULE FAILURE", "module_stderr": stderr})
    assert "modules need 3.9 or newer. Set ansible_python_interpreter to " in result["msg"]
    assert with_newer_python({"failed": True, "msg": "other"}) == {"failed": True, "msg": "other"}
