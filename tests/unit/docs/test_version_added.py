# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`version_added` agrees with the changelog: a past release, or else the version in galaxy.yml."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.runner.paths import ROOT

MODULES = sorted(
    path for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__"
)
ROLES = sorted((ROOT / "roles").glob("*/meta/argument_specs.yml"))


def loaded(path: Path) -> Any:
    """A YAML file of the repository."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def documentation_of(module: Path) -> Any:
    """A module's DOCUMENTATION."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{module} has no DOCUMENTATION")


RELEASES: dict[str, Any] = loaded(ROOT / "changelogs" / "changelog.yaml")["releases"]
NEXT: str = loaded(ROOT / "galaxy.yml")["version"]


def test_the_next_version_is_not_in_the_changelog_yet() -> None:
    unreleased = list((ROOT / "changelogs" / "fragments").glob("*.yml"))
    assert NEXT not in RELEASES or not unreleased


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_came_with_the_release_that_lists_it(module: Path) -> None:
    listed = [
        version
        for version, release in RELEASES.items()
        if module.stem in {entry["name"] for entry in release.get("modules", ())}
    ]
    assert documentation_of(module)["version_added"] == (listed or [NEXT])[0]


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.parents[1].name)
def test_a_role_came_with_a_release_or_comes_with_the_next_one(role: Path) -> None:
    assert loaded(role)["argument_specs"]["main"]["version_added"] in {NEXT, *RELEASES}
