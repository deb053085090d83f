# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_access as a whole module, over real HTTP."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_access
from tests.unit.plugins.api_server import Answer, ScriptedServer, status_answer
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import Run, returned
from tests.unit.plugins.namespace_server import Namespace

ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/team-a/roles"
REFUSED = status_answer(403, "Forbidden", "attempting to grant rights that are not held")


def actions(result: JsonObject) -> dict[str, str]:
    """Kind to what was done."""
    return {one["kind"]: one["action"] for one in result["objects"]}


@pytest.mark.parametrize("check", [True, False])
def test_what_is_made_and_what_would_be(space: Namespace, run: Run, check: bool) -> None:
    result = returned(run(kd_access, check=check, name="account"), kd_access.RETURN)
    assert result["changed"] is True
    assert set(actions(result).values()) == {"created"}
    assert len(space.writes) == (0 if check else 3)


@pytest.mark.parametrize("check", [True, False])
def test_where_the_dry_run_is_refused_nothing_is_said_to_be_done(
    space: Namespace, run: Run, server: ScriptedServer, check: bool
) -> None:
    server.on("POST", ROLES, REFUSED)
    result = run(kd_access, check=check, name="account")
    assert result["failed"] is True
    assert result["changed"] is False
    assert "Done before" not in result["msg"]
    assert set(actions(result).values()) == {"unchanged"}
    assert space.writes == []


def test_a_write_that_is_refused_says_what_had_been_done(
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
