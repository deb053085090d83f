# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: a task meets a fault; the same task without a fault then corrects everything."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from tests.harness.faults.fault import Fault
from tests.harness.faults.lane import Job, Lane
from tests.harness.module_runner import ModuleResult, RunningModule
from tests.harness.modules import succeeded


@dataclass(frozen=True)
class Outcome:
    """How a run went; one that broke a promise raises instead.

    :param met: the requests that the fault met; none where the task sent fewer than that.
    :param failed: the task ended with an error, or was killed.
    """

    met: tuple[str, ...]
    failed: bool


def run_with_fault(lane: Lane, job: Job, fault: Fault) -> Outcome:
    """Run a job with a fault, then without.

    Raises AssertionError: the task ends in a wrong state, in a traceback, or in an error that does
    not report what was written; or the second run does not reach the right state.
    """
    lane.prepare(job)
    module, arguments = lane.arguments(job)
    before = lane.snapshot()
    lane.proxy.arm(fault)
    result = lane.through.start(module, **arguments).result()
    met = tuple(lane.proxy.met)
    if result.failed:
        lane.require_reported(result, before)
    else:
        _require_right(lane, job, result)
    _require_right(lane, job, succeeded(lane.direct.start(module, **arguments).result()))
    return Outcome(met, result.failed)


def run_with_kill(lane: Lane, job: Job, kill: Fault) -> Outcome:
    """Run a job whose process is killed, then run it again.

    Raises AssertionError: the second run does not reach the right state.
    """
    lane.prepare(job)
    module, arguments = lane.arguments(job)
    started: Future[RunningModule] = Future()
    lane.proxy.arm(kill, on_kill=lambda: started.result().kill())
    running = lane.through.start(module, **arguments)
    started.set_result(running)
    killed = running.was_killed()
    _require_right(lane, job, succeeded(lane.direct.start(module, **arguments).result()))
    return Outcome(tuple(lane.proxy.met), killed)


def _require_right(lane: Lane, job: Job, result: ModuleResult) -> None:
    if job.action == "read":
        lane.require_read(result)
    lane.require_done(job)
