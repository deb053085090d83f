# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks pass the authentication and each option, under its own name, to the modules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_access,
    kd_configmeta_info,
    kd_connection_info,
)

COLLECTION = "kubedirector.connections."
PLAYBOOKS = sorted((Path(__file__).parents[3] / "playbooks").glob("*.yml"))
Mapping = dict[str, Any]
# Ansible itself ends with 0 if no host matches.
HOSTS = (
    "{{ 'localhost' if not query('ansible.builtin.varnames', '^kd_hosts$')\n"
    "   else kd_hosts if query('ansible.builtin.inventory_hostnames', *([kd_hosts] | flatten))\n"
    "   else undef(hint='kd_hosts names no host of the inventory, so nothing was done. Correct it, or give the inventory "
    "with -i.') }}"
)
# Without kd_auth another Kubernetes cluster may be meant: one that cannot be worked out must not count as none.
AUTH = (
    "{{ kd_auth if kd_auth is defined and kd_auth is mapping\n"
    "   else {} if not query('ansible.builtin.varnames', '^kd_auth$')\n"
    "   else undef(hint='kd_auth is not a dictionary, or a variable in it is undefined. Nothing was done. Correct it.') }}"
)


def plays(playbook: Path) -> list[Mapping]:
    """The plays of a playbook itself; one that it imports is a playbook of its own."""
    found: list[Mapping] = yaml.safe_load(playbook.read_text(encoding="utf-8"))
    return [play for play in found if "ansible.builtin.import_playbook" not in play]


def tasks(entries: list[Mapping]) -> Iterator[Mapping]:
    """All tasks, those in blocks included."""
    for entry in entries:
        yield entry
        for part in ("block", "rescue", "always"):
            yield from tasks(entry.get(part, []))


def runs_a_module(play: Mapping) -> bool:
    """Whether a task or a role runs a module of this collection."""
    if any(role["role"].startswith(COLLECTION) for role in play.get("roles", [])):
        return True
    return any(key.startswith(f"{COLLECTION}kd_") for task in tasks(play["tasks"]) for key in task)


def arguments_of(playbook: str, module: str) -> list[Mapping]:
    """The options that each task passes to the module."""
    (path,) = [path for path in PLAYBOOKS if path.name == playbook]
    name = COLLECTION + module
    return [task[name] for play in plays(path) for task in tasks(play["tasks"]) if name in task]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_every_play_passes_kd_auth_to_its_modules(playbook: Path) -> None:
    of_modules = [play for play in plays(playbook) if runs_a_module(play)]
    assert of_modules
    for play in of_modules:
        assert play.get("module_defaults") == {"group/kubedirector.connections.kd": AUTH}


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_every_play_runs_for_a_host_of_each_kubernetes_cluster(playbook: Path) -> None:
    for play in plays(playbook):
        assert play["hosts"] == HOSTS
        assert play["connection"] == "local"
        # An inventory's variables would win over the keyword.
        assert play["vars"]["ansible_connection"] == "local"
        assert play["vars"]["ansible_become"] is False
    assert "# kd_hosts: " in playbook.read_text(encoding="utf-8")


def test_every_imported_playbook_is_among_them() -> None:
    names = {path.name for path in PLAYBOOKS}
    imported = {
        play["ansible.builtin.import_playbook"]
        for path in PLAYBOOKS
        for play in yaml.safe_load(path.read_text(encoding="utf-8"))
        if "ansible.builtin.import_playbook" in play
    }
    assert imported and imported <= names


# The options that only select KDClusters.
SELECTING = {"namespace", "all_namespaces", "kdcluster", "label_selectors", "apps"}
HANDED_ON = {"export.yml": SELECTING, "audit.yml": {"namespace", "all_namespaces", "members"}}
# The options that a playbook sets itself.
SET = {"overview.yml": {"summary": True}}


def passed_on(playbook: str, module: ModuleType) -> Mapping:
    """The options that a playbook passes to a module, with their specifications."""
    options = {"namespace": {}, **module.arguments()}
    return {
        name: spec
        for name, spec in options.items()
        if name in HANDED_ON.get(playbook, options.keys()) and name not in SET.get(playbook, ())
    }


@pytest.mark.parametrize(
    ("playbook", "module", "variable"),
    [
        ("configmeta.yml", kd_configmeta_info, "kd_configmeta"),
        ("rbac.yml", kd_access, "kd_access"),
        ("overview.yml", kd_connection_info, "kd_overview"),
        ("export.yml", kd_connection_info, "kd_export"),
    ],
    ids=["configmeta", "rbac", "overview", "export"],
)
def test_every_option_is_passed_on_under_its_own_name(
    playbook: str, module: ModuleType, variable: str
) -> None:
    expected: Mapping = dict(SET.get(playbook, {}))
    for option, spec in passed_on(playbook, module).items():
        spellings = [f"{variable}.{name}" for name in (option, *spec.get("aliases", ()))]
        # An option that the playbook has asserted needs no default.
        if spec.get("required") or (module, option) == (kd_access, "namespace"):
            expected[option] = chained(*spellings)
        else:
            expected[option] = chained(*spellings, "omit")
    assert arguments_of(playbook, module.__name__.rpartition(".")[2]) == [expected]


@pytest.mark.parametrize(
    ("playbook", "module"),
    [
        ("configmeta.yml", kd_configmeta_info),
        ("rbac.yml", kd_access),
        ("overview.yml", kd_connection_info),
        ("export.yml", kd_connection_info),
        ("audit.yml", kd_connection_info),
    ],
    ids=["configmeta", "rbac", "overview", "export", "audit"],
)
def test_an_unknown_option_is_refused(playbook: str, module: ModuleType) -> None:
    (path,) = [path for path in PLAYBOOKS if path.name == playbook]
    (admitted,) = [
        task["vars"]["kd_arguments"]
        for play in plays(path)
        for task in tasks(play["tasks"])
        if "kd_arguments" in task.get("vars", {})
    ]
    options = passed_on(playbook, module)
    aliases = {alias for spec in options.values() for alias in spec.get("aliases", ())}
    assert set(admitted) == {*options, *aliases}


def chained(first: str, *others: str) -> str:
    """A template that takes the first one that is defined."""
    return "{{ " + first + "".join(f" | default({other})" for other in others) + " }}"
