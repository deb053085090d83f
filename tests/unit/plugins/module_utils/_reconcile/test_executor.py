# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a plan is carried out: in which order, and what happens when others write meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection import (
    namespace_task,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector import (
    webhook_refusals,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    Snapshot,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._observe.watcher import (
    SnapshotWatcher,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile import (
    executor,
    writer,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    DesiredState,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.plan import (
    Plan,
    make_plan,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.verification import (
    Undone,
    undone_changes,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.module_runs import NOTEBOOK, Run
from tests.unit.plugins.namespace_server import LEASES, Namespace

PATCH_NOTEBOOK = ("PATCH", f"{KDCLUSTERS}/notebook")
DENIED = 'admission webhook "hard-validate-cr.kubedirector.hpe.com" denied the request: \n'
TRANSIENT = (
    DENIED + "Change to spec not allowed because some members have not processed notifications of "
    "previous change."
)
SILENT = (
    'Internal error occurred: failed calling webhook "hard-validate-cr.kubedirector.hpe.com": no'
)


def before_each_write(server: ScriptedServer, look: Callable[[Request], None]) -> None:
    """Look at each real write before it is answered."""
    answer = server.otherwise
    assert answer is not None

    def answer_then(request: Request) -> Answer:
        lease = request.path.startswith(LEASES)
        if request.method != "GET" and "dryRun" not in request.query and not lease:
            look(request)
        return answer(request)

    server.otherwise = answer_then


def unsettled(space: Namespace) -> list[str]:
    """KDClusters on which the operator still has work to do."""
    return [
        manifest["metadata"]["name"]
        for path, manifest in space.found.items()
        if path.startswith(KDCLUSTERS)
        and manifest["status"]["lastConnectionHash"] != space.hash_of(manifest)
    ]


def chain(space: Namespace) -> None:
    """notebook connects to engine, engine to store."""
    space.add_kdcluster("store", "pod-s")
    space.add_kdcluster("engine", "pod-e", clusters=["store"])
    space.add_kdcluster("notebook", "pod-0", clusters=["engine"])


@pytest.mark.parametrize("wait", [True, False])
def test_linked_kdclusters_change_one_settled_step_after_the_other(
    space: Namespace, run: Run, server: ScriptedServer, wait: bool
) -> None:
    chain(space)
    seen: list[tuple[str, list[str]]] = []
    before_each_write(server, lambda r: seen.append((r.path.split("/")[-1], unsettled(space))))
    run(
        kd_connection, kdcluster=["notebook", "store", "engine"], configmaps=[{"name": "model"}],
        wait=wait,
    )  # fmt: skip
    assert seen == [("store", []), ("engine", []), ("notebook", [])]


def test_what_is_not_linked_goes_side_by_side(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)
    space.add_kdcluster("below", "pod-b")
    space.add_kdcluster("above", "pod-a", clusters=["below"])
    seen: list[tuple[str, list[str]]] = []
    before_each_write(server, lambda r: seen.append((r.path.split("/")[-1], unsettled(space))))
    run(
        kd_connection, kdcluster=["engine", "notebook", "above", "below"],
        configmaps=[{"name": "model"}],
    )  # fmt: skip
    # The first writes do not wait for one another; the second ones wait for their own chain alone.
    (first, none), (second, only) = seen[:2]
    assert ({first, second}, none, only) == ({"engine", "below"}, [], [first])
    assert dict(seen[2:]).keys() == {"notebook", "above"}
    assert "notebook" not in dict(seen)["notebook"] and "above" not in dict(seen)["above"]


def test_all_unlinked_kdclusters_are_written_before_any_is_waited_for(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    names = [f"n{number}" for number in range(5)]
    for name in names:
        space.add_kdcluster(name, f"pod-{name}")
    run(kd_connection, kdcluster=names, configmaps=[{"name": "model"}])
    asked = [
        "watch" if "watch" in r.query else r.method
        for r in server.requests
        if r.path.startswith(KDCLUSTERS) and "dryRun" not in r.query
    ]
    # The last LIST is for what others undid meanwhile.
    assert asked == ["GET", *["PATCH"] * 5, "GET", "watch", "GET"]


def test_what_the_operator_does_is_not_compared_with_what_the_task_wants(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[Snapshot] = []

    def noted(desired: DesiredState, snapshot: Snapshot, *further: Any) -> Iterator[Undone]:
        compared.append(snapshot)
        return undone_changes(desired, snapshot, *further)

    monkeypatch.setattr(executor, "undone_changes", noted)
    names = [f"n{number}" for number in range(9)]
    for name in names:
        space.add_kdcluster(name, f"pod-{name}")
    run(kd_connection, kdcluster=names, configmaps=[{"name": "model"}])
    assert len(compared) < 3


def test_what_connects_to_a_changed_kdcluster_settles_before_the_end(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)
    run(kd_connection, kdcluster=["store"], configmaps=[{"name": "model"}])
    assert unsettled(space) == []


def test_nothing_is_touched_while_a_linked_kdcluster_is_unsettled(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)
    space.kdcluster("store")["status"]["state"] = "updating"
    result = run(kd_connection, **NOTEBOOK, configmaps=[{"name": "model"}], wait_timeout=1)
    assert result["failed"] is True
    assert "KDCluster team-a/store" in result["msg"]
    assert result["changed"] is False
    assert space.writes == []


def test_a_changed_object_waits_for_the_kdclusters_that_name_it(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)
    space.add_kdcluster("engine", "pod-e", clusters=["store"], configmaps=["model"])
    seen: list[tuple[str, list[str]]] = []
    before_each_write(server, lambda r: seen.append((r.path.split("/")[-1], unsettled(space))))
    result = run(kd_connection, **NOTEBOOK, configmaps=[{"name": "model", "data": {"a": "b"}}])
    assert seen == [("model", []), ("notebook", [])]
    assert unsettled(space) == []
    assert result["changed"] is True


def test_unlinked_kdclusters_are_not_waited_for(space: Namespace, run: Run) -> None:
    space.add_kdcluster("other", "pod-o", state="updating")
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert "failed" not in result


def test_an_entry_that_somebody_else_adds_meanwhile_is_not_lost(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    space.add_object("ConfigMap", "theirs", object_type="other")
    lists = space.kdcluster("notebook")["spec"]["connections"]
    meddled: list[str] = []

    def meddle(request: Request) -> None:
        if not meddled:
            lists["clusters"].append("engine")
            meddled.append(request.path)

    before_each_write(server, meddle)
    space.add_kdcluster("store", "pod-s")
    result = run(kd_connection, **NOTEBOOK, clusters=["store"])
    assert "failed" not in result
    assert space.kdcluster("notebook")["spec"]["connections"]["clusters"] == ["engine", "store"]
    assert result["kdclusters"][0]["connections"]["clusters"] == ["engine", "store"]


def test_a_task_among_sixteen_gets_its_turn(
    space: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LONGEST_WAY", 0.0)
    lists = space.kdcluster("notebook")["spec"]["connections"]
    others = [f"theirs-{number}" for number in range(15)]
    for name in [*others, "mine"]:
        space.add_object("ConfigMap", name, object_type="model")
    waiting = list(others)

    def meddle(_request: Request) -> None:
        if waiting:
            lists["configmaps"] = [*(lists.get("configmaps") or []), waiting.pop(0)]

    before_each_write(server, meddle)
    result = run(kd_connection, **NOTEBOOK, configmaps=[{"name": "mine"}])
    assert "failed" not in result, result["msg"]
    found = space.kdcluster("notebook")["spec"]["connections"]["configmaps"]
    assert found[-16:] == [*others, "mine"]


def test_a_patch_that_the_operators_own_writes_push_aside_is_tried_again(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    conflict = status_answer(409, "Conflict", "the object has been modified")
    server.on(*PATCH_NOTEBOOK, *[conflict] * 3)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert "failed" not in result, result["msg"]
    assert result["changed"] is True


def test_a_kdcluster_that_others_never_leave_alone_is_given_up_in_time(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    lists = space.kdcluster("notebook")["spec"]["connections"]

    def meddle(request: Request) -> None:
        lists["secrets"] = [*(lists.get("secrets") or []), f"s{len(space.writes)}"]

    space.add_object("Secret", "mine", object_type="token")
    before_each_write(server, meddle)
    result = run(kd_connection, **NOTEBOOK, secrets=[{"name": "mine"}], wait_timeout=1)
    assert result["failed"] is True
    assert "KDCluster team-a/notebook was not changed" in result["msg"]
    assert "others" in result["msg"]


def test_what_somebody_else_did_already_is_not_written_again(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    lists = space.kdcluster("notebook")["spec"]["connections"]
    before_each_write(server, lambda _request: lists.update(clusters=["engine"]))
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert "failed" not in result
    assert result["changed"] is False
    # The one that was refused, and none after it.
    assert [(r.method, r.path) for r in space.writes] == [PATCH_NOTEBOOK]


def test_lists_that_the_operator_left_out_are_no_obstacle(space: Namespace, run: Run) -> None:
    for connections in ({}, None, {"configmaps": ["model"]}, {"clusters": None}):
        space.kdcluster("notebook")["spec"]["connections"] = connections
        result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
        assert result["changed"] is True
        assert result["kdclusters"][0]["connections"]["clusters"] == ["engine"]


def test_a_refusal_that_passes_is_tried_again(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    server.on(*PATCH_NOTEBOOK, *[status_answer(403, "Forbidden", TRANSIENT)] * 2)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert result["changed"] is True
    assert len(server.of(*PATCH_NOTEBOOK)) == 3


def test_a_new_object_has_a_head_start_before_it_is_connected(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "_BREATH_SECONDS", 0.5)
    monkeypatch.setattr(executor, "_HEAD_START_SECONDS", 600)
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    changed = {"name": "model", "type": "model", "data": {"path": "/new"}}
    assert run(kd_connection, **NOTEBOOK, configmaps=[changed], clusters=["engine"])["changed"]
    # Between two changes that reach the same KDCluster; the object is not new.
    assert pauses == [0.5]
    pauses.clear()
    new = {"name": "new", "type": "info", "data": {"path": "/new"}}
    assert run(kd_connection, **NOTEBOOK, configmaps=[new])["changed"]
    (pause,) = pauses
    assert 0 < pause <= 600


def test_an_object_that_somebody_else_just_made_has_a_head_start_too(
    space: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = {"name": "new", "type": "info", "data": {"path": "/new"}}

    def make(request: Request) -> None:
        if request.method == "POST":
            space.add_object("ConfigMap", "new", object_type="info", data={"path": "/new"})

    before_each_write(server, make)
    monkeypatch.setattr(executor, "_HEAD_START_SECONDS", 600)
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    result = run(kd_connection, **NOTEBOOK, configmaps=[new])
    assert "failed" not in result, result
    (pause,) = pauses
    assert 0 < pause <= 600


def test_the_pauses_between_the_tries_grow(
    space: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    server.on(*PATCH_NOTEBOOK, *[status_answer(403, "Forbidden", TRANSIENT)] * 7)
    assert run(kd_connection, **NOTEBOOK, clusters=["engine"])["changed"] is True
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_an_operator_that_restarts_is_given_a_moment(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    server.on(*PATCH_NOTEBOOK, *[status_answer(500, "InternalError", SILENT)] * 2)
    assert run(kd_connection, **NOTEBOOK, clusters=["engine"])["changed"] is True


def test_an_operator_that_is_down_is_named_before_the_time_is_up(
    space: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_refusals, "RESTART_SECONDS", 0.2)
    server.on(*PATCH_NOTEBOOK, status_answer(500, "InternalError", SILENT), forever=True)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert result["failed"] is True and result["changed"] is False
    assert "operator is down" in result["msg"]


def test_a_refusal_that_passes_is_tried_until_the_time_is_up(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    server.on(*PATCH_NOTEBOOK, status_answer(403, "Forbidden", TRANSIENT), forever=True)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"], wait_timeout=1)
    assert result["failed"] is True
    assert "some members have not processed notifications" in result["msg"]


def test_a_lasting_refusal_is_tried_once(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    said = DENIED + "spec changes not allowed while kubedirector.hpe.com/restoring label exists"
    server.on(*PATCH_NOTEBOOK, status_answer(403, "Forbidden", said), forever=True)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert result["failed"] is True
    assert "restoring" in result["msg"]
    assert len(server.of(*PATCH_NOTEBOOK)) == 1


def test_an_object_that_somebody_else_makes_and_deletes_meanwhile_is_made(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    refusal = status_answer(409, "AlreadyExists", 'configmaps "new" already exists')
    server.on("POST", f"{CORE}/configmaps", refusal)
    result = run(kd_connection, configmaps=[{"name": "new", "type": "model", "data": {"a": "b"}}])
    assert "failed" not in result, result
    assert result["objects"][0]["action"] == "created"
    assert space.found[f"{CORE}/configmaps/new"]["data"] == {"a": "b"}


def test_an_object_that_somebody_else_deletes_meanwhile_is_no_problem(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    space.add_object("ConfigMap", "old")
    server.on("DELETE", f"{CORE}/configmaps/old", status_answer(404, "NotFound", "gone"))
    result = run(kd_connection, configmaps=[{"name": "old"}], state="absent", delete_objects=True)
    assert "failed" not in result
    assert result["changed"] is False


def test_a_kdcluster_that_is_deleted_meanwhile_is_told(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    def vanish(_request: Request) -> None:
        del space.found[f"{KDCLUSTERS}/notebook"]

    before_each_write(server, vanish)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert result["failed"] is True
    assert "KDCluster team-a/notebook" in result["msg"]


def test_a_kdcluster_that_is_deleted_while_linked_ones_settle_is_told(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)
    space.add_kdcluster("alone", "pod-a", configmaps=["model"])

    def vanish(request: Request) -> None:
        if request.path.endswith("notebook"):
            del space.found[f"{KDCLUSTERS}/alone"]

    before_each_write(server, vanish)
    result = run(
        kd_connection, kdcluster=["alone", "engine", "notebook"], configmaps=[{"name": "model"}]
    )
    assert result["failed"] is True
    assert "KDCluster team-a/alone was deleted" in result["msg"]
    assert "Done before: KDCluster engine updated, KDCluster notebook updated" in result["msg"]


def test_a_linked_kdcluster_that_is_deleted_meanwhile_is_no_obstacle(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)

    def vanish(_request: Request) -> None:
        space.found.pop(f"{KDCLUSTERS}/store", None)

    before_each_write(server, vanish)
    result = run(kd_connection, kdcluster=["notebook", "engine"], configmaps=[{"name": "model"}])
    assert "failed" not in result, result
    assert unsettled(space) == []


@pytest.mark.parametrize("when", ["before its patch", "after its patch"])
def test_a_kdcluster_that_is_deleted_while_it_is_disconnected_is_disconnected(
    space: Namespace, run: Run, server: ScriptedServer, when: str
) -> None:
    space.add_kdcluster("zoo", "pod-z", configmaps=["model"])

    def vanish(request: Request) -> None:
        if request.path.endswith("zoo" if when == "before its patch" else "notebook"):
            space.found.pop(f"{KDCLUSTERS}/zoo", None)

    before_each_write(server, vanish)
    result = run(
        kd_connection, kdcluster=["zoo", "notebook"], configmaps=[{"name": "model"}],
        state="absent", delete_objects=True,
    )  # fmt: skip
    assert "failed" not in result, result
    assert f"{CORE}/configmaps/model" not in space.found


def test_an_object_that_somebody_else_connects_meanwhile_is_not_deleted(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    def connect(_request: Request) -> None:
        space.kdcluster("engine")["spec"]["connections"]["configmaps"] = ["model"]

    before_each_write(server, connect)
    result = run(
        kd_connection, **NOTEBOOK, configmaps=[{"name": "model"}], state="absent",
        delete_objects=True,
    )  # fmt: skip
    assert result["failed"] is True
    assert "KDCluster team-a/engine still names it" in result["msg"]
    assert "Done before: KDCluster notebook updated" in result["msg"]
    assert f"{CORE}/configmaps/model" in space.found


def test_what_another_thread_reads_between_planning_and_patching_is_not_lost(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.add_kdcluster("store", "pod-s")
    lives: list[SnapshotWatcher] = []
    meddled: list[str] = []

    class Noted(SnapshotWatcher):
        def __init__(self, api: Api, snapshot: Snapshot, resource_version: str) -> None:
            super().__init__(api, snapshot, resource_version)
            lives.append(self)

    def plan_then_read(desired: DesiredState, snapshot: Snapshot) -> Plan:
        plan = make_plan(desired, snapshot)
        if not meddled:
            meddled.append("engine")
            space.kdcluster("notebook")["spec"]["connections"]["clusters"].append("engine")
            lives[0].refresh()
        return plan

    monkeypatch.setattr(namespace_task, "SnapshotWatcher", Noted)
    monkeypatch.setattr(writer, "make_plan", plan_then_read)
    result = run(kd_connection, **NOTEBOOK, clusters=["store"])
    assert "failed" not in result, result
    assert space.kdcluster("notebook")["spec"]["connections"]["clusters"] == ["engine", "store"]


def test_every_kdcluster_that_is_refused_is_named(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    names = [f"other-{number}" for number in range(4)]
    for name in names:
        space.add_kdcluster(name, f"{name}-pod")
    for name in names[:2]:
        path = f"{KDCLUSTERS}/{name}"
        # The dry run finds nothing.
        server.on("PATCH", path, Answer(body=space.found[path]))
        server.on("PATCH", path, status_answer(403, "Forbidden", f"no {name}"), forever=True)
    result = run(kd_connection, kdcluster=names, configmaps=[{"name": "model"}])
    assert result["failed"] is True
    for name in names:
        assert (f"KDCluster team-a/{name}" in result["msg"].split("Done")[0]) == (name in names[:2])


def test_unlinked_kdclusters_are_all_written_whatever_becomes_of_one(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    names = [f"other-{number}" for number in range(12)]
    for name in names:
        space.add_kdcluster(name, f"{name}-pod")
    refusal = DENIED + "spec changes not allowed while kubedirector.hpe.com/restoring label exists"
    path = f"{KDCLUSTERS}/other-3"

    # The dry run finds nothing.
    server.on("PATCH", path, Answer(body=space.found[path]))
    server.on("PATCH", path, status_answer(403, "Forbidden", refusal), forever=True)
    result = run(kd_connection, kdcluster=names, configmaps=[{"name": "model"}])
    assert result["failed"] is True
    assert "restoring" in result["msg"]
    updated = {one["name"] for one in result["kdclusters"] if one["action"] == "updated"}
    assert updated == set(names) - {"other-3"}
    assert {r.path.rsplit("/")[-1] for r in space.writes} == updated


def test_each_member_of_several_kdclusters_is_asked_once(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    names = [f"other-{number}" for number in range(12)]
    for name in names:
        space.add_kdcluster(name, f"{name}-pod")
    result = run(kd_connection, kdcluster=names, configmaps=[{"name": "model"}])
    asked = [r.path.split("/")[-2] for r in server.requests if r.path.endswith("/exec")]
    assert sorted(asked) == sorted(f"{name}-pod" for name in names)
    members = [one["members"][0] for one in result["kdclusters"]]
    assert [one["reconnect"]["rc"] for one in members] == [0] * 12


def test_nobody_is_asked_where_nothing_was_to_do(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    for reaction, times in (("warn", 0), ("ignore", 0), ("fail", 2)):
        before = len(server.requests)
        result = run(kd_connection, **NOTEBOOK, on_reconnect_failure=reaction)
        assert result["changed"] is False
        made = server.requests[before:]
        assert len([r for r in made if r.path.endswith("/exec")]) == times


@pytest.mark.parametrize("wait", [True, False])
def test_after_the_time_nothing_more_is_written(space: Namespace, run: Run, wait: bool) -> None:
    names = [f"model-{number}" for number in range(20)]
    for name in names:
        space.add_object("ConfigMap", name, data={"path": "/old"})
    space.add_kdcluster("notebook", "pod-0", configmaps=names)
    space.asleep = True
    started = time.monotonic()
    entries = [{"name": name, "data": {"path": "/new"}} for name in names]
    result = run(kd_connection, configmaps=entries, wait_timeout=3, wait=wait)
    # A busy machine may take a while.
    assert time.monotonic() - started < 30
    assert result["failed"] is True and "The time is up" in result["msg"]
    written = [request.path.split("/")[-1] for request in space.writes]
    assert 0 < len(written) < 10
    told = result["msg"].split("Not written: ")
    assert all(f"ConfigMap {name}" in told[0] for name in written)
    assert all(f"ConfigMap {name}" in told[1] for name in names if name not in written)
    actions = {one["name"]: one["action"] for one in result["objects"]}
    assert actions == {name: "updated" if name in written else "unchanged" for name in names}
