# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kd_cluster writes, given the desired state and the live KDCluster."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    InvalidInputError,
    PreconditionError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.argspec import (
    CLUSTER_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.desired import (
    DesiredCluster,
    parse_desired_cluster,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.plan import (
    ClusterPlan,
    cluster_diff,
    make_cluster_plan,
)
from tests.unit.plugins.manifests import (
    NAMESPACE,
    JsonObject,
    kdcluster_manifest,
    object_manifest,
    snapshot_of,
)
from tests.unit.plugins.patching import json_patched

SECRET = "QXZJKVWQ"
ROLE: JsonObject = {
    "id": "controller",
    "members": 1,
    "resources": {"limits": {"memory": "0.5Gi", "cpu": 1}},
    "storage": {"size": "1024Mi"},
    "env": [{"name": "EMPTY", "value": ""}, {"name": "ON", "value": True}],
    "podLabels": {},
    "secretKeys": [{"name": "password", "value": SECRET}],
    "volumeProjections": [{"pvcName": "data", "mountPath": "/data", "readOnly": False}],
}
# As the real operator stores that role: with defaults, without empty fields, quantities in its own form.
STORED: JsonObject = {
    "id": "controller",
    "members": 1,
    "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
    "storage": {"size": "1Gi", "storageClassName": "standard"},
    "env": [{"name": "EMPTY"}, {"name": "ON", "value": "true"}],
    "secretKeys": [{"name": "password", "encryptedValue": "0123abcd"}],
    "volumeProjections": [{"pvcName": "data", "mountPath": "/data"}],
}
HELD = {"controller": {"password": SECRET}}


def desired(**options: Any) -> DesiredCluster:
    checked = ArgumentSpecValidator(CLUSTER_ARGUMENTS).validate({"name": "notebook", **options})
    assert checked.error_messages == []
    return parse_desired_cluster(checked.validated_parameters, NAMESPACE)


def stored(*roles: JsonObject, populated: bool = True, **parts: Any) -> JsonObject:
    live = kdcluster_manifest("notebook", **parts)
    live["spec"]["roles"] = list(copy.deepcopy(roles))
    live["spec"].update(appCatalog="local", serviceType="ClusterIP", namingScheme="UID")
    live["status"]["roles"] = [{"id": role["id"]} for role in roles] if populated else []
    return live


def plan_on(
    live: JsonObject | None,
    options: JsonObject,
    *others: JsonObject,
    held: Any = None,
    objects: Any = None,
) -> ClusterPlan:
    clusters = [*others, *([live] if live else [])]
    return make_cluster_plan(desired(**options), live, snapshot_of(clusters, objects), held)


def test_a_field_that_the_operator_rewrote_is_not_a_difference() -> None:
    live = stored(STORED, no_connections=True)
    options = {"app": "notebook-app", "roles": [ROLE], "connections": {"clusters": []}}
    assert plan_on(live, options, held=HELD).action == "unchanged"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resources", {"limits": {"memory": "513Mi", "cpu": "1"}}),
        ("storage", {"size": "2Gi"}),
        ("storage", {"size": "1Gi", "storageClassName": "fast"}),
        ("env", [{"name": "ON", "value": True}]),
        ("podLabels", {"a": "b"}),
        ("secretKeys", [{"name": "password", "value": "another one"}]),
        ("secretKeys", []),
        ("volumeProjections", [{"pvcName": "data", "mountPath": "/data", "readOnly": True}]),
    ],
)
def test_a_real_difference_is_refused_while_the_role_has_members(field: str, value: Any) -> None:
    with pytest.raises(PreconditionError, match=f"would change {field}") as refused:
        plan_on(stored(STORED), {"roles": [{**ROLE, field: value}]}, held=HELD)
    assert SECRET not in str(refused.value) and "another one" not in str(refused.value)
    plan = plan_on(stored(STORED, populated=False), {"roles": [{**ROLE, field: value}]}, held=HELD)
    assert plan.action == "updated"


def test_secret_keys_that_no_member_holds_stay_as_they_are() -> None:
    roles = [{**ROLE, "secretKeys": [{"name": "password", "value": "another one"}]}]
    assert plan_on(stored(STORED), {"roles": roles}, held=None).action == "unchanged"


def test_scaling_writes_only_the_number_and_tests_the_old_one() -> None:
    live = stored({"id": "other", "members": 3}, STORED)
    plan = plan_on(live, {"roles": [{"id": "controller", "members": 4}]})
    assert plan.body == [
        {"op": "test", "path": "/spec/roles/1/id", "value": "controller"},
        {"op": "test", "path": "/spec/roles/1/members", "value": 1},
        {"op": "add", "path": "/spec/roles/1/members", "value": 4},
    ]


