# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""data_mode: which data of existing objects a task keeps, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_connection,
    kd_connections,
)
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import MARK, NOTEBOOK, Run, headed
from tests.unit.plugins.namespace_server import CONFIGMETA, Namespace

LOGIN = f"{CORE}/secrets/git-login"
OTHER = {"name": "git-login", "type": "source-control", "string_data": {"token": MARK}}


@pytest.fixture
def login(space: Namespace) -> JsonObject:
    """A Secret with a token and a key that the task does not describe."""
    data = {"token": encoded("first"), "theirs": encoded("kept")}
    space.add_object("Secret", "git-login", object_type="source-control", data=data)
    return space.objects[LOGIN]


def data_of(space: Namespace) -> Any:
    """The Secret's live data."""
    return space.objects[LOGIN]["data"]


@pytest.mark.parametrize(
    ("mode", "token", "theirs"),
    [("replace", MARK, None), ("merge", MARK, "kept"), ("create_only", "first", "kept")],
    ids=["replace", "merge", "create_only"],
)
def test_data_mode_decides_about_the_data_of_an_existing_object(
    run: Run, space: Namespace, login: JsonObject, mode: str, token: str, theirs: str | None
) -> None:
    entry = {**OTHER, "data_mode": mode}
    result = run(kd_connection, secrets=[entry], **NOTEBOOK)
    assert not result.get("failed"), result
    expected = {"token": encoded(token)} | ({"theirs": encoded(theirs)} if theirs else {})
    assert data_of(space) == expected
    written = "unchanged" if mode == "create_only" else "updated"
    assert [item["action"] for item in result["objects"]] == [written]
    assert not run(kd_connection, secrets=[entry], **NOTEBOOK)["changed"]


@pytest.mark.parametrize("mode", ["replace", "merge", "create_only"])
def test_a_new_object_gets_the_data(run: Run, space: Namespace, mode: str) -> None:
    result = run(kd_connection, secrets=[{**OTHER, "data_mode": mode}], **NOTEBOOK)
    assert not result.get("failed"), result
    assert data_of(space) == {"token": encoded(MARK)}


def test_check_mode_and_diff_show_the_keys_that_change_and_those_that_stay(
    run: Run, space: Namespace, login: JsonObject
) -> None:
    result = run(kd_connection, True, secrets=[{**OTHER, "data_mode": "merge"}], **NOTEBOOK)
    before, after = (headed(result["diff"], "Secret team-a/git-login")[side]["data"] for side in ("before", "after"))  # fmt: skip
    assert set(before) == set(after) == {"token", "theirs"}
    assert before["theirs"] == after["theirs"] and before["token"] != after["token"]
    assert not space.writes
    kept = run(kd_connection, True, secrets=[{**OTHER, "data_mode": "create_only"}], **NOTEBOOK)
    assert "Secret team-a/git-login" not in [one["after_header"] for one in kept["diff"]]


def test_create_only_reads_no_values(
    run: Run, space: Namespace, login: JsonObject, server: ScriptedServer
) -> None:
    run(kd_connection, secrets=[{**OTHER, "data_mode": "create_only"}], wait=False, **NOTEBOOK)
    asked = [one for one in server.requests if one.method == "GET" and one.path == LOGIN]
    assert asked
    assert all("PartialObjectMetadata" in str(one.header("Accept")) for one in asked)


