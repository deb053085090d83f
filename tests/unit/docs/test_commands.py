# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of a page names a playbook and variables that exist, and every task in YAML has options that exist."""

from __future__ import annotations

import importlib
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from markdown_it import MarkdownIt

from tests.runner.paths import ROOT
from tests.unit.docs.generated import role_options
from tests.unit.docs.playbook_headers import read_header
from tests.unit.docs.test_links import PAGES
from tests.unit.plugins.modules.test_module_docs import COMMON

NAME = "kubedirector.connections."
MODULES = "ansible_collections.kubedirector.connections.plugins.modules"
PLAYBOOKS = {path.stem: read_header(path) for path in (ROOT / "playbooks").glob("*.yml")}


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """The blocks of a page in these languages, those in lists too."""
    for token in MarkdownIt("commonmark").parse(page.read_text()):
        if token.type == "fence" and token.info in languages:
            yield token.content


def commands(page: Path) -> Iterator[list[str]]:
    """The commands of a page that run a playbook of this collection, as words."""
    for block in blocks(page, "shell", "console"):
        for line in block.replace("\\\n", " ").splitlines():
            if "ansible-playbook" in line and NAME in line:
                # sops takes a command as a single word.
                text = line.partition("ansible-playbook ")[2]
                yield shlex.split(
                    text.rstrip("'") if "'ansible-playbook" in line else text, comments=True
                )


def given(words: list[str]) -> Iterator[str]:
    """The variables that a command gives by -e, files left out."""
    for before, word in itertools.pairwise(words):
        if before == "-e" and word.startswith("{"):
            yield from yaml.safe_load(word)
        elif before == "-e" and not word.startswith("@"):
            yield word.partition("=")[0]


def known(playbook: str) -> set[str]:
    """The variables of a playbook."""
    header = PLAYBOOKS[playbook]
    own = {name for names in header.variables for name in names}
    return own | (set(role_options(header.role)) if header.role else set())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_name_playbooks_and_variables(page: Path) -> None:
    for words in commands(page):
        (playbook,) = [word.removeprefix(NAME) for word in words if word.startswith(NAME)]
        if playbook != "NAME":
            assert set(given(words)) <= known(playbook), words


def tasks(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tasks in plays, tasks and blocks that call a module of this collection: its name and the options."""
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            for name, inner in one.items():
                if re.fullmatch(rf"{re.escape(NAME)}kd_\w+", name):
                    yield name.removeprefix(NAME), inner
                yield from tasks(inner)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tasks_have_options_that_exist(page: Path) -> None:
    for block in blocks(page, "yaml"):
        for module, options in tasks(_loaded(block)):
            spec = {**COMMON, **importlib.import_module(f"{MODULES}.{module}").arguments()}
            # The value of a template is unknown.
            plain = {name: one for name, one in options.items() if "{{" not in str(one)}
            found = ArgumentSpecValidator(spec).validate({**plain})
            assert not found.unsupported_parameters, (module, found.error_messages)


def _loaded(block: str) -> Any:
    """A block as data, values of ansible-vault and the like as text."""

    class Loader(yaml.SafeLoader):
        """Accepts any tag."""

    Loader.add_multi_constructor("!", lambda loader, tag, node: str(node.value))
    return yaml.load(block, Loader)
