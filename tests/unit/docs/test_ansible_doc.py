# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-doc prints examples, related plugins, and an author that Ansible's sanity tests accept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.module_utils._connection_types import (
    type_data,
)
from tests.harness.documentation import marked_blocks
from tests.runner.paths import ROOT
from tests.runner.release_check import documented
from tests.unit.docs.generated import role_options, role_spec

NAME = "kubedirector.connections."
MODULES = sorted((ROOT / "plugins" / "modules").glob("kd_*.py"))
FILTERS = sorted((ROOT / "plugins" / "filter").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
KNOWN = {f"{NAME}{path.stem}" for path in [*MODULES, *FILTERS]}
EXAMPLES_OF_A_MODULE = 6
# As validate-modules accepts it: a person has a handle on GitHub, a group has none.
AUTHOR = re.compile(r"\w.* \((@[\w-]+|!UNKNOWN)\)")


def stem(path: Path) -> str:
    """The name of a plugin."""
    return path.stem


def others(entries: list[dict[str, str]]) -> set[str]:
    """The plugins in `seealso`."""
    return {entry.get("module") or entry["plugin"] for entry in entries}


@pytest.mark.parametrize("module", MODULES, ids=stem)
def test_a_module_has_examples(module: Path) -> None:
    examples = documented(module)["EXAMPLES"]
    own = [task for task in examples if f"{NAME}{module.stem}" in task]
    assert len(own) >= EXAMPLES_OF_A_MODULE
    assert all(task["name"] for task in examples)


@pytest.mark.parametrize("plugin", [*MODULES, *FILTERS], ids=stem)
def test_a_plugin_has_an_example_an_author_and_points_at_others(plugin: Path) -> None:
    found = documented(plugin)
    assert f"{NAME}{plugin.stem}" in str(found["EXAMPLES"])
    assert AUTHOR.fullmatch(found["DOCUMENTATION"]["author"])
    pointed = others(found["DOCUMENTATION"]["seealso"])
    assert pointed and pointed <= KNOWN - {f"{NAME}{plugin.stem}"}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_two_examples_an_author_and_points_at_others(role: str) -> None:
    spec = role_spec(role)
    assert AUTHOR.fullmatch(spec["author"])
    pointed = others(spec["seealso"])
    assert pointed and pointed <= KNOWN
    assert spec["examples"].startswith(marked_blocks(f"roles/{role}/README.md")[f"role {role}"])
    given = list(_given(yaml.safe_load(spec["examples"])))
    assert len(given) >= 2
    options = role_options(role)
    for variables in given:
        assert variables.pop("role") == f"{NAME}{role}"
        assert_known(variables, options)


def test_every_key_of_a_model_is_documented() -> None:
    options = role_options("model_registry")["model_registry_models"]["options"]
    assert options.keys() == {*type_data._MODEL_KEYS, "object_name", "labels", "extra"}
    text = documented(ROOT / "plugins/filter/model_configmaps.py")["DOCUMENTATION"]["description"]
    assert all(f"C({name})" in " ".join(text) for name in options)


def _given(plays: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for play in plays:
        yield from play["roles"]


def assert_known(values: dict[str, Any], options: dict[str, Any]) -> None:
    """Every name is an option, also in lists of dictionaries, and every required option is given."""
    assert values.keys() <= options.keys()
    assert {name for name, option in options.items() if option.get("required")} <= values.keys()
    for name, value in values.items():
        for inner in value if isinstance(value, list) else ():
            if isinstance(inner, dict):
                assert_known(inner, options[name]["options"])
