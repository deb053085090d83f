# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values from files: kubectl's own, and what a task writes of the same files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness.canaries import canary
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import encoded
from tests.harness.modules import Fresh, Modules
from tests.harness.value_files import ENV_FILES, ENVIRONMENT, FILES, write_all
from tests.integration.playbook import run_play, task

# The same Python by another name: the module is then a process of its own.
ANOTHER_NAME = f"{Path(sys.executable).parent}/../bin/{Path(sys.executable).name}"


def of_kubectl(kubectl: Kubectl, kind: str, *options: str) -> dict[str, Any]:
    """The values that kubectl would create, without asking the cluster."""
    command = ("create", *kind.split(), "x", "--dry-run=client")
    made = kubectl.json(*command, *options)
    return {field: made[field] for field in ("data", "binaryData") if made.get(field)}


@pytest.fixture
def values(tmp_path: Path) -> Path:
    """Two folders of odd files, in the folder files/ of a playbook."""
    folder = tmp_path / "files"
    folder.mkdir()
    write_all(folder / "all", FILES)
    write_all(folder / "env", {name: content for name, (content, _values) in ENV_FILES.items()})
    return folder


def test_a_task_writes_what_kubectl_makes(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str, values: Path, tmp_path: Path
) -> None:
    # kubectl has only the environment of this process.
    names = [name for name in ENV_FILES if name != "environment"]
    plain, envs = fresh("files"), {name: fresh(f"env-{name}") for name in names}
    where = {**tenant.auth, "namespace": home, "wait": False}
    entries: list[dict[str, Any]] = [{"name": plain, "type": "info", "from_files": ["all"]}]
    entries += [
        {"name": envs[name], "type": "info", "from_env_file": f"env/{name}"} for name in names
    ]
    wrote = task("kd_connection", **where, configmaps=entries, secrets=entries)
    played = run_play(tmp_path, [wrote, wrote])
    assert [one["changed"] for one in played.results] == [True, False], played.output
    for kind, singular in (("configmap", "configmap"), ("secret generic", "secret")):
        found = {name: kubectl.get(singular, name, namespace=home) for name in (plain, *envs.values())}  # fmt: skip
        live = {
            name: {field: one[field] for field in ("data", "binaryData") if one.get(field)}
            for name, one in found.items()
        }
        assert live[plain] == of_kubectl(kubectl, kind, f"--from-file={values / 'all'}")
        for name in names:
            made = of_kubectl(kubectl, kind, f"--from-env-file={values / 'env' / name}")
            assert live[envs[name]] == made, name


@pytest.mark.parametrize("python", [sys.executable, ANOTHER_NAME], ids=["worker", "process"])
def test_files_are_the_controllers_and_their_secrets_are_never_shown(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str, tmp_path: Path, python: str
) -> None:
    name, value = fresh("login"), canary("what the file of a Secret holds")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "token").write_text(value)
    (tmp_path / "login.env").write_text(f"password={value}\nKD_TEST_SET\n")
    entry = {"name": name, "type": "login", "from_files": ["token"], "from_env_file": "login.env"}
    wrote = task("kd_connection", **tenant.auth, namespace=home, secrets=[entry], wait=False)
    refused = {**entry, "from_files": ["token", "no-such-file"]}
    fails = task("kd_connection", **tenant.auth, namespace=home, secrets=[refused], wait=False)
    there = {"vars": {"ansible_python_interpreter": python}}
    environment = {**ENVIRONMENT, "PATH": os.environ["PATH"]}
    played = run_play(
        tmp_path, [wrote, fails], "-vvv", "--diff", play=there, environment=environment
    )
    assert played.results[0]["changed"], played.output
    assert f"secrets[{name}].from_files[no. 2]: the file that is named" in played.results[1]["msg"]
    assert value not in played.output and encoded(value) not in played.output
    assert kubectl.get("secret", name, namespace=home)["data"] == {
        "token": encoded(value),
        "password": encoded(value),
        "KD_TEST_SET": encoded(ENVIRONMENT["KD_TEST_SET"]),
    }
