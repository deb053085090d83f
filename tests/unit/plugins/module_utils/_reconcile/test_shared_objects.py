# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object that linked KDClusters share reaches one of them at a time, through a copy."""

from __future__ import annotations

import copy
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
from tests.unit.plugins.module_runs import NOTEBOOK, Run
from tests.unit.plugins.module_utils._reconcile.test_executor import before_each_write, unsettled
from tests.unit.plugins.namespace_server import LEASES, Namespace

SHARED = {"name": "shared", "type": "token", "string_data": {"key": "new"}}
NEXT = copy_name("shared")
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
    """The values that its members hold of the Secret or its copy."""
    found = [space.objects.get(f"{SECRETS}/{one}") for one in named(space, name)]
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
    assert steps == [
        "POST secrets", "PATCH torch", "PATCH notebook", "PATCH shared",
        "PATCH torch", "PATCH notebook", f"DELETE {NEXT}",
    ]  # fmt: skip
    assert f"{SECRETS}/{NEXT}" not in linked.objects
    assert named(linked, "notebook") == ["other", "shared", "more"]
    assert [values(linked, name) for name in ("tf", "torch")] == [[encoded("new")]] * 2
    assert unsettled(linked) == []
    warned = json.dumps(result["warnings"])
    assert "by way of a copy, so that these reconnect more often: torch, notebook." in warned
    assert result["objects"][0]["action"] == "updated"


def test_an_object_that_no_linked_kdclusters_share_is_written_directly(
    space: Namespace, run: Run
) -> None:
    space.add_object("Secret", "shared", object_type="token", data={"key": encoded("old")})
    for name in ("tf", "torch"):
        space.add_kdcluster(name, f"pod-{name}", secrets=["shared"])
    assert run(kd_connection, secrets=[SHARED])["changed"] is True
    assert [request.path for request in space.writes] == [f"{SECRETS}/shared"]


@pytest.mark.parametrize("stop_after", range(7))
@pytest.mark.parametrize("kdclusters", [[], ["notebook", "tf", "torch"]])
def test_the_next_task_finishes_an_interrupted_one(
    linked: Namespace, run: Run, server: ScriptedServer, stop_after: int, kdclusters: list[str]
) -> None:
    answer = server.otherwise
    assert answer is not None
    left = [stop_after]

    def answer_until(request: Request) -> Answer:
        lease = request.path.startswith(LEASES)
        if request.method != "GET" and "dryRun" not in request.query and not lease:
            left[0] -= 1
            if left[0] < 0:
                return status_answer(403, "Forbidden", "no more")
        return answer(request)

    server.otherwise = answer_until
    result = run(kd_connection, kdclusters=kdclusters, secrets=[SHARED])
    assert result["failed"] is True
    if stop_after > 1:
        assert f"Secret team-a/{NEXT}" in result["msg"] and "run again" in result["msg"]
    server.otherwise = answer
    result = run(kd_connection, kdclusters=kdclusters, secrets=[SHARED])
    assert "failed" not in result
    assert result["changed"] is (stop_after < 6)
    assert linked.objects[f"{SECRETS}/shared"]["data"] == {"key": encoded("new")}
    assert named(linked, "notebook") == ["other", "shared", "more"]
    assert named(linked, "tf") == named(linked, "torch") == ["shared"]
    if stop_after < 6:
        # Only the last write may leave the copy, which no KDCluster names, until the next change.
        assert f"{SECRETS}/{NEXT}" not in linked.objects
    assert run(kd_connection, kdclusters=kdclusters, secrets=[SHARED])["changed"] is False


def test_all_but_one_of_each_linked_group_are_repointed() -> None:
    links = {"a": ("b", "c"), "b": ("d",), "x": ("y",), "z": ()}
    assert kdclusters_to_repoint(links, ["a", "b", "c", "x", "z"]) == ("b", "a")
    assert kdclusters_to_repoint(links, ["c", "d"]) == ("d",)
    assert kdclusters_to_repoint(links, ["z", "x"]) == ()


def test_the_copy_equals_the_future_object() -> None:
    found: JsonObject = {
        "apiVersion": "v1", "kind": "ConfigMap", "binaryData": {"x": "eA=="}, "data": {"a": "1", "b": "2"},
        "immutable": True,
        "metadata": {
            "name": "m", "namespace": "n", "uid": "u", "resourceVersion": "7",
            "labels": {
                "l": "1", "app.kubernetes.io/managed-by": "Helm", "argocd.argoproj.io/instance": "team-a",
                "kubedirector.hpe.com/cmType": "old",
            },
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
                "replicator.v1.mittwald.de/replicate-to": "team-b",
            },
        },
    }  # fmt: skip
    patch = {
        "metadata": {"labels": {"kubedirector.hpe.com/cmType": "new", "t": "2"}},
        "data": {"a": None, "c": "3"},
    }
    assert copy_manifest(found, "m", patch) == {
        "apiVersion": "v1", "kind": "ConfigMap", "binaryData": {"x": "eA=="}, "data": {"b": "2", "c": "3"},
        "metadata": {
            "name": copy_name("m"), "namespace": "n",
            "labels": {
                "kubedirector.hpe.com/cmType": "new", "app.kubernetes.io/managed-by": "kubedirector.connections",
            },
            "annotations": {"kubedirector.connections/copy-of": "u"},
        },
    }  # fmt: skip


