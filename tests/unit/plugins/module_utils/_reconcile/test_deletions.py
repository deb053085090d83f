# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletions remove only the object that was read; terminating objects stay unconnected; writes keep no unseen key."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_access, kd_connection
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import NOTEBOOK, Run
from tests.unit.plugins.module_utils._reconcile.test_executor import before_each_write
from tests.unit.plugins.namespace_server import Namespace

MODEL = f"{CORE}/configmaps/model"
ABSENT: JsonObject = {
    **NOTEBOOK, "configmaps": [{"name": "model"}], "state": "absent", "delete_objects": True,
}  # fmt: skip


@pytest.mark.parametrize("field", ["uid", "resourceVersion"])
def test_an_object_that_another_writer_changes_or_recreates_is_not_deleted(
    space: Namespace, run: Run, server: ScriptedServer, field: str
) -> None:
    def edit(request: Request) -> None:
        if request.method == "PATCH":
            space.objects[MODEL]["metadata"][field] = "another"

    before_each_write(server, edit)
    result = run(kd_connection, **ABSENT)
    assert result["failed"] is True
    assert "ConfigMap team-a/model" in result["msg"] and "was changed meanwhile" in result["msg"]
    assert MODEL in space.objects


def test_kd_access_deletes_only_the_object_that_it_read(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    run(kd_access, name="reader")

    def edit(request: Request) -> None:
        space.objects[request.path]["metadata"]["uid"] = "another"

    before_each_write(server, edit)
    result = run(kd_access, name="reader", state="absent")
    assert result["failed"] is True and "was changed meanwhile" in result["msg"]


def test_finalizers_that_hold_a_deleted_object_are_named(space: Namespace, run: Run) -> None:
    space.objects[MODEL]["metadata"]["finalizers"] = ["example.com/keep"]
    result = run(kd_connection, **ABSENT, wait_timeout=2)
    assert result["failed"] is True and "held by example.com/keep" in result["msg"]
    assert result["objects"][0]["action"] == "deleted"
    again = run(kd_connection, **ABSENT)
    assert "failed" not in again
    assert (again["changed"], again["objects"][0]["action"]) == (False, "unchanged")
    assert "held by example.com/keep" in str(again["warnings"])


def test_the_wait_for_finalizers_outlasts_a_restart_of_the_api_server(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    space.objects[MODEL]["metadata"]["finalizers"] = ["example.com/keep"]
    looks: list[Request] = []

    def answer(request: Request) -> Answer:
        terminating = "deletionTimestamp" in space.objects.get(MODEL, {}).get("metadata", {})
        if terminating and (request.method, request.path) == ("GET", MODEL):
            looks.append(request)
            if len(looks) == 1:
                return status_answer(503, "ServiceUnavailable", "later")
            del space.objects[MODEL]
        return space._answer(request)

    server.otherwise = answer
    result = run(kd_connection, **ABSENT, wait_timeout=20)
    assert "failed" not in result, result["msg"]
    assert len(looks) == 2


def test_without_wait_finalizers_are_named_in_a_warning(space: Namespace, run: Run) -> None:
    space.objects[MODEL]["metadata"]["finalizers"] = ["example.com/keep"]
    result = run(kd_connection, **ABSENT, wait=False)
    assert "failed" not in result
    assert "held by example.com/keep" in str(result["warnings"])


def test_the_task_waits_until_a_finalizer_releases_the_object(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    metadata = space.objects[MODEL]["metadata"]
    metadata["finalizers"] = ["example.com/keep"]
    looks: list[str] = []
    answer = server.otherwise
    assert answer is not None

    def release(request: Request) -> Answer:
        if request.path == MODEL and request.method == "GET" and "deletionTimestamp" in metadata:
            looks.append(request.path)
            if len(looks) == 2:
                del space.objects[MODEL]
        return answer(request)

    server.otherwise = release
    result = run(kd_connection, **ABSENT)
    assert "failed" not in result, result
    assert MODEL not in space.objects


@pytest.mark.parametrize("entry", [{"name": "model"}, {"name": "model", "data": {"a": "b"}}])
def test_a_terminating_object_is_not_connected(
    space: Namespace, run: Run, entry: JsonObject
) -> None:
    space.objects[MODEL]["metadata"] |= {
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
def test_a_terminating_kdcluster_is_not_connected(
    space: Namespace, run: Run, options: JsonObject
) -> None:
    space.kdcluster("engine")["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    result = run(kd_connection, **options, configmaps=[{"name": "model"}])
    assert result["failed"] is True and "KDCluster team-a/engine is being deleted" in result["msg"]
    assert space.writes == []


def test_a_key_that_is_added_meanwhile_does_not_stay(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    def edit(request: Request) -> None:
        found = space.objects[MODEL]
        if "between" not in found["data"] and found["data"]["path"] == "/old":
            found["data"]["between"] = "x"
            found["metadata"]["resourceVersion"] = "99"

    before_each_write(server, edit)
    result = run(kd_connection, configmaps=[{"name": "model", "data": {"path": "/new"}}])
    assert "failed" not in result, result
    assert result["objects"][0]["action"] == "updated"
    assert space.objects[MODEL]["data"] == {"path": "/new"}


def test_an_object_that_others_keep_changing_fails_the_task_in_time(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    def edit(request: Request) -> None:
        metadata = space.objects[MODEL]["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)

    before_each_write(server, edit)
    result = run(
        kd_connection, configmaps=[{"name": "model", "data": {"path": "/new"}}], wait_timeout=1
    )
    assert result["failed"] is True
    assert space.objects[MODEL]["data"] == {"path": "/old"}
