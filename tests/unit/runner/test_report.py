# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reasons for failed suites and skipped tests are at the end, where a reader of the last lines finds them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.runner.report import outcome, reasons, summary
from tests.runner.suites import SUITES, Suite

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a" name="test_one"><failure message="not
within 3 s"/></testcase>
<testcase classname="tests.a" name="test_two"><error message="refused"/></testcase>
<testcase classname="tests.b" name="test_three"><error message="refused"/></testcase>
<testcase classname="tests.b" name="test_four"/>
<testcase classname="tests.b" name="test_five"><skipped message="another Python"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A suite whose report has two passed, failed and skipped tests."""
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    (found, *_others) = [one for one in SUITES if one.report is not None]
    return replace(found, report=path)


def test_the_most_frequent_error_comes_first(suite: Suite) -> None:
    assert list(reasons(suite)) == [
        "tests.a::test_two and 1 more: refused",
        "tests.a::test_one: not within 3 s",
    ]


def test_the_summary_ends_with_reasons_and_sums(
    suite: Suite,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("tests.runner.report.COVERAGE_REPORT", tmp_path / "coverage.json")
    assert summary([outcome(suite, 1, 2.0)], 60.0) == 1
    *_table, first, second, third, _time, sums = capsys.readouterr().out.strip().split("\n")
    assert first == f"{suite.name}: tests.a::test_two and 1 more: refused"
    assert second == f"{suite.name}: tests.a::test_one: not within 3 s"
    assert third == f"{suite.name}: 1 skipped: another Python"
    assert sums == "1 passed, 3 failed, 1 skipped"
