# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old values during a rotation, and how the next task handles one that was killed."""

from __future__ import annotations

import base64
import copy
import json
import time
from collections.abc import Callable

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate import (
    keeper,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_rotate
from tests.harness.canaries import canary
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import Run
from tests.unit.plugins.namespace_server import CONFIGMETA, LEASES, Namespace
from tests.unit.plugins.rotation_runs import (
    KEPT,
    MODIFIED,
    NEW,
    OLD,
    PATH,
    ROTATE,
    Members,
    patches,
    refused,
    rotated,
    values,
    writes,
)

OTHER = canary("other")
RESTORE: JsonObject = {"secret": "token", "state": "restored", "wait_timeout": 30}


pytestmark = pytest.mark.usefixtures("quick")


def kept_values(space: Namespace) -> JsonObject | None:
    """The old values as kubectl shows them; None if none are kept."""
    found = space.objects.get(KEPT)
    if found is None:
        return None
    data = {key: base64.b64decode(value).decode() for key, value in found["data"].items()}
    del data["kd-rotate.json"]
    return data


def states_of_a_rotation(
    space: Namespace, server: ScriptedServer, run: Run
) -> list[dict[str, JsonObject]]:
    """Run the rotation; return the objects after each of its writes."""
    states: list[dict[str, JsonObject]] = []

    def answer(request: Request) -> Answer:
        before = len(space.writes)
        given = space._answer(request)
        if len(space.writes) > before:
            states.append(copy.deepcopy(space.objects))
        return given

    server.otherwise = answer
    run(kd_rotate, **ROTATE)
    server.otherwise = space._answer
    return states


@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.parametrize("linked", [False, True])
def test_another_run_finishes_a_rotation_that_was_killed_at_any_write(
    space: Namespace,
    members: Members,
    run: Run,
    server: ScriptedServer,
    refuses: bool,
    linked: bool,
) -> None:
    """All members get the new or all the old values, and the old ones are kept until then."""
    if linked:
        notebook = space.kdcluster("notebook")
        notebook["spec"]["connections"]["clusters"] = ["lab"]
        # Each has its own object, which must be read although the KDCluster names the copy.
        for found in (notebook, space.kdcluster("lab")):
            own = f"own-{found['metadata']['name']}"
            space.add_object("ConfigMap", own, object_type="model", data={"a": "1"})
            found["spec"]["connections"]["configmaps"] = [own]
            found["status"]["lastConnectionHash"] = space.hash_of(found)
    members.exit_code = lambda value: 3 if refuses and value == NEW else 0
    start = copy.deepcopy(space.objects)
    states = states_of_a_rotation(space, server, run)
    assert len(states) >= 3
    for number, state in enumerate(states):
        space.objects = copy.deepcopy(state)
        space.writes.clear()
        old = {"token": OLD, "user": "team-a"}
        kept = kept_values(space)
        assert kept == old or (kept is None and values(space) in (old, {**old, "token": NEW}))
        result = rotated(run(kd_rotate, **ROTATE))
        assert result.get("failed", False) is refuses, (number, result)
        assert values(space)["token"] == (OLD if refuses else NEW), number
        for name in ("lab", "notebook"):
            found = space.kdcluster(name)
            assert found["spec"]["connections"]["secrets"] == ["token"]
            assert found["status"]["lastConnectionHash"] == space.hash_of(found)
        if kept is not None:
            assert result["earlier_rotation"] == ("restored" if refuses else "finished")
            assert "did not end" in str(result["warnings"])
        assert result["kept_in"] is None and result["rolled_back"] is refuses
        assert {path for path in space.objects if not path.startswith(LEASES)} == set(start)


def test_old_values_are_kept_before_the_write_and_removed_at_the_end(
    space: Namespace, members: Members, run: Run
) -> None:
    rotated(run(kd_rotate, **ROTATE))
    create, *between, delete = space.writes
    assert [request.path for request in between] == [PATH]
    assert (create.method, delete.method, delete.path) == ("POST", "DELETE", KEPT)
    manifest = create.json
    assert manifest["kind"] == "Secret"
    assert manifest["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "kubedirector.connections",
        "kubedirector.connections/keeps": "old-values",
    }
    assert manifest["metadata"]["annotations"] == {
        "kubedirector.connections/old-values-of": "Secret/token"
    }
    assert {"token": encoded(OLD), "user": encoded("team-a")}.items() <= manifest["data"].items()
    # Neither the new value nor a digest of it alone.
    assert NEW not in base64.b64decode(manifest["data"]["kd-rotate.json"]).decode()


def test_a_long_name_has_its_own_record(space: Namespace, members: Members, run: Run) -> None:
    for name in ("a" * 252 + "1", "a" * 252 + "2"):
        data = {"token": encoded(OLD)}
        space.add_object("Secret", name, object_type="source-control", data=data)
        space.add_kdcluster(f"of-{name[-1]}", secrets=[name])
        result = run(kd_rotate, secret=name, string_data={"token": NEW})
        assert "failed" not in result, result["msg"]
    names = {r.json["metadata"]["name"] for r in space.writes if r.method == "POST"}
    assert len(names) == 2 and max(map(len, names)) < 64


def killed(space: Namespace, server: ScriptedServer, run: Run) -> None:
    """A task was killed after it wrote the new value."""
    space.objects = states_of_a_rotation(space, server, run)[1]
    space.writes.clear()
    assert values(space)["token"] == NEW
    assert kept_values(space) == {"token": OLD, "user": "team-a"}


def test_restored_restores_the_old_values(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    killed(space, server, run)
    tried = rotated(run(kd_rotate, check=True, **RESTORE))
    assert (tried["changed"], tried["object"]["changed_keys"]) == (True, ["token"])
    assert tried["kept_in"] == KEPT.rpartition("/")[2]
    assert space.writes == []
    result = rotated(run(kd_rotate, **RESTORE))
    assert "failed" not in result, result["msg"]
    assert (result["changed"], result["rolled_back"]) == (True, True)
    assert (result["earlier_rotation"], result["kept_in"]) == ("restored", None)
    assert result["object"]["action"] == "updated"
    assert result["object"]["changed_keys"] == ["token"]
    assert values(space) == {"token": OLD, "user": "team-a"} and kept_values(space) is None
    again = rotated(run(kd_rotate, **RESTORE))
    assert "No old values of Secret team-a/token are kept" in again["msg"]


def test_restored_fails_if_the_start_script_refuses_the_old_values(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    killed(space, server, run)
    members.exit_code = lambda value: 4
    result = rotated(run(kd_rotate, **RESTORE))
    assert "But with the old values, too: " in result["msg"] and "exit code 4" in result["msg"]
    assert result["rolled_back"] is True and values(space)["token"] == OLD


@pytest.mark.parametrize("refuses", [False, True])
def test_other_values_replace_those_of_a_killed_task(
    space: Namespace, members: Members, run: Run, server: ScriptedServer, refuses: bool
) -> None:
    killed(space, server, run)
    members.exit_code = lambda value: 3 if refuses and value == OTHER else 0
    result = rotated(run(kd_rotate, **{**ROTATE, "string_data": {"token": OTHER}}))
    assert result.get("failed", False) is refuses
    assert "sets other values" in str(result["warnings"])
    assert result["earlier_rotation"] == ("restored" if refuses else "replaced")
    assert values(space)["token"] == (OLD if refuses else OTHER)
    assert kept_values(space) is None


def test_other_values_remove_a_key_that_the_killed_task_added(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    added = {**ROTATE, "string_data": {"token": NEW, "extra": NEW}, "new_keys": True}
    states: list[dict[str, JsonObject]] = []

    def answer(request: Request) -> Answer:
        given = space._answer(request)
        if request.path == PATH and request.method == "PATCH":
            states.append(copy.deepcopy(space.objects))
        return given

    server.otherwise = answer
    rotated(run(kd_rotate, **added))
    space.objects = states[-1]
    result = rotated(run(kd_rotate, **{**ROTATE, "string_data": {"token": OTHER}}))
    assert "failed" not in result, result["msg"]
    assert values(space) == {"token": OTHER, "user": "team-a"}
    assert result["object"]["changed_keys"] == ["extra", "token"]


def test_an_object_that_others_changed_since_is_left_to_the_user(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    killed(space, server, run)
    space.objects[PATH]["data"]["token"] = encoded(MODIFIED)
    space.objects[PATH]["metadata"]["resourceVersion"] = "9999"
    result = rotated(run(kd_rotate, **ROTATE))
    assert "others changed the object since. Nothing was written." in result["msg"]
    name = KEPT.rpartition("/")[2]
    assert "-e rotate_state=restored" in result["msg"]
    assert f"kubectl delete secret {name} -n team-a" in result["msg"]
    assert (result["kept_in"], result["earlier_rotation"]) == (name, "unfinished")
    assert space.writes == [] and values(space)["token"] == MODIFIED
    done = rotated(run(kd_rotate, **RESTORE))
    assert "overwrites" in str(done["warnings"])
    assert values(space)["token"] == OLD and kept_values(space) is None


def test_a_deleted_object_keeps_its_old_values(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    killed(space, server, run)
    del space.objects[PATH]
    for options in (ROTATE, RESTORE):
        result = rotated(run(kd_rotate, **options))
        assert "does not exist" in result["msg"] and "keeps the old values" in result["msg"]
    assert kept_values(space) == {"token": OLD, "user": "team-a"}


@pytest.mark.parametrize("when", ["before the write", "after the write"])
def test_an_annotation_of_others_is_not_a_change(
    space: Namespace, members: Members, run: Run, server: ScriptedServer, when: str
) -> None:
    """It changes the object's resourceVersion, but not its data and type label."""
    done: list[bool] = []

    def annotate() -> None:
        if not done:
            metadata = space.objects[PATH]["metadata"]
            metadata["annotations"] = {"example.com/seen": "yes"}
            metadata["resourceVersion"] = "7777"
            done.append(True)

    def step(request: Request) -> Answer:
        if when == "before the write":
            annotate()
            return space._write(request)
        answer = space._write(request)
        annotate()
        return answer

    members.exit_code = lambda value: 3 if value == NEW and when == "after the write" else 0
    patches(server, space, PATH, step)
    result = rotated(run(kd_rotate, **ROTATE))
    assert done
    if when == "before the write":
        assert "failed" not in result, result["msg"]
        assert values(space)["token"] == NEW
    else:
        assert result["rolled_back"] is True, result["msg"]
        assert values(space)["token"] == OLD
    assert space.objects[PATH]["metadata"]["annotations"] == {"example.com/seen": "yes"}


def test_a_type_label_that_others_removed_is_a_change(
    space: Namespace, members: Members, run: Run
) -> None:
    def exit_code(value: str) -> int:
        if value != NEW:
            return 0
        space.objects[PATH]["metadata"].update(labels={}, resourceVersion="9999")
        return 3

    members.exit_code = exit_code
    result = rotated(run(kd_rotate, **ROTATE))
    assert "Secret team-a/token carries no type label" in result["msg"]
    assert "-e rotate_state=restored" in result["msg"]
    assert kept_values(space) == {"token": OLD, "user": "team-a"}
    assert len(writes(space)) == 1


def test_a_failed_rollback_keeps_the_old_values(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    members.exit_code = lambda value: 3
    patches(server, space, PATH, space._write, refused(401, "Unauthorized", "expired"))
    result = rotated(run(kd_rotate, **ROTATE))
    assert "The rollback failed" in result["msg"]
    assert result["kept_in"] == KEPT.rpartition("/")[2]
    assert kept_values(space) == {"token": OLD, "user": "team-a"}
    members.exit_code = lambda value: 0
    done = rotated(run(kd_rotate, **RESTORE))
    assert done["rolled_back"] is True and values(space)["token"] == OLD


def test_old_values_that_cannot_be_removed_give_a_warning(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    def answer(request: Request) -> Answer:
        if request.method == "DELETE" and "dryRun" not in request.query:
            return status_answer(403, "Forbidden", "not any more")
        return space._answer(request)

    server.otherwise = answer
    result = rotated(run(kd_rotate, **ROTATE))
    assert "failed" not in result
    assert result["kept_in"] == KEPT.rpartition("/")[2]
    assert "still keeps old values of Secret team-a/token" in str(result["warnings"])


@pytest.mark.parametrize(
    "lost", [Answer(0), status_answer(503, "ServiceUnavailable", "later")], ids=["cut", "refused"]
)
def test_other_tasks_see_that_this_one_works_although_an_answer_got_lost(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch, lost: Answer,
) -> None:  # fmt: skip
    monkeypatch.setattr(keeper, "BEAT_SECONDS", 0.01)
    written: list[int] = []

    def answer(request: Request) -> Answer:
        if request.path.endswith("/exec") and written[1:].count(200) < 3:
            # The start script runs until then.
            space.running = ["yes"]
        found = space._answer(request)
        if (request.method, request.path) == ("PATCH", KEPT) and "dryRun" not in request.query:
            written.append(found.status)
            if len(written) == 1:
                return lost
        return found

    server.otherwise = answer
    result = rotated(run(kd_rotate, **ROTATE))
    assert "failed" not in result, result["msg"]
    assert (result["kept_in"], result.get("warnings", [])) == (None, [])
    assert KEPT not in space.objects


def test_a_task_waits_for_another_rotation_then_fails(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    killed(space, server, run)
    monkeypatch.setattr(keeper, "TAKEOVER_SECONDS", 1.0)
    monkeypatch.setattr(keeper, "_LOOK_SECONDS", 0.1)

    def beating(request: Request) -> Answer:
        if (request.method, request.path) == ("GET", KEPT):
            kept = space.objects[KEPT]
            fields = json.loads(base64.b64decode(kept["data"]["kd-rotate.json"]))
            fields["beat"] += 1
            kept["data"]["kd-rotate.json"] = encoded(json.dumps(fields))
        return space._answer(request)

    server.otherwise = beating
    started = time.monotonic()
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 2}))
    assert "Another task rotates Secret team-a/token" in result["msg"]
    assert time.monotonic() - started >= 2
    assert space.writes == []


def test_a_task_begins_when_the_other_rotation_ends(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    killed(space, server, run)
    monkeypatch.setattr(keeper, "TAKEOVER_SECONDS", 30.0)
    monkeypatch.setattr(keeper, "_LOOK_SECONDS", 0.1)
    looks: list[Request] = []

    def ending(request: Request) -> Answer:
        if (request.method, request.path) == ("GET", KEPT):
            looks.append(request)
            if len(looks) == 3:
                del space.objects[KEPT]
        return space._answer(request)

    server.otherwise = ending
    result = rotated(run(kd_rotate, **{**ROTATE, "string_data": {"token": OTHER}}))
    assert "failed" not in result, result["msg"]
    assert result["earlier_rotation"] is None
    assert values(space)["token"] == OTHER


def test_of_two_tasks_that_begin_at_once_the_second_writes_nothing(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    path = f"{CORE}/secrets"
    server.on("POST", path, status_answer(409, "AlreadyExists", "it exists"))
    result = rotated(run(kd_rotate, **ROTATE))
    assert "Another task rotates Secret team-a/token" in result["msg"]
    assert "Nothing was written." in result["msg"]
    assert writes(space) == []


def test_a_task_beats_while_it_works(
    space: Namespace, members: Members, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "BEAT_SECONDS", 0.02)

    def slow(value: str) -> int:
        time.sleep(0.1)
        return 0

    members.exit_code = slow
    rotated(run(kd_rotate, **ROTATE))
    beats = [r for r in space.writes if r.path == KEPT and r.method == "PATCH"]
    assert len(beats) >= 2
    assert kept_values(space) is None


def test_a_task_whose_rotation_another_took_over_stops_writing(
    space: Namespace, members: Members, run: Run
) -> None:
    def exit_code(value: str) -> int:
        if value != NEW:
            return 0
        kept = space.objects[KEPT]
        fields = json.loads(base64.b64decode(kept["data"]["kd-rotate.json"]))
        fields["holder"] = "another"
        kept["data"]["kd-rotate.json"] = encoded(json.dumps(fields))
        return 3

    members.exit_code = exit_code
    result = rotated(run(kd_rotate, **ROTATE))
    assert "Another task rotates Secret team-a/token" in result["msg"]
    assert len(writes(space)) == 1 and kept_values(space) is not None


def test_a_rollback_works_without_kept_values_that_were_deleted_by_hand(
    space: Namespace, members: Members, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TAKEOVER_SECONDS", 15.0)

    def exit_code(value: str) -> int:
        if value != NEW:
            return 0
        space.objects.pop(KEPT, None)
        return 3

    members.exit_code = exit_code
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["rolled_back"] is True, result["msg"]
    assert values(space)["token"] == OLD and kept_values(space) is None


REACTIONS: list[tuple[str, Callable[[JsonObject], bool]]] = [
    ("rollback", lambda result: result["rolled_back"] and "exit code 10" in result["msg"]),
    (
        "warn",
        lambda result: (
            "failed" not in result and str(result["warnings"]).count("exit code 10") == 3
        ),
    ),
    ("ignore", lambda result: "failed" not in result and "warnings" not in result),
]


@pytest.mark.parametrize(("reaction", "right"), REACTIONS)
def test_a_start_script_without_reconnect_gets_the_given_reaction(
    space: Namespace, members: Members, run: Run, reaction: str,
    right: Callable[[JsonObject], bool],
) -> None:  # fmt: skip
    members.exit_code = lambda value: 10
    result = rotated(run(kd_rotate, **ROTATE, on_reconnect_failure=reaction))
    assert right(result), result
    assert values(space)["token"] == (OLD if reaction == "rollback" else NEW)
    reconnects = [m["reconnect"] for one in result["kdclusters"] for m in one["members"]]
    assert (reconnects == [None] * 3) is (reaction == "ignore")


@pytest.mark.parametrize("reaction", ["warn", "ignore"])
def test_another_value_in_a_member_restores_the_old_ones_whatever_scripts_return(
    space: Namespace, members: Members, run: Run, reaction: str
) -> None:
    members.held = {"token": encoded(OLD), "user": encoded("team-a")}
    result = rotated(run(kd_rotate, **ROTATE, on_reconnect_failure=reaction))
    assert result["rolled_back"] is True, result
    assert values(space)["token"] == OLD


def test_a_configmaps_old_values_are_kept_in_a_secret(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    created: list[JsonObject] = []

    def answer(request: Request) -> Answer:
        if request.method == "POST" and "dryRun" not in request.query:
            created.append(request.json)
        return space._answer(request)

    server.otherwise = answer
    entry = {"metadata": {"name": "model"}, "data": {"path": "/old"}}
    held = {"connections": {"configmaps": {"model": [entry]}}, "nodegroups": {}}
    for pod in ("pod-0", "pod-1"):
        space.files[pod, CONFIGMETA] = json.dumps(held).encode()
    rotated(run(kd_rotate, configmap="model", data={"path": NEW}))
    (kept,) = created
    assert kept["kind"] == "Secret" and kept["data"]["path"] == encoded("/old")
    # Its members hold other values, so the old ones were restored.
    assert space.objects[f"{CORE}/configmaps/model"]["data"] == {"path": "/old"}
