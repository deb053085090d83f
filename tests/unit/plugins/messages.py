# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what the collection can say, out of its source, and the guide's rows about it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import yaml

VARIES = "…"
# Names under which plugins keep their documentation.
_DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
# Two words are a key, a path or a label; a message has more, or a full stop, or is raised.
_FEWEST_WORDS = 3
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


class Message(NamedTuple):
    """A text that a user may get to see.

    :param where: file and line.
    :param text: the text, with `VARIES` for each part that is not fixed, and single spaces.
    """

    where: str
    text: str


class _Loader(yaml.SafeLoader):
    """Reads Ansible's own tags, such as !unsafe, as what stands behind them."""


_Loader.add_multi_constructor("!", lambda _loader, _tag, node: node.value)


def plugin_messages(root: Path) -> Iterator[Message]:
    """Give every text in plugins/ with the shape of a message.

    That is each string, f-string or sum of such of three words or more, or of two and a full stop, and
    whatever is handed to an exception that is raised; docstrings and documentation are left out. So a
    message is found wherever somebody puts it, and so is much that is none.
    """
    for path in sorted((root / "plugins").rglob("*.py")):
        if path.parent.name != "doc_fragments":
            yield from source_messages(
                path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
            )


def source_messages(source: str, where: str) -> Iterator[Message]:
    """Do the same for one file's source."""
    for node, raised in _texts(ast.parse(source)):
        text = " ".join(_template(node).split())
        if _has_shape(text, raised=raised):
            yield Message(f"{where}:{node.lineno}", text)


def play_messages(root: Path) -> Iterator[Message]:
    """Give what the playbooks' and roles' own checks say."""
    for folder in ("playbooks", "roles", "extensions/awx"):
        for path in sorted((root / folder).rglob("*.yml")):
            content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
            for text in _said_by_tasks(content):
                said = " ".join(_JINJA.sub(VARIES, text).split())
                # Some hand on what a filter says, which is found there.
                if said != VARIES:
                    yield Message(path.relative_to(root).as_posix(), said)


def guide_rows(guide: str) -> list[str]:
    """Give the first column of each table of a Markdown page whose first column is called `message`."""
    rows: list[str] = []
    in_table = False
    for line in guide.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if len(cells) < 3 or cells[0]:
            in_table = False
        elif cells[1] == "message":
            in_table = True
        elif in_table and cells[1].strip("-"):
            rows.append(" ".join(cells[1].replace("\\|", "|").replace("`", "").split()))
    return rows


def is_about(row: str, text: str, texts: Collection[str]) -> bool:
    """Whether a row tells of a message.

    A row that is a whole message tells of that one alone; else it has to be found in the message,
    `VARIES` as a wildcard.

    :param texts: all messages.
    """
    if row in texts:
        return row == text
    parts = (re.escape(part) for part in row.split(VARIES))
    return re.search(".*?".join(parts), text) is not None


def is_telling(row: str, texts: Collection[str]) -> bool:
    """Whether a row holds enough words not to be about anything at all."""
    return row in texts or len(row.replace(VARIES, " ").split()) >= _FEWEST_WORDS


def _has_shape(text: str, *, raised: bool) -> bool:
    words = text.split()
    enough = len(words) >= _FEWEST_WORDS or (len(words) > 1 and (raised or text[-1] in ".!?"))
    return enough and any(word.strip(VARIES + ",;:.()'").isalpha() for word in words)


def _texts(tree: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """Each text, outermost first, and whether it is handed to an exception that is raised."""
    skipped: set[ast.AST] = set()
    raised: set[ast.AST] = set()
    for node in ast.walk(tree):
        if _is_documentation(node):
            skipped.add(node.value)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            raised.update(node.exc.args)
        if node in skipped or not isinstance(node, ast.expr) or not _is_text(node):
            continue
        skipped.update(_parts(node))
        yield node, node in raised


def _is_documentation(node: ast.AST) -> TypeGuard[ast.Expr | ast.Assign]:
    if isinstance(node, ast.Assign):
        return any(isinstance(t, ast.Name) and t.id in _DOCUMENTATION for t in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _parts(node: ast.expr) -> list[ast.expr]:
    """What a text is directly put together from; what stands within its expressions has its own turn."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right, *_parts(node.left), *_parts(node.right)]
    return node.values if isinstance(node, ast.JoinedStr) else []


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and (_is_text(node.left) or _is_text(node.right))
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, ast.JoinedStr)


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp):
        return _template(node.left) + _template(node.right)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(value) for value in node.values)
    return VARIES


def _said_by_tasks(content: Any) -> Iterator[str]:
    if isinstance(content, list):
        for entry in content:
            yield from _said_by_tasks(entry)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key == "fail_msg":
                yield str(value)
            elif key in ("fail", "ansible.builtin.fail") and isinstance(value, dict):
                yield str(value["msg"])
            else:
                yield from _said_by_tasks(value)
