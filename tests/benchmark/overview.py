# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook overview of many KDClusters without pods, compared with a playbook that does nothing.

    python -m tests.benchmark.overview [--sizes 50 200 500 1000] [--runs 5]

They are in five namespaces.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from tests.benchmark import estate
from tests.benchmark.jobs import BENCH, COLLECTION, CORE
from tests.harness import benchmark_objects
from tests.harness.audit_log import AuditLog
from tests.harness.measure import Measured, Meter
from tests.runner.paths import NEWEST, suite_environment
from tests.runner.tree import link

JOBS = Path(__file__).parent / "jobs"
EMPTY, CORE_JOB = JOBS / "ansible-empty.yml", JOBS / "core-overview.yml"
OVERVIEW = "the playbook overview: who connects to what"
NAMESPACES = [f"bench-{number}" for number in range(5)]
# At this size it takes at most so many times as long as an empty playbook, and so many MiB.
SIZE, MOST_TIMES, MOST_MIB = 500, 2.0, 150.0


def main() -> int:
    """Measure all sizes; 0 when the limits are met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.overview", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, SIZE, 1000])
    parser.add_argument("--runs", type=int, default=5, help="runs at each size (default: 5)")
    options = parser.parse_args()
    met = True
    rows: list[estate.Row] = []
    with (
        estate.sandbox(NAMESPACES) as kubectl,
        tempfile.TemporaryDirectory(prefix="kd-overview-") as folder,
        benchmark_objects.account(kubectl, "default", "overview", Path(folder)) as account,
    ):
        environment = {
            **suite_environment(NEWEST, Path(kubectl.binary).parent),
            "ANSIBLE_COLLECTIONS_PATH": str(link()),
        }
        log = AuditLog(kubectl.kubeconfig.parent / "audit.log")
        meter = Meter(account, log, environment)
        core = Meter(account, log, suite_environment(BENCH, Path(kubectl.binary).parent))
        there = 0
        for size in sorted(options.sizes):
            for place, namespace in enumerate(NAMESPACES):
                estate.add(kubectl, namespace, range(there, size)[place :: len(NAMESPACES)])
            there = size
            row = measure(meter, size, options.runs)
            rows.append(row)
            if size == SIZE:
                met = row.times is not None and row.times <= MOST_TIMES and row.mib <= MOST_MIB
                rows.append(measure_core(core, size, row.seconds))
    estate.save("overview", rows)
    return 0 if met else 1


def measure(meter: Meter, size: int, runs: int) -> estate.Row:
    """Run overview and an empty playbook by turns."""
    program = str(NEWEST.folder() / "bin" / "ansible-playbook")
    given = json.dumps({"kd_overview": {"all_namespaces": True}})
    pairs: list[tuple[Measured, Measured]] = []
    for _run in range(runs + 1):
        empty = meter.run(program, str(EMPTY))
        found = meter.run(program, "kubedirector.connections.overview", "-e", given)
        if f"kd-{size - 1:04}" not in found.output or "0 problems" not in found.output:
            raise AssertionError(found.output[-4000:])
        pairs.append((empty, found))
    # The first one compiles.
    pairs = pairs[1:]
    times = statistics.median(found.seconds / empty.seconds for empty, found in pairs)
    return estate.Row.of(
        OVERVIEW, COLLECTION, size, [found for _empty, found in pairs], times, "an empty playbook"
    )


def measure_core(meter: Meter, size: int, seconds: float) -> estate.Row:
    """Ask kubernetes.core for the same, once; `seconds` is what the collection took."""
    found = meter.run(str(BENCH.folder() / "bin" / "ansible-playbook"), str(CORE_JOB))
    if f"kd-{size - 1:04}" not in found.output or "connected to nothing" not in found.output:
        raise AssertionError(found.output[-4000:])
    return estate.Row.of(OVERVIEW, CORE, size, [found], found.seconds / seconds, COLLECTION)


if __name__ == "__main__":
    sys.exit(main())
