# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw docs/benchmarks.svg: the seconds in the table of docs/benchmarks.md, as bars on a logarithmic axis."""

from __future__ import annotations

import itertools
import math
import re

from tests.runner.paths import ROOT
from tests.unit.docs import svg

_ROW = re.compile(
    r"^\| (?P<job>[^|]+) \| (?P<by>[\w.]+) \| (?P<seconds>[\d.]*) \| (?P<operators>[\d.]*) \|",
    re.MULTILINE,
)
_LEFT, _BARS, _WIDE, _LINE, _HEAD = 130, 560, 760, 22, 26
# The axis, in seconds.
_LEAST = 0.1


def picture() -> str:
    """The picture."""
    table = (ROOT / "docs" / "benchmarks.md").read_text().partition("## As measured")[2]
    rows = [
        # For the operator itself, only its own time is known.
        (found["job"], found["by"], float(found["seconds"] or found["operators"]))
        for found in _ROW.finditer(table.partition("\n## ")[0])
    ]
    longest = max(seconds for _job, _by, seconds in rows)
    parts: list[str] = []
    y = 0.0
    for job, bars in itertools.groupby(rows, key=lambda row: row[0]):
        parts.append(svg.text(0, y + 18, job, "head"))
        y += _HEAD
        for _job, by, seconds in bars:
            wide = _BARS * math.log(seconds / _LEAST) / math.log(longest / _LEAST)
            kind = "ours" if by == "collection" else "bar"
            parts += [
                svg.text(_LEFT - 10, y + 14, by, "what", "end"),
                f'<rect class="{kind}" x="{_LEFT}" y="{y + 2:g}" width="{wide:.1f}" height="15"/>',
                svg.text(_LEFT + wide + 6, y + 14, f"{seconds:.1f} s", "what"),
            ]
            y += _LINE
        y += 6
    return svg.document("Medians of each job in seconds, on a logarithmic scale", _WIDE, y, parts)
