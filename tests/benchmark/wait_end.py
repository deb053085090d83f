# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long after the operator's last write a task ends.

    python -m tests.benchmark.wait_end [--runs 10]

The API server's audit log says when it answered that write; the task's end is that of its process,
so that the time to print the result and to end the interpreter is in the figure. Members are not
asked how their start script ended, which is no part of the wait.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from tests.benchmark.jobs import MOST_SECONDS_AFTER
from tests.harness.audit_log import AuditLog
from tests.harness.benchmark_objects import Account, account
from tests.harness.cluster import ClusterUnderTest, find_cluster
from tests.harness.integration_objects import WORKBENCH
from tests.harness.manifests import ClusterRole, kdcluster
from tests.harness.modules import Modules, model
from tests.harness.timing import Timing
from tests.harness.workspace import add_kdclusters, workspace
from tests.runner.tree import link

_NAME = "waited"


class NoAuditLogError(Exception):
    """The cluster is not a sandbox whose API server writes its audit log on this machine."""


def measure(under_test: ClusterUnderTest, runs: int) -> list[float]:
    """Seconds from the operator's last write to the end of the module, once for each run.

    Raises NoAuditLogError, KubectlError, AssertionError. The tree of the collection must be importable.
    """
    kubectl = under_test.kubectl
    path = kubectl.kubeconfig.parent / "audit.log"
    if not path.is_file():
        raise NoAuditLogError(f"{path} does not exist: this takes a sandbox of one node.")
    where = f"bench-{uuid4().hex[:8]}"
    with (
        workspace(kubectl, where, WORKBENCH),
        tempfile.TemporaryDirectory(prefix="kd-bench-") as folder,
        account(kubectl, where, "waiting", Path(folder)) as own,
    ):
        made = kdcluster(_NAME, "workbench", [ClusterRole("controller", 2)])
        add_kdclusters(kubectl, where, Timing(under_test.poll_seconds), [made])
        return [_one(own, AuditLog(path), where, turn) for turn in range(runs + 1)][1:]


def _one(own: Account, log: AuditLog, where: str, turn: int) -> float:
    mark = log.mark()
    running = Modules({"kubeconfig": str(own.kubeconfig)}, where).start_connection(
        kdcluster=[_NAME],
        configmaps=[model("bench", path=f"repo://turn-{turn}")],
        on_reconnect_failure="ignore",
    )
    running.process.join()
    ended = time.time()
    result = running.result()
    assert not result.failed and result.changed, result.json
    written = [
        one.answered
        for one in log.requests(mark)
        if one.namespace == where
        and one.resource.startswith("kubedirectorclusters")
        and one.writes
        and one.user != own.user
        and one.answered <= ended
    ]
    return ended - max(written)


def main() -> int:
    """Print the figures; 0 when the median is within the bound."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.wait_end")
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    sys.path.insert(0, str(link()))
    seconds = measure(find_cluster(), options.runs)
    median = statistics.median(seconds)
    print(
        f"wait_end: {median:.3f} s after the operator's last write (median of {len(seconds)}; "
        f"{min(seconds):.3f} to {max(seconds):.3f}; must be at most {MOST_SECONDS_AFTER})"
    )
    return 0 if median <= MOST_SECONDS_AFTER else 1


if __name__ == "__main__":
    sys.exit(main())
