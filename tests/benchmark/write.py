# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One kd_connection that writes, in a namespace of few and in one of many KDClusters.

python -m tests.benchmark.write [--many 1000] [--runs 5]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from tests.benchmark import estate
from tests.benchmark.jobs import COLLECTION
from tests.harness import benchmark_objects
from tests.harness.audit_log import AuditLog
from tests.harness.measure import Measured, Meter
from tests.runner.paths import NEWEST, suite_environment
from tests.runner.tree import link

JOB = Path(__file__).parent / "jobs" / "collection-write.yml"
FEW = 10
# Among many it takes at most so many times as long as among few.
MOST_TIMES = 1.5


def main() -> int:
    """Measure by turns; 0 when the limit is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.write", description=__doc__)
    parser.add_argument("--many", type=int, default=1000, help="KDClusters (default: 1000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    options = parser.parse_args()
    sizes = {"bench-few": FEW, "bench-many": options.many}
    with (
        estate.sandbox(sizes) as kubectl,
        tempfile.TemporaryDirectory(prefix="kd-write-") as folder,
        benchmark_objects.account(kubectl, "default", "write", Path(folder)) as account,
    ):
        for namespace, size in sizes.items():
            estate.add(kubectl, namespace, range(size))
        environment = {
            **suite_environment(NEWEST, Path(kubectl.binary).parent),
            "ANSIBLE_COLLECTIONS_PATH": str(link()),
        }
        meter = Meter(account, AuditLog(kubectl.kubeconfig.parent / "audit.log"), environment)
        # The first round compiles.
        rounds = [{name: _write(meter, name) for name in sizes} for _run in range(options.runs + 1)]
    few, many = sizes
    times = statistics.median(one[many].seconds / one[few].seconds for one in rounds[1:])
    estate.save(
        "write",
        [
            estate.Row.of(
                "change a ConfigMap that one KDCluster connects to", COLLECTION, size,
                [one[name] for one in rounds[1:]],
                times if name == many else None, f"{FEW} KDClusters",
            )
            for name, size in sizes.items()
        ],
    )  # fmt: skip
    return int(times > MOST_TIMES)


def _write(meter: Meter, namespace: str) -> Measured:
    program = str(NEWEST.folder() / "bin" / "ansible-playbook")
    given = f"place={namespace} path=s3://models.example.com/{uuid4().hex}"
    found = meter.run(program, str(JOB), "-e", given)
    if "changed=1" not in found.output:
        raise AssertionError(found.output[-4000:])
    return found


if __name__ == "__main__":
    sys.exit(main())
