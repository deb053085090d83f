# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_access as a whole module, over real HTTP: what it writes, in which order, and what it returns."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_access
from tests.unit.plugins.api_server import Answer, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import Run, returned
from tests.unit.plugins.namespace_server import Namespace

ACCOUNTS = f"{CORE}/serviceaccounts"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/team-a"
ROLES, BINDINGS = f"{RBAC}/roles", f"{RBAC}/rolebindings"
ACCOUNT, ROLE, BINDING = (f"{one}/kd-connections" for one in (ACCOUNTS, ROLES, BINDINGS))

REFUSED = status_answer(403, "Forbidden", "attempting to grant rights that are not held")


def objects(result: JsonObject) -> list[tuple[str, str, str]]:
    """The changes, in order; the result is checked against its documentation."""
    shown = returned(result, kd_access.RETURN)["objects"]
    return [(one["kind"], one["name"], one["action"]) for one in shown]


def actions(result: JsonObject) -> dict[str, str]:
    """Kind to action."""
    return {kind: action for kind, _name, action in objects(result)}


def all_three(action: str, name: str = "kd-connections") -> list[tuple[str, str, str]]:
    """The same action on each of them, in the order of their creation."""
    return [(kind, name, action) for kind in ("ServiceAccount", "Role", "RoleBinding")]


def written(space: Namespace) -> list[tuple[str, str]]:
    """The requests that wrote, in order."""
    return [(request.method, request.path) for request in space.writes]


@pytest.fixture
def made(space: Namespace, run: Run) -> JsonObject:
    """The result of their creation."""
    return run(kd_access)


def test_objects_are_created_in_the_returned_order(space: Namespace, made: JsonObject) -> None:
    assert made["changed"] is True
    assert objects(made) == all_three("created")
    assert written(space) == [("POST", ACCOUNTS), ("POST", ROLES), ("POST", BINDINGS)]


def test_objects_are_deleted_in_the_opposite_order(
    space: Namespace, made: JsonObject, run: Run
) -> None:
    space.writes.clear()
    tried = run(kd_access, check=True, state="absent")
    deleted = run(kd_access, state="absent")
    assert tried["changed"] is deleted["changed"] is True
    assert objects(tried) == objects(deleted) == all_three("deleted")[::-1]
    assert written(space) == [("DELETE", BINDING), ("DELETE", ROLE), ("DELETE", ACCOUNT)]
    again = run(kd_access, state="absent")
    assert again["changed"] is False
    assert objects(again) == all_three("unchanged")[::-1]
    assert len(space.writes) == 3


def test_only_an_object_that_differs_is_corrected(
    space: Namespace, made: JsonObject, run: Run
) -> None:
    space.objects[ROLE]["rules"] = []
    space.writes.clear()
    result = run(kd_access)
    assert objects(result) == [
        ("ServiceAccount", "kd-connections", "unchanged"),
        ("Role", "kd-connections", "updated"),
        ("RoleBinding", "kd-connections", "unchanged"),
    ]
    assert written(space) == [("PATCH", ROLE)]
    again = run(kd_access)
    assert again["changed"] is False
    assert objects(again) == all_three("unchanged")


def test_check_mode_returns_the_same_and_writes_nothing(space: Namespace, run: Run) -> None:
    result = run(kd_access, check=True, name="other")
    assert result["changed"] is True
    assert objects(result) == all_three("created", "other")
    assert space.writes == []


def test_a_failure_reports_the_finished_writes(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    server.on("POST", BINDINGS, status_answer(403, "Forbidden", "not yours"))
    result = run(kd_access)
    assert result["failed"] is True and result["changed"] is True
    assert objects(result) == [
        ("ServiceAccount", "kd-connections", "created"),
        ("Role", "kd-connections", "created"),
        ("RoleBinding", "kd-connections", "unchanged"),
    ]
    for kind in ("ServiceAccount", "Role"):
        assert f"{kind} kd-connections created" in result["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_a_refused_dry_run_reports_nothing_as_done(
    space: Namespace, run: Run, server: ScriptedServer, check: bool
) -> None:
    server.on("POST", ROLES, REFUSED)
    result = run(kd_access, check=check, name="account")
    assert result["failed"] is True
    assert result["changed"] is False
    assert "Done before" not in result["msg"]
    assert set(actions(result).values()) == {"unchanged"}
    assert space.writes == []


def test_a_refused_write_reports_the_finished_ones(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    server.on("POST", ROLES, Answer(201, {}), REFUSED)
    result = run(kd_access, name="account")
    assert result["failed"] is True
    assert result["changed"] is True
    assert "Done before: ServiceAccount account created." in result["msg"]
    assert actions(result) == {
        "ServiceAccount": "created", "Role": "unchanged", "RoleBinding": "unchanged",
    }  # fmt: skip
    assert len(space.writes) == 1
