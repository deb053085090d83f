# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation while answers get lost, the API server restarts, and others write."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
from collections.abc import Callable

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate import (
    keeper,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.shared_objects import (
    copy_name,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection, kd_rotate
from tests.harness.canaries import canary
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import Run
from tests.unit.plugins.namespace_server import LEASES, Namespace
from tests.unit.plugins.rotation_runs import (
    KEPT,
    MODIFIED,
    NEW,
    OLD,
    PATH,
    ROTATE,
    Members,
    patches,
    rotated,
    values,
)

LATER = status_answer(503, "ServiceUnavailable", "later")
BUSY = 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified'
COPY = f"{CORE}/secrets/{copy_name('token')}"
MODEL = f"{CORE}/configmaps/model"
ADDED = canary("added by others")


pytestmark = pytest.mark.usefixtures("quick")


def is_write(request: Request, method: str, path: str) -> bool:
    """Whether it is this write, no dry run."""
    return (request.method, request.path) == (method, path) and "dryRun" not in request.query


def once(
    server: ScriptedServer,
    space: Namespace,
    when: Callable[[Request], bool],
    step: Callable[[Request], Answer | None],
) -> list[Request]:
    """Take this step with the first such request; returns the list that it is in afterwards."""
    met: list[Request] = []

    def answer(request: Request) -> Answer:
        if not met and when(request):
            met.append(request)
            if (given := step(request)) is not None:
                return given
        return space._answer(request)

    server.otherwise = answer
    return met


def changed_by_others(space: Namespace, path: str, **fields: JsonObject) -> None:
    """Another writer changes an object."""
    space._version += 1
    found = space.objects[path]
    found.update(fields)
    found["metadata"]["resourceVersion"] = str(space._version)


def link(space: Namespace) -> None:
    """notebook connects to lab, and both name the Secret."""
    notebook = space.kdcluster("notebook")
    notebook["spec"]["connections"]["clusters"] = ["lab"]
    notebook["status"]["lastConnectionHash"] = space.hash_of(notebook)


def written(space: Namespace, path: str) -> int:
    """The number of writes of an object."""
    return [request.path for request in space.writes].count(path)


def test_what_others_wrote_while_a_resumed_task_waits_for_the_lease_stays(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    link(space)
    killed: list[JsonObject] = []

    def remember(request: Request) -> Answer:
        given = space._answer(request)
        killed.append(copy.deepcopy(space.objects))
        return given

    once(server, space, lambda request: is_write(request, "PATCH", PATH), remember)
    assert "failed" not in run(kd_rotate, **ROTATE)
    # As if the task had been killed right after its write.
    space.objects = killed[0]

    def edit(_request: Request) -> None:
        data = {**space.objects[PATH]["data"], "token": encoded(MODIFIED), "added": encoded(ADDED)}
        changed_by_others(space, PATH, data=data)

    once(
        server, space,
        lambda request: request.path.startswith(LEASES) and request.method != "GET", edit,
    )  # fmt: skip
    assert rotated(run(kd_rotate, **ROTATE))["failed"] is True
    assert values(space) == {"token": MODIFIED, "added": ADDED, "user": "team-a"}


def test_what_others_wrote_before_a_rollback_stays(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    link(space)
    repointed: list[Request] = []
    edited: list[Request] = []

    def answer(request: Request) -> Answer:
        given = space._answer(request)
        if is_write(request, "PATCH", f"{KDCLUSTERS}/notebook") and not repointed:
            repointed.append(request)
            return LATER
        merge = request.header("Content-Type") == ["application/merge-patch+json"]
        if repointed and not edited and merge and request.path.startswith(LEASES):
            edited.append(request)
            data = {**space.objects[PATH]["data"], "added": encoded(ADDED)}
            changed_by_others(space, PATH, data=data)
        return given

    server.otherwise = answer
    assert rotated(run(kd_rotate, **ROTATE))["failed"] is True
    assert edited
    assert values(space) == {"token": OLD, "added": ADDED, "user": "team-a"}


@pytest.mark.parametrize("what", ["the Secret", "the KDClusters", "a member"])
def test_an_api_server_that_restarts_after_the_write_rolls_nothing_back(
    space: Namespace, members: Members, run: Run, server: ScriptedServer, what: str
) -> None:
    asked: list[Request] = []

    def is_it(request: Request) -> bool:
        if not written(space, PATH) or request.method != "GET" or "watch" in request.query:
            return False
        if request.path.endswith("/exec"):
            asked.append(request)
            return what == "a member" and request.query["command"][0] == "cat"
        # The wait before that tries again anyway.
        return bool(asked) and request.path == (PATH if what == "the Secret" else KDCLUSTERS)

    met = once(server, space, is_it, lambda _request: LATER)
    result = rotated(run(kd_rotate, **ROTATE))
    assert "failed" not in result, result["msg"]
    assert met and written(space, PATH) == 1
    assert values(space)["token"] == NEW


def test_a_member_that_cannot_be_read_at_once_does_not_fail_a_rollback(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    members.exit_code = lambda value: 3 if value == NEW else 0
    met = once(
        server, space,
        lambda request: written(space, PATH) == 2 and request.path.endswith("/exec")
        and request.query["command"][0] == "cat",
        lambda _request: LATER,
    )  # fmt: skip
    result = rotated(run(kd_rotate, **ROTATE))
    assert met and result["rolled_back"] is True, result["msg"]
    assert KEPT not in space.objects


def test_a_key_of_binary_data_is_refused(space: Namespace, run: Run) -> None:
    space.objects[MODEL]["binaryData"] = {"blob": encoded("precious")}
    result = run(kd_rotate, configmap="model", data={"blob": "text"}, new_keys=True)
    assert result["failed"] is True
    assert "ConfigMap team-a/model has 'blob' in binaryData" in result["msg"]
    assert space.objects[MODEL]["binaryData"] == {"blob": encoded("precious")}


def test_after_two_lost_answers_the_members_are_still_asked(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    def lost(request: Request) -> Answer:
        space._write(request)
        return LATER

    patches(server, space, PATH, lost, lost)
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["rolled_back"] is True
    assert "Nothing was written" not in result["msg"]
    assert "The old values are back" in result["msg"]


def test_a_gateway_that_asks_for_no_pause_does_not_repeat_a_write(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    def lost(request: Request) -> Answer:
        space._write(request)
        return dataclasses.replace(LATER, headers=(("Retry-After", "0"),))

    patches(server, space, PATH, lost)
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["rolled_back"] is True
    assert written(space, PATH) == 2


def test_kept_values_that_a_person_deletes_are_kept_again(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # Less than the start script's time would be if the values were not kept again.
    monkeypatch.setattr(keeper, "TAKEOVER_SECONDS", 5.0)
    monkeypatch.setattr(keeper, "BEAT_SECONDS", 0.01)
    members.exit_code = lambda value: 3 if value == NEW else 0
    deleted: list[JsonObject] = []

    def answer(request: Request) -> Answer:
        if request.path.endswith("/exec") and deleted and KEPT not in space.objects:
            # The start script runs until the values are kept again.
            space.running = ["yes"]
        given = space._answer(request)
        if is_write(request, "PATCH", PATH) and not deleted:
            deleted.append(space.objects.pop(KEPT))
        return given

    server.otherwise = answer
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["rolled_back"] is True, result["msg"]
    assert values(space)["token"] == OLD


def test_no_advice_deletes_what_another_task_keeps(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    def take_over(_request: Request) -> None:
        found = json.loads(base64.b64decode(space.objects[KEPT]["data"]["kd-rotate.json"]))
        found["holder"] = "another"
        data = {**space.objects[KEPT]["data"], "kd-rotate.json": encoded(json.dumps(found))}
        changed_by_others(space, KEPT, data=data)

    once(server, space, lambda request: is_write(request, "DELETE", KEPT), take_over)
    result = rotated(run(kd_rotate, **ROTATE))
    assert "Another task rotates Secret team-a/token" in str(result["warnings"])
    assert "kubectl delete" not in str(result["warnings"])
    assert KEPT in space.objects


@pytest.mark.parametrize("module", [kd_rotate, kd_connection], ids=["rotate", "connection"])
def test_a_copy_whose_labels_others_change_is_deleted(
    space: Namespace, members: Members, run: Run, server: ScriptedServer, module: object
) -> None:
    link(space)
    met = once(
        server, space,
        lambda request: is_write(request, "DELETE", COPY),
        lambda _request: changed_by_others(space, COPY),
    )  # fmt: skip
    wanted = {"name": "token", "string_data": {"token": NEW}, "data_mode": "merge"}
    options = ROTATE if module is kd_rotate else {"secrets": [wanted]}
    result = run(module, **options)
    assert "failed" not in result, result["msg"]
    assert met and COPY not in space.objects
    assert values(space)["token"] == NEW


def test_a_busy_quota_is_no_other_rotation(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    once(
        server, space,
        lambda request: is_write(request, "POST", f"{CORE}/secrets"),
        lambda _request: status_answer(409, "Conflict", BUSY),
    )  # fmt: skip
    result = rotated(run(kd_rotate, **ROTATE))
    assert "Another task" not in result["msg"] and "resourcequotas" in result["msg"]
    assert values(space)["token"] == OLD


def test_a_lease_that_a_busy_quota_refuses_is_tried_until_the_timeout(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    link(space)
    tries: list[Request] = []

    def answer(request: Request) -> Answer:
        if is_write(request, "POST", LEASES):
            tries.append(request)
            return status_answer(409, "Conflict", BUSY)
        return space._answer(request)

    server.otherwise = answer
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 2}))
    assert "Linked KDClusters in namespace team-a were not changed" in result["msg"]
    # One each 0.05 s.
    assert 2 < len(tries) < 60
