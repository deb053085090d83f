# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials that change, kubeconfig fields that restrict, and what the API server says about limits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client import transport
from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import (
    resolve_client_config,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    ApiError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.resources import (
    KDCLUSTER,
    SECRET,
)
from tests.unit.plugins.api_server import Answer, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.kubeconfigs import authorization, kubeconfig, refused

SECRETS = f"{CORE}/secrets"
UNAUTHORIZED = status_answer(401, "Unauthorized", "Unauthorized")
V1 = "client.authentication.k8s.io/v1"


def config_of(host: str, user: dict[str, Any]) -> dict[str, Any]:
    """A kubeconfig of this user."""
    found = kubeconfig(host=host)
    found["users"][0]["user"] = user
    return found


def counting_plugin(folder: Path) -> dict[str, Any]:
    """A user whose plug-in gives the tokens t0, t1, ..."""
    script = folder / "plugin"
    script.write_text(
        f"#!/bin/sh\nn=$(cat {folder}/n 2>/dev/null || echo 0); echo $((n+1)) > {folder}/n\n"
        f'printf \'{{"kind":"ExecCredential","apiVersion":"{V1}","status":{{"token":"t%s"}}}}\' $n\n',
        encoding="utf-8",
    )
    script.chmod(0o700)
    return {"exec": {"apiVersion": V1, "command": str(script), "interactiveMode": "Never"}}


def sent(server: ScriptedServer) -> list[list[str]]:
    """The Authorization headers of all requests."""
    return [request.header("Authorization") for request in server.requests]


def test_a_token_file_is_read_again_after_a_401(server: ScriptedServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one\n", encoding="utf-8")
    given = config_of(server.url, {"tokenFile": str(token)})
    api = Api(resolve_client_config({"kubeconfig": given}, {}))
    token.write_text("two\n", encoding="utf-8")
    server.on("GET", f"{SECRETS}/one", UNAUTHORIZED, Answer(body={"kind": "Secret"}))
    assert api.get(SECRET, "team-a", "one") == {"kind": "Secret"}
    assert sent(server) == [["Bearer one"], ["Bearer two"]]


def test_a_plugin_runs_once_more_after_a_401_and_no_more(
    server: ScriptedServer, tmp_path: Path
) -> None:
    given = config_of(server.url, counting_plugin(tmp_path))
    api = Api(resolve_client_config({"kubeconfig": given}, os.environ))
    server.on("GET", f"{SECRETS}/one", UNAUTHORIZED, UNAUTHORIZED)
    with pytest.raises(ApiError):
        api.get(SECRET, "team-a", "one")
    assert sent(server) == [["Bearer t0"], ["Bearer t1"]]


def test_a_plugin_does_not_run_where_the_task_replaces_it(tmp_path: Path) -> None:
    given = config_of("https://e.example.com", counting_plugin(tmp_path))
    found = resolve_client_config({"kubeconfig": given, "api_key": "mine"}, os.environ)
    assert authorization(found) == "Bearer mine"
    assert not (tmp_path / "n").exists()


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"exec": {"apiVersion": V1, "command": "/bin/false", "interactiveMode": "Never"}}, "ended"),
        ({"exec": {"apiVersion": V1, "command": "/bin/true", "interactiveMode": "Always"}}, "terminal"),
        ({"exec": {"apiVersion": V1, "command": "/bin/true"}}, "interactiveMode"),
        ({"exec": {"apiVersion": "x/v1", "command": "/bin/true"}}, "apiVersion"),
        ({"auth-provider": {"name": "gcp"}}, "auth-provider"),
        ({"token": "x", "as-groups": ["g"]}, "without a user"),
    ],
)  # fmt: skip
def test_unusable_credentials_are_explained(user: dict[str, Any], words: str) -> None:
    assert words in refused({"kubeconfig": config_of("https://e.example.com", user)})


