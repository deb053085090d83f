# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_configmeta_info as a whole module, over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.module_utils._observe import members
from ansible_collections.kubedirector.connections.plugins.modules import kd_configmeta_info
from tests.harness.canaries import canary
from tests.unit.plugins.api_server import (
    Answer,
    Request,
    ScriptedServer,
    scripted_server,
    status_answer,
)
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.configmeta_files import configmeta, connected_object, role
from tests.unit.plugins.kubeconfigs import kubeconfig
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import MARK, NOTEBOOK, Run, returned
from tests.unit.plugins.namespace_server import CONFIGMETA, Namespace


def held(token: str = MARK) -> bytes:
    """The configmeta of a member of the notebook."""
    secret = connected_object("Secret", "token", {"token": token}, object_type="source-control")
    model = connected_object("ConfigMap", "model", {"path": "/old"})
    content = configmeta(
        roles={"controller": role(secret_keys={"key": MARK}, token=MARK)},
        configmaps={"model": [model]},
        secrets={"source-control": [secret]},
    )
    return json.dumps(content).encode()


@pytest.fixture
def connected(space: Namespace) -> Namespace:
    """The notebook with its Secret, and its members with their configmeta."""
    data = {"token": encoded(MARK)}
    space.add_object("Secret", "token", object_type="source-control", data=data)
    space.add_kdcluster("notebook", "pod-0", "pod-1", configmaps=["model"], secrets=["token"])
    for pod in ("pod-0", "pod-1"):
        space.files[pod, CONFIGMETA] = held()
    return space


@pytest.mark.parametrize("resolve_refs", [True, False])
def test_configmeta_is_read_back(connected: Namespace, run: Run, resolve_refs: bool) -> None:
    result = returned(
        run(kd_configmeta_info, **NOTEBOOK, resolve_refs=resolve_refs), kd_configmeta_info.RETURN
    )
    assert result["changed"] is False
    notebook = result["kdclusters"][0]
    assert notebook["consistent"] is True
    assert [(m["pod"], m["current"], m["stale"]) for m in notebook["members"]] == [
        ("pod-0", True, []), ("pod-1", True, []),
    ]  # fmt: skip
    secret = notebook["members"][0]["configmeta"]["connections"]["secrets"]["source-control"][0]
    assert secret["metadata"] == {"name": "token"}
    assert set(secret["data"]) == {"token"}


def test_a_member_that_is_behind_is_reported(connected: Namespace, run: Run) -> None:
    connected.files["pod-1", CONFIGMETA] = held(MARK + "old")
    options = {**NOTEBOOK, "fields": ["connections"]}
    notebook = returned(run(kd_configmeta_info, **options), kd_configmeta_info.RETURN)[
        "kdclusters"
    ][0]
    assert notebook["consistent"] is False
    path = "connections.secrets.source-control[0].data.token"
    assert notebook["differences"] == [{"pod": "pod-0", "other_pod": "pod-1", "path": path}]
    assert [m["current"] for m in notebook["members"]] == [True, False]
    assert notebook["members"][1]["stale"][0]["name"] == "token"
    assert set(notebook["members"][1]["configmeta"]) == {"connections"}


