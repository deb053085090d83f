# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the same jobs done by the collection, by kubernetes.core and by kubectl, interleaved.

Writes build/bench.json; with --docs also docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from tests.benchmark import docs, summary, wait_end
from tests.benchmark.jobs import BENCH, COLLECTION, CORE, KUBECTL, NOTEBOOK, Bench, WrongResultError
from tests.harness import benchmark_objects, machine
from tests.harness.audit_log import AuditLog
from tests.harness.cluster import ClusterUnderTest
from tests.harness.kubectl import DeadlineError, Kubectl, KubectlError
from tests.harness.kubectl_proxy import proxied
from tests.harness.measure import Meter, RunFailedError
from tests.harness.timing import Timing
from tests.runner.cluster import Cluster
from tests.runner.paths import BUILD, CheckError, suite_environment
from tests.runner.processes import Processes
from tests.runner.tree import link

REPORT = BUILD / "bench.json"


def main() -> int:
    """Run the benchmark; 0 when every run ended well."""
    options = _options()
    cluster = Cluster()
    try:
        sys.path.insert(0, str(link()))
        try:
            under_test = cluster.bring_up(Processes())
            report = _measure(under_test, options)
            if options.only is None:
                report["after_operator_seconds"] = wait_end.measure(under_test, options.runs)
                _write(report)
        finally:
            cluster.take_down()
        print(summary.table(report))
        if options.docs:
            docs.main()
    except (
        CheckError, DeadlineError, KubectlError, RunFailedError, WrongResultError,
        wait_end.NoAuditLogError, subprocess.SubprocessError,
    ) as error:  # fmt: skip
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each job (default: 5)")
    parser.add_argument(
        "--core-runs", type=int, metavar="RUNS",
        help="runs of kubernetes.core, the slowest by far (default: as many)",
    )  # fmt: skip
    parser.add_argument(
        "--members", type=int, default=60, help="KDClusters of the jobs with many (default: 60)"
    )
    parser.add_argument(
        "--only", choices=["list"], help="measure only the jobs with a list of entries"
    )
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks.md as well")
    return parser.parse_args()


def _measure(cluster: ClusterUnderTest, options: argparse.Namespace) -> summary.Report:
    environment = suite_environment(BENCH, Path(cluster.kubectl.binary).parent)
    suffix = uuid4().hex[:6]
    names = [f"scale-{number:03}" for number in range(options.members)]
    began = time.time()
    with ExitStack() as stack:
        kubectl: Kubectl = stack.enter_context(proxied(cluster.kubectl))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kd-bench-")))
        one, many = stack.enter_context(
            benchmark_objects.spaces(
                kubectl, Timing(cluster.poll_seconds), f"bench-{suffix}", f"bench-many-{suffix}"
            )
        )
        one.add([benchmark_objects.three_members(NOTEBOOK)], _say)
        many.add([benchmark_objects.one_member(name) for name in names], _say)
        log = _audit_log(kubectl)
        meters = {
            contender: Meter(
                stack.enter_context(
                    benchmark_objects.account(
                        kubectl, one.name, contender.replace(".", "-"), folder
                    )
                ),
                log,
                environment,
            )
            for contender in (COLLECTION, CORE, KUBECTL)
        }
        playbook = BENCH.folder() / "bin" / "ansible-playbook"
        bench = Bench(one, many, names, meters, playbook, folder, _say)
        run_round = bench.list_round if options.only else bench.round
        report: summary.Report = {
            "machine": machine.size(),
            "versions": machine.versions(BENCH.python_path(), kubectl),
            "members": options.members,
            "loads": [],
            "runs": bench.runs,
        }
        core_runs = options.runs if options.core_runs is None else options.core_runs
        for number in range(options.runs):
            loads = [round(os.getloadavg()[0], 1)]
            run_round(number, with_core=number < core_runs)
            report["loads"].append([*loads, round(os.getloadavg()[0], 1)])
            report["rounds"], report["took_seconds"] = number + 1, round(time.time() - began)
            # After each round, for a run that is ended early has measured something as well.
            _write(report)
    return report


def _write(report: summary.Report) -> None:
    BUILD.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")


def _audit_log(kubectl: Kubectl) -> AuditLog | None:
    path = kubectl.kubeconfig.parent / "audit.log"
    return AuditLog(path) if path.is_file() else None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
