# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/benchmarks.md from build/bench.json and the other programs' reports; `make pictures` draws its chart.

Without build/bench.json it replaces only the section about hundreds of KDClusters.
"""

from __future__ import annotations

import json

from tests.benchmark import summary
from tests.benchmark.jobs import OPERATOR, PAIRS, TIMED_MEMBERS
from tests.runner.paths import BUILD, ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
_HUNDREDS, _MACHINE = "## Hundreds of KDClusters\n", "## Machine\n"
_TEXT = """\
# Benchmarks

`make bench` runs the same jobs with this collection, with tasks of kubernetes.core and with a kubectl shell script
(`tests/benchmark/jobs`), in turn, and writes `build/bench.json`. `python -m tests.benchmark --docs` also writes this page,
`make pictures` its chart.

![Medians of each job, in seconds](benchmarks.svg)

## Targets
Ratios of wall-clock time: the median of the rounds' ratios. Of the list with nothing to do, each round runs {pairs} pairs.

{limits}

## As measured
Medians of {rounds}. Each run is a whole process: `ansible-playbook` with its start, or the script. *CPU* is the time of the process
and its children, without API server, operator and members. *Memory* is the peak of the largest process.

{figures}

The rows *ansible* are the time of Ansible itself: for as many tasks, each of which is a process of its own, while the collection's
modules run in Ansible's worker ([architecture.md](architecture.md)); and for a play without tasks.
kubernetes.core reads {timed} members, and connects {timed} KDClusters of the list; the time for all is computed from them.
*Operator* is the time of the operator itself: from the first KDCluster's first new status to the last generation written, seen by `kubectl get --watch`.

## Machine
{cores} cores ({processor}), {memory} GiB, {system}; API server, operator and members run on the same machine. Load before and after
the rounds: {loads}; the benchmark ran at nice {nice}.

{versions}
"""

_SECTION = """\
{heading}`python -m tests.benchmark.overview`, `python -m tests.benchmark.write` and `python -m tests.benchmark.clients`: KDClusters without
pods, each with two ConfigMaps and two Secrets; overview in five namespaces, the others in one (the write with `wait: false`, since no
operator runs). Targets: overview of 500 KDClusters 2 x an empty playbook and 150 MiB; the write among 1,000 KDClusters 1.5 x that
among 10. The last rows compare Python clients of the Kubernetes API, a whole process each. Measured on such a machine as
is described below.

{many}

"""


def figures(report: summary.Report) -> str:
    """A row for each job and contender."""
    lines = [
        "| job | by | seconds | of these the operator's | CPU s | memory, MiB | requests | writes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for job, contenders in report["runs"].items():
        for contender, runs in contenders.items():
            seconds = "scaled_seconds" if "scaled_seconds" in runs[0] else "seconds"
            cpu = "scaled_cpu_seconds" if "scaled_seconds" in runs[0] else "cpu_seconds"
            shown = [
                _shown(report, job, contender, name)
                for name in (seconds, "operator_seconds", cpu, "peak_mib", "requests", "writes")
            ]
            if contender == OPERATOR:
                # The patch that set it off is over at once.
                shown[0] = shown[2] = shown[3] = ""
            lines.append(f"| {job} | {contender} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _shown(report: summary.Report, job: str, contender: str, figure: str) -> str:
    if any(run.get(figure) is None for run in report["runs"][job][contender]):
        return ""
    value = summary.median(report, job, contender, figure)
    return f"{value:.0f}" if figure in ("peak_mib", "requests", "writes") else f"{value:.1f}"


def many() -> str:
    """A row for each measurement of hundreds of KDClusters."""
    lines = [
        "| job | by | KDClusters | seconds | ratio | memory, MiB | requests | writes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in ("overview", "write", "clients"):
        # One that was not measured here is left out.
        path = BUILD / f"{name}.json"
        for row in json.loads(path.read_text()) if path.is_file() else ():
            times = row["times"]
            ratio = "" if times is None else f"{times:.3g} x {row['compared_with']}"
            lines.append(
                f"| {row['job']} | {row['by']} | {row['kdclusters']} | {row['seconds']:.1f} | {ratio} | "
                f"{row['mib']:.0f} | {row['requests']} | {row['writes']} |"
            )
    return "\n".join(lines)


def whole(report: summary.Report) -> str:
    """The page, but for the section about hundreds of KDClusters."""
    machine = report["machine"]
    loads = [load for pair in report["loads"] for load in pair]
    return _TEXT.format(
        limits=summary.table(report),
        rounds=f"{report['rounds']} rounds" if report["rounds"] > 1 else "one round only",
        figures=figures(report),
        timed=TIMED_MEMBERS,
        pairs=PAIRS,
        cores=machine["cores"],
        processor=machine["processor"],
        memory=machine["memory_gib"],
        system=machine["system"],
        nice=machine["nice"],
        loads=f"{min(loads)} to {max(loads)}",
        versions="\n".join(f"- {name} {text}" for name, text in report["versions"].items()),
    )


def with_hundreds(page: str) -> str:
    """The page with that section, in place of an older one."""
    before, machine, after = page.partition(_MACHINE)
    before = before.partition(_HUNDREDS)[0]
    return before + _SECTION.format(heading=_HUNDREDS, many=many()) + machine + after


def main() -> None:
    """Write the page."""
    report = BUILD / "bench.json"
    page = whole(json.loads(report.read_text())) if report.is_file() else PAGE.read_text()
    PAGE.write_text(with_hundreds(page))


if __name__ == "__main__":
    main()