def test_a_kubeconfig_can_impersonate() -> None:
    user = {
        "token": "x", "as": "bob", "as-groups": ["g", "h"], "as-uid": "7",
        "as-user-extra": {"Dep/a b%": ["v"]},
    }  # fmt: skip
    given = {"kubeconfig": config_of("https://e.example.com", user)}
    rest = [("Impersonate-Uid", "7"), ("Impersonate-Extra-Dep%2Fa%20b%25", "v")]
    assert list(resolve_client_config(given, {}).headers) == [
        ("Impersonate-User", "bob"), ("Impersonate-Group", "g"), ("Impersonate-Group", "h"), *rest,
    ]  # fmt: skip
    own = {**given, "impersonate_user": "eve", "impersonate_groups": ["x"]}
    assert list(resolve_client_config(own, {}).headers) == [
        ("Impersonate-User", "eve"), ("Impersonate-Group", "x"), *rest,
    ]  # fmt: skip


def test_verification_is_turned_off_by_a_boolean_only(file: str) -> None:
    given = kubeconfig()
    cluster = given["clusters"][0]["cluster"]
    cluster["insecure-skip-tls-verify"] = "false"
    assert "insecure-skip-tls-verify" in refused({"kubeconfig": given})
    cluster["insecure-skip-tls-verify"] = True
    assert resolve_client_config({"kubeconfig": given}, {}).verified is False
    assert resolve_client_config({"kubeconfig": given, "ca_cert": file}, {}).verified is True


def test_a_kubeconfig_from_a_pipe_can_be_read_once() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    assert "pipe" in refused({"kubeconfig": f"/dev/fd/{reader}"})
    os.close(reader)


@pytest.mark.parametrize(
    ("said", "cause", "words"),
    [
        ("secrets is forbidden: exceeded quota: q, requested: count/secrets=1", "", "quota"),
        ("forbidden: unable to create new content", "NamespaceTerminating", "being deleted"),
    ],
)
def test_a_403_that_is_not_about_rights_is_explained(
    server: ScriptedServer, api: Api, said: str, cause: str, words: str
) -> None:
    details = {"causes": [{"reason": cause}]}
    server.on("POST", SECRETS, status_answer(403, "Forbidden", said, details=details))
    with pytest.raises(ApiError, match=words) as caught:
        api.create(SECRET, "team-a", {"metadata": {"name": "one"}}, dry_run=False)
    assert "Role" not in str(caught.value)


def test_a_webhook_without_dry_run_is_a_warning(server: ScriptedServer) -> None:
    warnings: list[str] = []
    api = Api(resolve_client_config({"host": server.url}, {}), warn=warnings.append)
    said = 'admission webhook "x.kubedirector.hpe.com" does not support dry run'
    server.on("PATCH", f"{KDCLUSTERS}/n", status_answer(400, "BadRequest", said), forever=True)
    server.on("GET", f"{KDCLUSTERS}/n", Answer(body={"kind": "x"}), forever=True)
    for _time in range(2):
        assert api.json_patch(KDCLUSTER, "team-a", "n", [], dry_run=True) == {"kind": "x"}
    assert len(warnings) == 1
    assert "0.9.0" in warnings[0]
    with pytest.raises(ApiError):
        api.json_patch(KDCLUSTER, "team-a", "n", [], dry_run=False)


def test_an_expired_list_restarts_with_shorter_pages_if_they_are_too_long(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 200)
    more = Answer(body={"metadata": {"continue": "c"}, "items": [{}]})
    end = Answer(body={"metadata": {"resourceVersion": "7"}, "items": [{}]})
    expired = status_answer(410, "Expired", "old")
    server.on("GET", SECRETS, Answer(body=b"x" * 300), more, expired, more, end)
    assert api.list_all(SECRET, "team-a") == ([{}, {}], "7")
    assert [r.query["limit"] for r in server.requests] == [["500"], *[["250"]] * 4]
