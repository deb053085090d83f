# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""If another writer undoes a task's change during its wait, or right after, the task does not report success."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_cluster,
    kd_connection,
)
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.configmeta_files import configmeta
from tests.unit.plugins.manifests import TYPE_LABELS, JsonObject, encoded
from tests.unit.plugins.module_runs import MARK, NOTEBOOK, Run
from tests.unit.plugins.namespace_server import CONFIGMETA, Namespace

SECRET = {"name": "token", "type": "source-control", "string_data": {"token": MARK}}
TASK = {**NOTEBOOK, "secrets": [SECRET]}
PATH = f"{CORE}/secrets/token"
Act = Callable[[Namespace], None]


def disconnect(space: Namespace) -> None:
    """Disconnect, as a GitOps controller does whose manifest has no connection."""
    manifest = space.kdcluster("notebook")
    manifest["spec"]["connections"]["secrets"] = []
    owned: JsonObject = {"f:spec": {"f:connections": {"f:secrets": {}}}}
    manifest["metadata"]["managedFields"] = [
        {"manager": "argocd", "operation": "Update", "time": "2026-01-01T00:00:00Z", "fieldsV1": owned}
    ]  # fmt: skip


def other_data(space: Namespace) -> None:
    """Put other data into the Secret."""
    space.objects[PATH]["data"]["token"] = encoded("else")
    space.objects[PATH]["metadata"]["resourceVersion"] = "9000"


def no_label(space: Namespace) -> None:
    """Remove its type label."""
    del space.objects[PATH]["metadata"]["labels"][TYPE_LABELS["Secret"]]
    space.objects[PATH]["metadata"]["resourceVersion"] = "9000"


def no_secret(space: Namespace) -> None:
    """Delete it."""
    del space.objects[PATH]


def other_uid(space: Namespace) -> None:
    """Delete the KDCluster and create it again."""
    space.kdcluster("notebook")["metadata"]["uid"] = "another"


def when(
    server: ScriptedServer, fits: Callable[[Request], bool], act: Act, space: Namespace
) -> None:
    """Call `act` once, before the first request that fits is answered."""
    answer = server.otherwise
    assert answer is not None
    done: list[bool] = []

    def otherwise(request: Request) -> Answer:
        if fits(request) and not done:
            done.append(True)
            act(space)
        return answer(request)

    server.otherwise = otherwise


ACTS = [
    (disconnect, "does not name Secret token", "unchanged", "created"),
    (other_data, "holds other data (token)", "updated", "unchanged"),
    (no_label, "holds other labels (kubedirector.hpe.com/secretType)", "updated", "unchanged"),
    (no_secret, "Secret team-a/token was deleted", "updated", "absent"),
    (other_uid, "created again (uid uid-notebook before, another now)", "unchanged", "created"),
]


@pytest.mark.parametrize(("act", "said", "cluster", "secret"), ACTS)
def test_a_change_that_is_undone_right_after_it_settled_is_reported(
    space: Namespace, run: Run, server: ScriptedServer, act: Act, said: str, cluster: str, secret: str
) -> None:  # fmt: skip
    when(server, lambda request: request.path.endswith("/exec"), act, space)
    result = run(kd_connection, **TASK)
    assert result["failed"] and result["changed"] and said in result["msg"]
    assert result["kdclusters"][0]["action"] == cluster
    assert result["objects"][0]["action"] == secret
    live = space.kdcluster("notebook")["spec"]["connections"]["secrets"]
    assert result["kdclusters"][0]["connections"]["secrets"] == live


def test_an_event_that_shows_the_undone_change_ends_the_wait(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    space.asleep = True
    answer = server.otherwise
    assert answer is not None

    def otherwise(request: Request) -> Answer:
        if "watch" not in request.query:
            return answer(request)
        disconnect(space)
        event = {"type": "MODIFIED", "object": space.kdcluster("notebook")}
        return Answer(chunks=(json.dumps(event).encode() + b"\n",))

    server.otherwise = otherwise
    begun = time.monotonic()
    result = run(kd_connection, **TASK, wait_timeout=30)
    assert time.monotonic() - begun < 15
    assert "does not name Secret token" in result["msg"] and "'argocd'" in result["msg"]
    assert result["kdclusters"][0]["action"] == "unchanged"


def test_an_unchanged_task_reads_nothing_twice(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    run(kd_connection, **TASK)
    lists: list[Request] = []
    answer = server.otherwise
    assert answer is not None

    def otherwise(request: Request) -> Answer:
        if request.path == KDCLUSTERS:
            lists.append(request)
        return answer(request)

    server.otherwise = otherwise
    assert run(kd_connection, **TASK)["changed"] is False
    assert len(lists) == 1


@pytest.mark.parametrize("wait", [True, False])
def test_without_waiting_a_warning_says_what_is_not_known(
    space: Namespace, run: Run, wait: bool
) -> None:
    warned = [run(kd_connection, **TASK, wait=wait).get("warnings", []) for _time in range(2)]
    assert [any("does not know whether" in str(one) for one in found) for found in warned] == [
        not wait, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"source-control": [{"metadata": {"name": encoded("token")}, "data": {"token": "eA=="}}]}, "with other data (token)"),
        ({}, "does not hold Secret team-a/token"),
    ],
)  # fmt: skip
def test_a_member_that_holds_other_values_fails_the_task(
    space: Namespace, run: Run, secrets: JsonObject, said: str
) -> None:
    content = configmeta(secrets=secrets)
    space.files["pod-1", CONFIGMETA] = json.dumps(content).encode()
    result = run(kd_connection, **TASK)
    assert "pod-1" in result["msg"] and said in result["msg"] and "pod-0" not in result["msg"]
    assert result["changed"] is True


def test_kd_cluster_returns_the_live_connections(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    space.add_object("Secret", "token", object_type="source-control")
    lists: list[Request] = []

    def third_list(request: Request) -> bool:
        if request.path == KDCLUSTERS and "watch" not in request.query:
            lists.append(request)
        return len(lists) == 3

    when(server, third_list, disconnect, space)
    result = run(kd_cluster, name="notebook", connections={"secrets": ["token"]})
    assert "does not name Secret token" in result["msg"] and "'argocd'" in result["msg"]
    (live,) = result["kdclusters"]
    assert live["connections"]["secrets"] == [] and live["action"] == "unchanged"
    assert result["changed"] is True
