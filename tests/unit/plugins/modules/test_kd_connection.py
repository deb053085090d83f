# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_connection as a whole module, over real HTTP."""

from __future__ import annotations

import json

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core import display
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection
from tests.unit.plugins.api_server import ScriptedServer, scripted_server, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import MARK, NOTEBOOK, Run, headed, returned
from tests.unit.plugins.namespace_server import STATUS, STDERR, Namespace

SECRET = {
    "name": "token",
    "type": "source-control",
    "string_data": {"token": MARK, "type": "github"},
}


def test_connecting_twice_writes_once(space: Namespace, run: Run) -> None:
    options = {**NOTEBOOK, "secrets": [SECRET], "clusters": ["engine"]}
    first = returned(run(kd_connection, **options), kd_connection.RETURN)
    assert first["changed"] is True
    assert first["objects"] == [
        {
            "kind": "Secret",
            "namespace": "team-a",
            "name": "token",
            "versioned_name": None,
            "type": "source-control",
            "action": "created",
        }
    ]
    notebook = first["kdclusters"][0]
    assert notebook["connections"] == {
        "clusters": ["engine"], "configmaps": ["model"], "secrets": ["token"],
    }  # fmt: skip
    assert notebook["connection_hash"] == space.hash_of(space.kdcluster("notebook"))
    assert [m["reconnect"] for m in notebook["members"]] == [{"rc": 0, "stderr": ""}] * 2
    assert len(space.writes) == 2
    assert space.objects[f"{CORE}/secrets/token"]["data"]["token"] == encoded(MARK)

    second = returned(run(kd_connection, **options), kd_connection.RETURN)
    assert second["changed"] is False
    assert len(space.writes) == 2
    assert second["kdclusters"][0]["action"] == "unchanged"


def test_the_plan_is_shown_before_the_first_write_and_in_check_mode(
    space: Namespace, run: Run
) -> None:
    options = {**NOTEBOOK, "secrets": [SECRET]}
    shown: list[tuple[str, int]] = []
    with display.shown_by(lambda text: shown.append((text, len(space.writes)))):
        tried = run(kd_connection, check=True, **options)
        done = run(kd_connection, **options)
        unchanged = run(kd_connection, **options)
        run(kd_connection, check=True, **options)
    assert done["plan"] == tried["plan"] == [
        "team-a",
        "  + Secret token (source-control)            create, 2 keys",
        "  ~ notebook                                 + Secret token; 2 members, start script runs once",
    ]  # fmt: skip
    assert unchanged["plan"] == [
        "team-a",
        "  = Secret token (source-control)            unchanged",
        "  = notebook                                 unchanged",
    ]
    plan = "\n".join(done["plan"])
    assert shown == [(plan, 0), (plan, 0), ("\n".join(unchanged["plan"]), 2)]


def test_check_mode_returns_the_same_and_writes_nothing(space: Namespace, run: Run) -> None:
    options = {**NOTEBOOK, "secrets": [SECRET], "configmaps": [{"name": "model", "data": {"a": 1}}]}
    tried = returned(run(kd_connection, check=True, **options), kd_connection.RETURN)
    assert space.writes == []
    assert len(space.trials) == 3
    done = returned(run(kd_connection, **options), kd_connection.RETURN)
    assert tried["changed"] is done["changed"] is True
    assert tried["objects"] == done["objects"]
    assert tried["diff"] == done["diff"]
    for before, after in zip(tried["kdclusters"], done["kdclusters"], strict=True):
        assert (before["action"], before["connections"]) == (after["action"], after["connections"])


