# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every suite of the project: what it runs, and what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.runner.paths import BETWEEN, BUILD, DEVEL, NEWEST, OLDEST, REPORTS, ROOT, TREE, Pair

_SESSIONS = 1000
OTHERS = (*BETWEEN, DEVEL)


@dataclass(frozen=True)
class Suite:
    """One line of the summary.

    `report` is the JUnit file that a pytest run leaves, from which its tests are counted; a suite
    without one counts as one test. `cluster` says that it needs KD_TEST_KUBECONFIG.
    """

    group: str
    name: str
    pair: Pair
    command: tuple[str, ...]
    cluster: bool = False
    report: Path | None = None
    folder: Path = ROOT

    @property
    def log(self) -> str:
        """The log's file name below build/logs."""
        return f"{self.name.replace('/', '-')}.log"


def check(group: str, what: str, *command: str, folder: Path = ROOT) -> Suite:
    """A suite with one result, run with the newest tools."""
    return Suite(group, f"{group}/{what}", NEWEST, command, folder=folder)


def tests(name: str, pair: Pair, *paths: str, cluster: bool = False, only: bool = False) -> Suite:
    """A pytest run over some paths, given with pytest's options; its group is the first part of its name.

    `only` where it runs on one pair and needs no suffix.
    """
    group = name.partition("/")[0]
    name = name if only else f"{name}/{pair.ansible}"
    report = REPORTS / f"{name.replace('/', '-')}.xml"
    command = (
        "python", "-m", "pytest", "--color=no", f"--junitxml={report}", "--durations=10",
        "-o", f"cache_dir={BUILD / 'pytest' / pair.environment}",
        # All temporary folders are kept for the search at the end; by itself pytest keeps three sessions'.
        "-o", f"tmp_path_retention_count={_SESSIONS}", *paths,
    )  # fmt: skip
    return Suite(group, name, pair, command, cluster=cluster, report=report)


def sanity(pair: Pair, name: str = "sanity") -> Suite:
    """ansible-test sanity of the pair's ansible-core."""
    command = ("python", "-m", "tests.runner.sanity", pair.environment)
    # The newest environment runs the script; the script finds the pair's own ansible-test.
    return Suite(name.partition("/")[0], f"{name}/{pair.ansible}", NEWEST, command)


def smoke(pair: Pair) -> Suite:
    """A KDCluster made, connected and read back by a playbook, in the worker and by processes."""
    return tests("smoke", pair, SMOKE, cluster=True)


MYPY = (
    "mypy", "--strict", "--cache-dir", str(BUILD / "mypy"),
    "-p", "tests", "-p", "ansible_collections.kubedirector.connections.plugins",
)  # fmt: skip

SIDE_BY_SIDE = ("-n", "2", "--dist", "worksteal")
# Much of the unit tests' time is waiting: on two cores four of them take two thirds of the time of two.
FOUR_SIDE_BY_SIDE = ("-n", "4", "--dist", "worksteal")
# Programs take most of the unit tests' time: `make quick` leaves them out.
WHOLE_RUNS, NO_WHOLE_RUNS = ("-m", "whole_run"), ("-m", "not whole_run")
COVERAGE_REPORT = REPORTS / "coverage.json"
COVERAGE = (
    "--cov=ansible_collections.kubedirector.connections.plugins",
    "--cov-report=term:skip-covered", f"--cov-report=json:{COVERAGE_REPORT}",
)  # fmt: skip
# What codespell reads: all that git knows but licences, lock files and pictures.
SPELLING = "git ls-files -z -- ':!LICENSE' ':!*.svg' ':!*.txt' ':!*.sum' | xargs -0 codespell --ignore-words-list=valeu"

# Suites of about the same length, since suites share the lanes and tests of a suite do not.
PLAYBOOKS = "tests/integration/playbooks"
SETTLING = "tests/integration/settling"
MODULES = ("tests/integration", f"--ignore={PLAYBOOKS}", f"--ignore={SETTLING}")
SMOKE = (
    f"{PLAYBOOKS}/test_demo_playbook.py::test_it_creates_a_set_up_and_a_second_run_changes_nothing"
)

# In the order in which they are started; those that need a cluster wait for it.
SUITES: tuple[Suite, ...] = (
    check("lint", "format", "ruff", "format", "--check", "--diff", "."),
    check("lint", "ruff", "ruff", "check", "."),
    check("lint", "mypy", *MYPY),
    check(
        "lint",
        "layers",
        "env",
        f"PYTHONPATH={TREE}:{ROOT}",
        "lint-imports",
        "--cache-dir",
        str(BUILD / "layers"),
    ),
    check("lint", "spelling", "sh", "-c", SPELLING),
    check("lint", "changelog", "antsibull-changelog", "lint"),
    check("lint", "ansible", "ansible-lint", "--nocolor", "--strict"),
    check("lint", "docs", "python", "-m", "tests.runner.docs"),
    tests("unit", NEWEST, "tests/unit", *NO_WHOLE_RUNS, *FOUR_SIDE_BY_SIDE, *COVERAGE),
    tests("unit/whole-runs", NEWEST, "tests/unit", *WHOLE_RUNS, *SIDE_BY_SIDE),
    # The oldest pair is promised for the collection, not for the tools around it.
    tests("unit", OLDEST, "tests/unit/plugins", *NO_WHOLE_RUNS, *FOUR_SIDE_BY_SIDE),
    tests("unit/whole-runs", OLDEST, "tests/unit/plugins", *WHOLE_RUNS, *SIDE_BY_SIDE),
    sanity(NEWEST),
    sanity(OLDEST),
    # In such an order that three lanes end together (measured). Four lanes, or polls more often, end no
    # earlier: the machine is busy all the time then, and more changes miss their --reconnect.
    tests("integration/modules", NEWEST, *MODULES, cluster=True),
    tests("integration/settling", NEWEST, SETTLING, cluster=True),
    tests("integration/playbooks", NEWEST, PLAYBOOKS, cluster=True),
    tests("integration/playbooks", OLDEST, PLAYBOOKS, cluster=True),
    tests("contract", NEWEST, "tests/operator_contract", cluster=True, only=True),
    Suite("molecule", "molecule", NEWEST, ("molecule", "test", "--all"), cluster=True),
    tests("packaging", NEWEST, "tests/packaging", cluster=True, only=True),
    *map(smoke, BETWEEN),
)

# `make integration` and `make versions`: too long for every change.
ON_REQUEST: tuple[Suite, ...] = (
    # Most of it depends on Python alone, on which the unit tests of the oldest pair run every time.
    tests("integration/modules", OLDEST, *MODULES, cluster=True),
    tests("integration/settling", OLDEST, SETTLING, cluster=True),
    *(
        tests("versions/unit", pair, "tests/unit/plugins", *NO_WHOLE_RUNS, *FOUR_SIDE_BY_SIDE)
        for pair in OTHERS
    ),
    *(sanity(pair, "versions/sanity") for pair in OTHERS),
    smoke(DEVEL),
)
