# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and generated parts of pages are up to date; `make pictures` writes them again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.runner.paths import ROOT
from tests.unit.docs import generated, pictures
from tests.unit.docs.playbook_headers import read_header

MODULES = {path.stem for path in (ROOT / "plugins" / "modules").glob("kd_*.py")}
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
LARGEST_PICTURE = 30_000


@pytest.mark.parametrize("page", generated.pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_agrees_with_the_files(page: Path) -> None:
    text = page.read_text()
    assert text == generated.with_parts(text)


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_a_picture_is_up_to_date(name: str) -> None:
    drawn = pictures.PICTURES[name]()
    assert pictures.file_of(name).read_text() == drawn
    assert len(drawn) < LARGEST_PICTURE
    assert "prefers-color-scheme: dark" in drawn


def test_the_five_set_ups_are_all_inlined() -> None:
    page = (ROOT / "docs" / "five-set-ups.md").read_text()
    for folder in (ROOT / "examples").iterdir():
        assert f"<!-- generated: set-up {folder.name} -->" in page


@pytest.mark.parametrize("role", sorted((ROOT / "roles").iterdir()), ids=lambda path: path.name)
def test_the_variables_of_a_role_are_in_its_readme(role: Path) -> None:
    assert f"<!-- generated: variables {role.name} -->" in (role / "README.md").read_text()


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_the_header_of_a_playbook_names_the_variables_that_it_takes(playbook: Path) -> None:
    header = read_header(playbook)
    named = {name for names in header.variables for name in names}
    assert named >= generated.OF_ALL_PLAYBOOKS
    assert all(command.startswith("ansible-playbook ") for command in header.commands)
    used, made = _variables(playbook)
    if header.role:
        assert re.search(
            rf"^    - role: kubedirector\.connections\.{header.role}$",
            _body(playbook),
            re.MULTILINE,
        )
    # Some variables have the name of the module that takes them.
    assert used - made - (MODULES - named) == named


def _body(playbook: Path) -> str:
    """A playbook and those that it imports, without comments."""
    text = re.sub(r"^\s*#.*", "", playbook.read_text(), flags=re.MULTILINE)
    for imported in re.findall(r"import_(?:playbook|tasks): ([\w/]+\.yml)", text):
        text += _body(playbook.parent / imported)
    return text


def _variables(playbook: Path) -> tuple[set[str], set[str]]:
    """The kd_ variables of a playbook, and those of them that it sets itself."""
    body = re.sub(r"kubedirector\.connections\.\w+", "", _body(playbook))
    body = re.sub(r"^\s*(- )?(name|fail_msg): .*", "", body, flags=re.MULTILINE)
    made = set(re.findall(r"^\s*(kd_\w+):", body, re.MULTILINE))
    made |= set(re.findall(r"(?:register|loop_var|index_var): (kd_\w+)", body))
    return set(re.findall(r"\bkd_\w+", body)), made
