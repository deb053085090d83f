# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the simulator derives status from its members' containers and states."""

from __future__ import annotations

import pytest

from tests.kubedirector_simulator.objects import Json
from tests.kubedirector_simulator.status import new_status, observe_containers, roll_up


def _status(state: str, **detail: object) -> Json:
    member: Json = {"pod": "p-0", "service": "n/a", "nodeID": 1, "state": state}
    member["stateDetail"] = dict(detail)
    roles = [{"id": "r", "statefulSet": "p", "members": [member]}]
    return new_status() | {"specGenerationToProcess": 4, "roles": roles}


def _pod(container_id: str, state: str = "running", ready: str = "True") -> dict[str, Json]:
    container = {"name": "app", "containerID": container_id, "state": {state: {}}}
    conditions = [{"type": "Ready", "status": ready}]
    return {"p-0": {"status": {"containerStatuses": [container], "conditions": conditions}}}


def _member(status: Json) -> Json:
    member: Json = status["roles"][0]["members"][0]
    return member


def test_a_new_container_is_set_up_again() -> None:
    status = _status(
        "configured",
        lastConfiguredContainer="old",
        lastConfigDataGeneration=4,
        lastSetupGeneration=4,
    )
    observe_containers(status, _pod("new"))
    member = _member(status)
    assert member["state"] == "create pending"
    assert member["stateDetail"] == {
        "lastConfiguredContainer": "old",
        "lastKnownContainerState": "running",
    }
    roll_up(status)
    assert [name for name, on in status["memberStateRollup"].items() if on] == ["membersRestarting"]


def test_a_member_behind_its_cluster_is_unresponsive_and_down() -> None:
    status = _status("configured", lastConfiguredContainer="c", lastConfigDataGeneration=3)
    observe_containers(status, _pod("c"))
    assert _member(status)["stateDetail"]["lastKnownContainerState"] == "unresponsive"
    roll_up(status)
    assert status["memberStateRollup"]["membersDown"]


@pytest.mark.parametrize(
    ("state", "pods", "expected"),
    [
        ("create pending", {}, {"membershipChanging", "membersWaiting"}),
        ("creating", {}, {"membershipChanging", "membersDown"}),
        ("deleting", {}, {"membershipChanging"}),
        ("config error", _pod(""), {"configErrors"}),
    ],
)
def test_rollup(state: str, pods: dict[str, Json], expected: set[str]) -> None:
    status = _status(state)
    observe_containers(status, pods)
    roll_up(status)
    assert {name for name, on in status["memberStateRollup"].items() if on} == expected