def test_check_mode_reports_what_the_api_server_would_refuse(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    said = 'admission webhook "v" denied the request: quota of models is used up'
    server.on("PATCH", f"{KDCLUSTERS}/notebook", status_answer(403, "Forbidden", said))
    result = run(kd_connection, check=True, **NOTEBOOK, clusters=["engine"])
    assert result["failed"] is True
    assert "quota of models is used up" in result["msg"]
    assert result["changed"] is False
    assert space.writes == []


def test_a_refusal_of_the_last_write_leaves_nothing_written(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    server.on("PATCH", f"{KDCLUSTERS}/notebook", status_answer(403, "Forbidden", "bob cannot"))
    result = run(kd_connection, **NOTEBOOK, secrets=[SECRET])
    assert result["failed"] is True
    assert "'patch'" in result["msg"]
    assert space.writes == []


def test_an_object_is_disconnected_and_deleted(space: Namespace, run: Run) -> None:
    options = {**NOTEBOOK, "configmaps": [{"name": "model"}], "state": "absent"}
    result = run(kd_connection, **options, delete_objects=True)
    # Only metadata is read of what is deleted.
    assert "data" not in headed(result["diff"], "ConfigMap team-a/model")["before"]
    assert result["objects"][0]["action"] == "deleted"
    assert [request.method for request in space.writes] == ["PATCH", "DELETE"]
    assert f"{CORE}/configmaps/model" not in space.objects
    again = returned(run(kd_connection, **options, delete_objects=True), kd_connection.RETURN)
    assert again["changed"] is False
    assert len(space.writes) == 2


def test_an_object_without_type_is_returned_without(space: Namespace, run: Run) -> None:
    space.add_object("ConfigMap", "untyped", object_type=None)
    space.add_object("Secret", "typed", object_type="token")
    options = {
        "configmaps": [{"name": "untyped"}, {"name": "missing"}],
        "secrets": [{"name": "typed"}],
        "state": "absent",
    }
    result = returned(run(kd_connection, **NOTEBOOK, **options), kd_connection.RETURN)
    assert result["objects"] == [
        {
            "kind": "ConfigMap",
            "namespace": "team-a",
            "name": "untyped",
            "versioned_name": None,
            "type": None,
            "action": "unchanged",
        },
        {
            "kind": "ConfigMap",
            "namespace": "team-a",
            "name": "missing",
            "versioned_name": None,
            "type": None,
            "action": "absent",
        },
        {
            "kind": "Secret",
            "namespace": "team-a",
            "name": "typed",
            "versioned_name": None,
            "type": "token",
            "action": "unchanged",
        },
    ]


@pytest.mark.parametrize(
    ("reaction", "failed", "warned"),
    [("fail", True, False), ("warn", False, True), ("ignore", False, False)],
)
def test_a_start_script_that_fails_is_reported(
    space: Namespace, run: Run, reaction: str, failed: bool, warned: bool
) -> None:
    space.files["pod-1", STATUS] = b"containerd://abc=3\n"
    space.files["pod-1", STDERR] = b"starting\nno such model\n"
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"], on_reconnect_failure=reaction)
    assert result.get("failed", False) is failed
    reported = "pod-1" in result.get("msg", ""), "pod-1" in json.dumps(result.get("warnings", []))
    assert reported == (failed, warned)
    assert result["changed"] is True
    if reaction != "ignore":
        reconnects = [m["reconnect"] for m in result["kdclusters"][0]["members"]]
        assert reconnects == [
            {"rc": 0, "stderr": ""}, {"rc": 3, "stderr": "starting\nno such model"},
        ]  # fmt: skip
        assert "no such model" in result.get("msg", "") + json.dumps(result.get("warnings", ""))


@pytest.mark.parametrize("reaction", ["fail", "warn"])
def test_a_value_that_a_start_script_prints_is_redacted(
    space: Namespace, plain_run: Run, reaction: str
) -> None:
    """Ansible itself redacts the result and the message, but not a warning (ansible-core 2.19 and newer)."""
    space.files["pod-1", STATUS] = b"containerd://abc=3\n"
    space.files["pod-1", STDERR] = f"cannot log in with {MARK} or {encoded(MARK)}\n".encode()
    secret = {"name": "token", "type": "source-control", "string_data": {"token": MARK}}
    result = plain_run(kd_connection, **NOTEBOOK, secrets=[secret], on_reconnect_failure=reaction)
    reported = json.dumps(result)
    assert "cannot log in with ******** or ********" in reported
    assert MARK not in reported and encoded(MARK) not in reported


def test_a_line_of_a_value_that_a_start_script_prints_is_redacted(
    space: Namespace, plain_run: Run
) -> None:
    space.files["pod-1", STATUS] = b"containerd://abc=3\n"
    space.files["pod-1", STDERR] = f"cannot use {MARK}-2\n".encode()
    value = f"{MARK}-1\n{MARK}-2\n"
    secret = {"name": "key", "type": "source-control", "string_data": {"key": value}}
    reported = json.dumps(plain_run(kd_connection, **NOTEBOOK, secrets=[secret]))
    assert "cannot use ********" in reported
    assert MARK not in reported


def test_a_timeout_reports_the_finished_writes(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    space.kdcluster("notebook")["status"]["state"] = "updating"
    result = run(kd_connection, **NOTEBOOK, secrets=[SECRET], wait_timeout=1)
    assert result["failed"] is True
    assert result["changed"] is True
    assert "Secret token created" in result["msg"]
    assert "KDCluster notebook updated" in result["msg"]
    returned(result, kd_connection.RETURN)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kdcluster": ["missing"]}, ["KDCluster team-a/missing"]),
        (
            {**NOTEBOOK, "secrets": [{"name": "s", "data": {"token": MARK + "!"}}]},
            ["Secret team-a/s"],
        ),
        (
            {**NOTEBOOK, "secrets": [{"name": "s", "string_data": {"t": [MARK]}}]},
            ["Secret team-a/s"],
        ),
        ({**NOTEBOOK, "clusters": ["notebook"]}, ["itself"]),
        ({**NOTEBOOK, "kubeconfig": f"users:\n- token: {MARK}\n"}, ["kubeconfig"]),
        ({**NOTEBOOK, "api_key": MARK + "\u0142"}, ["api_key"]),
    ],
)
def test_a_bad_task_writes_nothing_and_shows_no_secret(
    space: Namespace, run: Run, options: JsonObject, words: list[str]
) -> None:
    result = run(kd_connection, **options)
    assert result["failed"] is True
    for word in words:
        assert word in result["msg"]
    assert "VALUE_SPECIFIED" not in result["msg"]
    assert space.writes == space.trials == []


@pytest.mark.parametrize("seconds", [0, -1, 10**400])
def test_a_timeout_that_no_clock_can_count_is_refused(
    space: Namespace, run: Run, seconds: int
) -> None:
    result = run(kd_connection, **NOTEBOOK, clusters=["engine"], wait_timeout=seconds)
    assert "Option wait_timeout is a number of seconds" in result["msg"]
    assert space.writes == []


def test_a_namespace_that_does_not_exist_is_named(server: ScriptedServer, run: Run) -> None:
    Namespace(server)
    path = "/api/v1/namespaces/team-a"
    server.on("GET", path, status_answer(404, "NotFound", "no"))
    assert "Namespace team-a does not exist" in run(kd_connection, **NOTEBOOK)["msg"]


def test_a_server_that_does_not_listen_is_named(run: Run) -> None:
    with scripted_server() as closed:
        pass
    result = run(kd_connection, **NOTEBOOK, host=closed.url)
    assert result["failed"] is True
    assert closed.url in result["msg"]
