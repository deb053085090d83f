# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of the suites: a table for people, and a last line with the sums."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

from tests.runner.paths import LOGS
from tests.runner.suites import COVERAGE_REPORT, Suite

SHOWN_LINES = 200
SHOWN_REASONS = 5
SHOWN_CHARACTERS = 400


@dataclass(frozen=True)
class Outcome:
    """How one suite ended: its counts of tests, and how long it took in seconds."""

    suite: Suite
    passed: int
    failed: int
    skipped: int
    seconds: float
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing failed and something was tested."""
        return self.failed == 0 and self.passed > 0


def outcome(suite: Suite, code: int, seconds: float) -> Outcome:
    """Count the tests of a suite that ended with the exit code `code`.

    A failing suite counts at least one failure, whatever its report says.
    """
    if suite.report is None:
        return Outcome(suite, int(code == 0), int(code != 0), 0, seconds)
    passed, failed, skipped = _junit_counts(suite.report)
    if code != 0 and failed == 0:
        return Outcome(suite, passed, 1, skipped, seconds, f"ended with exit code {code}")
    if code == 0 and passed == 0:
        return Outcome(suite, 0, 1, skipped, seconds, "tested nothing")
    return Outcome(suite, passed, failed, skipped, seconds)


def not_run(suite: Suite, reason: str) -> Outcome:
    """A suite that could not be started fails."""
    return Outcome(suite, 0, 1, 0, 0.0, reason)


def _junit_counts(report: Path) -> tuple[int, int, int]:
    if not report.is_file():
        return 0, 0, 0
    passed = failed = skipped = 0
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def show_log(suite: Suite) -> None:
    """Print the end of a failed suite's log."""
    log = LOGS / suite.log
    if not log.is_file():
        return
    lines = log.read_text(errors="replace").splitlines()
    print(f"----- {suite.name}: the end of build/logs/{suite.log}")
    print("\n".join(lines[-SHOWN_LINES:]))
    print("-----", flush=True)


def reasons(suite: Suite) -> Iterator[str]:
    """Yield a line for each reason of a failed suite, the most frequent first; else the end of its log."""
    said: Counter[str] = Counter()
    first: dict[str, str] = {}
    for case, text in _cases(suite, "failure", "error"):
        said[text] += 1
        first.setdefault(text, f"{case.get('classname')}::{case.get('name')}")
    for text, count in said.most_common(SHOWN_REASONS):
        others = f" and {count - 1} more" if count > 1 else ""
        yield f"{first[text]}{others}: {text}"
    log = LOGS / suite.log
    if not said and log.is_file():
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
        yield from [line[:SHOWN_CHARACTERS] for line in lines if line][-1:]


def skips(suite: Suite) -> Iterator[str]:
    """Yield a line for each reason of skipped tests."""
    for text, count in Counter(text for _case, text in _cases(suite, "skipped")).items():
        yield f"{count} skipped: {text}"


def _cases(suite: Suite, *kinds: str) -> Iterator[tuple[ElementTree.Element, str]]:
    """The tests of a suite with an element of one of these kinds, and its message."""
    if suite.report is not None and suite.report.is_file():
        for case in ElementTree.parse(suite.report).iter("testcase"):
            found = [element for kind in kinds for element in case.findall(kind)]
            if found:
                yield case, " ".join(found[0].get("message", "").split())[:SHOWN_CHARACTERS]


def summary(outcomes: list[Outcome], seconds: float) -> int:
    """Print the table, why suites failed and, as the last line, the sums; return the exit code."""
    table = Table("suite", "result")
    for heading in ("passed", "failed", "skipped", "seconds"):
        table.add_column(heading, justify="right")
    table.add_column("note")
    for one in outcomes:
        table.add_row(
            one.suite.name,
            "ok" if one.good else "FAILED",
            *(str(count) for count in (one.passed, one.failed, one.skipped)),
            f"{one.seconds:.1f}",
            one.reason,
        )
    Console(width=120, color_system=None).print(table)
    passed, failed, skipped = (
        sum(getattr(one, count) for one in outcomes) for count in ("passed", "failed", "skipped")
    )
    for one in outcomes:
        why = () if one.good else (one.reason, *reasons(one.suite))
        for line in (*why, *skips(one.suite)):
            if line:
                print(f"{one.suite.name}: {line}")
    if COVERAGE_REPORT.is_file():
        covered = json.loads(COVERAGE_REPORT.read_text())["totals"]["percent_covered"]
        print(f"unit tests run {covered:.0f} % of the lines in plugins/")
    print(f"in {seconds / 60:.1f} minutes")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return int(not all(one.good for one in outcomes))
