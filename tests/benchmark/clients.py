# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of KDClusters by each Python client of the Kubernetes API: a whole process, its imports too.

python -m tests.benchmark.clients [--size 50] [--runs 7]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from tests.benchmark import estate
from tests.benchmark.jobs import BENCH
from tests.harness import benchmark_objects
from tests.harness.audit_log import AuditLog
from tests.harness.measure import Measured, Meter
from tests.runner.paths import suite_environment
from tests.runner.tree import link

JOBS = Path(__file__).parent / "jobs"
JOB, NAMESPACE = "list all KDClusters, imports included", "bench"
OWN, KUBERNETES, LIGHTKUBE = "own client", "kubernetes.client", "lightkube"
SCRIPTS = {
    OWN: "client_own.py",
    KUBERNETES: "client_kubernetes.py",
    LIGHTKUBE: "client_lightkube.py",
}


def main() -> int:
    """Measure by turns."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.clients", description=__doc__)
    parser.add_argument("--size", type=int, default=50, help="KDClusters (default: 50)")
    parser.add_argument("--runs", type=int, default=7, help="runs of each (default: 7)")
    options = parser.parse_args()
    with (
        estate.sandbox([NAMESPACE]) as kubectl,
        tempfile.TemporaryDirectory(prefix="kd-clients-") as folder,
        benchmark_objects.account(kubectl, "default", "clients", Path(folder)) as account,
    ):
        estate.add(kubectl, NAMESPACE, range(options.size))
        environment = {
            **suite_environment(BENCH, Path(kubectl.binary).parent),
            "PYTHONPATH": str(link()),
        }
        meter = Meter(account, AuditLog(kubectl.kubeconfig.parent / "audit.log"), environment)
        # The first round compiles.
        rounds = [
            {client: _count(meter, client, options.size) for client in SCRIPTS}
            for _run in range(options.runs + 1)
        ][1:]
    estate.save("clients", [_row(rounds, client, options.size) for client in SCRIPTS])
    return 0


def _row(rounds: list[dict[str, Measured]], client: str, size: int) -> estate.Row:
    times = statistics.median(one[client].seconds / one[OWN].seconds for one in rounds)
    runs = [one[client] for one in rounds]
    return estate.Row.of(JOB, client, size, runs, None if client == OWN else times, OWN)


def _count(meter: Meter, client: str, size: int) -> Measured:
    program = str(BENCH.folder() / "bin" / "python")
    found = meter.run(program, str(JOBS / SCRIPTS[client]))
    if found.output.split() != [str(size)]:
        raise AssertionError(found.output[-4000:])
    return found


if __name__ == "__main__":
    sys.exit(main())
