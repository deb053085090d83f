# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw docs/change.svg: when each event happens after a change, as `python -m tests.benchmark.change` measured it."""

from __future__ import annotations

import json

from tests.harness.cluster import REPOSITORY
from tests.unit.docs import svg

MEASURED = REPOSITORY / "tests" / "harness" / "recordings" / "change.json"
_LANES = {"task": 130, "operator": 230, "member": 330}
_WIDE, _ROW, _TOP, _TEXT = 800, 30, 52, 370


def picture() -> str:
    """The picture."""
    measured = json.loads(MEASURED.read_text())
    events = measured["events"]
    tall = _TOP + len(events) * _ROW
    parts = [
        svg.text(0, 14, f"A ConfigMap is connected to a notebook ({measured['on']})", "what"),
        *[svg.text(x, 38, lane, "head", "mid") for lane, x in _LANES.items()],
        *[svg.line(x, 46, (x, tall - 10)) for x in _LANES.values()],
    ]
    for number, event in enumerate(events):
        y = _TOP + number * _ROW + 10
        parts += [
            svg.text(76, y + 4, f"{event['at']:.2f} s", "end"),
            f'<circle cx="{_LANES[event["who"]]}" cy="{y}" r="5"/>',
            svg.text(_TEXT, y + 4, event["what"], "what"),
        ]
    return svg.document("When what happens after a change", _WIDE, tall, parts)
