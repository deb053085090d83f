# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""If several changes of one task reach the same KDCluster, the operator notices each of them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._observe import start_script
from ansible_collections.kubedirector.connections.plugins.module_utils._observe.watcher import (
    SnapshotWatcher,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile import executor
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection, kd_rotate
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import NOTEBOOK, Run
from tests.unit.plugins.module_utils._reconcile.test_executor import before_each_write, unsettled
from tests.unit.plugins.namespace_server import CONFIGMETA, STATUS, Namespace
from tests.unit.plugins.rotation_runs import NEW, PATH, ROTATE, Members, patches, rotated

TWO: JsonObject = {
    "configmaps": [{"name": "model", "data": {"path": "new"}}],
    "secrets": [{"name": "token", "string_data": {"token": "new"}}],
}


@pytest.fixture(autouse=True)
def no_pauses() -> None:
    """These tests need the pauses."""


def sharing_two(space: Namespace) -> None:
    """notebook connects to a ConfigMap and a Secret."""
    space.add_object("ConfigMap", "model", object_type="model", data={"path": "old"})
    space.add_object("Secret", "token", object_type="token", data={"token": encoded("old")})
    space.add_kdcluster("notebook", "pod-0", configmaps=["model"], secrets=["token"])


def test_successive_changes_of_a_kdcluster_are_noticed_one_by_one(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    sharing_two(space)
    space.add_object("ConfigMap", "more", object_type="more")
    seen: list[tuple[str, list[str]]] = []
    before_each_write(server, lambda r: seen.append((r.path.split("/")[-1], unsettled(space))))
    more = [*TWO["configmaps"], {"name": "more"}]
    result = run(kd_connection, **NOTEBOOK, configmaps=more, secrets=TWO["secrets"])
    assert "failed" not in result, result
    assert seen == [("model", []), ("token", []), ("notebook", [])]
    status = space.kdcluster("notebook")["status"]
    assert status["specGenerationToProcess"] == 4


@pytest.mark.parametrize("wait", [True, False])
def test_a_kdcluster_that_does_not_settle_in_between_blocks_no_write(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch, wait: bool
) -> None:
    monkeypatch.setattr(executor, "_SETTLE_SECONDS", 0.1)
    sharing_two(space)
    space.asleep = True
    result = run(kd_connection, **NOTEBOOK, **TWO, wait=wait, wait_timeout=6)
    assert result.get("failed", False) is wait
    assert [request.path.split("/")[-1] for request in space.writes] == ["model", "token"]


def test_objects_that_reach_different_kdclusters_do_not_wait(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    sharing_two(space)
    space.kdcluster("notebook")["spec"]["connections"]["secrets"] = []
    space.add_kdcluster("zoo", "pod-z", secrets=["token"])
    seen: list[list[str]] = []
    before_each_write(server, lambda _request: seen.append(unsettled(space)))
    space.kdcluster("notebook")["status"]["lastConnectionHash"] = space.hash_of(
        space.kdcluster("notebook")
    )
    result = run(kd_connection, **TWO)
    assert "failed" not in result, result
    # The writes are side by side, so either may come first.
    assert seen in ([[], ["notebook"]], [[], ["zoo"]])


def test_a_rollback_is_kept_apart_from_its_rotation(
    space: Namespace, members: Members, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[float, int]] = []

    def written() -> int:
        return [request.path for request in space.writes].count(PATH)

    monkeypatch.setattr(time, "sleep", lambda seconds: made.append((seconds, written())))
    members.exit_code = lambda value: 3 if value == NEW else 0
    assert rotated(run(kd_rotate, **ROTATE))["rolled_back"] is True
    assert made == [(0.5, 1)]
    assert written() == 2


def test_the_wait_between_two_changes_is_shorter_than_the_timeout(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts: list[float] = []
    wait = SnapshotWatcher.wait_until_one_is_quiet

    def noted(
        live: SnapshotWatcher, groups: Sequence[frozenset[str]], deadline: float, why: str
    ) -> int:
        timeouts.append(deadline - time.monotonic())
        return wait(live, groups, time.monotonic(), why)

    monkeypatch.setattr(SnapshotWatcher, "wait_until_one_is_quiet", noted)
    sharing_two(space)
    space.asleep = True
    assert run(kd_connection, **NOTEBOOK, **TWO, wait=False)["changed"] is True
    (seconds,) = timeouts
    assert 0 < seconds <= 1.3


@pytest.mark.parametrize(
    ("status", "reason"), [(503, "ServiceUnavailable"), (403, "Forbidden"), (500, "InternalError")]
)
def test_an_error_in_between_stops_no_write(
    space: Namespace, run: Run, server: ScriptedServer, status: int, reason: str
) -> None:
    sharing_two(space)

    def failing(request: Request) -> Answer:
        if request.method == "GET" and request.path == KDCLUSTERS and len(space.writes) == 1:
            return status_answer(status, reason, "not now")
        return space._answer(request)

    server.otherwise = failing
    result = run(kd_connection, **NOTEBOOK, **TWO, wait_timeout=4)
    assert "failed" not in result, result
    assert [request.path.split("/")[-1] for request in space.writes] == ["model", "token"]


def test_a_kdcluster_that_a_change_reaches_through_a_link_gets_a_pause_too(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.add_object("ConfigMap", "engines", object_type="model", data={"path": "old"})
    space.add_object("ConfigMap", "books", object_type="note", data={"path": "old"})
    space.add_kdcluster("engine", "pod-e", configmaps=["engines"])
    space.add_kdcluster("notebook", "pod-0", clusters=["engine"], configmaps=["books"])
    made: list[tuple[float, int]] = []
    monkeypatch.setattr(time, "sleep", lambda seconds: made.append((seconds, len(space.writes))))
    maps = [{"name": name, "data": {"path": "new"}} for name in ("engines", "books")]
    result = run(kd_connection, configmaps=maps)
    assert "failed" not in result, result
    assert [request.path.split("/")[-1] for request in space.writes] == ["engines", "books"]
    assert made == [(0.5, 1)]


def test_a_rollback_after_a_lost_answer_is_kept_apart_too(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    made: list[tuple[float, int]] = []
    monkeypatch.setattr(time, "sleep", lambda seconds: made.append((seconds, len(space.writes))))

    def lost(request: Request) -> Answer:
        space._answer(request)
        return status_answer(500, "InternalError", "the answer got lost")

    patches(server, space, PATH, lost)
    assert rotated(run(kd_rotate, **ROTATE))["rolled_back"] is True
    assert (0.5, 2) in made


def asked_of_members(server: ScriptedServer) -> list[str]:
    """The writes and the reads of members, in order: an object's name, or the path of a file in a member."""
    return [
        next(path for path in (CONFIGMETA, STATUS) if path in request.query["command"])
        if request.path.endswith("/exec")
        else request.path.split("/")[-1]
        for request in server.requests
        if (request.path.endswith("/exec") or request.method == "PATCH")
        and "dryRun" not in request.query
    ]


@pytest.mark.parametrize("reaction", ["warn", "fail"])
def test_between_two_changes_the_start_script_ends(
    space: Namespace,
    run: Run,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    reaction: str,
) -> None:
    monkeypatch.setattr(start_script, "_FIRST_PAUSE", 0.01)
    sharing_two(space)
    space.running = ["yes", "yes"]
    result = run(kd_connection, **NOTEBOOK, **TWO, on_reconnect_failure=reaction)
    assert "failed" not in result, result
    # Between them only the status is read; at the end also configmeta.json.
    assert asked_of_members(server) == ["model", STATUS, STATUS, STATUS, "token", CONFIGMETA]
    assert result["kdclusters"][0]["members"][0]["reconnect"] == {"rc": 0, "stderr": ""}


def test_between_two_changes_of_objects_alone_the_start_script_ends_too(
    space: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_script, "_FIRST_PAUSE", 0.01)
    sharing_two(space)
    space.running = ["yes", "yes"]
    result = run(kd_connection, **TWO)
    assert "failed" not in result, result
    assert asked_of_members(server) == ["model", STATUS, STATUS, STATUS, "token"]


@pytest.mark.parametrize("options", [{"wait": False}, {"on_reconnect_failure": "ignore"}])
def test_no_member_is_asked_if_no_exit_code_is_needed(
    space: Namespace, run: Run, server: ScriptedServer, options: JsonObject
) -> None:
    sharing_two(space)
    assert "failed" not in run(kd_connection, **NOTEBOOK, **TWO, **options)
    assert asked_of_members(server) == ["model", "token"]


def test_linked_kdclusters_are_settled_at_the_write_after_a_start_script(
    space: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_script, "_FIRST_PAUSE", 0.01)
    sharing_two(space)
    space.add_kdcluster("engine", "pod-e")
    notebook = space.kdcluster("notebook")
    notebook["spec"]["connections"]["clusters"] = ["engine"]
    notebook["status"]["lastConnectionHash"] = space.hash_of(notebook)
    space.running = ["yes", "yes"]
    found = server.otherwise
    assert found is not None

    def answer(request: Request) -> Answer:
        if request.path.endswith("/pod-0/exec") and len(space.writes) == 1:
            # Somebody changes the training engine while the start script runs.
            space.kdcluster("engine")["spec"]["connections"] = {"configmaps": ["model"]}
        return found(request)

    server.otherwise = answer
    seen: list[list[str]] = []
    before_each_write(server, lambda _request: seen.append(unsettled(space)))
    result = run(kd_connection, **NOTEBOOK, **TWO, on_reconnect_failure="fail")
    assert "failed" not in result, result
    assert seen == [[], []]


@pytest.mark.parametrize("reaction", ["warn", "fail"])
def test_an_exit_code_is_not_known_if_two_runs_may_have_overlapped(
    space: Namespace, run: Run, reaction: str
) -> None:
    sharing_two(space)
    space.running = ["unseen"]
    result = run(kd_connection, **NOTEBOOK, **TWO, on_reconnect_failure=reaction)
    assert result.get("failed", False) is (reaction == "fail")
    said = str(result["msg"] if reaction == "fail" else result["warnings"])
    for words in ("KDCluster team-a/notebook", "pod-0", "earlier change", "not known"):
        assert words in said
    assert result["kdclusters"][0]["members"][0]["reconnect"] is None
    assert len(space.writes) == 2


def test_a_start_script_that_hangs_leaves_half_of_the_time_to_the_next_change(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_script, "_FIRST_PAUSE", 0.01)
    sharing_two(space)
    space.running = ["yes"] * 1000
    result = run(kd_connection, **NOTEBOOK, **TWO, wait_timeout=4)
    assert result["failed"] is True
    assert "still runs in: team-a/pod-0" in result["msg"]
    assert len(space.writes) == 2


def test_a_start_script_that_hangs_does_not_prevent_a_rollback(
    space: Namespace, members: Members, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_script, "_FIRST_PAUSE", 0.01)
    space.running = ["yes"] * 1000
    # The rollback waits for half of it, and a busy machine takes a while for the rest.
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 6}))
    assert (result["failed"], result["object"]["action"]) == (True, "unchanged")
    assert "still runs in" in result["msg"]
    assert [request.path for request in space.writes].count(PATH) == 2
