# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches: split anywhere, ended anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client import transport
from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    ApiError,
    ExpiredError,
    UnreachableError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.resources import (
    KDCLUSTER,
)
from tests.unit.plugins.api_server import Answer, ScriptedServer, status_answer
from tests.unit.plugins.clients import KDCLUSTERS, TOKEN
from tests.unit.plugins.manifests import JsonObject, kdcluster_manifest

EVENTS: list[JsonObject] = [
    {"type": "ADDED", "object": kdcluster_manifest("notebook", state="grün € 🙂")},
    {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "12"}}},
    {"type": "MODIFIED", "object": kdcluster_manifest("notebook", resource_version="13")},
]
STREAM = b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in EVENTS)


def watched(api: Api, seconds: int = 5) -> list[Any]:
    """All events of one watch from resourceVersion 11."""
    return list(api.watch(KDCLUSTER, "team-a", "11", seconds))


def pieces(stream: bytes, size: int) -> tuple[bytes, ...]:
    """The stream in pieces of a size that respects neither lines nor characters."""
    return tuple(stream[i : i + size] for i in range(0, len(stream), size))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 10_000])
def test_events_may_be_split_anywhere(server: ScriptedServer, api: Api, size: int) -> None:
    server.on("GET", KDCLUSTERS, Answer(chunks=pieces(STREAM, size)))
    assert watched(api) == EVENTS


def test_a_watch_continues_from_a_resource_version(server: ScriptedServer, api: Api) -> None:
    server.on("GET", KDCLUSTERS, Answer(chunks=(STREAM,)))
    watched(api, seconds=7)
    assert server.requests[0].query == {
        "watch": ["1"],
        "resourceVersion": ["11"],
        "timeoutSeconds": ["7"],
        "allowWatchBookmarks": ["true"],
    }
    assert server.requests[0].header("Authorization") == [f"Bearer {TOKEN}"]


def test_a_watch_without_events_ends(server: ScriptedServer, api: Api) -> None:
    server.on("GET", KDCLUSTERS, Answer(chunks=()), Answer(chunks=(b"\n", b"\n\n")))
    assert watched(api) == []
    assert watched(api) == []


def test_a_connection_that_breaks_in_an_event_yields_the_complete_ones_first(
    server: ScriptedServer, api: Api
) -> None:
    server.on("GET", KDCLUSTERS, Answer(chunks=pieces(STREAM, 40)[:-1], cut=True))
    events = api.watch(KDCLUSTER, "team-a", "11", 5)
    assert next(events) == EVENTS[0]
    assert next(events) == EVENTS[1]
    with pytest.raises(UnreachableError) as caught:
        next(events)
    assert TOKEN not in str(caught.value)


def test_half_an_event_at_the_end_of_a_watch_is_ignored(server: ScriptedServer, api: Api) -> None:
    server.on("GET", KDCLUSTERS, Answer(chunks=(STREAM[:-20],)))
    assert watched(api) == EVENTS[:2]


def test_410_as_an_event_means_list_again(server: ScriptedServer, api: Api) -> None:
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    error = json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"
    server.on("GET", KDCLUSTERS, Answer(chunks=(STREAM + error,)))
    with pytest.raises(ExpiredError) as caught:
        watched(api)
    assert caught.value.status == 410


def test_410_as_an_answer_means_list_again(server: ScriptedServer, api: Api) -> None:
    server.on("GET", KDCLUSTERS, status_answer(410, "Expired", "too old"))
    with pytest.raises(ExpiredError):
        watched(api)


def test_403_names_the_verb_watch(server: ScriptedServer, api: Api) -> None:
    server.on("GET", KDCLUSTERS, status_answer(403, "Forbidden", "no"))
    with pytest.raises(ApiError, match=r"'watch'.*'kubedirectorclusters'") as caught:
        watched(api)
    assert caught.value.status == 403
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "line", [b"<html>", b"{", b"7", b"null", b"[]", b'{"type":"ADDED"}', b"{}"]
)
def test_a_line_that_is_not_an_event_is_an_error(
    server: ScriptedServer, api: Api, line: bytes
) -> None:
    server.on("GET", KDCLUSTERS, Answer(chunks=(line + b"\n",)))
    with pytest.raises(UnreachableError) as caught:
        watched(api)
    assert server.url in str(caught.value)


def test_an_event_over_the_limit_is_an_error(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 100)
    server.on("GET", KDCLUSTERS, Answer(chunks=(b"x" * 60, b"x" * 60)))
    with pytest.raises(UnreachableError):
        watched(api)


def test_a_watch_that_is_left_early_frees_its_connection(server: ScriptedServer, api: Api) -> None:
    server.on("GET", KDCLUSTERS, Answer(chunks=(STREAM,)), Answer(chunks=(STREAM,)))
    events = api.watch(KDCLUSTER, "team-a", "11", 5)
    assert next(events) == EVENTS[0]
    events.close()  # type: ignore[attr-defined]
    assert watched(api) == EVENTS
