# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several changes of one task that reach the same KDCluster: the operator is to notice each of them."""

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
    """Here the pauses are what is tested, so they stay."""


def sharing_two(space: Namespace) -> None:
    """notebook connects to a ConfigMap and a Secret."""
    space.add_object("ConfigMap", "model", object_type="model", data={"path": "old"})
    space.add_object("Secret", "token", object_type="token", data={"token": encoded("old")})
    space.add_kdcluster("notebook", "pod-0", configmaps=["model"], secrets=["token"])


def test_what_reaches_a_kdcluster_one_after_the_other_is_noticed_one_by_one(
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
def test_what_does_not_settle_in_between_holds_up_no_write(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch, wait: bool
) -> None:
    monkeypatch.setattr(executor, "_SETTLE_SECONDS", 0.1)
    sharing_two(space)
    space.asleep = True
    result = run(kd_connection, **NOTEBOOK, **TWO, wait=wait, wait_timeout=6)
    assert result.get("failed", False) is wait
    assert [request.path.split("/")[-1] for request in space.writes] == ["model", "token"]


def test_objects_that_reach_different_kdclusters_wait_for_none(
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
    # Side by side, so either may come first.
    assert seen in ([[], ["notebook"]], [[], ["zoo"]])


def test_a_rotations_way_back_is_kept_apart_from_the_way_there(
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


def test_what_does_not_settle_is_not_waited_for_till_the_end(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience: list[float] = []
    wait = SnapshotWatcher.wait_until_one_is_quiet

    def noted(
        live: SnapshotWatcher, groups: Sequence[frozenset[str]], deadline: float, why: str
    ) -> int:
        patience.append(deadline - time.monotonic())
        return wait(live, groups, time.monotonic(), why)

    monkeypatch.setattr(SnapshotWatcher, "wait_until_one_is_quiet", noted)
    sharing_two(space)
    space.asleep = True
    assert run(kd_connection, **NOTEBOOK, **TWO, wait=False)["changed"] is True
    (seconds,) = patience
    assert 0 < seconds <= 1.3


@pytest.mark.parametrize(
    ("status", "reason"), [(503, "ServiceUnavailable"), (403, "Forbidden"), (500, "InternalError")]
)
def test_trouble_in_between_leaves_nothing_half_done(
    space: Namespace, run: Run, server: ScriptedServer, status: int, reason: str
) -> None:
    sharing_two(space)

    def troubled(request: Request) -> Answer:
        if request.method == "GET" and request.path == KDCLUSTERS and len(space.writes) == 1:
            return status_answer(status, reason, "not now")
        return space._answer(request)

    server.otherwise = troubled
    result = run(kd_connection, **NOTEBOOK, **TWO, wait_timeout=4)
    assert "failed" not in result, result
    assert [request.path.split("/")[-1] for request in space.writes] == ["model", "token"]


def test_a_kdcluster_that_a_change_reached_through_a_link_is_given_time_too(
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


def test_a_way_back_after_a_lost_answer_is_kept_apart_too(
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
    """The writes and what was asked of members, in order: the name of an object, or configmeta.json if asked for."""
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
    # Between them nothing but the status; in the end the configmeta.json, too.
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
def test_where_no_exit_code_is_wanted_no_member_is_asked(
    space: Namespace, run: Run, server: ScriptedServer, options: JsonObject
) -> None:
    sharing_two(space)
    assert "failed" not in run(kd_connection, **NOTEBOOK, **TWO, **options)
    assert asked_of_members(server) == ["model", "token"]


@pytest.mark.parametrize("reaction", ["warn", "fail"])
def test_where_two_runs_may_have_overlapped_the_last_ones_exit_code_is_not_known(
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


def test_a_start_script_that_hangs_does_not_keep_a_rotation_from_its_way_back(
    space: Namespace, members: Members, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_script, "_FIRST_PAUSE", 0.01)
    space.running = ["yes"] * 1000
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 2}))
    assert (result["failed"], result["object"]["action"]) == (True, "unchanged")
    assert "still runs in" in result["msg"]
    assert [request.path for request in space.writes].count(PATH) == 2