def test_the_copies_of_the_longest_names_have_different_names() -> None:
    names = [f"{'a' * 245}{one}" for one in ("", "b", "c", "bbbbbbbb")]
    copies = {copy_name(name) for name in names}
    assert len(copies) == len(names)
    assert all(len(copy) <= 253 for copy in copies)
    assert copy_name(f"{'a' * 238}.{'b' * 8}").startswith(f"{'a' * 238}.kd-")


def theirs(space: Namespace) -> JsonObject:
    """Add a user's own Secret with the name of the copy."""
    space.add_object("Secret", NEXT, object_type="token", data={"key": encoded("theirs")})
    return copy.deepcopy(space.objects[f"{SECRETS}/{NEXT}"])


@pytest.mark.parametrize("check", [True, False])
def test_a_users_own_object_with_the_copys_name_is_neither_used_nor_deleted(
    linked: Namespace, run: Run, check: bool
) -> None:
    before = theirs(linked)
    result = run(kd_connection, check, secrets=[SHARED])
    assert result["failed"] is True
    assert f"Secret team-a/{NEXT}" in result["msg"] and "Rename it" in result["msg"]
    assert linked.writes == []
    assert linked.objects[f"{SECRETS}/{NEXT}"] == before


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_users_own_object_with_the_copys_name_stays_connected(
    space: Namespace, run: Run, state: str
) -> None:
    space.add_object("Secret", "shared", object_type="token", data={"key": encoded("new")})
    before = theirs(space)
    space.add_kdcluster("notebook", "pod-0", secrets=["shared", NEXT])
    options = {"delete_objects": True} if state == "absent" else {}
    result = run(kd_connection, **NOTEBOOK, secrets=[{"name": "shared"}], state=state, **options)
    assert "failed" not in result, result
    assert named(space, "notebook") == (["shared", NEXT] if state == "present" else [NEXT])
    assert space.objects[f"{SECRETS}/{NEXT}"] == before


def left_copy(space: Namespace, uid: str = "uid-shared") -> None:
    """Leave a copy as a task that was killed does."""
    space.add_object(
        "Secret", NEXT, object_type="token", data={"key": encoded("new")},
        labels={"app.kubernetes.io/managed-by": "kubedirector.connections"},
        annotations={"kubedirector.connections/copy-of": uid},
    )  # fmt: skip


def test_a_copy_of_another_original_is_not_ours(linked: Namespace, run: Run) -> None:
    left_copy(linked, uid="uid-of-another")
    result = run(kd_connection, secrets=[SHARED])
    assert result["failed"] is True and "Rename it" in result["msg"]
    assert linked.writes == []


def test_a_left_over_copy_is_deleted_with_its_object(space: Namespace, run: Run) -> None:
    space.add_object("Secret", "shared", object_type="token")
    left_copy(space)
    space.add_kdcluster("notebook", "pod-0", secrets=[NEXT])
    absent = {"secrets": [{"name": "shared"}], "state": "absent", "delete_objects": True}
    refused = run(kd_connection, **absent)
    assert (
        refused["failed"] is True and "KDCluster team-a/notebook still names it" in refused["msg"]
    )
    result = run(kd_connection, **NOTEBOOK, **absent)
    assert "failed" not in result, result
    assert named(space, "notebook") == []
    assert not [path for path in space.objects if path.startswith(f"{SECRETS}/shared")]
    assert [(o["name"], o["action"]) for o in result["objects"]] == [
        ("shared", "deleted"),
        (NEXT, "deleted"),
    ]
    assert run(kd_connection, **NOTEBOOK, **absent)["changed"] is False


def test_a_refusal_of_the_original_is_known_before_any_copy(linked: Namespace, run: Run) -> None:
    linked.objects[f"{SECRETS}/shared"]["immutable"] = True
    result = run(kd_connection, secrets=[SHARED])
    assert result["failed"] is True and "is immutable" in result["msg"]
    assert (result["changed"], linked.writes) == (False, [])


def test_what_the_api_server_refuses_is_known_before_any_copy(
    linked: Namespace, run: Run, server: ScriptedServer
) -> None:
    refusal = status_answer(422, "Invalid", "denied by the site's policy")
    server.on("PATCH", f"{SECRETS}/shared", refusal)
    result = run(kd_connection, secrets=[SHARED])
    assert result["failed"] is True and "denied by the site's policy" in result["msg"]
    assert (result["changed"], linked.writes) == (False, [])


def test_a_name_that_is_connected_twice_is_not_changed(space: Namespace, run: Run) -> None:
    space.add_object("Secret", "new", object_type="token")
    space.add_kdcluster("notebook", "pod-0", secrets=["a", "b", "a"])
    assert run(kd_connection, **NOTEBOOK, configmaps=[{"name": "model"}])["changed"] is True
    assert named(space, "notebook") == ["a", "b", "a"]
    run(kd_connection, **NOTEBOOK, secrets=[{"name": "new"}])
    assert named(space, "notebook") == ["a", "b", "a", "new"]
