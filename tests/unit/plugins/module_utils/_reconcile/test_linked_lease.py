# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task at a time changes linked KDClusters of a namespace."""

from __future__ import annotations

import threading
import time
from types import ModuleType

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    PreconditionError,
    WaitTimeoutError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile import (
    linked_lease,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.linked_lease import (
    LinkedLease,
)
from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_cluster,
    kd_connection,
    kd_rotate,
)
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import NOTEBOOK, Run
from tests.unit.plugins.module_utils._reconcile.test_executor import before_each_write, chain
from tests.unit.plugins.namespace_server import LEASES, Namespace
from tests.unit.plugins.rotation_runs import NEW, PATH, ROTATE, Members

LEASE = f"{LEASES}/kubedirector-connections"
MODEL: JsonObject = {"configmaps": [{"name": "model"}]}


def held_by(space: Namespace, holder: str = "other-host_1_abc", seconds: int = 15) -> JsonObject:
    """Add a Lease that another task holds, whose clock is a year behind."""
    spec = {
        "holderIdentity": holder, "leaseDurationSeconds": seconds,
        "acquireTime": "2025-01-01T00:00:00.000000Z", "renewTime": "2025-01-01T00:00:00.000000Z",
    }  # fmt: skip
    metadata = {"name": "kubedirector-connections", "namespace": "team-a", "resourceVersion": "5"}
    space.objects[LEASE] = {"metadata": metadata, "spec": spec}
    return spec


def holder(space: Namespace) -> str:
    """The Lease's holder; empty if there is none."""
    return str(space.objects[LEASE]["spec"]["holderIdentity"]) if LEASE in space.objects else ""


@pytest.mark.parametrize("module", [kd_connection, kd_cluster])
def test_only_the_holder_writes_linked_kdclusters(
    space: Namespace, run: Run, server: ScriptedServer, module: ModuleType
) -> None:
    chain(space)
    holders: list[str] = []
    before_each_write(server, lambda request: holders.append(holder(space)))
    if module is kd_connection:
        run(kd_connection, kdclusters=["notebook", "engine"], **MODEL)
    else:
        run(kd_cluster, name="engine", connections={"configmaps": ["model"]})
    assert holders and all(holders)
    assert holder(space) == ""


def test_only_the_holder_writes_a_rotation_and_its_rollback(
    space: Namespace, members: Members, run: Run, server: ScriptedServer
) -> None:
    notebook = space.kdcluster("notebook")
    notebook["spec"]["connections"]["clusters"] = ["lab"]
    notebook["status"]["lastConnectionHash"] = space.hash_of(notebook)
    members.exit_code = lambda value: 3 if value == NEW else 0
    holders: list[str] = []

    def look(request: Request) -> None:
        # No KDCluster connects to the kept old values.
        if request.path == PATH or request.path.startswith(KDCLUSTERS):
            holders.append(holder(space))

    before_each_write(server, look)
    assert run(kd_rotate, **ROTATE)["rolled_back"] is True
    assert len(set(holders)) == 2 and all(holders)
    assert holder(space) == ""


@pytest.mark.parametrize("module", [kd_connection, kd_cluster])
def test_nothing_is_written_after_the_lease_was_lost(
    space: Namespace, run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
) -> None:  # fmt: skip
    chain(space)
    lost: list[Request] = []

    def lose(request: Request) -> None:
        """Another task has the Lease, and the write meets a change by others."""
        lost.append(request)
        monkeypatch.setattr(linked_lease, "_STALE_SECONDS", -1.0)
        space.objects[LEASE]["spec"]["holderIdentity"] = "other-host_1_abc"
        space.objects[request.path]["spec"]["connections"]["configmaps"] = ["others"]

    before_each_write(server, lose)
    space.add_object("ConfigMap", "others", object_type="note")
    options = (
        {"kdcluster": ["engine"], **MODEL}
        if module is kd_connection
        else {"name": "engine", "connections": {"configmaps": ["model"]}}
    )
    result = run(module, **options, wait_timeout=20)
    assert "could not be renewed" in result["msg"]
    assert len(lost) == 1 and result["changed"] is False


def test_without_links_there_is_no_lease(space: Namespace, run: Run) -> None:
    assert run(kd_connection, kdclusters=["notebook", "engine"], **MODEL)["changed"] is True
    assert space.lease_writes == []
    chain(space)
    run(kd_connection, True, kdclusters=["notebook", "engine"], **MODEL)
    assert space.lease_writes == []