def test_create_only_does_not_change_an_object_that_others_create_meanwhile(
    run: Run, space: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write: Callable[[Request], Answer] = space._write

    def after_another(request: Request) -> Answer:
        is_write = request.method == "POST" and request.query.get("dryRun") != ["All"]
        if is_write and request.path.endswith("/secrets") and LOGIN not in space.objects:
            first = {"token": encoded("first")}
            space.add_object("Secret", "git-login", object_type="source-control", data=first)
        return write(request)

    monkeypatch.setattr(space, "_write", after_another)
    result = run(kd_connection, secrets=[{**OTHER, "data_mode": "create_only"}], **NOTEBOOK)
    assert not result.get("failed"), result
    assert data_of(space) == {"token": encoded("first")}


@pytest.mark.parametrize(("mode", "refused"), [("merge", True), ("create_only", False)])
def test_an_immutable_object_is_refused_only_where_its_data_would_change(
    run: Run, space: Namespace, login: JsonObject, mode: str, refused: bool
) -> None:
    login["immutable"] = True
    result = run(kd_connection, secrets=[{**OTHER, "data_mode": mode}], **NOTEBOOK)
    assert ("is immutable, so its data cannot be changed" in result.get("msg", "")) == refused
    same = {"name": "git-login", "data_mode": "merge", "string_data": {"token": "first"}}
    assert not run(kd_connection, secrets=[same], **NOTEBOOK).get("failed")


@pytest.mark.parametrize(("mode", "fails"), [("merge", False), ("replace", True)])
def test_a_key_that_others_add_meanwhile_is_theirs(
    run: Run, space: Namespace, login: JsonObject, monkeypatch: pytest.MonkeyPatch, mode: str,
    fails: bool,
) -> None:  # fmt: skip
    settle = space._settle

    def adding() -> Answer:
        space.objects[LOGIN]["data"]["added"] = encoded("by others")
        space.objects[LOGIN]["metadata"]["resourceVersion"] = "9999"
        return settle()

    monkeypatch.setattr(space, "_settle", adding)
    result = run(kd_connection, secrets=[{**OTHER, "data_mode": mode}], **NOTEBOOK)
    assert bool(result.get("failed")) == fails, result
    if fails:
        assert (
            "Secret team-a/git-login holds other data (added) than this task wants" in result["msg"]
        )


def test_members_are_compared_with_the_tasks_keys_only(
    run: Run, space: Namespace, login: JsonObject
) -> None:
    held = {"metadata": {"name": encoded("git-login")}, "data": {"token": encoded("first")}}
    content = {"connections": {"secrets": {"source-control": [held]}}}
    for pod in ("pod-0", "pod-1"):
        space.files[pod, CONFIGMETA] = json.dumps(content).encode()
    kept = {**OTHER, "data_mode": "create_only"}
    result = run(kd_connection, secrets=[kept], on_reconnect_failure="fail", **NOTEBOOK)
    assert not result.get("failed"), result
    merged = {**OTHER, "data_mode": "merge"}
    result = run(kd_connection, secrets=[merged], on_reconnect_failure="fail", **NOTEBOOK)
    assert "holds Secret team-a/git-login with other data (token)" in result["msg"]


def test_create_only_warns_of_values_only_where_it_writes_them(run: Run, space: Namespace) -> None:
    entry = {"type": "model", "data": {"password": "a b c d e"}, "data_mode": "create_only"}
    for name, warns in (("new", True), ("model", False)):
        result = run(kd_connection, True, configmaps=[{"name": name, **entry}], **NOTEBOOK)
        assert ("password" in json.dumps(result.get("warnings", []))) == warns


def test_a_version_holds_exactly_the_given_data(run: Run, space: Namespace) -> None:
    entry = {**OTHER, "data_mode": "merge", "versioned": True}
    result = run(kd_connection, secrets=[entry], **NOTEBOOK)
    assert "Secret team-a/git-login: versioned goes with data_mode=replace only" in result["msg"]
    assert not space.writes


def test_entries_of_a_list_accept_it_and_name_a_wrong_one(
    run: Run, space: Namespace, login: JsonObject
) -> None:
    entry = {**NOTEBOOK, "namespace": "team-a", "secrets": [{**OTHER, "data_mode": "merge"}]}
    result = run(kd_connections, connections=[entry])
    assert not result.get("failed"), result
    assert set(data_of(space)) == {"token", "theirs"}
    entry["secrets"] = [{**OTHER, "data_mode": "add"}]
    result = run(kd_connections, connections=[entry])
    assert "secrets[git-login].data_mode: is none of replace, merge, create_only." in result["msg"]
