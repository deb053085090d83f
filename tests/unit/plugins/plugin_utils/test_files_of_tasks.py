# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an action reads files for its module: Ansible's own search path, ansible-vault, messages with lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.playbook.task import Task

from ansible_collections.kubedirector.connections.plugins.action import (
    kd_cluster,
    kd_connection,
    kd_connections,
)
from tests.harness.canaries import canary
from tests.unit.plugins.manifests import JsonObject, encoded

SECRET = canary("what an encrypted file holds")
PASSWORD = VaultSecret(b"a password for tests")


class Playbook:
    """A playbook in a folder; the module of its only task does not run, but returns its options."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.loader = DataLoader()
        self.loader.set_basedir(str(folder))
        self.loader.set_vault_secrets([("default", PASSWORD)])
        self.handed: JsonObject = {}
        self._patch = monkeypatch

    def run(self, action: Any, options: str, **result: Any) -> JsonObject:
        """Run a task with options in YAML; returns its result."""
        file = self.folder / "tasks.yml"
        file.write_text(options)
        task = Task()
        task.args = self.loader.load_from_file(str(file))
        # get_search_path() needs it.
        self._patch.setattr(task, "get_path", lambda: f"{file}:1")
        self._patch.setattr(task, "get_dep_chain", lambda: None)
        runner = action.ActionModule(
            task=task, connection=mock.Mock(), play_context=mock.Mock(), loader=self.loader,
            templar=mock.Mock(), shared_loader_obj=None,
        )  # fmt: skip

        def return_options(_tmp: Any, _variables: Any) -> JsonObject:
            self.handed = dict(runner._task.args)
            return {"changed": False, **result}

        self._patch.setattr(runner, "_run_module", return_options)
        before = runner._task.args
        done: JsonObject = runner.run(None, {})
        assert runner._task.args is before
        return done


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Playbook:
    """A playbook with a folder files/."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "train.py").write_text("print('{{ x }}')\n")
    return Playbook(tmp_path, monkeypatch)


def test_the_module_gets_values_instead_of_files(play: Playbook) -> None:
    locked = VaultLib([("default", PASSWORD)]).encrypt(SECRET.encode(), PASSWORD)
    (play.folder / "token.txt").write_bytes(locked)
    options = """
secrets:
  - {name: login, from_files: [{key: token, path: token.txt}]}
configmaps:
  - {name: code, from_files: [train.py], data: {port: 8080}}
"""
    assert play.run(kd_connection, options) == {"changed": False}
    assert play.handed == {
        "secrets": [{"name": "login", "data": {"token": encoded(SECRET)}}],
        "configmaps": [
            {"name": "code", "data": {"port": 8080, "train.py": "print('{{ x }}')\n"}, "binary_data": {}}
        ],
    }  # fmt: skip
    assert not play.loader._tempfiles


def test_the_manifest_of_a_kdcluster_may_be_encrypted(play: Playbook) -> None:
    text = f"""
apiVersion: kubedirector.hpe.com/v1beta1
kind: KubeDirectorCluster
metadata: {{name: lab}}
spec: {{roles: [{{id: controller, secretKeys: [{{name: pin, value: {SECRET}}}]}}]}}
"""
    locked = VaultLib([("default", PASSWORD)]).encrypt(text.encode(), PASSWORD)
    (play.folder / "lab.yml").write_bytes(locked)
    assert play.run(kd_cluster, "{src: lab.yml, wait: false}") == {"changed": False}
    keys = [{"name": "pin", "value": SECRET}]
    roles = [{"id": "controller", "secret_keys": keys}]
    assert play.handed == {"name": "lab", "wait": False, "roles": roles}


def test_a_problem_in_the_manifest_of_a_kdcluster_is_named_with_its_place(play: Playbook) -> None:
    options = """
definition:
  apiVersion: kubedirector.hpe.com/v1beta1
  kind: KubeDirectorCluster
  data: {name: lab}
  spec: {roles: [{id: controller, secretKeys: {pin: secret}}]}
"""
    done = play.run(kd_cluster, options)
    assert done["failed"] and not play.handed
    assert done["problems"] == [
        "definition.metadata.name: is missing, or is not text.",
        "definition.data: is not a field of a KubeDirectorCluster.",
        "definition.spec.roles[no. 1].secretKeys: a dictionary stands where a list belongs.",
    ]


def test_a_file_that_cannot_be_read_is_named_before_the_module_runs(play: Playbook) -> None:
    options = "configmaps: [{name: code, from_files: [train.py, no.py]}]"
    done = play.run(kd_connection, options)
    assert done["failed"] and not play.handed
    assert done["msg"].startswith("configmaps[code].from_files[no. 2]: no.py does not exist on the")


def test_warnings_name_the_field(play: Playbook) -> None:
    (play.folder / "files" / "some" / "inner").mkdir(parents=True)
    (play.folder / "files" / "some" / "one").write_text("1")
    options = "configmaps: [{name: code, from_files: [some]}]"
    done = play.run(kd_connection, options, warnings=["of the module"])
    assert done["warnings"] == [
        "configmaps[code].from_files[no. 1]: only ordinary files of some are used, as with kubectl; left out: inner.",
        "of the module",
    ]


def test_all_problems_of_a_list_are_named_with_entry_and_field(play: Playbook) -> None:
    options = """
connections:
  - kdcluster: [notebook]
    configmaps: [{name: code, from_files: [train.py], versioned: true}]
  - kdcluster: [notebook]
    secrets:
      - name: login
        from_env_file: login.env
  - kdcluster: [notebook]
    states: absent
"""
    done = play.run(kd_connections, options)
    assert done["failed"] and not play.handed
    first, second = done["problems"]
    assert (
        "entry 2 (kdcluster notebook), secrets[login].from_env_file: the file that is named here does not"
        in first
    )
    assert "entry 3 (kdcluster notebook), states: is not an option here" in second


def test_values_from_files_count_even_if_there_are_other_problems(play: Playbook) -> None:
    options = """
connections:
  - configmaps: [{name: code, type: model, from_files: [train.py], versioned: true}]
  - state: unknown
"""
    done = play.run(kd_connections, options, failed=True)
    (problem,) = done["problems"]
    assert "entry 2 (no kdcluster), state: is none of present, absent." in problem
