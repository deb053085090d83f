# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kd_rotate refuses before the first write; no refusal shows a value."""

from __future__ import annotations

import json

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate import task
from ansible_collections.kubedirector.connections.plugins.modules import kd_rotate
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import Run
from tests.unit.plugins.namespace_server import CONFIGMETA, Namespace
from tests.unit.plugins.rotation_runs import KEPT, NEW, OLD, ROTATE, Members, rotated

BAD: list[tuple[JsonObject, str]] = [
    ({}, "Give either option secret or option configmap"),
    ({"secret": "token", "configmap": "model", "data": {}}, "Give either option"),
    ({"secret": "token"}, "give at least one new value"),
    ({"secret": "token", "string_data": {}}, "give at least one new value"),
    ({"configmap": "model", "string_data": {"path": NEW}}, "string_data is for Secrets only"),
    ({"secret": "token", "data": {"token": f"{NEW}!"}}, "key token is not valid base64"),
    ({"secret": "token", "string_data": {"token": [NEW]}}, "the value is a list"),
    ({"configmap": "model", "data": {"path": {"a": NEW}}}, "the value is a dictionary"),
    ({"secret": "token", "string_data": {"token": NEW}, "state": "restored"}, "need state=present"),
    ({"secret": "token", "data": {"token": "eA=="}, "string_data": {"token": "x"}}, "in string_data"),
    ({"secret": "Token", "string_data": {"token": NEW}}, "not a valid object name"),
    ({"secret": "token", "string_data": {"a key": NEW}}, "not a valid key"),
    ({"secret": "token", "string_data": {"token": NEW}, "wait_timeout": 0}, "seconds, 1 to"),
    ({"secret": "token", "string_data": {"token": NEW}, "wait_timeout": 10**400}, "seconds, 1 to"),
    ({"secret": "missing", "string_data": {"token": NEW}}, "Secret team-a/missing does not exist"),
    ({"secret": "unnamed", "string_data": {"token": NEW}}, "No KDCluster in namespace team-a names"),
    ({"secret": "untyped", "string_data": {"token": NEW}}, "has no type label"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "said"), BAD)
def test_bad_input_writes_nothing_and_shows_nothing(
    space: Namespace, members: Members, run: Run, options: JsonObject, said: str
) -> None:
    space.add_object("Secret", "unnamed", data={"token": encoded(OLD)})
    space.add_object("Secret", "untyped", object_type=None, data={"token": encoded(OLD)})
    result = run(kd_rotate, **options)
    assert result["failed"] is True and said in result["msg"], result["msg"]
    for value in (OLD, NEW):
        assert value not in json.dumps(result) and encoded(value) not in json.dumps(result)
    assert space.writes == space.trials == []


def test_a_kdcluster_that_does_not_settle_in_time_is_not_changed(
    space: Namespace, members: Members, run: Run
) -> None:
    space.asleep = True
    space.kdcluster("notebook")["status"]["lastConnectionHash"] = "other"
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 1}))
    assert "Nothing was written" in result["msg"] and "has not seen the change" in result["msg"]
    assert "KDCluster team-a/notebook" in result["msg"]
    assert space.writes == []


def test_the_task_waits_for_a_kdcluster_that_still_settles(
    space: Namespace, members: Members, run: Run
) -> None:
    space.kdcluster("notebook")["status"]["lastConnectionHash"] = "other"
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["changed"] is True, result["msg"]
    # Once for the earlier change, once for the rotation.
    assert space.kdcluster("notebook")["status"]["specGenerationToProcess"] == 3


@pytest.mark.parametrize("verb", ["POST", "DELETE", "PATCH"])
def test_old_values_that_cannot_be_kept_are_noticed_before_the_write(
    space: Namespace, members: Members, run: Run, server: ScriptedServer, verb: str
) -> None:
    """A full quota refuses the creation, a missing right any of the three."""
    path = f"{CORE}/secrets" if verb == "POST" else KEPT
    said = "secrets is forbidden: exceeded quota: small, requested: secrets=1, used: secrets=9"
    server.on(verb, path, status_answer(403, "Forbidden", said), forever=True)
    result = rotated(run(kd_rotate, **ROTATE))
    assert "exceeded quota" in result["msg"] and "Nothing was written." in result["msg"]
    assert "keeps the old values" in result["msg"]
    assert "quota for one more Secret" in result["msg"]
    assert (result["changed"], result["kept_in"], space.writes) == (False, None, [])


def test_a_secret_of_others_in_place_of_the_kept_values_is_not_changed(
    space: Namespace, members: Members, run: Run
) -> None:
    space.add_object("Secret", KEPT.rpartition("/")[2], data={"theirs": encoded(OLD)})
    for options in (ROTATE, {"secret": "token", "state": "restored"}):
        result = rotated(run(kd_rotate, **options))
        assert (
            f"{KEPT.rpartition('/')[2]} exists, but kubedirector.connections did not create it"
            in result["msg"]
        )
        assert space.writes == []


def test_without_kept_values_nothing_can_be_restored(
    space: Namespace, members: Members, run: Run
) -> None:
    result = rotated(run(kd_rotate, secret="token", state="restored"))
    assert "No old values of Secret team-a/token are kept" in result["msg"]
    assert space.writes == []


def test_an_operator_that_is_down_is_noticed_before_the_write(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    said = 'failed calling webhook "hard-validate-cr.kubedirector.hpe.com": connection refused'
    down = status_answer(500, "InternalError", said)
    server.on("PATCH", f"{KDCLUSTERS}/lab", down, forever=True)
    result = rotated(run(kd_rotate, **{**ROTATE, "wait_timeout": 1}))
    assert "the KubeDirector operator is down" in result["msg"]
    assert space.writes == []


def test_a_member_that_cannot_be_read_is_noticed_before_the_write(
    space: Namespace, members: Members, run: Run
) -> None:
    members["pod-1", CONFIGMETA] = b"{"
    result = rotated(run(kd_rotate, **ROTATE))
    assert "pod-1" in result["msg"] and "Nothing was written" in result["msg"]
    assert space.writes == []


def test_the_task_waits_for_a_pod_that_was_just_deleted(
    space: Namespace,
    members: Members,
    run: Run,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The operator reports it as configured until its next poll."""
    monkeypatch.setattr(task, "_NOTICED_SECONDS", 35.0)
    answer, refused = server.otherwise, list[Request]()

    def starting(request: Request) -> Answer:
        if request.path.endswith("/exec") and not refused:
            refused.append(request)
            return status_answer(500, "InternalError", 'container not found ("app")')
        assert answer is not None
        return answer(request)

    server.otherwise = starting
    result = rotated(run(kd_rotate, **ROTATE))
    assert result["changed"] is True, result["msg"]
    assert len(refused) == 1
