# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The KDClusters that kd_rotate returns, compared with the server's at the end."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core import display
from ansible_collections.kubedirector.connections.plugins.modules import kd_rotate
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import Run
from tests.unit.plugins.namespace_server import Namespace
from tests.unit.plugins.rotation_runs import NEW, OLD, ROTATE, Members, rotated, values

PODS = {"lab": ["lab-0"], "notebook": ["pod-0", "pod-1"]}
CONNECTIONS: JsonObject = {"clusters": [], "configmaps": [], "secrets": ["token"]}
TAKEN = {"rc": 0, "stderr": ""}


def expected(
    space: Namespace, *, action: str, generation: int, reconnect: JsonObject | None
) -> list[JsonObject]:
    """The expected result for both KDClusters that name the Secret."""
    return [
        {
            "namespace": "team-a",
            "name": name, "action": action, "connections": CONNECTIONS,
            "connection_hash": space.hash_of(space.kdcluster(name)), "spec_generation": generation,
            "state": "configured",
            "members": [
                {
                    "pod": pod, "role": "controller", "node_id": "1", "has_configmeta": True,
                    "reconnect": reconnect,
                }
                for pod in pods
            ],
        }
        for name, pods in PODS.items()
    ]  # fmt: skip


def generations(space: Namespace) -> list[int]:
    """The generations of both KDClusters on the server."""
    return [space.kdcluster(name)["status"]["specGenerationToProcess"] for name in PODS]


def test_after_a_rotation_the_new_state_is_returned(
    space: Namespace, members: Members, run: Run
) -> None:
    before = {name: space.hash_of(space.kdcluster(name)) for name in PODS}
    result = rotated(run(kd_rotate, **ROTATE))
    assert generations(space) == [2, 2]
    assert result["kdclusters"] == expected(space, action="updated", generation=2, reconnect=TAKEN)
    assert all(one["connection_hash"] != before[one["name"]] for one in result["kdclusters"])

    # The operator has nothing left to do.
    again = rotated(run(kd_rotate, **ROTATE))
    assert generations(space) == [2, 2]
    assert again["kdclusters"] == expected(space, action="unchanged", generation=2, reconnect=TAKEN)


def test_after_a_rollback_the_new_state_is_returned(
    space: Namespace, members: Members, run: Run
) -> None:
    members.exit_code = lambda value: 3 if value == NEW else 0
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["rolled_back"] is True
    assert values(space)["token"] == OLD
    # The rotation and the rollback.
    assert generations(space) == [3, 3]
    assert result["kdclusters"] == expected(
        space, action="unchanged", generation=3, reconnect=TAKEN
    )


def test_check_mode_returns_the_live_state_and_the_planned_action(
    space: Namespace, members: Members, run: Run
) -> None:
    result = rotated(run(kd_rotate, check=True, **ROTATE))
    assert generations(space) == [1, 1]
    assert result["kdclusters"] == expected(space, action="updated", generation=1, reconnect=None)


@pytest.mark.parametrize("missing", [True, False])
def test_the_type_of_a_missing_object_is_null(
    space: Namespace, members: Members, run: Run, missing: bool
) -> None:
    secret = "missing" if missing else "token"
    result = rotated(run(kd_rotate, check=True, secret=secret, string_data={"token": NEW}))
    assert result["object"]["type"] == (None if missing else "source-control")
    assert result["object"]["name"] == secret


PLAN = [
    "team-a",
    "  ~ Secret token (source-control)            update key token",
    "  ~ lab                                      1 member, start script runs once",
    "  ~ notebook                                 2 members, start script runs once",
]
UNCHANGED = [
    "team-a",
    "  = Secret token (source-control)            unchanged",
    "  = lab                                      unchanged",
    "  = notebook                                 unchanged",
]


def test_the_plan_is_shown_before_the_first_write_and_in_check_mode(
    space: Namespace, members: Members, run: Run
) -> None:
    shown: list[tuple[str, int]] = []
    with display.shown_by(lambda text: shown.append((text, len(space.writes)))):
        tried = rotated(run(kd_rotate, check=True, **ROTATE))
        done = rotated(run(kd_rotate, **ROTATE))
        written = len(space.writes)
        unchanged = rotated(run(kd_rotate, **ROTATE))
        rotated(run(kd_rotate, check=True, **ROTATE))
    assert tried["plan"] == done["plan"] == PLAN
    assert unchanged["plan"] == UNCHANGED
    plan = "\n".join(PLAN)
    assert shown == [(plan, 0), (plan, 0), ("\n".join(UNCHANGED), written)]


def test_a_plan_names_several_keys_and_who_reconnects_twice(
    space: Namespace, members: Members, run: Run
) -> None:
    lab = space.kdcluster("lab")
    lab["spec"]["connections"]["clusters"] = ["notebook"]
    lab["status"]["lastConnectionHash"] = space.hash_of(lab)
    both = {**ROTATE, "string_data": {"user": "ann", "token": NEW}}
    assert rotated(run(kd_rotate, check=True, **both))["plan"] == [
        "team-a",
        "  ~ Secret token (source-control)            update keys token, user",
        "  ~ notebook                                 2 members, start script runs once",
        "  ~ lab                                      1 member, start script runs twice",
    ]


def test_an_impossible_task_has_no_plan(space: Namespace, members: Members, run: Run) -> None:
    assert rotated(run(kd_rotate, secret="missing", string_data={"token": NEW}))["plan"] == []
    assert run(kd_rotate, secret="token")["plan"] == []
