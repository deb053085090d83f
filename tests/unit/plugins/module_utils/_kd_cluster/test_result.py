# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_cluster over real HTTP: what it returns, and how long it waits before that."""

from __future__ import annotations

import time

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_cluster
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import Run, returned
from tests.unit.plugins.module_utils._reconcile.test_executor import before_each_write
from tests.unit.plugins.namespace_server import LEASES, Namespace

LAB: JsonObject = {
    "name": "lab",
    "app": "notebook-app",
    "roles": [
        {
            "id": "controller",
            "members": 2,
            "resources": {"limits": {"memory": "1Gi", "cpu": 1}},
        }
    ],
    "connections": {"clusters": ["engine"], "configmaps": ["model"]},
}
CONNECTIONS = {"clusters": ["engine"], "configmaps": ["model"], "secrets": []}
NONE_AT_ALL: JsonObject = {"clusters": [], "configmaps": [], "secrets": []}
MEMBERS = [
    {
        "pod": f"controller-{number}", "role": "controller", "node_id": str(number + 1),
        "state": "configured", "has_configmeta": True,
    }
    for number in range(2)
]  # fmt: skip
UPDATE: JsonObject = {"name": "engine", "connections": {"configmaps": ["model"]}}
POD = f"{CORE}/pods/pod-e"
# Far less than the option's default of 300 s, far more than a busy machine needs.
SOON = 100


def only_kdcluster(result: JsonObject) -> JsonObject:
    """The one KDCluster of a result, which is checked against its documentation."""
    (one,) = returned(result, kd_cluster.RETURN)["kdclusters"]
    assert isinstance(one, dict)
    return one


def test_a_creation_a_change_and_a_deletion_return_the_kdcluster(
    space: Namespace, run: Run
) -> None:
    made = run(kd_cluster, **LAB)
    assert made["changed"] is True
    expected = {
        "name": "lab", "action": "created", "app": "notebook-app", "connections": CONNECTIONS,
        "connection_hash": space.hash_of(space.kdcluster("lab")), "spec_generation": 1,
        "state": "configured", "members": MEMBERS,
    }  # fmt: skip
    assert only_kdcluster(made) == expected

    again = run(kd_cluster, **LAB)
    assert again["changed"] is False
    assert only_kdcluster(again) == {**expected, "action": "unchanged"}

    more = run(kd_cluster, name="lab", connections={"clusters": ["notebook"]})
    assert more["changed"] is True
    assert only_kdcluster(more) == {
        **expected,
        "action": "updated",
        "connections": {**CONNECTIONS, "clusters": ["engine", "notebook"]},
        "connection_hash": space.hash_of(space.kdcluster("lab")),
        "spec_generation": 2,
    }

    deleted = run(kd_cluster, name="lab", state="absent")
    assert deleted["changed"] is True
    assert f"{KDCLUSTERS}/lab" not in space.objects
    assert only_kdcluster(deleted) == {
        "name": "lab", "action": "deleted", "app": None, "connections": NONE_AT_ALL,
        "connection_hash": None, "spec_generation": None, "state": None, "members": [],
    }  # fmt: skip

    nothing = run(kd_cluster, name="lab", state="absent")
    assert nothing["changed"] is False
    assert only_kdcluster(nothing) == {
        "name": "lab", "action": "unchanged", "app": None, "connections": NONE_AT_ALL,
        "connection_hash": None, "spec_generation": None, "state": None, "members": [],
    }  # fmt: skip


def test_a_kdcluster_that_the_operator_has_not_seen_has_no_generation(
    space: Namespace, run: Run
) -> None:
    space.asleep = True
    one = only_kdcluster(run(kd_cluster, **LAB, wait=False))
    assert (one["action"], one["spec_generation"], one["members"]) == ("created", None, [])


