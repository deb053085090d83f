# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the single runs to medians, ratios and the table of what must be reached."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from tests.benchmark.jobs import (
    ANSIBLE,
    CHANGE_MANY,
    COLLECTION,
    CONNECT,
    CONNECT_LIST,
    CONNECT_MANY,
    CORE,
    KUBECTL,
    LIST_UNCHANGED,
    MOST_SECONDS_AFTER,
    OPERATOR,
    READ_MANY,
    UNCHANGED,
    WAIT,
)

Report = dict[str, Any]
# One ConfigMap and one Secret, and three members to read.
_OBJECTS, _MEMBERS_READ = 2, 3


@dataclass(frozen=True)
class Limit:
    """One thing that must be reached: `value` is at most `limit`."""

    job: str
    what: str
    value: float
    limit: float

    @property
    def reached(self) -> bool:
        """Whether it is."""
        return self.value <= self.limit


def median(report: Report, job: str, contender: str, figure: str = "seconds") -> float:
    """The median of one figure over all rounds."""
    return float(statistics.median(run[figure] for run in report["runs"][job][contender]))


def ratio(report: Report, job: str, other: str, figure: str = "seconds") -> float:
    """The median over the rounds of the collection's figure divided by another contender's.

    Each round's own ratio is taken, for the machine's load changes from round to round.
    """
    runs = report["runs"][job]
    # Of kubernetes.core there may be fewer: those of the first rounds.
    pairs = zip(runs[COLLECTION], runs[other], strict=False)
    return float(statistics.median(ours["seconds"] / theirs[figure] for ours, theirs in pairs))


def limits(report: Report) -> list[Limit]:
    """Everything that must be reached, as measured."""
    # The jobs with a list can be measured alone.
    others = _limits_of_others(report) if CONNECT in report["runs"] else []
    return [*others, *_limits_of_lists(report)]


def _limits_of_others(report: Report) -> list[Limit]:
    found = [
        Limit(CONNECT, "x kubernetes.core", ratio(report, CONNECT, CORE), 0.15),
        Limit(CONNECT, "x kubectl", ratio(report, CONNECT, KUBECTL), 2),
        Limit(UNCHANGED, "x kubernetes.core", ratio(report, UNCHANGED, CORE), 0.15),
        Limit(READ_MANY, "x kubernetes.core, scaled", ratio(report, READ_MANY, CORE, "scaled_seconds"), 0.02),
        Limit(READ_MANY, "x kubectl exec under xargs -P8", ratio(report, READ_MANY, KUBECTL), 0.6),
        Limit(
            CONNECT_MANY, "x the operator's own time",
            ratio(report, CONNECT_MANY, COLLECTION, "operator_seconds"), 1.2,
        ),
        Limit(
            CHANGE_MANY, "x the operator's own time in the same run",
            ratio(report, CHANGE_MANY, COLLECTION, "operator_seconds"), 1.2,
        ),
        Limit(
            CHANGE_MANY, "x the operator's own time after a kubectl patch",
            ratio(report, CHANGE_MANY, OPERATOR, "operator_seconds"), 1.2,
        ),
    ]  # fmt: skip
    if all(run["requests"] is not None for run in report["runs"][UNCHANGED][COLLECTION]):
        requests = max(run["requests"] for run in report["runs"][UNCHANGED][COLLECTION])
        writes = max(run["writes"] for run in report["runs"][UNCHANGED][COLLECTION])
        found += [
            Limit(UNCHANGED, "writes", writes, 0),
            Limit(UNCHANGED, "requests of both modules", requests, _read_back_too()),
        ]
    if "after_operator_seconds" in report:
        after = statistics.median(report["after_operator_seconds"])
        found.append(Limit(WAIT, "s after the operator's last write", after, MOST_SECONDS_AFTER))
    return found


def _limits_of_lists(report: Report) -> list[Limit]:
    first, again = (report["runs"][job][COLLECTION] for job in (CONNECT_LIST, LIST_UNCHANGED))
    found = [
        Limit(
            CONNECT_LIST, "x the operator's own time",
            ratio(report, CONNECT_LIST, COLLECTION, "operator_seconds"), 1.2,
        ),
        Limit(
            LIST_UNCHANGED, "x ansible-playbook without tasks",
            ratio(report, LIST_UNCHANGED, ANSIBLE), 1.5,
        ),
        Limit(CONNECT_LIST, "MiB at most", max(run["peak_mib"] for run in [*first, *again]), 150),
    ]  # fmt: skip
    if all(run["requests"] is not None for run in again):
        # Two lists, and each entry's ConfigMap.
        most = 2 + report["members"]
        found += [
            Limit(LIST_UNCHANGED, "writes", max(run["writes"] for run in again), 0),
            Limit(LIST_UNCHANGED, "requests", max(run["requests"] for run in again), most),
        ]
    return found


def _read_back_too() -> int:
    """kd_connection's 2 + objects; kd_configmeta_info's list, objects and members come on top."""
    return (2 + _OBJECTS) + (1 + _OBJECTS + _MEMBERS_READ)


def table(report: Report) -> str:
    """The limits as a Markdown table."""
    lines = ["| work | measured | must reach | |", "|---|---|---|---|"]
    for one in limits(report):
        verdict = "reached" if one.reached else "missed"
        lines.append(f"| {one.job} | {one.value:.3g} {one.what} | {one.limit:g} | {verdict} |")
    return "\n".join(lines)
