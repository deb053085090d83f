# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A series of numbered runs, spread over processes, each with a KDCluster of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from random import Random

from tests.harness.faults.fault import draw_fault, draw_kill
from tests.harness.faults.lane import REQUESTS, Action, Job, Lane, draw_job
from tests.harness.faults.runs import Outcome, run_with_fault, run_with_kill
from tests.stress.place import place

Run = Callable[[Lane, Random, int], Outcome]


@dataclass(frozen=True)
class Series:
    """How a series of runs went.

    :param done: runs that came to an end, right or wrong.
    :param met: runs in which the fault met a request, or the kill the process.
    :param failed: runs whose first task ended with an error, or was killed.
    :param wrong: what broke a promise, one text for each run.
    """

    done: int = 0
    met: int = 0
    failed: int = 0
    wrong: tuple[str, ...] = ()

    def __add__(self, other: Series) -> Series:
        return Series(
            self.done + other.done,
            self.met + other.met,
            self.failed + other.failed,
            self.wrong + other.wrong,
        )


def fault_run(lane: Lane, rng: Random, number: int) -> Outcome:
    """A task with a fault, and again without."""
    job = draw_job(rng, number)
    return run_with_fault(lane, job, draw_fault(rng, *REQUESTS[job.action]))


def kill_run(lane: Lane, rng: Random, number: int) -> Outcome:
    """A task that is killed, and again."""
    action: Action = rng.choice(("create", "update", "disconnect"))
    job = Job(action, f"{number}-killed")
    return run_with_kill(lane, job, draw_kill(rng, *REQUESTS[action]))


def run_series(
    kind: str, run: Run, numbers: Sequence[int], *, seed: int, lanes: int, seconds: float
) -> Series:
    """Do all runs, or as many as fit into `seconds`.

    Each run draws from the seed and its own number alone, so that it can be repeated alone.
    """
    deadline = time.monotonic() + seconds
    shares = [share for share in (numbers[i::lanes] for i in range(lanes)) if share]
    with ProcessPoolExecutor(max(1, len(shares)), get_context("spawn")) as pool:
        running = [
            pool.submit(_run_share, kind, run, share, seed, deadline - time.monotonic())
            for share in shares
        ]
        return sum((one.result() for one in running), Series())


def _run_share(kind: str, run: Run, numbers: Sequence[int], seed: int, seconds: float) -> Series:
    deadline = time.monotonic() + seconds
    found = Series()
    with place() as where, where.lane() as lane:
        for number in numbers:
            if time.monotonic() > deadline:
                break
            try:
                outcome = run(lane, Random(f"{kind}-{seed}-{number}"), number)
            except AssertionError as error:
                text = f"{kind}, seed {seed}, run {number}: {error} (met: {lane.proxy.met})"
                print(text, file=sys.stderr, flush=True)
                found += Series(done=1, wrong=(text,))
            else:
                found += Series(1, int(bool(outcome.met)), int(outcome.failed))
    return found
