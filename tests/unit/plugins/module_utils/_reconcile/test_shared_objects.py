# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object that linked KDClusters share reaches one of them at a time, by way of a copy."""

from __future__ import annotations

import json

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    parse_connections,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.shared_objects import (
    copy_manifest,
    copy_name,
    kdclusters_to_repoint,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import Run
from tests.unit.plugins.module_utils._reconcile.test_executor import before_each_write, unsettled
from tests.unit.plugins.namespace_server import Namespace

SHARED = {"name": "shared", "type": "token", "string_data": {"key": "new"}}
NEXT = "shared.kd-next"
SECRETS = f"{CORE}/secrets"


@pytest.fixture
def linked(space: Namespace) -> Namespace:
    """A notebook with two engines, all of which name one Secret."""
    space.add_object("Secret", "shared", object_type="token", data={"key": encoded("old")})
    space.add_object("Secret", "other", object_type="token")
    for name in ("tf", "torch"):
        space.add_kdcluster(name, f"pod-{name}", secrets=["shared"])
    names = ["other", "shared", "more"]
    space.add_kdcluster("notebook", "pod-0", clusters=["tf", "torch"], secrets=names)
    return space


def named(space: Namespace, name: str) -> list[str]:
    """The Secrets that a KDCluster names."""
    return list(parse_connections(space.kdcluster(name)["spec"]).secrets)


def values(space: Namespace, name: str) -> list[str]:
    """What its members hold of the Secret or its copy."""
    found = [space.found.get(f"{SECRETS}/{one}") for one in named(space, name)]
    return [one["data"]["key"] for one in found if one and "key" in (one.get("data") or {})]


def test_no_two_linked_kdclusters_are_reached_at_once_and_none_is_without_it(
    linked: Namespace, run: Run, server: ScriptedServer
) -> None:
    wrong: list[str] = []
    steps: list[str] = []

    def look(request: Request) -> None:
        if unsettled(linked):
            wrong.append(f"{request.path} while {unsettled(linked)} were not settled")
        reached = [
            n
            for n in ("tf", "torch", "notebook")
            if request.path.split("/")[-1] in named(linked, n)
        ]
        if len(reached) > 1:
            wrong.append(f"{request.path} reaches {reached}")
        wrong.extend(f"{n} without" for n in ("tf", "torch", "notebook") if not values(linked, n))
        steps.append(f"{request.method} {request.path.split('/')[-1]}")

    before_each_write(server, look)
    result = run(kd_connection, secrets=[SHARED])
    assert "failed" not in result, result
    assert result["changed"] is True
    assert wrong == []
    # The copy is made anew, so what an earlier task may have left is deleted first.
    assert steps == [
        f"DELETE {NEXT}", "POST secrets", "PATCH torch", "PATCH notebook", "PATCH shared",
        "PATCH torch", "PATCH notebook", f"DELETE {NEXT}",
    ]  # fmt: skip
    assert f"{SECRETS}/{NEXT}" not in linked.found
    assert named(linked, "notebook") == ["other", "shared", "more"]
    assert [values(linked, name) for name in ("tf", "torch")] == [[encoded("new")]] * 2
    assert unsettled(linked) == []
    warned = json.dumps(result["warnings"])
    assert "by way of a copy, so that torch, notebook reconnect more often" in warned
    assert result["objects"][0]["action"] == "updated"


def test_what_no_linked_kdclusters_share_is_simply_written(space: Namespace, run: Run) -> None:
    space.add_object("Secret", "shared", object_type="token", data={"key": encoded("old")})
    for name in ("tf", "torch"):
        space.add_kdcluster(name, f"pod-{name}", secrets=["shared"])
    assert run(kd_connection, secrets=[SHARED])["changed"] is True
    assert [request.path for request in space.writes] == [f"{SECRETS}/shared"]


@pytest.mark.parametrize("stop_after", range(1, 8))
@pytest.mark.parametrize("kdclusters", [[], ["notebook", "tf", "torch"]])
def test_a_task_that_was_ended_half_way_is_finished_by_the_next(
    linked: Namespace, run: Run, server: ScriptedServer, stop_after: int, kdclusters: list[str]
) -> None:
    answer = server.otherwise
    assert answer is not None
    left = [stop_after]

    def answer_until(request: Request) -> Answer:
        if request.method != "GET" and "dryRun" not in request.query:
            left[0] -= 1
            if left[0] < 0:
                return status_answer(403, "Forbidden", "no more")
        return answer(request)

    server.otherwise = answer_until
    result = run(kd_connection, kdclusters=kdclusters, secrets=[SHARED])
    assert result["failed"] is True
    if stop_after > 2:
        assert f"Secret team-a/{NEXT}" in result["msg"] and "run again" in result["msg"]
    server.otherwise = answer
    result = run(kd_connection, kdclusters=kdclusters, secrets=[SHARED])
    assert "failed" not in result
    assert result["changed"] is (stop_after < 7)
    assert linked.found[f"{SECRETS}/shared"]["data"] == {"key": encoded("new")}
    assert named(linked, "notebook") == ["other", "shared", "more"]
    assert named(linked, "tf") == named(linked, "torch") == ["shared"]
    if stop_after < 7:
        # Only its very last write may leave the copy, which nobody names, until the next change.
        assert f"{SECRETS}/{NEXT}" not in linked.found
    assert run(kd_connection, kdclusters=kdclusters, secrets=[SHARED])["changed"] is False


def test_all_but_one_of_each_linked_group_are_moved() -> None:
    links = {"a": ("b", "c"), "b": ("d",), "x": ("y",), "z": ()}
    assert kdclusters_to_repoint(links, ["a", "b", "c", "x", "z"]) == ("c", "a")
    assert kdclusters_to_repoint(links, ["c", "d"]) == ("d",)
    assert kdclusters_to_repoint(links, ["z", "x"]) == ()


def test_the_copy_is_as_the_object_will_be() -> None:
    found: JsonObject = {
        "apiVersion": "v1", "kind": "ConfigMap", "binaryData": {"x": "eA=="}, "data": {"a": "1", "b": "2"},
        "metadata": {
            "name": "m", "namespace": "n", "uid": "u", "resourceVersion": "7", "labels": {"l": "1"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        },
    }  # fmt: skip
    patch = {"metadata": {"labels": {"t": "2"}}, "data": {"a": None, "c": "3"}}
    assert copy_manifest(found, "m", patch) == {
        "apiVersion": "v1", "kind": "ConfigMap", "binaryData": {"x": "eA=="}, "data": {"b": "2", "c": "3"},
        "metadata": {"name": "m.kd-next", "namespace": "n", "labels": {"l": "1", "t": "2"}},
    }  # fmt: skip


def test_the_copy_of_the_longest_name_is_still_a_name() -> None:
    assert len(copy_name("a" * 253)) == 253
    assert copy_name(f"{'a' * 244}.{'b' * 8}") == f"{'a' * 244}.kd-next"