@pytest.mark.parametrize(
    "content", [None, b"", held()[:-7], b"<html>", b"[]", b'{"nodegroups": 7}']
)
@pytest.mark.parametrize("reaction", ["fail", "report"])
def test_a_file_that_cannot_be_used_is_reported(
    connected: Namespace, run: Run, content: bytes | None, reaction: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(members, "_PAUSE_SECONDS", 0)
    if content is None:
        del connected.files["pod-1", CONFIGMETA]
    else:
        connected.files["pod-1", CONFIGMETA] = content
    result = run(kd_configmeta_info, **NOTEBOOK, on_member_error=reaction)
    returned(result, kd_configmeta_info.RETURN)
    assert result.get("failed", False) is (reaction == "fail")
    assert result["kdclusters"][0]["consistent"] is None
    found = result["kdclusters"][0]["members"]
    assert found[0]["error"] is None
    assert found[0]["current"] is True
    assert "Pod team-a/pod-1" in found[1]["error"]
    assert CONFIGMETA in found[1]["error"]
    assert (found[1]["configmeta"], found[1]["current"]) == (None, None)


def test_a_user_who_may_not_read_secrets_gets_the_rest(
    connected: Namespace, run: Run, server: ScriptedServer
) -> None:
    refusal = status_answer(403, "Forbidden", "bob cannot get secrets")
    server.on("GET", f"{CORE}/secrets/token", refusal, forever=True)
    result = returned(run(kd_configmeta_info, **NOTEBOOK), kd_configmeta_info.RETURN)
    assert [m["current"] for m in result["kdclusters"][0]["members"]] == [None, None]
    assert "'secrets'" in json.dumps(result["warnings"])


def test_a_server_that_does_not_listen_is_named(run: Run) -> None:
    with scripted_server() as closed:
        pass
    result = run(kd_configmeta_info, **NOTEBOOK, host=closed.url)
    assert result["failed"] is True
    assert closed.url in result["msg"]


def test_the_mode_decoded_returns_the_values(connected: Namespace, plain_run: Run) -> None:
    result = plain_run(kd_configmeta_info, **NOTEBOOK, secrets="decoded")
    shown = result["kdclusters"][0]["members"][0]["configmeta"]
    secret = shown["connections"]["secrets"]["source-control"][0]
    assert secret["data"] == {"token": MARK}
    assert shown["nodegroups"]["1"]["roles"]["controller"]["secret_keys"] == {"key": MARK}


def test_members_can_be_selected(connected: Namespace, run: Run) -> None:
    result = run(kd_configmeta_info, **NOTEBOOK, pods=["pod-1"])
    assert [m["pod"] for m in result["kdclusters"][0]["members"]] == ["pod-1"]
    for options in ({"pods": ["pod-e"]}, {"roles": ["none"]}, {"kdcluster": ["missing"]}):
        result = run(kd_configmeta_info, **{**NOTEBOOK, **options})
        assert result["failed"] is True
        assert next(iter(options.values()))[0] in result["msg"]


def test_a_role_without_config_package_is_reported_and_not_a_failure(
    connected: Namespace, run: Run
) -> None:
    notebook = connected.kdcluster("notebook")
    notebook["status"]["roles"][0]["members"][1]["stateDetail"] = {}
    result = returned(run(kd_configmeta_info, **NOTEBOOK), kd_configmeta_info.RETURN)
    assert "failed" not in result
    assert "no config package" in result["kdclusters"][0]["members"][1]["error"]


def test_a_pod_that_does_not_run_is_reported(
    connected: Namespace, run: Run, server: ScriptedServer
) -> None:
    said = "unable to upgrade connection: container not found"
    server.on(
        "GET", f"{CORE}/pods/pod-0/exec", status_answer(500, "InternalError", said), forever=True
    )
    result = run(kd_configmeta_info, **NOTEBOOK)
    assert result["failed"] is True
    assert "Pod team-a/pod-0" in result["msg"]
    assert "container not found" in result["msg"]


@pytest.mark.parametrize("given", ["kubeconfig", "environment"])
def test_a_gateway_that_repeats_the_request_shows_no_token(
    server: ScriptedServer,
    plain_run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: str,
) -> None:
    secret = canary("token of a kubeconfig")

    def repeat(request: Request) -> Answer:
        said = f"Your request was: Authorization: {request.header('Authorization')}"
        return Answer(400, said.encode(), "text/html")

    server.otherwise = repeat
    options: JsonObject = {**NOTEBOOK, "host": None, "api_key": None}
    if given == "kubeconfig":
        (file := tmp_path / "config").write_text(
            yaml.safe_dump(kubeconfig(server.url, secret)), encoding="utf-8"
        )
        options["kubeconfig"] = str(file)
    else:
        monkeypatch.setenv("K8S_AUTH_HOST", server.url)
        monkeypatch.setenv("K8S_AUTH_API_KEY", secret)
    result = plain_run(kd_configmeta_info, **options)
    (tmp_path / "config").unlink(missing_ok=True)
    assert "Your request was" in result["msg"]
    assert secret not in json.dumps(result)
