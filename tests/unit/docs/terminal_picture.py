# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw docs/terminal.svg: the session that tests/integration/playbooks/test_terminal.py compares with a real run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tests.harness.terminal import RECORDED
from tests.unit.docs import svg

_COLUMNS, _LINE, _PAD = 108, 17, 14


def picture() -> str:
    """The picture."""
    lines = [line for text in RECORDED.read_text().splitlines() for line in _folded(text)]
    wide, tall = _COLUMNS * svg.CHARACTER + 2 * _PAD, len(lines) * _LINE + 2 * _PAD
    parts = [svg.box(0, 0, wide, tall)]
    for number, (line, kinds) in enumerate(lines, 1):
        text = line.lstrip()
        x, y = _PAD + (len(line) - len(text)) * svg.CHARACTER, _PAD + number * _LINE - 4
        # Blanks within a line are kept, so that columns stay columns.
        parts += [svg.text(x, y, text.replace(" ", "\u00a0"), *kinds)] if text else []
    return svg.document("Look around, plan, connect, read back", wide, tall, parts)


def _folded(line: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A line as a terminal of that width wraps it, with its style; a command has its own."""
    kinds = ("same",) if line.startswith("$ ") else ()
    parts = textwrap.wrap(
        line, _COLUMNS, subsequent_indent="    ", drop_whitespace=False, break_on_hyphens=False
    )
    yield from ((part, kinds) for part in parts or [""])