@pytest.mark.parametrize("check", [True, False])
def test_a_kdcluster_that_is_not_deleted_yet_is_returned_as_deleted(
    space: Namespace, run: Run, check: bool
) -> None:
    one = only_kdcluster(run(kd_cluster, check, name="engine", state="absent", wait=False))
    assert one == {
        "name": "engine", "action": "deleted", "app": None, "connections": NONE_AT_ALL,
        "connection_hash": None, "spec_generation": None, "state": None, "members": [],
    }  # fmt: skip


@pytest.mark.parametrize("check", [True, False])
def test_a_task_that_fails_returns_what_it_documents(
    space: Namespace, run: Run, check: bool
) -> None:
    result = run(kd_cluster, check, **{**LAB, "connections": {"clusters": ["missing"]}})
    assert result["failed"] is True and result["changed"] is False
    returned(result, kd_cluster.RETURN)


@pytest.mark.parametrize(
    ("options", "method"),
    [(LAB, "POST"), (UPDATE, "PATCH"), ({"name": "engine", "state": "absent"}, "DELETE")],
)
def test_without_wait_the_task_ends_after_its_write(
    space: Namespace, run: Run, server: ScriptedServer, options: JsonObject, method: str
) -> None:
    space.asleep = True
    # A wait would not end: it would find the pod of the deleted KDCluster.
    server.on("GET", POD, Answer(body={"metadata": {"name": "pod-e"}}), forever=True)
    result = run(kd_cluster, **options, wait=False, wait_timeout=5)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is True
    # Creating a linked KDCluster acquires the namespace's Lease, and releases it.
    written = [request for request in space.writes if not request.path.startswith(LEASES)]
    assert [request.method for request in written] == [method]
    # No request follows it.
    asked = [request for request in server.requests if not request.path.startswith(LEASES)]
    assert asked[-1] is written[-1]


def test_a_kdcluster_that_others_made_again_is_not_deleted(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    def made_again(_request: Request) -> None:
        space.kdcluster("engine")["metadata"]["uid"] = "another"

    before_each_write(server, made_again)
    result = run(kd_cluster, name="engine", state="absent", wait_timeout=5)
    assert result["failed"] is True and result["changed"] is False
    assert "KDCluster team-a/engine" in result["msg"] and "changed meanwhile" in result["msg"]
    assert space.kdcluster("engine")["metadata"]["uid"] == "another"


def test_check_mode_agrees_with_the_run_where_no_webhook_takes_a_dry_run(
    space: Namespace, run: Run, server: ScriptedServer
) -> None:
    def answer(request: Request) -> Answer:
        if "dryRun" in request.query and request.path.startswith(KDCLUSTERS):
            return status_answer(
                400, "BadRequest",
                'admission webhook "hard-validate-cr.kubedirector.hpe.com" does not support dry run',
            )  # fmt: skip
        return space._answer(request)

    server.otherwise = answer
    options = {"name": "engine", "labels": {"team": "a"}, "wait": False, "wait_timeout": 5}
    checked = run(kd_cluster, check=True, **options)
    assert checked["changed"] is True
    assert "removes" not in str(checked["warnings"])
    assert run(kd_cluster, **options)["changed"] is True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (LAB, "KDCluster team-a/lab was created, but it is not configured in time"),
        (UPDATE, "The change was written, but it has not reached every member in time"),
        ({"name": "engine", "state": "absent"}, "Still there: pod pod-e"),
    ],
    ids=["created", "updated", "deleted"],
)
def test_a_wait_ends_at_its_timeout(
    space: Namespace, run: Run, server: ScriptedServer, options: JsonObject, said: str
) -> None:
    space.asleep = True
    server.on("GET", POD, Answer(body={"metadata": {"name": "pod-e"}}), forever=True)
    begun = time.monotonic()
    result = run(kd_cluster, **options, wait_timeout=1)
    assert time.monotonic() - begun < SOON
    assert result["failed"] is True and result["changed"] is True
    assert said in result["msg"]
    only_kdcluster(result)
