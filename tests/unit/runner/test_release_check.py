# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for a release hold for this checkout, except those that the release itself meets, and detect problems."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.runner import tree
from tests.runner.paths import ROOT
from tests.runner.release_check import (
    RULES,
    Checkout,
    Rule,
    foreign_plugins,
    ignored_sanity,
    large_files,
    missing_fields,
    missing_policies,
    queries,
    relative_links,
    undocumented,
    unreleased_changes,
    wrong_ansible_core,
    wrong_readme,
    wrong_version,
    wrong_version_added,
)

# Rules that only the release commit meets.
AT_THE_RELEASE = {wrong_version, unreleased_changes}


def failing(root: Path) -> dict[Rule, str]:
    """The rules that do not hold, with the reasons."""
    found = {rule: "; ".join(rule(Checkout(root))) for rule in RULES}
    return {rule: wrong for rule, wrong in found.items() if wrong}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout."""
    return tree.copy_to(tmp_path_factory.mktemp("release") / "tree")


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(original, tmp_path / "copy", symlinks=True))


def test_this_checkout_could_be_released() -> None:
    broken = failing(ROOT)
    assert broken.keys() <= AT_THE_RELEASE, broken


@pytest.mark.parametrize(
    ("file", "before", "after", "rule", "why"),
    [
        ("galaxy.yml", "description:", "x-description:", missing_fields, "description is missing"),
        ("galaxy.yml", "version: ", "version: v", wrong_version, "is not a semantic version"),
        ("README.md", "## Use Cases", "## Uses", wrong_readme, "no section Use Cases"),
        ("README.md", "## Use Cases", "[no](such)\n## Use Cases", relative_links, "links are relative"),
        ("plugins/modules/kd_rotate.py", "version_added: ", "version_added: 9", wrong_version_added, "version_added 9"),
        ("plugins/modules/kd_rotate.py", "RETURN = ", "RETURNS = ", undocumented, "kd_rotate has no RETURN"),
        ("plugins/modules/kd_access.py", "choices: [present, absent]", "choices: [get]", queries, "kd_access"),
        ("meta/runtime.yml", '">=', '"<', wrong_ansible_core, "names no oldest version"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_detected(
    copy: Path, file: str, before: str, after: str, rule: Rule, why: str
) -> None:
    path = copy / file
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after, 1))
    found = failing(copy)
    assert why in found.pop(rule)
    assert found.keys() <= AT_THE_RELEASE


def test_forbidden_and_missing_files_are_detected(copy: Path) -> None:
    (copy / "tests" / "sanity").mkdir(parents=True)
    (copy / "tests" / "sanity" / "ignore-2.21.txt").write_text(
        "plugins/modules/kd_rotate.py pylint\n"
    )
    (copy / "docs" / "large.bin").write_bytes(b"\0" * 1_000_001)
    (copy / "plugins" / "misc").mkdir()
    (copy / "SECURITY.md").unlink()
    broken = failing(copy).keys() - AT_THE_RELEASE
    assert broken == {ignored_sanity, large_files, foreign_plugins, missing_policies}
