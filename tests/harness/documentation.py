# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the documentation, unchanged."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.harness.cluster import REPOSITORY

_BLOCK = r"<!-- tested: ([\w -]+) -->\n```{}\n(.*?)```"
# A test of its own compares what is generated.
_GENERATED = re.compile(r"<!-- generated: .*?<!-- end of generated -->", re.DOTALL)
# A fenced block of YAML that no test names is untested.
_ANY_BLOCK = re.compile(r"^```yaml$", re.MULTILINE)


def marked_blocks(page: str, language: str = "yaml") -> dict[str, str]:
    """The blocks of a page in one language, by the name in the comment before each of them.

    AssertionError where a block of YAML carries no name.
    """
    text = _GENERATED.sub("", (REPOSITORY / page).read_text())
    blocks = dict(re.findall(_BLOCK.format(language), text, re.DOTALL))
    if language == "yaml":
        named = len(blocks) == len(_ANY_BLOCK.findall(text))
        assert named, f"{page} has a YAML block without a test"
    return blocks


def plugin_examples(path: str) -> str:
    """EXAMPLES of a plugin, given by its file's path in the repository."""
    for statement in ast.parse((REPOSITORY / Path(path)).read_text()).body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id == "EXAMPLES"
            and isinstance(statement.value, ast.Constant)
        ):
            return str(statement.value.value)
    raise AssertionError(f"{path} has no EXAMPLES")
