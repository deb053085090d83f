# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fault meets which request of a module; drawn from a seed, so that a run can be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

Kind = Literal[
    "latency",
    "reset request",
    "reset response",
    "too many requests",
    "server error",
    "lost answer",
    "truncated",
    "kill",
]
# real writes, and not their dry runs; `any` counts every request.
Target = Literal["any", "write", "watch", "exec"]

NETWORK_KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "kill")
_LONGEST_LATENCY = 0.15
_ERRORS = (500, 502, 503, 504)


@dataclass(frozen=True)
class Fault:
    """One fault.

    :param number: which of the target's requests it meets first, from 0.
    :param times: how many of them in a row.
    :param share: how much of an answer gets through, 0 to 1.
    :param seconds: of latency; of Retry-After; between request and kill.
    :param status: of a server error or in place of a lost answer.
    :param polite: the connection is closed, with what was sent still delivered, not torn.
    :param reached: a kill comes when the API server has the request, not before.
    """

    kind: Kind
    target: Target = "any"
    number: int = 0
    times: int = 1
    share: float = 0.5
    seconds: float = 0.0
    status: int = 503
    polite: bool = False
    reached: bool = True

    def meets(self, target: Target, number: int) -> bool:
        """Whether it meets this request."""
        return self.target == target and self.number <= number < self.number + self.times


def draw_fault(rng: Random, requests: int, writes: int) -> Fault:
    """Draw a fault of the network for a task that sends so many requests, among them real writes."""
    kind = rng.choice(NETWORK_KINDS)
    if kind == "latency":
        return Fault(kind, times=1000, seconds=round(rng.uniform(0.01, _LONGEST_LATENCY), 3))
    target, number = _draw_request(rng, requests, writes)
    return Fault(
        kind,
        target,
        number,
        times=rng.choice((1, 1, 2, 3)),
        share=round(rng.random(), 3),
        seconds=float(rng.choice((0, 1, 1, 2, 30))),
        status=rng.choice(_ERRORS),
        polite=rng.random() < 0.5,
    )


def draw_kill(rng: Random, requests: int, writes: int) -> Fault:
    """Draw the moment at which a module is killed."""
    target, number = _draw_request(rng, requests, writes)
    return Fault(
        "kill",
        target,
        number,
        seconds=round(rng.choice((0.0, rng.uniform(0, 0.05))), 4),
        reached=rng.random() < 0.7,
    )


def _draw_request(rng: Random, requests: int, writes: int) -> tuple[Target, int]:
    weights = (5, 4, 1, 1) if writes else (4, 0, 0, 3)
    (target,) = rng.choices(get_args(Target), weights)
    counts: dict[Target, int] = {"any": requests, "write": writes, "watch": 1, "exec": 1}
    return target, rng.randrange(counts[target])
