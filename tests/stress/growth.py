# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More and more members: requests and memory of one task must grow with them, and no faster.

    python -m tests.stress.growth [--sizes 10 20 40 60 100]

Each KDCluster has one member. At each size one task changes a Secret that all of them connect to and
waits, and one reads all members. It prints times and does not judge them: the machine may be busy.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.harness import benchmark_objects
from tests.harness.audit_log import AuditLog
from tests.harness.cluster import NoClusterError, find_cluster
from tests.harness.kubectl import DeadlineError, KubectlError
from tests.harness.kubectl_proxy import proxied
from tests.harness.measure import RunFailedError
from tests.harness.module_process import ModuleRun, run_module
from tests.harness.timing import Timing

SIZES = (10, 20, 40, 60, 100)
READS = 3
MOST_MIB = 120.0
# One watch lasts some seconds and then starts again, so a slow operator means a few requests more.
MOST_REQUESTS_PER_MEMBER, MOST_OTHER_REQUESTS = 1.0, 40
MOST_KIB_PER_MEMBER = 512.0


@dataclass(frozen=True)
class Step:
    """What the two tasks took at one size."""

    size: int
    change: ModuleRun
    read: ModuleRun

    @property
    def peak_mib(self) -> float:
        """The larger peak of the two."""
        return max(self.change.peak_mib, self.read.peak_mib)

    def __str__(self) -> str:
        read_ms, change_ms = (1000 * one.seconds / self.size for one in (self.read, self.change))
        return (
            f"{self.size} members: {self.change.requests}+{self.read.requests} requests, "
            f"{self.peak_mib:.0f} MiB, {change_ms:.0f}+{read_ms:.0f} ms a member"
        )


def growth(sizes: Sequence[int] = SIZES) -> tuple[bool, str]:
    """Measure all sizes on the cluster under test.

    :returns: whether requests and memory are linear and within bounds, and one line of figures
        (change + read).
    :raises NoClusterError, KubectlError, DeadlineError, RunFailedError:
    """
    cluster = find_cluster()
    name = f"growth-{uuid4().hex[:6]}"
    steps: list[Step] = []
    with ExitStack() as stack:
        kubectl = stack.enter_context(proxied(cluster.kubectl))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kd-growth-")))
        (space,) = stack.enter_context(
            benchmark_objects.spaces(kubectl, Timing(cluster.poll_seconds), name)
        )
        account = stack.enter_context(
            benchmark_objects.account(kubectl, name, "collection", folder)
        )
        path = kubectl.kubeconfig.parent / "audit.log"
        log = AuditLog(path) if path.is_file() else None
        for size in sizes:
            have = len(space.manifests())
            more = [
                benchmark_objects.one_member(f"scale-{number:03}") for number in range(have, size)
            ]
            space.add(more, lambda text: print(text, file=sys.stderr, flush=True))
            steps.append(_measure(space, size, account, log))
            print(steps[-1], file=sys.stderr, flush=True)
    return not _problems(steps), "; ".join([*map(str, steps), *_problems(steps)])


def _measure(
    space: benchmark_objects.Space,
    size: int,
    account: benchmark_objects.Account,
    log: AuditLog | None,
) -> Step:
    names = [f"scale-{number:03}" for number in range(size)]
    common: dict[str, Any] = {
        "namespace": space.name,
        "kdcluster": names,
        "kubeconfig": str(account.kubeconfig),
    }

    def connect(value: str) -> ModuleRun:
        secret = {
            "name": benchmark_objects.SECRET,
            "type": "token",
            "string_data": {"token": value},
        }
        arguments = {**common, "secrets": [secret], "wait_timeout": 1800}
        return run_module("kd_connection", arguments, account, log)

    connect(f"first-{size}")
    change = connect(f"second-{size}")
    reads = [run_module("kd_configmeta_info", common, account, log) for _read in range(READS)]
    middle = statistics.median(one.seconds for one in reads)
    return Step(size, change, next(one for one in reads if one.seconds == middle))


def _problems(steps: Sequence[Step]) -> list[str]:
    """What grows faster than the members, or has no bound."""
    found = [
        f"at {step.size} members the peak is {step.peak_mib:.0f} MiB, over {MOST_MIB:.0f}"
        for step in steps
        if step.peak_mib >= MOST_MIB
    ]
    for step in steps:
        for what, run in (("change", step.change), ("read", step.read)):
            most = MOST_REQUESTS_PER_MEMBER * step.size + MOST_OTHER_REQUESTS
            if run.requests is not None and run.requests > most:
                found.append(f"a {what} of {step.size} members takes {run.requests} requests")
    for before, after in itertools.pairwise(steps):
        kib = 1024 * (after.peak_mib - before.peak_mib) / (after.size - before.size)
        if kib > MOST_KIB_PER_MEMBER:
            found.append(f"from {before.size} to {after.size} a member takes {kib:.0f} KiB")
    return found


def main() -> int:
    """Print the line; 0 when all is linear."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    options = parser.parse_args()
    try:
        good, line = growth(options.sizes)
    except (NoClusterError, KubectlError, DeadlineError, RunFailedError) as error:
        print(f"growth failed: {error}", file=sys.stderr)
        return 1
    print(f"growth: {line}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
