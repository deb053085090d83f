# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-core finds everything in the installed collection."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.packaging.installed import NAME, Installed

EXPECTED_MODULES = {
    f"{NAME}.kd_access": {},
    f"{NAME}.kd_cluster": {"name": "none"},
    f"{NAME}.kd_connection": {"kdcluster": ["none"]},
    f"{NAME}.kd_connections": {"connections": [{"namespace": "default", "kdcluster": "none"}]},
    f"{NAME}.kd_connection_info": {},
    f"{NAME}.kd_configmeta_info": {"kdcluster": ["none"]},
    f"{NAME}.kd_export_info": {
        "found": {"server": "", "kdclusters": [], "objects": [], "edges": [], "problems": []}
    },
    f"{NAME}.kd_rotate": {"secret": "none", "string_data": {"key": "value"}},
}


def test_the_modules_are_found(installed: Installed) -> None:
    assert set(installed.modules) == set(EXPECTED_MODULES)


def test_every_module_is_documented(installed: Installed) -> None:
    documents = installed.json("ansible-doc", "--json", "-t", "module", *installed.modules)
    assert set(documents) == set(installed.modules)
    for name, document in documents.items():
        for option, meaning in document["doc"]["options"].items():
            assert meaning["description"], f"{name}: {option}"
        assert document["examples"], name
        assert document["return"], name
        assert document["doc"]["version_added"], name


def test_every_option_of_the_connection_module_is_documented(installed: Installed) -> None:
    name = f"{NAME}.kd_connection"
    options = set(installed.json("ansible-doc", "--json", name)[name]["doc"]["options"])
    assert options >= {
        "namespace", "kdcluster", "configmaps", "secrets", "clusters", "state", "exclusive",
        "delete_objects", "wait", "wait_timeout", "on_reconnect_failure", "kubeconfig", "context",
    }  # fmt: skip


def test_every_role_is_documented(installed: Installed) -> None:
    roles = [folder.name for folder in (installed.root / "roles").glob("*")]
    listed = installed.json("ansible-doc", "--json", "-t", "role", "--list", NAME)
    assert {f"{NAME}.{role}" for role in roles} == set(listed)


def test_the_action_group_holds_every_module(installed: Installed) -> None:
    runtime = yaml.safe_load((installed.root / "meta" / "runtime.yml").read_text())
    assert {f"{NAME}.{module}" for module in runtime["action_groups"]["kd"]} == set(
        installed.modules
    )


def test_the_action_group_gives_its_defaults_to_every_module(
    installed: Installed, tmp_path: Path
) -> None:
    missing = tmp_path / "no-such-kubeconfig"
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {f"group/{NAME}.kd": {"kubeconfig": str(missing)}},
            "tasks": [
                {"name": module, module: arguments, "ignore_errors": True}
                for module, arguments in EXPECTED_MODULES.items()
            ],
        }
    ]
    playbook = tmp_path / "defaults.yml"
    playbook.write_text(yaml.safe_dump(play, sort_keys=False))
    done = installed.run(
        "ansible-playbook",
        str(playbook),
        variables={"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal"},
    )
    assert done.returncode == 0, done.text
    assert done.stdout.count(str(missing)) >= len(installed.modules), done.text
    assert "Traceback" not in done.text


@pytest.mark.parametrize("setting", ["requires_ansible", "action_groups"])
def test_the_runtime_metadata_is_complete(installed: Installed, setting: str) -> None:
    runtime = yaml.safe_load((installed.root / "meta" / "runtime.yml").read_text())
    assert runtime[setting]


def test_execution_environments_learn_the_python_requirements(installed: Installed) -> None:
    done = installed.run("ansible-builder", "introspect", "--sanitize", str(installed.collections))
    assert done.returncode == 0, done.text
    python = yaml.safe_load(done.stdout)["python"]
    # PyYAML is not among them: ansible-builder leaves out what ansible-core brings.
    assert any(line.startswith("kubernetes>=29") for line in python), done.text
