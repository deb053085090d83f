# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw docs/rotation.svg: the sequence of a rotation that succeeds, and of one whose new values a member refuses."""

from __future__ import annotations

from dataclasses import dataclass

from tests.unit.docs import svg

TASK, KEPT, SECRET, OPERATOR, MEMBERS = (
    "kd_rotate", "Secret kd-rotate-HASH", "the Secret", "KubeDirector", "members",
)  # fmt: skip
_LANES = {TASK: 50, KEPT: 250, SECRET: 430, OPERATOR: 590, MEMBERS: 750}
_WIDE, _ROW, _TOP = 800, 40, 44


@dataclass(frozen=True)
class Step:
    """An arrow between two lanes; a step of the task on an object is a request of that method."""

    who: str
    target: str
    what: str
    method: str = ""


KEEP = Step(TASK, KEPT, "keep the old values", "POST")
WRITE = Step(TASK, SECRET, "write the new values", "PATCH")
UPDATE = Step(OPERATOR, MEMBERS, "rewrite, --reconnect")
ASK = Step(TASK, MEMBERS, "do all hold them? what was the exit code?")
RESTORE = Step(TASK, SECRET, "write the old values", "PATCH")
FORGET = Step(TASK, KEPT, "delete them", "DELETE")
BEGIN = (KEEP, WRITE, UPDATE, ASK)
GOOD = (FORGET,)
BAD = (RESTORE, UPDATE, ASK, FORGET)


def picture() -> str:
    """The picture."""
    parts = [svg.text(x, 16, lane, "head", "mid") for lane, x in _LANES.items()]
    y = float(_TOP)
    for heading, kind, steps in (
        ("", "", BEGIN),
        ("Every member holds them, and each start script ended with 0", "good", GOOD),
        ("If not: the old values come back, then the task fails", "bad", BAD),
    ):
        if heading:
            parts += [
                svg.line(0, y - 8, (_WIDE, y - 8)),
                svg.text(0, y + 10, heading, "head", kind),
            ]
            y += 34
        for step in steps:
            parts += _arrow(step, y)
            y += _ROW
    lanes = [svg.line(x, 26, (x, y - 20)) for x in _LANES.values()]
    return svg.document("A rotation, step by step", _WIDE, y - 20, [*lanes, *parts])


def _arrow(step: Step, y: float) -> list[str]:
    start, end = _LANES[step.who], _LANES[step.target]
    return [
        svg.arrow(start, y + 10, (end, y + 10)),
        svg.text((start + end) / 2, y + 3, step.what, "what", "mid"),
    ]
