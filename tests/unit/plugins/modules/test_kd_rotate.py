# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_rotate as a whole module, over real HTTP, with an application that may refuse a value."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate import rollback
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.shared_objects import (
    copy_name,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_rotate
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import encoded
from tests.unit.plugins.module_runs import Run
from tests.unit.plugins.namespace_server import CONFIGMETA, Namespace
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


def test_a_value_is_written_once_and_a_second_task_changes_nothing(
    space: Namespace, members: Members, run: Run
) -> None:
    first = rotated(run(kd_rotate, **ROTATE))
    assert first["changed"] is True and not first.get("failed")
    assert first["object"] == {
        "kind": "Secret", "name": "token", "type": "source-control", "action": "updated",
        "changed_keys": ["token"],
    }  # fmt: skip
    assert [one["name"] for one in first["kdclusters"]] == ["lab", "notebook"]
    assert all(m["reconnect"] == {"rc": 0, "stderr": ""} for m in first["kdclusters"][1]["members"])
    assert values(space) == {"token": NEW, "user": "team-a"}
    assert len(writes(space)) == 1
    assert first["diff"] == [
        {
            "before_header": "Secret team-a/token",
            "before": {"data": {"token": "(hidden)"}},
            "after_header": "Secret team-a/token",
            "after": {"data": {"token": "(hidden, other value)"}},
        }
    ]
    second = rotated(run(kd_rotate, **ROTATE))
    assert second["changed"] is False
    assert (second["object"]["action"], second["object"]["changed_keys"]) == ("unchanged", [])
    assert len(writes(space)) == 1


def test_check_mode_names_who_is_affected_and_writes_nothing(
    space: Namespace, members: Members, run: Run
) -> None:
    tried = rotated(run(kd_rotate, check=True, **ROTATE))
    assert tried["changed"] is True
    assert tried["object"]["changed_keys"] == ["token"]
    assert [one["name"] for one in tried["kdclusters"]] == ["lab", "notebook"]
    assert space.writes == []
    assert [request.path for request in space.trials if request.path == PATH] == [PATH]


def test_values_that_are_already_live_are_still_verified(
    space: Namespace, members: Members, run: Run
) -> None:
    members.exit_code = lambda value: 4
    result = rotated(run(kd_rotate, secret="token", string_data={"token": OLD}))
    assert "exit code 4" in result["msg"] and "holds these values already" in result["msg"]
    assert (result["changed"], result["rolled_back"]) == (False, False)
    assert space.writes == []


def test_a_start_script_that_refuses_the_new_value_restores_the_old_one(
    space: Namespace, members: Members, run: Run
) -> None:
    members.exit_code = lambda value: 3 if value == NEW else 0
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["failed"] is True
    assert "pod-1" in result["msg"] and "exit code 3" in result["msg"]
    assert "cannot log in with ******** or ********" in result["msg"]
    assert "The old values are back in Secret team-a/token and in every member" in result["msg"]
    assert (result["changed"], result["rolled_back"]) == (False, True)
    assert result["object"]["action"] == "unchanged"
    assert values(space) == {"token": OLD, "user": "team-a"}
    assert len(writes(space)) == 2


def test_a_member_that_refuses_the_old_value_too_is_reported(
    space: Namespace, members: Members, run: Run
) -> None:
    members.exit_code = lambda value: 3
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["rolled_back"] is True
    assert "But with the old values, too: " in result["msg"]
    assert values(space)["token"] == OLD


def test_a_missed_reconnect_restores_the_old_value(
    space: Namespace, members: Members, run: Run
) -> None:
    # The operator runs the start script for the rollback in both KDClusters.
    space.missed = 1
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["failed"] is True
    assert "did not run its start script with --reconnect" in result["msg"]
    assert "The old values are back in Secret team-a/token and in every member" in result["msg"]
    assert (result["changed"], result["rolled_back"]) == (False, True)
    assert values(space)["token"] == OLD


def test_a_member_that_holds_another_value_restores_the_old_one(
    space: Namespace, members: Members, run: Run
) -> None:
    members.held = {"token": encoded(OLD), "user": encoded("team-a")}
    result = rotated(run(kd_rotate, **ROTATE))
    assert (
        "holds other values of Secret team-a/token than the written ones, in key token"
        in (result["msg"])
    )
    assert result["rolled_back"] is True
    assert values(space)["token"] == OLD


def test_members_that_do_not_hold_the_old_value_again_are_reported(
    space: Namespace, members: Members, run: Run
) -> None:
    members.held = {"token": encoded(MODIFIED)}
    result = rotated(run(kd_rotate, **ROTATE))
    assert "Secret team-a/token was rolled back, but some members" in (result["msg"])
    assert "kubectl get kubedirectorclusters lab notebook -n team-a" in result["msg"]
    assert (result["changed"], result["rolled_back"]) == (True, False)
    assert values(space)["token"] == OLD


def test_new_keys_need_new_keys_and_a_rollback_removes_them(
    space: Namespace, members: Members, run: Run
) -> None:
    options = {**ROTATE, "string_data": {"token": NEW, "tokne": NEW}}
    refused = rotated(run(kd_rotate, **options))
    assert "no key 'tokne'; it has 'token', 'user'" in refused["msg"]
    assert space.writes == []
    members.exit_code = lambda value: 3 if value == NEW else 0
    result = rotated(run(kd_rotate, **options, new_keys=True))
    assert result["rolled_back"] is True
    assert values(space) == {"token": OLD, "user": "team-a"}
    members.exit_code = lambda value: 0
    done = rotated(run(kd_rotate, **options, new_keys=True))
    assert done["object"]["changed_keys"] == ["token", "tokne"]
    assert values(space) == {"token": NEW, "tokne": NEW, "user": "team-a"}


def edited_by_others(space: Namespace) -> Callable[[str], int]:
    """A start script that fails with the new value, while another writer changes it."""

    def exit_code(value: str) -> int:
        if value != NEW:
            return 0
        found = space.objects[PATH]
        found["data"]["token"] = encoded(MODIFIED)
        found["metadata"]["resourceVersion"] = "9999"
        return 3

    return exit_code


def test_an_edit_by_others_is_not_changed(space: Namespace, members: Members, run: Run) -> None:
    members.exit_code = edited_by_others(space)
    result = rotated(run(kd_rotate, **ROTATE))
    assert "Secret team-a/token was changed by others during this task" in result["msg"]
    assert "resourceVersion 9999" in result["msg"]
    assert "-e rotate_secret=token -e rotate_state=restored" in result["msg"]
    assert (result["changed"], result["rolled_back"]) == (True, False)
    assert values(space)["token"] == MODIFIED


def test_an_edit_by_others_before_the_write_is_not_overwritten(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    server.on("PATCH", PATH, status_answer(409, "Conflict", "the object has been modified"))
    result = rotated(run(kd_rotate, **ROTATE))
    assert "it was changed meanwhile" in result["msg"]
    assert "Nothing was written." in result["msg"]
    assert (result["changed"], result["rolled_back"]) == (False, False)


def test_the_write_is_guarded_by_the_version_that_was_read(
    space: Namespace, members: Members, run: Run
) -> None:
    before = space.objects[PATH]["metadata"]["resourceVersion"]
    rotated(run(kd_rotate, **ROTATE))
    (write,) = writes(space)
    assert write.json == {
        "data": {"token": encoded(NEW)},
        "metadata": {"resourceVersion": before},
    }


@pytest.mark.parametrize("landed", [True, False])
@pytest.mark.parametrize(
    "answer",
    [status_answer(503, "ServiceUnavailable", "try later"), Answer(body=b"<html>Welcome</html>")],
    ids=["refused", "of a proxy"],
)
def test_a_lost_answer_is_handled(
    space: Namespace,
    members: Members,
    run: Run,
    server: ScriptedServer,
    answer: Answer,
    landed: bool,
) -> None:
    def lost(request: Request) -> Answer:
        if landed:
            space._write(request)
        return answer

    patches(server, space, PATH, lost)
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["failed"] is True
    assert result["rolled_back"] is landed
    assert ("The old values are back" if landed else "Nothing was written") in result["msg"]
    assert result["changed"] is False
    assert values(space)["token"] == OLD


def test_a_failed_rollback_names_the_command_to_run(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(rollback, "_RETRY_PAUSE", 0.1)

    members.exit_code = lambda value: 3
    forbidden = refused(403, "Forbidden", f"policy: {NEW} is not allowed")
    patches(server, space, PATH, space._write, forbidden)
    result = rotated(run(kd_rotate, **ROTATE))
    assert "The rollback failed: " in result["msg"]
    assert "Secret team-a/token and its members" in result["msg"]
    command = (
        f"{KEPT.rpartition('/')[2]} keeps the old values; restore them with: ansible-playbook "
        "kubedirector.connections.rotate -e rotate_namespace=team-a -e rotate_secret=token "
        "-e rotate_state=restored."
    )
    assert command in result["msg"]
    assert (result["changed"], result["rolled_back"]) == (True, False)
    assert result["object"]["action"] == "updated"


def test_a_rollback_retries_transient_errors(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(rollback, "_RETRY_PAUSE", 0.1)
    members.exit_code = lambda value: 3 if value == NEW else 0
    passing = refused(503, "ServiceUnavailable", "try later")
    patches(server, space, PATH, space._write, passing, passing)
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["rolled_back"] is True
    assert values(space)["token"] == OLD


def test_rotation_and_rollback_change_linked_kdclusters_through_a_copy(
    space: Namespace, members: Members, run: Run
) -> None:
    linked(space)
    members.exit_code = lambda value: 3 if value == NEW else 0
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["rolled_back"] is True, result["msg"]
    assert values(space)["token"] == OLD
    assert f"{CORE}/secrets/{copy_name('token')}" not in space.objects
    connections = space.kdcluster("notebook")["spec"]["connections"]
    assert connections == {"clusters": ["lab"], "configmaps": [], "secrets": ["token"]}
    copies = [request for request in writes(space) if request.method == "POST"]
    assert len(copies) == 2
    assert "shared by KDClusters that are linked" in json.dumps(result["warnings"])


def linked(space: Namespace) -> None:
    """Make one of the two KDClusters connect to the other."""
    notebook = space.kdcluster("notebook")
    notebook["spec"]["connections"]["clusters"] = ["lab"]
    notebook["status"]["lastConnectionHash"] = space.hash_of(notebook)


def test_a_refusal_is_known_before_any_copy_is_made(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    linked(space)
    patches(server, space, PATH, refused(422, "Invalid", "field is immutable"))
    result = rotated(run(kd_rotate, **ROTATE))
    assert "field is immutable" in result["msg"]
    assert (result["changed"], space.writes) == (False, [])


def test_a_rollback_deletes_a_copy_that_no_kdcluster_names_yet(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    linked(space)
    # The KDCluster may not be repointed to the copy.
    refusal = refused(403, "Forbidden", "not yours")
    patches(server, space, f"{KDCLUSTERS}/notebook", refusal)
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["rolled_back"] is True, result["msg"]
    assert "name copies" not in result["msg"]
    assert f"{CORE}/secrets/{copy_name('token')}" not in space.objects
    assert values(space)["token"] == OLD


def test_a_timeout_restores_the_old_values(
    space: Namespace, members: Members, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = space._settle

    def never_with_the_new_value() -> Answer:
        return settle() if values(space)["token"] == OLD else Answer(chunks=())

    monkeypatch.setattr(space, "_settle", never_with_the_new_value)
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 5}))
    assert "has not reached every member in time" in result["msg"]
    assert result["rolled_back"] is True
    assert values(space)["token"] == OLD


def test_a_rollback_retries_when_the_api_server_is_busy(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The rollback has its own timeout, which begins when the rotation's timeout has expired."""
    settle = space._settle

    def never_with_the_new_value() -> Answer:
        return settle() if values(space)["token"] == OLD else Answer(chunks=())

    monkeypatch.setattr(space, "_settle", never_with_the_new_value)
    refusal = status_answer(429, "TooManyRequests", "slow down").body
    left = [Answer(429, refusal, headers=(("Retry-After", "0"),))] * 2

    def answer(request: Request) -> Answer:
        removes = (request.method, request.path) == ("DELETE", KEPT) and not request.query
        return left.pop() if removes and left else space._answer(request)

    server.otherwise = answer
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 5}))
    assert (result["rolled_back"], left) == (True, []), result["msg"]
    assert result["kept_in"] is None, result["warnings"]


def test_a_configmaps_values_are_not_shown(space: Namespace, run: Run) -> None:
    def held(path: str) -> bytes:
        entry = {"metadata": {"name": "model"}, "data": {"path": path}}
        maps = {"model": [entry]}
        return json.dumps(
            {"nodegroups": {}, "connections": {"configmaps": maps, "clusters": {}, "secrets": {}}}
        ).encode()

    for pod in ("pod-0", "pod-1"):
        space.files[pod, CONFIGMETA] = held(NEW)
    result = rotated(run(kd_rotate, configmap="model", data={"path": NEW}))
    assert not result.get("failed"), result["msg"]
    assert result["object"]["action"] == "updated"
    assert "/old" not in json.dumps(result)
    assert space.objects[f"{CORE}/configmaps/model"]["data"] == {"path": NEW}


def test_a_kdcluster_that_is_deleted_meanwhile_stops_no_rotation_of_the_others(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    def delete(request: Request) -> Answer:
        del space.objects[f"{KDCLUSTERS}/lab"]
        return space._answer(request)

    patches(server, space, PATH, delete)
    result = rotated(run(kd_rotate, **ROTATE))
    assert "failed" not in result, result["msg"]
    assert result["rolled_back"] is False
    assert values(space)["token"] == NEW
    (warning,) = result["warnings"]
    assert "KDCluster team-a/lab was deleted during this task" in str(warning)
    assert [one["name"] for one in result["kdclusters"]] == ["notebook"]


@pytest.mark.parametrize("refused", [True, False])
def test_a_kdcluster_that_is_deleted_during_the_wait_does_not_count(
    space: Namespace, members: Members, run: Run, server: ScriptedServer, refused: bool
) -> None:
    """The others decide, whether they accept the value or not."""
    members.exit_code = lambda value: 3 if refused and value == NEW else 0

    def delete(request: Request) -> Answer:
        lab = space.objects.get(f"{KDCLUSTERS}/lab")
        if not (request.query.get("watch") and space.writes and lab):
            return space._answer(request)
        del space.objects[f"{KDCLUSTERS}/lab"]
        event = json.dumps({"type": "DELETED", "object": lab}).encode() + b"\n"
        return Answer(chunks=(event, *(space._answer(request).chunks or ())))

    server.otherwise = delete
    result = rotated(run(kd_rotate, **ROTATE))
    assert result.get("failed", False) is refused, result
    assert result["rolled_back"] is refused
    assert values(space)["token"] == (OLD if refused else NEW)


@pytest.mark.parametrize("how", ["deleted", "terminating"])
def test_a_kdcluster_that_is_deleted_while_its_members_are_read_stops_no_rotation(
    space: Namespace, members: Members, run: Run, server: ScriptedServer, how: str
) -> None:
    def delete(request: Request) -> Answer:
        asked = request.path.endswith("/lab-0/exec") and CONFIGMETA in request.query["command"]
        if not (asked and space.writes):
            return space._answer(request)
        if how == "deleted":
            space.objects.pop(f"{KDCLUSTERS}/lab", None)
        else:
            space.kdcluster("lab")["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        return status_answer(404, "NotFound", 'pods "lab-0" not found')

    server.otherwise = delete
    result = rotated(run(kd_rotate, **ROTATE))
    assert "failed" not in result, result["msg"]
    assert values(space)["token"] == NEW
    assert "KDCluster team-a/lab was deleted during this task" in str(result["warnings"])


def test_a_member_that_cannot_be_read_although_its_kdcluster_exists_restores_the_old_value(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    def broken(request: Request) -> Answer:
        asked = request.path.endswith("/lab-0/exec") and CONFIGMETA in request.query["command"]
        if asked and space.writes and values(space)["token"] == NEW:
            return status_answer(404, "NotFound", 'pods "lab-0" not found')
        return space._answer(request)

    server.otherwise = broken
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 4}))
    assert result["rolled_back"] is True, result["msg"]


def test_a_linked_kdcluster_that_is_deleted_before_it_names_the_copy_stops_no_rotation(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    linked(space)

    def delete(request: Request) -> Answer:
        write = request.method == "PATCH" and "dryRun" not in request.query
        if write and request.path == f"{KDCLUSTERS}/notebook":
            del space.objects[request.path]
        return space._answer(request)

    server.otherwise = delete
    result = rotated(run(kd_rotate, **ROTATE))
    assert "failed" not in result, result["msg"]
    assert values(space)["token"] == NEW
    assert f"{CORE}/secrets/{copy_name('token')}" not in space.objects
    assert f"{KDCLUSTERS}/notebook" not in space.objects
    assert "KDCluster team-a/notebook was deleted during this task" in str(result["warnings"])


def test_a_kdcluster_that_terminates_slowly_stops_no_rotation(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    """The operator does not update the members of a terminating KDCluster."""
    lab = space.kdcluster("lab")

    def terminate(request: Request) -> Answer:
        lab["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        answer = space._answer(request)
        # It is still listed as it is now, and never changes again.
        del space.objects[f"{KDCLUSTERS}/lab"]
        return answer

    def lingering(request: Request) -> Answer:
        answer = space._answer(request)
        if request.path == KDCLUSTERS and not request.query.get("watch") and writes(space):
            assert isinstance(answer.body, dict)
            answer.body["items"].append(lab)
        return answer

    patches(server, space, PATH, terminate)
    first = server.otherwise
    assert first is not None
    server.otherwise = lambda request: lingering(request) if writes(space) else first(request)
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 5}))
    assert "failed" not in result, result["msg"]
    assert "KDCluster team-a/lab was deleted during this task" in str(result["warnings"])


def test_findings_are_reported_although_the_kdclusters_cannot_be_read_again(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    members.exit_code = lambda value: 3 if value == NEW else 0
    errors = [status_answer(503, "ServiceUnavailable", "not now")]

    def failing(request: Request) -> Answer:
        asked = request.path == KDCLUSTERS and not request.query.get("watch")
        settled = space.kdcluster("lab")["status"].get("specGenerationToProcess") == 2
        if asked and settled and errors:
            return errors.pop()
        return space._answer(request)

    server.otherwise = failing
    result = rotated(run(kd_rotate, **ROTATE))
    assert "exit code 3" in result["msg"]
    assert result["rolled_back"] is True


def test_each_deleted_kdcluster_is_reported(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    def delete(request: Request) -> Answer:
        for name in ("lab", "notebook"):
            del space.objects[f"{KDCLUSTERS}/{name}"]
        return space._answer(request)

    patches(server, space, PATH, delete)
    result = rotated(run(kd_rotate, **ROTATE))
    assert "failed" not in result, result["msg"]
    assert (result["changed"], result["kdclusters"]) == (True, [])
    for name in ("lab", "notebook"):
        assert f"KDCluster team-a/{name} was deleted during this task" in str(result["warnings"])
