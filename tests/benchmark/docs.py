# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/benchmarks.md and its chart from build/bench.json, in the environment `bench`."""

from __future__ import annotations

import json
from typing import Any

import matplotlib

from tests.benchmark import summary
from tests.benchmark.jobs import ANSIBLE, COLLECTION, CORE, KUBECTL, OPERATOR, TIMED_MEMBERS
from tests.runner.paths import BUILD, ROOT

PAGE, CHART = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "benchmarks.svg"
_COLOURS = {
    COLLECTION: "#1a7f5a",
    KUBECTL: "#b8860b",
    CORE: "#8c3b3b",
    OPERATOR: "#777777",
    ANSIBLE: "#3b5b8c",
}
_TEXT = """\
# Benchmarks

`make bench` runs the same jobs with this collection, with tasks of kubernetes.core and with a kubectl shell script
(`tests/benchmark/jobs`), in turn, and writes `build/bench.json`. `python -m tests.benchmark --docs` also writes this page.

![Medians of each job, in seconds](benchmarks.svg)

## Targets
Ratios of wall-clock time: the median of the rounds' ratios.

{limits}

## As measured
Medians of {rounds}. Each run is a whole process: `ansible-playbook` with its start, or the script. *CPU* is the time of the process
and its children, without API server, operator and members. *Memory* is the peak of the largest process.

{figures}

The rows *ansible* are the time of Ansible itself: for as many tasks, each of which is a process of its own, while the collection's
modules run in Ansible's worker ([architecture.md](architecture.md)); and for a play without tasks.
kubernetes.core reads {timed} members, and connects {timed} KDClusters of the list; the time for all is computed from them.
*Operator* is the time of the operator itself: from the first KDCluster's first new status to the last generation written, seen by `kubectl get --watch`.

## Hundreds of KDClusters
`python -m tests.benchmark.overview`, `python -m tests.benchmark.write` and `python -m tests.benchmark.clients`: KDClusters without
pods, each with two ConfigMaps and two Secrets; overview in five namespaces, the others in one (the write with `wait: false`, since no
operator runs). Targets: overview of 500 KDClusters 2 x an empty playbook and 150 MiB; the write among 1,000 KDClusters 1.5 x that
among 10. The last rows compare Python clients of the Kubernetes API, a whole process each.

{many}

## Machine
{cores} cores ({processor}), {memory} GiB, {system}; API server, operator and members run on the same machine. Load before and after
the rounds: {loads}; the benchmark ran at nice {nice}.

{versions}
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


def draw(report: summary.Report) -> None:
    """Draw the medians as bars on a logarithmic axis."""
    matplotlib.use("svg")
    # The same figures give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "benchmarks"
    from matplotlib import pyplot

    bars = [
        (job, contender, _bar(report, job, contender))
        for job, contenders in report["runs"].items()
        for contender in contenders
    ]
    figure, axes = pyplot.subplots(figsize=(9, 0.42 * len(bars) + 1.2))
    places, place, before = [], 0.0, bars[0][0]
    for job, _contender, _seconds in bars:
        place += 1.0 if job == before else 1.7
        places.append(place)
        before = job
    drawn: Any = axes.barh(
        places, [one[2] for one in bars], color=[_COLOURS[one[1]] for one in bars]
    )
    axes.bar_label(drawn, [f"{one[2]:.1f} s" for one in bars], padding=3)
    axes.set_yticks(places, [one[1] for one in bars])
    for place, (job, _contender, _seconds) in zip(places, bars, strict=True):
        if job != before:
            axes.text(0.012, place - 0.62, job, transform=axes.get_yaxis_transform(), fontsize=8)
        before = job
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("seconds, median (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.15)
    figure.tight_layout()
    figure.savefig(CHART, metadata={"Date": None})


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


def _bar(report: summary.Report, job: str, contender: str) -> float:
    runs = report["runs"][job][contender]
    name = "operator_seconds" if contender == OPERATOR else "scaled_seconds"
    return summary.median(report, job, contender, name if name in runs[0] else "seconds")


def main() -> None:
    """Write both files."""
    report: summary.Report = json.loads((BUILD / "bench.json").read_text())
    draw(report)
    machine = report["machine"]
    loads = [load for pair in report["loads"] for load in pair]
    PAGE.write_text(
        _TEXT.format(
            limits=summary.table(report),
            rounds=f"{report['rounds']} rounds" if report["rounds"] > 1 else "one round only",
            figures=figures(report),
            many=many(),
            timed=TIMED_MEMBERS,
            cores=machine["cores"],
            processor=machine["processor"],
            memory=machine["memory_gib"],
            system=machine["system"],
            nice=machine["nice"],
            loads=f"{min(loads)} to {max(loads)}",
            versions="\n".join(f"- {name} {text}" for name, text in report["versions"].items()),
        )
    )


if __name__ == "__main__":
    main()
