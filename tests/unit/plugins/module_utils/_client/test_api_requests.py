# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests that the client sends."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    CollectionError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.resources import (
    CONFIGMAP,
    KDCLUSTER,
    NAMESPACE,
    SECRET,
)
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer
from tests.unit.plugins.clients import CORE, KDCLUSTERS, TOKEN, api_for

OBJECT = {"metadata": {"name": "one"}}


def only(server: ScriptedServer) -> Request:
    """The one request that was made."""
    assert len(server.requests) == 1
    return server.requests[0]


def test_a_read_carries_the_token_and_nothing_else(server: ScriptedServer, api: Api) -> None:
    server.on("GET", f"{CORE}/configmaps/one", Answer(body=OBJECT))
    assert api.get(CONFIGMAP, "team-a", "one") == OBJECT
    request = only(server)
    assert request.header("Authorization") == [f"Bearer {TOKEN}"]
    assert request.header("Accept") == ["application/json"]
    assert request.query == {}
    assert request.body == b""
    assert request.header("Impersonate-User") == []


def test_metadata_alone_can_be_read(server: ScriptedServer, api: Api) -> None:
    server.on("GET", f"{CORE}/secrets/one", Answer(body=OBJECT))
    server.on("GET", f"{CORE}/secrets", Answer(body={"metadata": {}, "items": []}))
    api.get(SECRET, "team-a", "one", metadata_only=True)
    api.list_all(SECRET, "team-a", metadata_only=True)
    accepted = [request.header("Accept")[0] for request in server.requests]
    assert accepted == [
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    ]


def test_an_object_without_a_namespace_is_read_without_one(
    server: ScriptedServer, api: Api
) -> None:
    server.on("GET", "/api/v1/namespaces/team-a", Answer(body=OBJECT))
    assert api.get(NAMESPACE, None, "team-a") == OBJECT


def test_names_are_quoted(server: ScriptedServer, api: Api) -> None:
    server.on("GET", "/api/v1/namespaces/a%2Fb/secrets/..%2Fc%3Fd", Answer(body=OBJECT))
    assert api.get(SECRET, "a/b", "../c?d") == OBJECT


def test_a_list_is_read_page_by_page(server: ScriptedServer, api: Api) -> None:
    pages = [
        {"metadata": {"continue": "next/1=&", "resourceVersion": "5"}, "items": [{"a": 1}]},
        {"metadata": {"continue": "next2", "resourceVersion": "5"}, "items": None},
        {"metadata": {"resourceVersion": "5"}, "items": [{"a": 2}, {"a": 3}]},
    ]
    server.on("GET", KDCLUSTERS, *(Answer(body=page) for page in pages))
    listed = api.list_all(KDCLUSTER, "team-a", selector="team=a,x!=y")
    assert listed == ([{"a": 1}, {"a": 2}, {"a": 3}], "5")
    asked = [request.query for request in server.requests]
    assert [query.get("continue") for query in asked] == [None, ["next/1=&"], ["next2"]]
    assert all(query["labelSelector"] == ["team=a,x!=y"] for query in asked)
    assert len({query["limit"][0] for query in asked}) == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_writes_name_the_field_manager_and_the_dry_run(
    server: ScriptedServer, api: Api, dry_run: bool
) -> None:
    body: dict[str, Any] = {"metadata": {"name": "one"}, "data": {"a": "grün"}}
    operations = [{"op": "add", "path": "/spec/connections", "value": {}}]
    server.on("POST", f"{CORE}/configmaps", Answer(201, OBJECT))
    server.on("PATCH", f"{CORE}/configmaps/one", Answer(body=OBJECT))
    server.on("PATCH", f"{KDCLUSTERS}/notebook", Answer(body=OBJECT))
    server.on("DELETE", f"{CORE}/secrets/one", Answer(body={"kind": "Status"}))
    assert api.create(CONFIGMAP, "team-a", body, dry_run=dry_run) == OBJECT
    assert api.merge_patch(CONFIGMAP, "team-a", "one", body, dry_run=dry_run) == OBJECT
    assert api.json_patch(KDCLUSTER, "team-a", "notebook", operations, dry_run=dry_run) == OBJECT
    api.delete(SECRET, "team-a", "one", dry_run=dry_run)
    created, merged, patched, deleted = server.requests
    assert [r.header("Content-Type") for r in (created, merged, patched)] == [
        ["application/json"],
        ["application/merge-patch+json"],
        ["application/json-patch+json"],
    ]
    assert created.json == merged.json == body
    assert patched.json == operations
    trial = ["All"] if dry_run else None
    assert all(request.query.get("dryRun") == trial for request in server.requests)
    managers = {request.query["fieldManager"][0] for request in (created, merged, patched)}
    assert managers == {"kubedirector.connections"}
    assert "fieldManager" not in deleted.query


