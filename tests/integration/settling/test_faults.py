# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the network, a kill and a race, a handful of each: see `make soak` for the numbers.

Whatever happens, a task succeeds or reports what it has written, and the same task again, with no
fault, corrects everything; run_with_fault and run_with_kill check it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.faults.fault import Fault
from tests.harness.faults.lane import Action, Job, Lane, lane
from tests.harness.faults.race import WRITERS, clear, race
from tests.harness.faults.runs import run_with_fault, run_with_kill
from tests.harness.modules import Fresh, Modules


@pytest.fixture(scope="module")
def faulty(
    kdcluster: Named,
    address: dict[str, str],
    tenant_token: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lane]:
    """KDCluster "second" behind a network that fails on demand."""
    second = kdcluster("second")
    clear(second)
    with lane(second, address, tenant_token, tmp_path_factory.mktemp("proxy")) as found:
        yield found
    clear(second)


def meet(lane: Lane, action: Action, *faults: Fault, failed: bool) -> None:
    """Run a job once for each fault; each must meet a request, and the first task end as said."""
    for number, fault in enumerate(faults):
        outcome = run_with_fault(
            lane, Job(action, f"{fault.kind}-{number}".replace(" ", "-")), fault
        )
        assert outcome.met, f"no request met {fault}"
        assert outcome.failed is failed


def test_a_task_succeeds_despite_latency(faulty: Lane) -> None:
    meet(faulty, "create", Fault("latency", times=1000, seconds=0.1), failed=False)
    meet(faulty, "read", Fault("latency", times=1000, seconds=0.1), failed=False)


def test_a_reset_before_the_request_arrives_is_reported(faulty: Lane) -> None:
    meet(faulty, "read", Fault("reset request", "any", 0), failed=True)
    meet(faulty, "create", Fault("reset request", "write", 1), failed=True)


def test_a_reset_in_the_middle_of_a_response_is_reported(faulty: Lane) -> None:
    meet(faulty, "disconnect", Fault("reset response", "write", 0, share=0.5), failed=True)
    meet(faulty, "create", Fault("reset response", "write", 2, share=0.1, polite=True), failed=True)


def test_a_task_retries_after_429(faulty: Lane) -> None:
    busy = Fault("too many requests", "write", 0, times=2, seconds=1)
    meet(faulty, "update", busy, failed=False)


def test_a_429_with_a_long_retry_after_is_reported(faulty: Lane) -> None:
    meet(faulty, "create", Fault("too many requests", "write", 2, seconds=600), failed=True)


def test_500_and_503_before_the_write_are_reported(faulty: Lane) -> None:
    meet(faulty, "read", Fault("server error", "any", 0, status=500), failed=True)
    meet(faulty, "disconnect", Fault("server error", "write", 1, status=503), failed=True)


def test_500_and_504_after_the_write_are_reported(faulty: Lane) -> None:
    meet(faulty, "create", Fault("lost answer", "write", 0, status=504), failed=True)
    meet(faulty, "disconnect", Fault("lost answer", "write", 0, status=500), failed=True)


def test_truncated_json_is_reported(faulty: Lane) -> None:
    meet(faulty, "create", Fault("truncated", "any", 0, share=0.5), failed=True)
    meet(faulty, "create", Fault("truncated", "write", 1, share=0.9), failed=True)


def test_configmeta_is_read_again_after_a_websocket_was_cut(faulty: Lane) -> None:
    once = [
        Fault("reset response", "exec", 0, share=0.5),
        Fault("reset response", "exec", 0, share=0.9, polite=True),
    ]
    meet(faulty, "read", *once, failed=False)


def test_a_websocket_cut_in_the_middle_of_configmeta_is_reported(faulty: Lane) -> None:
    cuts = [
        Fault("reset response", "exec", 0, times=1000, share=0.5),
        Fault("reset response", "exec", 0, times=1000, share=0.9, polite=True),
        # An orderly end, but half of the file and no exit code.
        Fault("truncated", "exec", 0, share=0.7),
    ]
    meet(faulty, "read", *cuts, failed=True)


@pytest.mark.parametrize(
    ("action", "kill"),
    [
        ("create", Fault("kill", "write", 1, reached=True)),
        ("update", Fault("kill", "write", 0, reached=False)),
        ("disconnect", Fault("kill", "write", 1, seconds=0.005, reached=True)),
    ],
)
def test_the_next_run_finishes_a_killed_task(faulty: Lane, action: Action, kill: Fault) -> None:
    outcome = run_with_kill(faulty, Job(action, f"killed-{action}"), kill)
    assert outcome.met
    assert outcome.failed


def test_sixteen_tasks_at_once_lose_nothing(tenant: Modules, emptied: Named, fresh: Fresh) -> None:
    racers = emptied("race")
    race(racers, tenant, [fresh("racer") for _number in range(WRITERS)])
    clear(racers)
