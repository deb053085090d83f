# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletions hit what was found and nothing else; what is being deleted counts as such; a write meets no unseen key."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_access, kd_connection
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import NOTEBOOK, Run
from tests.unit.plugins.module_utils._reconcile.test_executor import before_each_write
from tests.unit.plugins.namespace_server import Namespace

MODEL = f"{CORE}/configmaps/model"
GONE: JsonObject = {
    **NOTEBOOK, "configmaps": [{"name": "model"}], "state": "absent", "delete_objects": True,
}  # fmt: skip


@pytest.mark.parametrize("field", ["uid", "resourceVersion"])
def test_what_somebody_else_changes_or_makes_again_meanwhile_is_not_deleted(
    space: Namespace, run: Run, server: ScriptedServer, field: str
) -> None:
    def edit(request: Request) -> None:
        if request.method == "PATCH":
            space.found[MODEL]["metadata"][field] = "another"

    before_each_write(server, edit)
    result = run(kd_connection, **GONE)
    assert result["failed"] is True
    assert "ConfigMap team-a/model" in result["msg"] and "was changed meanwhile" in result["msg"]
    assert MODEL in space.found


def test_kd_access_deletes_only_what_it_found(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    run(kd_access, name="reader")

    def edit(request: Request) -> None:
        space.found[request.path]["metadata"]["uid"] = "another"

    before_each_write(server, edit)
    result = run(kd_access, name="reader", state="absent")
    assert result["failed"] is True and "was changed meanwhile" in result["msg"]


def test_finalizers_that_hold_a_deleted_object_are_named(space: Namespace, run: Run) -> None:
    space.found[MODEL]["metadata"]["finalizers"] = ["example.com/keep"]
    result = run(kd_connection, **GONE, wait_timeout=2)
    assert result["failed"] is True and "held by example.com/keep" in result["msg"]
    assert result["objects"][0]["action"] == "deleted"
    again = run(kd_connection, **GONE)
    assert "failed" not in again
    assert (again["changed"], again["objects"][0]["action"]) == (False, "unchanged")
    assert "held by example.com/keep" in str(again["warnings"])


def test_without_wait_finalizers_are_named_in_a_warning(space: Namespace, run: Run) -> None:
    space.found[MODEL]["metadata"]["finalizers"] = ["example.com/keep"]
    result = run(kd_connection, **GONE, wait=False)
    assert "failed" not in result
    assert "held by example.com/keep" in str(result["warnings"])


def test_the_end_of_a_held_object_is_waited_for(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    metadata = space.found[MODEL]["metadata"]
    metadata["finalizers"] = ["example.com/keep"]
    looks: list[str] = []
    answer = server.otherwise
    assert answer is not None

    def release(request: Request) -> Answer:
        if request.path == MODEL and request.method == "GET" and "deletionTimestamp" in metadata:
            looks.append(request.path)
            if len(looks) == 2:
                del space.found[MODEL]
        return answer(request)

    server.otherwise = release
    result = run(kd_connection, **GONE)
    assert "failed" not in result, result
    assert MODEL not in space.found


@pytest.mark.parametrize("entry", [{"name": "model"}, {"name": "model", "data": {"a": "b"}}])
def test_what_is_being_deleted_is_not_connected(
    space: Namespace, run: Run, entry: JsonObject
) -> None:
    space.found[MODEL]["metadata"] |= {
        "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/keep"],
    }  # fmt: skip
    result = run(kd_connection, kdcluster=["engine"], configmaps=[entry])
    assert result["failed"] is True
    assert (
        "ConfigMap team-a/model is being deleted, but is held by example.com/keep" in result["msg"]
    )
    assert space.writes == []


@pytest.mark.parametrize(
    "options", [{"kdcluster": ["engine"]}, {**NOTEBOOK, "clusters": ["engine"]}]
)
def test_a_kdcluster_that_is_being_deleted_is_not_connected(
    space: Namespace, run: Run, options: JsonObject
) -> None:
    space.kdcluster("engine")["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    result = run(kd_connection, **options, configmaps=[{"name": "model"}])
    assert result["failed"] is True and "KDCluster team-a/engine is being deleted" in result["msg"]
    assert space.writes == []


def test_a_key_that_comes_in_between_does_not_stay(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    def edit(request: Request) -> None:
        found = space.found[MODEL]
        if "between" not in found["data"] and found["data"]["path"] == "/old":
            found["data"]["between"] = "x"
            found["metadata"]["resourceVersion"] = "99"

    before_each_write(server, edit)
    result = run(kd_connection, configmaps=[{"name": "model", "data": {"path": "/new"}}])
    assert "failed" not in result, result
    assert result["objects"][0]["action"] == "updated"
    assert space.found[MODEL]["data"] == {"path": "/new"}


def test_an_object_that_others_never_leave_alone_is_given_up_in_time(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    def edit(request: Request) -> None:
        metadata = space.found[MODEL]["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)

    before_each_write(server, edit)
    result = run(
        kd_connection, configmaps=[{"name": "model", "data": {"path": "/new"}}], wait_timeout=1
    )
    assert result["failed"] is True
    assert space.found[MODEL]["data"] == {"path": "/old"}