def test_a_patch_turns_the_live_kdcluster_into_the_planned_one() -> None:
    live = stored(STORED, configmaps=["model"])
    new = {"id": "worker", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
    options = {
        "roles": [{"id": "controller", "members": 2}, new],
        "service_type": "NodePort",
        "labels": {"team.example.com/name": "a"},
        "connections": {"clusters": ["engine"]},
    }
    objects = {("ConfigMap", "model"): object_manifest("ConfigMap", "model")}
    plan = plan_on(live, options, kdcluster_manifest("engine"), objects=objects)
    patched = json_patched(live, plan.body)
    assert plan.after is not None
    assert patched["spec"] == plan.after["spec"]
    assert patched["metadata"]["labels"] == {"team.example.com/name": "a"}
    assert [role["id"] for role in patched["spec"]["roles"]] == ["controller", "worker"]
    assert patched["spec"]["connections"]["configmaps"] == ["model"]
    assert plan.links["notebook"] == ("engine",)


def test_a_new_kdcluster_holds_its_connections_and_no_null() -> None:
    options = {"app": "notebook-app", "roles": [ROLE], "connections": {"clusters": ["engine"]}}
    plan = plan_on(None, options, kdcluster_manifest("engine"))
    assert plan.body["spec"]["connections"] == {
        "clusters": ["engine"], "configmaps": [], "secrets": [],
    }  # fmt: skip
    role = plan.body["spec"]["roles"][0]
    assert role["resources"] == {"limits": {"memory": "0.5Gi", "cpu": "1"}}
    assert role["secretKeys"] == [{"name": "password", "value": SECRET}]
    assert role["volumeProjections"][0] == {
        "pvcName": "data",
        "mountPath": "/data",
        "readOnly": False,
    }
    diff = cluster_diff(desired(**options), plan)
    assert SECRET not in json.dumps(diff) and "password" in json.dumps(diff)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "cannot be created without the name of its KDApp"),
        ({"app": "notebook-app"}, "cannot be created without roles"),
        (
            {"app": "notebook-app", "roles": [{"id": "a"}]},
            "role a cannot be created without limits",
        ),
        ({"app": "x", "roles": [ROLE], "app_catalog": "local"}, "KDApp x, which does not exist"),
        (
            {"app": "x", "roles": [ROLE], "connections": {"clusters": ["missing"]}},
            "missing does not exist",
        ),
    ],
)
def test_a_kdcluster_that_cannot_be_created_is_refused(options: JsonObject, words: str) -> None:
    with pytest.raises(PreconditionError, match=words):
        plan_on(None, options)


def test_a_new_kdcluster_must_not_close_a_cycle() -> None:
    options = {"app": "notebook-app", "roles": [ROLE], "connections": {"clusters": ["engine"]}}
    with pytest.raises(PreconditionError, match="through a cycle"):
        plan_on(None, options, kdcluster_manifest("engine", clusters=["notebook"]))


def test_app_and_catalog_are_fixed() -> None:
    with pytest.raises(PreconditionError, match=r"has app 'notebook-app'.*has appCatalog 'local'"):
        plan_on(stored(STORED), {"app": "other", "app_catalog": "system"})


def test_a_deletion_is_refused_while_others_connect_to_it_unless_forced() -> None:
    other = kdcluster_manifest("other", clusters=["notebook"])
    live = stored(STORED)
    with pytest.raises(PreconditionError, match="KDCluster team-a/other connects to it"):
        plan_on(live, {"state": "absent"}, other)
    assert plan_on(live, {"state": "absent", "force": True}, other).action == "deleted"
    assert plan_on(None, {"state": "absent", "force": True}, other).action == "unchanged"


def test_a_terminating_kdcluster_is_not_changed() -> None:
    live = stored(STORED)
    live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert plan_on(live, {"state": "absent"}).action == "unchanged"
    with pytest.raises(PreconditionError, match="is being deleted"):
        plan_on(live, {})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"force": True}, "Option force"),
        ({"name": "No"}, "not a valid object name"),
        ({"roles": [{"id": "a"}, {"id": "a"}]}, "role a is given twice"),
        ({"roles": [{"id": "a", "members": -1}]}, "members is -1"),
        ({"roles": [{"id": "a", "env": [{"name": "A", "value": [1]}]}]}, "env A"),
        ({"roles": [{"id": "a", "resources": {"limits": {"cpu": [1]}}}]}, "resources.limits cpu"),
        ({"connections": {"clusters": ["notebook"]}}, "cannot be connected to itself"),
        ({"wait_timeout": 0}, "wait_timeout"),
    ],
)
def test_bad_options_are_refused(options: JsonObject, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        desired(**options)
