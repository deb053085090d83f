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
from tests.harness import benchmark_objects
from tests.harness.audit_log import AuditLog
from tests.harness.measure import Measured, Meter
from tests.runner.paths import NEWEST, suite_environment
from tests.runner.tree import link

EMPTY = Path(__file__).parent / "jobs" / "ansible-empty.yml"
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
    with (
        estate.sandbox(NAMESPACES) as kubectl,
        tempfile.TemporaryDirectory(prefix="kd-overview-") as folder,
        benchmark_objects.account(kubectl, "default", "overview", Path(folder)) as account,
    ):
        environment = {
            **suite_environment(NEWEST, Path(kubectl.binary).parent),
            "ANSIBLE_COLLECTIONS_PATH": str(link()),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        log = AuditLog(kubectl.kubeconfig.parent / "audit.log")
        meter = Meter(account, log, environment)
        there = 0
        for size in sorted(options.sizes):
            for place, namespace in enumerate(NAMESPACES):
                estate.add(kubectl, namespace, range(there, size)[place :: len(NAMESPACES)])
            there = size
            times, mib = measure(meter, size, options.runs)
            met &= size != SIZE or (times <= MOST_TIMES and mib <= MOST_MIB)
    return 0 if met else 1


def measure(meter: Meter, size: int, runs: int) -> tuple[float, float]:
    """Run both playbooks by turns; print and return the median ratio and the largest peak."""
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
    mib = max(found.peak_mib for _empty, found in pairs)
    seconds = statistics.median(found.seconds for _empty, found in pairs)
    print(
        f"{size} KDClusters, {4 * size} objects: {seconds:.2f} s, {times:.2f} x an empty playbook, {mib:.0f} MiB, "
        f"{pairs[-1][1].requests} requests, {pairs[-1][1].writes} writes",
        flush=True,
    )
    return times, mib


if __name__ == "__main__":
    sys.exit(main())
