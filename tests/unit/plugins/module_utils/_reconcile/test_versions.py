# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With `versioned`, an object is written under its name and a hash of its content, and connected in its place."""

from __future__ import annotations

import re

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    parse_connections,
)
from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_connection,
    kd_connections,
)
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import NOTEBOOK, Run, returned
from tests.unit.plugins.module_utils._reconcile.test_executor import before_each_write, unsettled
from tests.unit.plugins.namespace_server import STATUS, Namespace

SECRETS = f"{CORE}/secrets"


def login(value: str) -> JsonObject:
    """An entry of `secrets`."""
    return {"name": "login", "type": "token", "string_data": {"key": value}, "versioned": True}


def secrets_of(space: Namespace, name: str = "notebook") -> list[str]:
    """The Secrets that a KDCluster names."""
    return list(parse_connections(space.kdcluster(name)["spec"]).secrets)


def stored(space: Namespace) -> list[str]:
    """The Secrets that exist."""
    return [path.split("/")[-1] for path in space.objects if path.startswith(f"{SECRETS}/")]


def connect(run: Run, *values: str, **options: object) -> JsonObject:
    """Connect a version to notebook."""
    result = run(
        kd_connection, **{**NOTEBOOK, "secrets": [login(one) for one in values], **options}
    )
    assert "failed" not in result, result
    return returned(result, kd_connection.RETURN)


def test_a_change_is_a_new_object_and_the_old_one_is_deleted(space: Namespace, run: Run) -> None:
    first = connect(run, "old")["objects"][0]
    assert (first["name"], first["action"]) == ("login", "created")
    assert re.fullmatch("login-[0-9a-f]{10}", first["versioned_name"])
    assert secrets_of(space) == [first["versioned_name"]]
    found = space.objects[f"{SECRETS}/{first['versioned_name']}"]
    assert found["immutable"] is True
    assert found["metadata"]["annotations"] == {"kubedirector.connections/version-of": "login"}
    writes = len(space.writes)
    assert connect(run, "old")["changed"] is False
    assert len(space.writes) == writes
    generation = space.kdcluster("notebook")["status"]["specGenerationToProcess"]
    by_action = {one["action"]: one for one in connect(run, "new")["objects"]}
    assert set(by_action) == {"created", "deleted"}
    assert {one["name"] for one in by_action.values()} == {"login"}
    assert by_action["deleted"]["versioned_name"] == first["versioned_name"]
    assert secrets_of(space) == stored(space) == [by_action["created"]["versioned_name"]]
    assert space.kdcluster("notebook")["status"]["specGenerationToProcess"] == generation + 1
    assert connect(run, "new")["changed"] is False


def test_several_changed_objects_are_one_change_of_the_kdcluster(
    space: Namespace, run: Run
) -> None:
    def entries(value: str) -> list[JsonObject]:
        return [{**login(value), "name": name} for name in ("a", "b", "c")]

    connect(run, secrets=entries("old"))
    generation = space.kdcluster("notebook")["status"]["specGenerationToProcess"]
    before = secrets_of(space)
    connect(run, secrets=entries("new"))
    assert space.kdcluster("notebook")["status"]["specGenerationToProcess"] == generation + 1
    after = secrets_of(space)
    assert [name.rsplit("-", 1)[0] for name in after] == ["a", "b", "c"]
    assert not set(after) & set(before)
    assert sorted(stored(space)) == after