def test_a_deletion_can_have_preconditions(server: ScriptedServer, api: Api) -> None:
    server.on("DELETE", f"{CORE}/secrets/one", Answer(body={"kind": "Status"}), forever=True)
    api.delete(SECRET, "team-a", "one", dry_run=False)
    api.delete(SECRET, "team-a", "one", dry_run=False, uid="u-1")
    api.delete(SECRET, "team-a", "one", dry_run=False, uid="u-1", resource_version="7")
    api.delete(SECRET, "team-a", "one", dry_run=True, uid="u-1")
    anyone, by_uid, by_both, trial = server.requests
    assert anyone.body == b""
    assert by_uid.json == {"preconditions": {"uid": "u-1"}}
    assert by_both.json == {"preconditions": {"uid": "u-1", "resourceVersion": "7"}}
    # If there is a body, the API server reads the options from it only.
    assert trial.json == {"preconditions": {"uid": "u-1"}, "dryRun": ["All"]}


def test_impersonation_is_sent(server: ScriptedServer) -> None:
    api = api_for(server.url, impersonate_user="alice", impersonate_groups=["dev", "ops"])
    server.on("GET", f"{CORE}/configmaps/one", Answer(body=OBJECT))
    api.get(CONFIGMAP, "team-a", "one")
    server.on("POST", f"{CORE}/configmaps", Answer(201, OBJECT))
    api.create(CONFIGMAP, "team-a", OBJECT, dry_run=False)
    assert len(server.requests) == 2
    for request in server.requests:
        assert request.header("Impersonate-User") == ["alice"]
        # The API server reads each group from its own header.
        assert request.header("Impersonate-Group") == ["dev", "ops"]
        assert request.header("Authorization") == [f"Bearer {TOKEN}"]


def test_basic_authentication_is_sent(server: ScriptedServer) -> None:
    api = api_for(server.url, api_key=None, username="alice", password="pässword")
    server.on("GET", f"{CORE}/configmaps/one", Answer(body=OBJECT))
    api.get(CONFIGMAP, "team-a", "one")
    assert only(server).header("Authorization") == ["Basic YWxpY2U6cMOkc3N3b3Jk"]


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": f"{TOKEN}\r\nX-Other: 1"},
        {"api_key": f"{TOKEN}\u0142"},
        {"impersonate_user": "alice\nX-Other: 1"},
        {"impersonate_groups": ["dev\n"]},
        {"api_key": None, "username": "\u0142", "password": TOKEN},
    ],
)
def test_credentials_that_fit_no_header_are_reported_without_them(
    server: ScriptedServer, options: dict[str, Any]
) -> None:
    server.on("GET", f"{CORE}/configmaps/one", Answer(body=OBJECT), forever=True)
    try:
        api_for(server.url, **options).get(CONFIGMAP, "team-a", "one")
    except CollectionError as error:
        assert TOKEN not in str(error)
    for request in server.requests:
        assert request.header("X-Other") == []


def test_a_redirect_is_not_followed_with_the_token(server: ScriptedServer, api: Api) -> None:
    server.on("GET", f"{CORE}/configmaps/one", Answer(302, headers=(("Location", "/elsewhere"),)))
    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        api.get(CONFIGMAP, "team-a", "one")
    assert len(server.requests) == 1


def test_one_connection_serves_several_requests(server: ScriptedServer, api: Api) -> None:
    server.on("GET", f"{CORE}/configmaps/one", Answer(body=OBJECT), forever=True)
    for _number in range(5):
        api.get(CONFIGMAP, "team-a", "one")
    assert len(server.requests) == 5


def test_a_url_may_have_a_path_and_a_slash_at_its_end(server: ScriptedServer) -> None:
    server.on("GET", f"/k8s/clusters/c-1{CORE}/configmaps/one", Answer(body=OBJECT))
    api = api_for(f"{server.url}/k8s/clusters/c-1/")
    assert api.get(CONFIGMAP, "team-a", "one") == OBJECT


def test_a_proxy_is_asked_for_the_whole_address(server: ScriptedServer) -> None:
    api = api_for("http://api.example.com", proxy=server.url)
    server.on("GET", f"http://api.example.com{CORE}/configmaps/one", Answer(body=OBJECT))
    assert api.get(CONFIGMAP, "team-a", "one") == OBJECT
    assert only(server).header("Authorization") == [f"Bearer {TOKEN}"]
