# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a plan is executed: in which order, and what happens if others write meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection import (
    task as namespace_task,
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
    """Call `look` with each real write before it is answered."""
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
        for path, manifest in space.objects.items()
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


def test_unlinked_kdclusters_change_side_by_side(
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
    # The first writes do not wait for one another; the second ones wait only for their own chain.
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
    # The last LIST finds what others undid meanwhile.
    assert asked == ["GET", *["PATCH"] * 5, "GET", "watch", "GET"]


def test_the_operators_events_are_not_compared_with_the_desired_state(
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


def test_a_kdcluster_that_connects_to_a_changed_one_settles_before_the_end(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)
    run(kd_connection, kdcluster=["store"], configmaps=[{"name": "model"}])
    assert unsettled(space) == []


def test_nothing_is_written_while_a_linked_kdcluster_is_unsettled(
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


def test_an_entry_that_another_writer_adds_meanwhile_is_not_lost(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    space.add_object("ConfigMap", "theirs", object_type="other")
    lists = space.kdcluster("notebook")["spec"]["connections"]
    edited: list[str] = []

    def edit(request: Request) -> None:
        if not edited:
            lists["clusters"].append("engine")
            edited.append(request.path)

    before_each_write(server, edit)
    space.add_kdcluster("store", "pod-s")
    result = run(kd_connection, **NOTEBOOK, clusters=["store"])
    assert "failed" not in result
    assert space.kdcluster("notebook")["spec"]["connections"]["clusters"] == ["engine", "store"]
    assert result["kdclusters"][0]["connections"]["clusters"] == ["engine", "store"]


def test_one_task_of_sixteen_can_write(
    space: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LONGEST_PAUSE", 0.0)
    lists = space.kdcluster("notebook")["spec"]["connections"]
    others = [f"theirs-{number}" for number in range(15)]
    for name in [*others, "mine"]:
        space.add_object("ConfigMap", name, object_type="model")
    waiting = list(others)

    def edit(_request: Request) -> None:
        if waiting:
            lists["configmaps"] = [*(lists.get("configmaps") or []), waiting.pop(0)]

    before_each_write(server, edit)
    result = run(kd_connection, **NOTEBOOK, configmaps=[{"name": "mine"}])
    assert "failed" not in result, result["msg"]
    found = space.kdcluster("notebook")["spec"]["connections"]["configmaps"]
    assert found[-16:] == [*others, "mine"]


def test_a_patch_that_conflicts_with_the_operators_writes_is_retried(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    conflict = status_answer(409, "Conflict", "the object has been modified")
    server.on(*PATCH_NOTEBOOK, *[conflict] * 3)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert "failed" not in result, result["msg"]
    assert result["changed"] is True


def test_a_kdcluster_that_others_keep_changing_fails_the_task_in_time(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    lists = space.kdcluster("notebook")["spec"]["connections"]

    def edit(request: Request) -> None:
        lists["secrets"] = [*(lists.get("secrets") or []), f"s{len(space.writes)}"]

    space.add_object("Secret", "mine", object_type="token")
    before_each_write(server, edit)
    result = run(kd_connection, **NOTEBOOK, secrets=[{"name": "mine"}], wait_timeout=1)
    assert result["failed"] is True
    assert "KDCluster team-a/notebook was not changed" in result["msg"]
    assert "others" in result["msg"]


def test_a_change_that_another_writer_made_is_not_written_again(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    lists = space.kdcluster("notebook")["spec"]["connections"]
    before_each_write(server, lambda _request: lists.update(clusters=["engine"]))
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert "failed" not in result
    assert result["changed"] is False
    # The refused write, and none after it.
    assert [(r.method, r.path) for r in space.writes] == [PATCH_NOTEBOOK]


def test_lists_that_the_operator_left_out_can_be_written(space: Namespace, run: Run) -> None:
    for connections in ({}, None, {"configmaps": ["model"]}, {"clusters": None}):
        space.kdcluster("notebook")["spec"]["connections"] = connections
        result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
        assert result["changed"] is True
        assert result["kdclusters"][0]["connections"]["clusters"] == ["engine"]


def test_a_transient_refusal_is_retried(space: Namespace, run: Run, server: ScriptedServer) -> None:
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


def test_an_object_that_another_writer_just_created_has_a_head_start_too(
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


def test_writes_are_retried_while_the_operator_restarts(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    server.on(*PATCH_NOTEBOOK, *[status_answer(500, "InternalError", SILENT)] * 2)
    assert run(kd_connection, **NOTEBOOK, clusters=["engine"])["changed"] is True


def test_an_operator_that_is_down_is_reported_before_the_timeout(
    space: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_refusals, "RESTART_SECONDS", 0.2)
    server.on(*PATCH_NOTEBOOK, status_answer(500, "InternalError", SILENT), forever=True)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert result["failed"] is True and result["changed"] is False
    assert "operator is down" in result["msg"]


def test_a_transient_refusal_is_retried_until_the_timeout(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    server.on(*PATCH_NOTEBOOK, status_answer(403, "Forbidden", TRANSIENT), forever=True)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"], wait_timeout=1)
    assert result["failed"] is True
    assert "some members have not processed notifications" in result["msg"]


def test_a_lasting_refusal_is_not_retried(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    said = DENIED + "spec changes not allowed while kubedirector.hpe.com/restoring label exists"
    server.on(*PATCH_NOTEBOOK, status_answer(403, "Forbidden", said), forever=True)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert result["failed"] is True
    assert "restoring" in result["msg"]
    assert len(server.of(*PATCH_NOTEBOOK)) == 1


def test_an_object_that_another_writer_creates_and_deletes_is_created(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    refusal = status_answer(409, "AlreadyExists", 'configmaps "new" already exists')
    server.on("POST", f"{CORE}/configmaps", refusal)
    result = run(kd_connection, configmaps=[{"name": "new", "type": "model", "data": {"a": "b"}}])
    assert "failed" not in result, result
    assert result["objects"][0]["action"] == "created"
    assert space.objects[f"{CORE}/configmaps/new"]["data"] == {"a": "b"}


def test_an_object_that_another_writer_deletes_does_not_fail_the_task(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    space.add_object("ConfigMap", "old")
    server.on("DELETE", f"{CORE}/configmaps/old", status_answer(404, "NotFound", "not found"))
    result = run(kd_connection, configmaps=[{"name": "old"}], state="absent", delete_objects=True)
    assert "failed" not in result
    assert result["changed"] is False


def test_a_kdcluster_that_is_deleted_meanwhile_is_reported(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    def delete(_request: Request) -> None:
        del space.objects[f"{KDCLUSTERS}/notebook"]

    before_each_write(server, delete)
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"])
    assert result["failed"] is True
    assert "KDCluster team-a/notebook" in result["msg"]


def test_a_kdcluster_that_is_deleted_while_linked_ones_settle_is_reported(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)
    space.add_kdcluster("alone", "pod-a", configmaps=["model"])

    def delete(request: Request) -> None:
        if request.path.endswith("notebook"):
            del space.objects[f"{KDCLUSTERS}/alone"]

    before_each_write(server, delete)
    result = run(
        kd_connection, kdcluster=["alone", "engine", "notebook"], configmaps=[{"name": "model"}]
    )
    assert result["failed"] is True
    assert "KDCluster team-a/alone was deleted" in result["msg"]
    assert "Done before: KDCluster engine updated, KDCluster notebook updated" in result["msg"]


def test_a_linked_kdcluster_that_is_deleted_meanwhile_does_not_fail_the_task(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)

    def delete(_request: Request) -> None:
        space.objects.pop(f"{KDCLUSTERS}/store", None)

    before_each_write(server, delete)
    result = run(kd_connection, kdcluster=["notebook", "engine"], configmaps=[{"name": "model"}])
    assert "failed" not in result, result
    assert unsettled(space) == []


@pytest.mark.parametrize("when", ["before its patch", "after its patch"])
def test_a_kdcluster_that_is_deleted_during_its_disconnection_does_not_fail_the_task(
    space: Namespace, run: Run, server: ScriptedServer, when: str
) -> None:
    space.add_kdcluster("zoo", "pod-z", configmaps=["model"])

    def delete(request: Request) -> None:
        if request.path.endswith("zoo" if when == "before its patch" else "notebook"):
            space.objects.pop(f"{KDCLUSTERS}/zoo", None)

    before_each_write(server, delete)
    result = run(
        kd_connection, kdcluster=["zoo", "notebook"], configmaps=[{"name": "model"}],
        state="absent", delete_objects=True,
    )  # fmt: skip
    assert "failed" not in result, result
    assert f"{CORE}/configmaps/model" not in space.objects


def test_an_object_that_another_writer_connects_meanwhile_is_not_deleted(
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
    assert f"{CORE}/configmaps/model" in space.objects


def test_a_read_of_another_thread_between_plan_and_patch_is_not_lost(
    space: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.add_kdcluster("store", "pod-s")
    lives: list[SnapshotWatcher] = []
    edited: list[str] = []

    class Noted(SnapshotWatcher):
        def __init__(self, api: Api, snapshot: Snapshot, resource_version: str) -> None:
            super().__init__(api, snapshot, resource_version)
            lives.append(self)

    def plan_then_read(desired: DesiredState, snapshot: Snapshot) -> Plan:
        plan = make_plan(desired, snapshot)
        if not edited:
            edited.append("engine")
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
        server.on("PATCH", path, Answer(body=space.objects[path]))
        server.on("PATCH", path, status_answer(403, "Forbidden", f"no {name}"), forever=True)
    result = run(kd_connection, kdcluster=names, configmaps=[{"name": "model"}])
    assert result["failed"] is True
    for name in names:
        assert (f"KDCluster team-a/{name}" in result["msg"].split("Done")[0]) == (name in names[:2])


def test_all_unlinked_kdclusters_are_written_although_one_fails(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    names = [f"other-{number}" for number in range(12)]
    for name in names:
        space.add_kdcluster(name, f"{name}-pod")
    refusal = DENIED + "spec changes not allowed while kubedirector.hpe.com/restoring label exists"
    path = f"{KDCLUSTERS}/other-3"

    # The dry run finds nothing.
    server.on("PATCH", path, Answer(body=space.objects[path]))
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


def test_no_member_is_asked_if_nothing_changes(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    for reaction, times in (("warn", 0), ("ignore", 0), ("fail", 2)):
        before = len(server.requests)
        result = run(kd_connection, **NOTEBOOK, on_reconnect_failure=reaction)
        assert result["changed"] is False
        made = server.requests[before:]
        assert len([r for r in made if r.path.endswith("/exec")]) == times


@pytest.mark.parametrize("wait", [True, False])
def test_nothing_is_written_after_the_timeout(space: Namespace, run: Run, wait: bool) -> None:
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
    parts = result["msg"].split("Not written: ")
    assert all(f"ConfigMap {name}" in parts[0] for name in written)
    assert all(f"ConfigMap {name}" in parts[1] for name in names if name not in written)
    actions = {one["name"]: one["action"] for one in result["objects"]}
    assert actions == {name: "updated" if name in written else "unchanged" for name in names}
