# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A warning names a variable that looks like a misspelt one of a role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.plugin_utils._role_variables import (
    misspelt_variables,
)
from tests.harness.playbook import run_playbook
from tests.runner.paths import ROOT

NAME = "kubedirector.connections."
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
ROTATE, MLFLOW = (ROOT / "roles" / name for name in ("rotate", "mlflow"))
MEANT = (
    "rotate_secert is not a variable of the role kubedirector.connections.rotate and has no effect. "
    "Did you mean rotate_secret?"
)


def variables(role: Path, **more: Any) -> dict[str, Any]:
    """The variables of a task of a role: its defaults, and those of a playbook."""
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    return {
        "ansible_role_name": NAME + role.name, "role_path": str(role), **(defaults or {}), **more,
    }  # fmt: skip


def options(role: Path) -> dict[str, Any]:
    """The documented variables of a role."""
    text = (role / "meta" / "argument_specs.yml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return found


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_each_variable_without_a_letter_is_named(role: Path) -> None:
    for name in options(role):
        misspelt = name[:-2] + name[-1]
        (sentence,) = misspelt_variables(variables(role, **{misspelt: "x"}), ())
        assert sentence == (
            f"{misspelt} is not a variable of the role {NAME}{role.name} and has no effect. Did you mean {name}?"
        )


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_documented_and_internal_variables_of_the_role_are_not_named(role: Path) -> None:
    tasks = yaml.safe_load((role / "tasks" / "main.yml").read_text())
    for task in tasks:
        own = task.get("vars", {})
        given = {**dict.fromkeys(options(role), "x"), **own, task["register"]: {}}
        assert list(misspelt_variables(variables(role, **given), own)) == []
        few = {**own, task["register"]: {}}
        assert list(misspelt_variables(variables(role, **few), own)) == []


def test_a_name_that_is_not_text_is_ignored() -> None:
    given: dict[Any, Any] = {**variables(ROTATE, rotate_secert="x"), 8080: "x", True: "x"}
    assert list(misspelt_variables(given, ())) == [MEANT]


def test_a_variable_of_the_user_is_not_named() -> None:
    for given in (
        {"mlflow_user": "ann"},
        {"mlflow_kdcluster": "lab", "mlflow_kdclusters": ["{{ mlflow_kdcluster }}"]},
        {"rotate_secert": "x"},
    ):
        assert list(misspelt_variables(variables(MLFLOW, **given), ())) == []
    assert list(misspelt_variables({"rotate_secert": "x"}, ())) == []
    assert list(misspelt_variables(variables(ROTATE, rotate_secert="x"), ())) == [MEANT]
    elsewhere = {"ansible_role_name": "rotate", "role_path": "/roles/rotate", "rotate_secert": "x"}
    assert list(misspelt_variables(elsewhere, ())) == []


@pytest.mark.whole_run
def test_the_playbook_rotate_warns_of_a_misspelt_variable(tmp_path: Path) -> None:
    done = run_playbook(
        f"{NAME}rotate", "-e", "rotate_secert=token", "-e", "rotate_state=restored",
        kubeconfig=tmp_path / "none",
    )  # fmt: skip
    words = " ".join(done.output.split())
    assert done.returncode != 0 and f"[WARNING]: {MEANT}" in words, done.output
