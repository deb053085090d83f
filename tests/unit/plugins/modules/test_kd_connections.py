# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_connections on KDClusters in memory: one change a namespace, whatever the number of entries."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core import display
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection import (
    list_task,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.task import (
    NamespaceTask,
    Waiting,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_connections
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDAPPS, KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import MARK, Run, returned
from tests.unit.plugins.namespace_server import STATUS, Namespace

TOKEN = {"name": "token", "type": "source-control", "string_data": {"token": MARK}}
ENTRIES: list[JsonObject] = [
    {"kdcluster": ["notebook"], "clusters": ["engine"], "secrets": ["token"]},
    {"kdcluster": ["engine"], "secrets": [TOKEN]},
    {"kdcluster": ["other"], "configmaps": ["model"]},
]


@pytest.fixture
def namespace(space: Namespace) -> Namespace:
    """A namespace with one more notebook."""
    space.add_kdcluster("other", "pod-o")
    return space


def connect(run: Run, *entries: JsonObject, **options: Any) -> JsonObject:
    """Run the module on entries."""
    return run(kd_connections, connections=list(entries), **options)


def test_a_list_is_one_change(namespace: Namespace, run: Run, server: ScriptedServer) -> None:
    result = returned(connect(run, *ENTRIES), kd_connections.RETURN)
    assert result["changed"] is True
    assert [(o["namespace"], o["name"], o["action"]) for o in result["objects"]] == [
        ("team-a", "token", "created"),
        ("team-a", "model", "unchanged"),
    ]
    assert {k["name"]: k["connections"]["clusters"] for k in result["kdclusters"]} == {
        "engine": [], "notebook": ["engine"], "other": [],
    }  # fmt: skip
    patched = [one.path.rpartition("/")[2] for one in namespace.writes if one.method == "PATCH"]
    assert sorted(patched) == ["engine", "notebook", "other"]
    assert patched.index("engine") < patched.index("notebook")
    again = connect(run, *ENTRIES)
    assert again["changed"] is False


def test_a_list_with_nothing_to_do_costs_two_lists_and_the_objects(
    namespace: Namespace, run: Run, server: ScriptedServer
) -> None:
    connect(run, *ENTRIES)
    server.requests.clear()
    connect(run, *ENTRIES)
    asked = [one.path.partition("?")[0] for one in server.requests]
    assert sorted(asked) == sorted(
        [KDCLUSTERS, KDAPPS, f"{CORE}/secrets/token", f"{CORE}/configmaps/model"]
    )


def test_a_problem_beside_a_version_of_another_entrys_secret_is_reported(
    namespace: Namespace, run: Run
) -> None:
    namespace.add_object("Secret", "other")
    other = namespace.objects[f"{CORE}/secrets/other"]["metadata"]
    other.update(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["example.com/held"])
    merged = {**TOKEN, "name": "other", "data_mode": "merge"}
    named = {"kdcluster": ["notebook"], "secrets": [{"name": "token"}, merged]}
    versioned = {"kdcluster": ["other"], "secrets": [{**TOKEN, "versioned": True}]}
    result = connect(run, named, versioned)
    assert result["failed"] is True
    assert "Secret team-a/other is being deleted" in result["msg"]


def test_check_mode_writes_nothing_and_returns_the_plan(namespace: Namespace, run: Run) -> None:
    planned = connect(run, *ENTRIES, check=True)
    assert namespace.writes == []
    assert planned["plan"] == [
        "team-a",
        "  + Secret token (source-control)            create, 1 key",
        "  = ConfigMap model (model)                  unchanged",
        "  ~ engine                                   + Secret token; 1 member, start script runs once",
        "  ~ notebook                                 + KDCluster engine, + Secret token; 2 members, start "
        "script runs once",
        "  ~ other                                    + ConfigMap model; 1 member, start script runs once",
    ]
    assert connect(run, *ENTRIES)["plan"] == planned["plan"]


def test_the_plan_is_shown_before_the_first_write(namespace: Namespace, run: Run) -> None:
    shown: list[tuple[str, int]] = []
    with display.shown_by(lambda text: shown.append((text, len(namespace.writes)))):
        connect(run, *ENTRIES)
    ((text, writes),) = shown
    assert text.startswith("team-a\n  + Secret token")
    assert writes == 0


def test_a_moved_link_makes_no_cycle_in_between(namespace: Namespace, run: Run) -> None:
    connect(run, {"kdcluster": ["notebook"], "clusters": ["engine"]})
    namespace.writes.clear()
    result = connect(
        run,
        {"kdcluster": ["engine"], "clusters": ["notebook"]},
        {"kdcluster": ["notebook"], "clusters": ["engine"], "state": "absent"},
    )
    assert result["changed"] is True
    patched = [one.path.rpartition("/")[2] for one in namespace.writes if one.method == "PATCH"]
    assert patched == ["notebook", "engine"]


def test_objects_are_deleted_once_all_entries_have_disconnected(
    namespace: Namespace, run: Run
) -> None:
    connect(run, {"kdcluster": ["other"], "configmaps": ["model"]})
    absent = {"configmaps": ["model"], "state": "absent"}
    result = connect(
        run,
        {**absent, "kdcluster": ["notebook"], "delete_objects": True},
        {**absent, "kdcluster": ["other"]},
    )
    assert [one["action"] for one in result["objects"]] == ["deleted"]
    assert f"{CORE}/configmaps/model" not in namespace.objects


def test_a_named_object_is_the_version_that_another_entry_writes(
    namespace: Namespace, run: Run
) -> None:
    result = connect(
        run,
        {"kdcluster": ["notebook"], "secrets": ["token"]},
        {"kdcluster": ["other"], "secrets": [{**TOKEN, "versioned": True}]},
    )
    (written,) = result["objects"]
    names = [k["connections"]["secrets"] for k in result["kdclusters"]]
    assert names == [[written["versioned_name"]]] * 2


def test_all_problems_are_reported_one_a_line_before_any_request(
    namespace: Namespace, run: Run, server: ScriptedServer
) -> None:
    result = connect(
        run,
        {"kdcluster": ["notebook"], "secret": ["token"]},
        {"kdcluster": ["engine"], "state": "x"},
        places=["connections.yml:2", "connections.yml:5"],
    )
    assert result["failed"] is True
    assert result["msg"].splitlines() == [
        "connections.yml:2, entry 1 (kdcluster notebook), secret: is not an option here; did you mean secrets?",
        "connections.yml:5, entry 2 (kdcluster engine), state: is none of present, absent.",
    ]
    assert server.requests == []


def test_entries_that_contradict_one_another_are_refused(
    namespace: Namespace, run: Run, server: ScriptedServer
) -> None:
    absent = {"kdcluster": ["notebook"], "configmaps": ["model"], "state": "absent"}
    result = connect(run, {"kdcluster": ["notebook"], "configmaps": ["model"]}, absent)
    assert result["msg"] == (
        "connections, entry 2 (kdcluster notebook): ConfigMap model is connected to KDCluster notebook by one "
        "of this and entry 1, and disconnected by the other: take one of them out."
    )
    assert server.requests == []


def test_a_missing_object_is_reported_with_its_entry(namespace: Namespace, run: Run) -> None:
    result = connect(
        run,
        {"kdcluster": ["notebook"], "secrets": ["nowhere"]},
        {"kdcluster": ["lost"], "configmaps": ["model"]},
        {"kdcluster": ["engine"], "secrets": ["token"]},
        {"kdcluster": ["other"], "secrets": [TOKEN]},
        places=["a.yml:1", "a.yml:2", "a.yml:3", "a.yml:4"],
    )
    assert result["msg"].splitlines() == [
        "a.yml:2, entry 2 (kdcluster lost): KDCluster team-a/lost does not exist. Create it first, or correct "
        "its name.",
        "a.yml:1, entry 1 (kdcluster notebook): Secret team-a/nowhere does not exist. Give its type and data to "
        "have it created, or correct its name.",
    ]
    assert namespace.writes == namespace.trials == []


def test_a_failure_reports_the_finished_writes_of_each_entry(
    namespace: Namespace, run: Run, server: ScriptedServer
) -> None:
    answer = server.otherwise

    def refuse_other(request: Request) -> Answer:
        refused = request.method == "PATCH" and request.path == f"{KDCLUSTERS}/other"
        if refused and "dryRun" not in request.query:
            return status_answer(403, "Forbidden", "kdclusters/other is forbidden")
        assert answer is not None
        return answer(request)

    server.otherwise = refuse_other
    result = connect(run, *ENTRIES)
    assert result["failed"] is True
    lines = result["msg"].splitlines()
    start = lines.index("What the entries had done:")
    assert lines[start + 1 :] == [
        "connections, entry 1 (kdcluster notebook): done: Secret token created; not done: KDCluster notebook updated",
        "connections, entry 2 (kdcluster engine): done: Secret token created; not done: KDCluster engine updated",
        "connections, entry 3 (kdcluster other): done: nothing; not done: KDCluster other updated",
    ]


def test_a_failure_reports_what_another_writer_undid(
    namespace: Namespace, run: Run, server: ScriptedServer
) -> None:
    answer, other = server.otherwise, namespace.kdcluster("other")
    before = copy.deepcopy(other["spec"].get("connections") or {})

    def undo(request: Request) -> Answer:
        assert answer is not None
        answered = answer(request)
        patched = request.method == "PATCH" and request.path == f"{KDCLUSTERS}/other"
        if patched and "dryRun" not in request.query:
            found = namespace.kdcluster("other")
            found["spec"]["connections"] = before
            found["status"]["lastConnectionHash"] = namespace.hash_of(found)
        return answered

    server.otherwise = undo
    result = connect(run, *ENTRIES)
    assert result["failed"] is True and "did not stay" in result["msg"], result["msg"]
    assert result["msg"].splitlines()[-1] == (
        "connections, entry 3 (kdcluster other): done: nothing; undone by another writer: KDCluster other updated"
    )


def test_entries_wait_and_fail_as_the_strictest_one_requires(
    namespace: Namespace, run: Run
) -> None:
    namespace.files["pod-o", STATUS] = b"containerd://abc=0"
    result = connect(
        run,
        {"kdcluster": ["notebook"], "secrets": [TOKEN], "wait": False},
        {"kdcluster": ["other"], "configmaps": ["model"], "on_reconnect_failure": "ignore"},
        wait_timeout=20,
    )
    members = {k["name"]: k["members"] for k in result["kdclusters"]}
    assert [m["reconnect"] for m in members["other"]] == [None]
    assert [m["reconnect"] for m in members["notebook"]] == [None, None]


@pytest.mark.parametrize("order", [1, -1])
def test_the_strictest_reaction_of_the_entries_for_a_kdcluster_counts(
    namespace: Namespace, run: Run, order: int
) -> None:
    namespace.files["pod-o", STATUS] = b"containerd://abc=3"
    entries: list[JsonObject] = [
        {"kdcluster": ["other"], "secrets": [TOKEN], "on_reconnect_failure": "ignore"},
        {"kdcluster": ["other"], "configmaps": ["model"], "on_reconnect_failure": "fail"},
    ]
    result = connect(run, *entries[::order], on_reconnect_failure="warn")
    assert result["failed"] is True
    assert "exit code 3" in result["msg"]


def test_the_task_waits_for_a_kdcluster_if_one_entry_for_it_waits(
    namespace: Namespace, run: Run
) -> None:
    result = connect(
        run,
        {"kdcluster": ["other"], "secrets": [TOKEN], "wait": False},
        {"kdcluster": ["other"], "configmaps": ["model"]},
    )
    (other,) = result["kdclusters"]
    assert [member["reconnect"] for member in other["members"]] == [{"rc": 0, "stderr": ""}]


def test_the_longest_timeout_of_the_entries_for_a_namespace_counts(
    namespace: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds: list[float] = []

    def noted(waiting: Waiting) -> None:
        seconds.append(waiting.deadline - time.monotonic())

    class Noted(NamespaceTask):
        def __init__(self, api: Any, desired: Any, waiting: Waiting, *more: Any) -> None:
            noted(waiting)
            super().__init__(api, desired, waiting, *more)

    monkeypatch.setattr(list_task, "NamespaceTask", Noted)
    connect(
        run, *({**entry, "wait_timeout": n} for entry, n in zip(ENTRIES, (60, 600, 5), strict=True))
    )
    assert [590 < one <= 600 for one in seconds] == [True]


def test_a_refusal_in_one_namespace_comes_before_the_first_write_in_another(
    namespace: Namespace, run: Run, server: ScriptedServer
) -> None:
    answer = server.otherwise

    def answered(request: Request) -> Answer:
        if "/namespaces/team-b" not in request.path:
            assert answer is not None
            return answer(request)
        if request.method == "GET" and request.path.endswith(("/kubedirectorclusters", "/team-b")):
            return Answer(body={"kind": "List", "metadata": {"resourceVersion": "1"}, "items": []})
        status = (404, "NotFound") if request.method == "GET" else (403, "Forbidden")
        return status_answer(*status, "no")

    server.otherwise = answered
    result = connect(run, *ENTRIES, {"namespace": "team-b", "secrets": [TOKEN]})
    assert result["failed"] is True
    assert "Cannot create Secret team-b/token" in result["msg"]
    assert namespace.writes == []


def test_a_long_wait_says_who_lags(
    namespace: Namespace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "_EVERY_SECONDS", 0.5)
    namespace.asleep = True
    shown: list[str] = []
    with display.shown_by(shown.append):
        result = connect(run, ENTRIES[2], wait_timeout=2)
    assert result["failed"] is True
    assert any(
        line.startswith("Waiting for ") and "KDCluster team-a/other is in state" in line
        for line in shown
    ), shown


@pytest.mark.parametrize(
    "entry",
    [{"secrets": MARK}, {"secrets": [{"name": "a", "string_data": MARK}]}, [MARK], MARK],
    ids=range(4),
)
def test_a_secret_in_the_wrong_place_is_not_shown(
    namespace: Namespace, run: Run, entry: Any
) -> None:
    result = run(kd_connections, connections=[entry])
    assert result["failed"] is True


def test_requests_are_retried_as_long_as_an_entry_waits(
    namespace: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    refusal = status_answer(429, "TooManyRequests", "slow down").body
    server.on("GET", KDCLUSTERS, Answer(429, refusal, headers=(("Retry-After", "7"),)))
    entry = {"kdcluster": ["other"], "configmaps": ["model"], "wait_timeout": 60}
    result = connect(run, entry, wait_timeout=1)
    assert "failed" not in result, result["msg"]
    assert pauses == [7.0]