def test_every_kdcluster_that_names_it_is_repointed_linked_ones_one_by_one(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    for name in ("engine", "notebook"):
        connect(run, "old", kdcluster=[name])
    connect(run, secrets=[], clusters=["engine"])
    wrong: list[object] = []
    # No KDCluster names a deleted object.
    before_each_write(
        server, lambda r: wrong.extend(unsettled(space) if r.method != "DELETE" else ())
    )
    # The task does not name any of them.
    result = connect(run, "new", kdcluster=[])
    assert wrong == []
    assert [(one["name"], one["action"]) for one in result["kdclusters"]] == [
        ("engine", "updated"),
        ("notebook", "updated"),
    ]
    assert secrets_of(space) == secrets_of(space, "engine") == stored(space)
    assert unsettled(space) == []
    assert not [one for one in space.writes if "kd-" in one.path]


@pytest.mark.parametrize("listed", [False, True])
def test_a_kdcluster_that_is_only_repointed_can_fail_the_task(
    space: Namespace, run: Run, listed: bool
) -> None:
    connect(run, "old", kdcluster=["notebook", "engine"])
    space.files["pod-e", STATUS] = b"containerd://abc=3\n"
    entry = {**NOTEBOOK, "secrets": [login("new")]}
    if listed:
        result = run(kd_connections, connections=[entry], on_reconnect_failure="fail")
    else:
        result = run(kd_connection, **entry, on_reconnect_failure="fail")
    assert result["failed"] is True
    assert "pod-e" in result["msg"] and "exit code 3" in result["msg"]


def test_an_object_with_the_plain_name_is_repointed_too_and_stays(
    space: Namespace, run: Run
) -> None:
    space.add_object("Secret", "login", object_type="token", data={"key": encoded("old")})
    space.objects[f"{SECRETS}/login"]["immutable"] = True
    space.add_kdcluster("notebook", "pod-0", secrets=["a", "login", "b"])
    connect(run, "new")
    first, version, last = secrets_of(space)
    assert (first, last) == ("a", "b")
    assert sorted(stored(space)) == ["login", version]


@pytest.mark.parametrize("delete", [True, False])
def test_the_plain_name_disconnects_whichever_version_is_connected(
    space: Namespace, run: Run, delete: bool
) -> None:
    connect(run, "old", kdcluster=["notebook", "engine"])
    absent: JsonObject = {
        "secrets": [{"name": "login"}],
        "state": "absent",
        "delete_objects": delete,
    }
    if delete:
        refused = run(kd_connection, **NOTEBOOK, **absent)
        assert (
            refused["failed"] is True and "KDCluster team-a/engine still names it" in refused["msg"]
        )
    result = run(kd_connection, kdcluster=["notebook", "engine"], **absent)
    assert "failed" not in result, result
    assert secrets_of(space) == secrets_of(space, "engine") == []
    assert bool(stored(space)) is not delete


def test_an_object_that_only_looks_like_a_version_is_not_changed(
    space: Namespace, run: Run
) -> None:
    name = "login-0123456789"
    space.add_object("Secret", name, object_type="token", data={"key": encoded("theirs")})
    space.add_kdcluster("notebook", "pod-0", secrets=[name])
    connect(run, "new")
    version = next(one for one in stored(space) if one != name)
    assert secrets_of(space) == [name, version]
    connect(run, state="absent", secrets=[{"name": "login"}], delete_objects=True)
    assert secrets_of(space) == stored(space) == [name]


def test_a_users_own_object_with_the_versions_name_is_not_used(space: Namespace, run: Run) -> None:
    version = connect(run, "old")["objects"][0]["versioned_name"]
    del space.objects[f"{SECRETS}/{version}"]["metadata"]["annotations"]
    result = run(kd_connection, **NOTEBOOK, secrets=[login("old")])
    assert result["failed"] is True and "is not a version of login" in result["msg"]


@pytest.mark.parametrize("stop_after", [1, 2])
def test_the_next_task_finishes_an_interrupted_one(
    space: Namespace, run: Run, server: ScriptedServer, stop_after: int
) -> None:
    connect(run, "old")
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
    assert run(kd_connection, **NOTEBOOK, secrets=[login("new")])["failed"] is True
    assert len(stored(space)) == 2
    server.otherwise = answer
    assert connect(run, "new")["changed"] is True
    assert secrets_of(space) == stored(space)
    assert connect(run, "new")["changed"] is False


def test_another_version_that_is_connected_meanwhile_is_replaced(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    connect(run, "old")
    between = "login-aaaaaaaaaa"
    done: list[str] = []

    def edit(request: Request) -> None:
        if request.path == f"{KDCLUSTERS}/notebook" and not done:
            done.append(between)
            space.add_object(
                "Secret", between, object_type="token",
                annotations={"kubedirector.connections/version-of": "login"},
            )  # fmt: skip
            space.kdcluster("notebook")["spec"]["connections"]["secrets"] = [between]

    before_each_write(server, edit)
    connect(run, "new")
    (version,) = secrets_of(space)
    assert version != between


def test_versioned_needs_data_and_room_for_the_hash(space: Namespace, run: Run) -> None:
    result = run(kd_connection, **NOTEBOOK, secrets=[{"name": "login", "versioned": True}])
    assert result["failed"] is True and "versioned needs data" in result["msg"]
    result = run(kd_connection, **NOTEBOOK, secrets=[{**login("x"), "name": "a" * 250}])
    assert result["failed"] is True and "at most 242 characters" in result["msg"]