def test_a_task_waits_for_another_holder_and_names_it(space: Namespace, run: Run) -> None:
    chain(space)
    held_by(space)
    started = time.monotonic()
    result = run(kd_connection, **NOTEBOOK, **MODEL, wait_timeout=2)
    # A busy machine may take a while.
    assert time.monotonic() - started < 30
    assert result["failed"] is True and "other-host_1_abc" in result["msg"]
    assert space.writes == []


def test_the_changes_of_the_previous_holder_are_not_repeated(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    space.add_object("Secret", "shared", object_type="token", data={"key": encoded("old")})
    space.add_kdcluster("engine", "pod-e", secrets=["shared"])
    space.add_kdcluster("notebook", "pod-0", clusters=["engine"], secrets=["shared"])
    spec = held_by(space)
    answer = server.otherwise
    assert answer is not None
    looks: list[str] = []

    def finish(request: Request) -> Answer:
        if request.path == LEASE and request.method == "GET":
            looks.append(request.path)
            if len(looks) == 2:
                spec["holderIdentity"] = ""
                found = space.objects[f"{CORE}/secrets/shared"]
                found["data"] = {"key": encoded("new")}
                found["metadata"]["resourceVersion"] = "99"
        return answer(request)

    server.otherwise = finish
    secret = {"name": "shared", "type": "token", "string_data": {"key": "new"}}
    result = run(kd_connection, secrets=[secret])
    assert "failed" not in result, result
    assert result["changed"] is False
    assert space.writes == []


def test_a_lease_that_is_not_renewed_is_taken_over(space: Namespace, api: Api) -> None:
    held_by(space, seconds=1)
    started = time.monotonic()
    with LinkedLease(api, "team-a", started + 30, pytest.fail) as lease:
        assert holder(space) not in ("", "other-host_1_abc")
        lease.require()
    # Not at once, although its time is long past: clocks differ.
    assert 1 < time.monotonic() - started < 25
    assert holder(space) == ""


def test_a_lease_that_is_renewed_is_not_taken_over(space: Namespace, api: Api) -> None:
    spec = held_by(space, seconds=1)
    ended = threading.Event()

    def renew() -> None:
        for number in range(1000):
            if ended.wait(0.2):
                return
            spec["renewTime"] = f"2025-01-01T00:00:00.{number:06d}Z"

    renewer = threading.Thread(target=renew)
    renewer.start()
    try:
        with (
            pytest.raises(WaitTimeoutError, match="other-host_1_abc"),
            LinkedLease(api, "team-a", time.monotonic() + 3, pytest.fail),
        ):
            raise AssertionError("it was taken over")
    finally:
        ended.set()
        renewer.join()
    assert holder(space) == "other-host_1_abc"


def test_a_lease_is_renewed_while_it_is_held(
    space: Namespace, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked_lease, "_RENEW_SECONDS", 0.05)
    with LinkedLease(api, "team-a", time.monotonic() + 9, pytest.fail):
        first = space.objects[LEASE]["spec"]["renewTime"]
        deadline = time.monotonic() + 5
        while space.objects[LEASE]["spec"]["renewTime"] == first:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_lost_lease_is_noticed_before_the_next_write(
    space: Namespace, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked_lease, "_STALE_SECONDS", 0.0)
    with LinkedLease(api, "team-a", time.monotonic() + 9, pytest.fail) as lease:
        space.objects[LEASE]["spec"]["holderIdentity"] = "other-host_1_abc"
        with pytest.raises(PreconditionError, match="could not be renewed"):
            lease.require()
    # The other task's Lease is not released.
    assert holder(space) == "other-host_1_abc"


def test_the_lease_is_released_after_a_failure(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    chain(space)
    server.on("PATCH", f"{CORE}/configmaps/model", status_answer(403, "Forbidden", "not yours"))
    space.add_kdcluster("notebook", "pod-0", clusters=["engine"], configmaps=["model"])
    result = run(kd_connection, configmaps=[{"name": "model", "data": {"path": "/new"}}])
    assert result["failed"] is True and "not yours" in result["msg"]
    assert (holder(space), len(space.lease_writes)) == ("", 2)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_without_rights_a_warning_says_what_is_not_protected(
    space: Namespace, run: Run, server: ScriptedServer, method: str
) -> None:
    chain(space)
    if method == "PATCH":
        held_by(space, holder="")
    path = LEASES if method == "POST" else LEASE
    server.on(method, path, status_answer(403, "Forbidden", "leases is forbidden"))
    result = run(kd_connection, kdclusters=["notebook", "engine"], **MODEL)
    assert "failed" not in result, result
    assert result["changed"] is True
    warned = [one for one in result["warnings"] if "without a Lease" in str(one)]
    assert len(warned) == 1, result["warnings"]
    assert "make the operator stuck" in str(warned[0])
