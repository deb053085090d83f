# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_cluster as a whole module, over real HTTP: the request for each of its options."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_cluster
from tests.unit.plugins.clients import KDCLUSTERS
from tests.unit.plugins.kdcluster_in_full import (
    MANIFEST,
    OPTIONS,
    STORED_ROLE,
    add_in_full,
    given_names,
    option_names,
)
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import MARK, Run
from tests.unit.plugins.namespace_server import Namespace

# Options of the task itself, which no manifest holds.
NOT_SENT = {"state", "force", "wait", "wait_timeout", "definition", "src"}
AT_ONCE: JsonObject = {"wait": False, "wait_timeout": 5}
CONNECTED = "/spec/connections/"
OTHER_FILE = {"srcURL": "https://files.example.com/c.py", "destDir": "/srv"}
LIMITS, REQUESTS = {"memory": "4Gi", "cpu": "2"}, {"memory": "2Gi", "cpu": "500m"}
BLOCK: JsonObject = {
    "storageClassName": "raw", "pathPrefix": "/dev/kd", "numDevices": 3, "size": "5Gi",
}  # fmt: skip

APART: JsonObject = {
    "requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"team": "a"}}}
    ]
}
WITHOUT_AFFINITY = {field: value for field, value in STORED_ROLE.items() if field != "affinity"}


@pytest.fixture
def full_space(space: Namespace) -> Namespace:
    """A namespace with every object that it connects to."""
    space.add_object("Secret", "token", object_type="source-control")
    return space


def test_every_option_is_among_those_given() -> None:
    arguments = kd_cluster.arguments()
    assert given_names(arguments, OPTIONS) == option_names(arguments) - NOT_SENT


def as_the_manifest_spells_them() -> JsonObject:
    """The same options, by their other names."""
    metadata = {field: MANIFEST["metadata"][field] for field in ("labels", "annotations")}
    return {"kdcluster": "lab", **metadata, **MANIFEST["spec"]}


@pytest.mark.parametrize("options", [OPTIONS, as_the_manifest_spells_them()], ids=["own", "alias"])
def test_a_kdcluster_with_every_field_is_sent_as_the_crd_spells_it(
    full_space: Namespace, run: Run, options: JsonObject
) -> None:
    result = run(kd_cluster, **options, **AT_ONCE)
    assert not result.get("failed"), result["msg"]
    (sent,) = full_space.writes
    assert (sent.method, sent.path, sent.json) == ("POST", KDCLUSTERS, MANIFEST)
    # The same task again changes nothing.
    assert run(kd_cluster, **options, **AT_ONCE)["changed"] is False
    assert len(full_space.writes) == 1


def test_an_option_given_by_both_names_is_sent_as_ansible_reads_it(
    full_space: Namespace, run: Run
) -> None:
    run(kd_cluster, **OPTIONS, **AT_ONCE)
    secret = {"name": "tls", "mount_path": "/etc/tls", "default_mode": 288}
    given = {**secret, "read_only": True, "readOnly": "no"}
    run(kd_cluster, kdcluster="lab", default_secret=given, **AT_ONCE)
    assert full_space.writes[-1].json == exchange(
        "/spec/defaultSecret",
        {"name": "tls", "mountPath": "/etc/tls", "defaultMode": 288, "readOnly": True},
        {"name": "tls", "mountPath": "/etc/tls", "defaultMode": 288, "readOnly": False},
    )


def exchange(path: str, before: Any, after: Any) -> list[JsonObject]:
    """The patch that replaces a value, unless another writer changed it meanwhile."""
    return [
        {"op": "test", "path": path, "value": before},
        {"op": "replace", "path": path, "value": after},
    ]


def in_the_role(**fields: Any) -> list[JsonObject]:
    """The patch that gives its only role other fields."""
    return exchange("/spec/roles", [STORED_ROLE], [{**STORED_ROLE, **fields}])


CHANGES: list[tuple[JsonObject, list[JsonObject]]] = [
    ({"service_type": "LoadBalancer"}, exchange("/spec/serviceType", "NodePort", "LoadBalancer")),
    ({"naming_scheme": "UID"}, exchange("/spec/namingScheme", "CrNameRole", "UID")),
    (
        {"default_secret": {"name": "tls", "mount_path": "/tls", "default_mode": 288}},
        exchange(
            "/spec/defaultSecret",
            {"name": "tls", "mountPath": "/etc/tls", "defaultMode": 288, "readOnly": True},
            {"name": "tls", "mountPath": "/tls", "defaultMode": 288},
        ),
    ),
    (
        {"connections": {"clusters": ["notebook"]}},
        exchange(CONNECTED + "clusters", ["engine"], ["engine", "notebook"]),
    ),
    (
        {"connections": {"configmaps": ["more"]}},
        exchange(CONNECTED + "configmaps", ["model"], ["model", "more"]),
    ),
    (
        {"connections": {"secrets": ["other"]}},
        exchange(CONNECTED + "secrets", ["token"], ["token", "other"]),
    ),
    (
        {"labels": {"team": "b", "cost-centre": 7}},
        [{"op": "add", "path": "/metadata/labels/team", "value": "b"}],
    ),
    (
        {"annotations": {"example.com/note": 8}},
        [{"op": "add", "path": "/metadata/annotations/example.com~1note", "value": "8"}],
    ),
]
ROLE_CHANGES: list[tuple[JsonObject, list[JsonObject]]] = [
    (
        {"members": 3},
        [
            {"op": "test", "path": "/spec/roles/0/id", "value": "controller"},
            {"op": "test", "path": "/spec/roles/0/members", "value": 0},
            {"op": "add", "path": "/spec/roles/0/members", "value": 3},
        ],
    ),
    (
        {"resources": {"limits": LIMITS, "requests": {"memory": "1Gi", "cpu": "0.5"}}},
        in_the_role(resources={"limits": LIMITS, "requests": {"memory": "1Gi", "cpu": "0.5"}}),
    ),
    # Parts that are left out stay.
    (
        {"resources": {"requests": {"cpu": "250m"}}},
        in_the_role(resources={**STORED_ROLE["resources"], "requests": {"cpu": "250m"}}),
    ),
    (
        {"resources": {"requests": {}}},
        in_the_role(resources={**STORED_ROLE["resources"], "requests": {}}),
    ),
    (
        {"storage": {"size": "21Gi"}},
        in_the_role(storage={"size": "21Gi", "storageClassName": "fast"}),
    ),
    (
        {"resources": {"limits": {**LIMITS, "nvidia.com/gpu": 1}, "requests": REQUESTS}},
        in_the_role(resources={"limits": {**LIMITS, "nvidia.com/gpu": "1"}, "requests": REQUESTS}),
    ),
    (
        {"storage": {"size": "21Gi", "storage_class_name": "fast"}},
        in_the_role(storage={"size": "21Gi", "storageClassName": "fast"}),
    ),
    (
        {"storage": {"size": "20Gi", "storage_class_name": "slow"}},
        in_the_role(storage={"size": "20Gi", "storageClassName": "slow"}),
    ),
    *(
        ({"blockStorage": {**BLOCK, field: value}}, in_the_role(blockStorage={**BLOCK, field: value}))
        for field, value in (
            ("storageClassName", "other"), ("pathPrefix", "/dev/x"), ("numDevices", 4), ("size", "6Gi"),
        )
    ),
    ({"shared_memory": "2Gi"}, in_the_role(sharedMemory="2Gi")),
    (
        {"env": [{"name": "THREADS", "value": 5}]},
        in_the_role(env=[{"name": "THREADS", "value": "5"}]),
    ),
    (
        {"secret_keys": [{"name": "rest-password", "value": MARK}, {"name": "b", "value": MARK}]},
        in_the_role(secretKeys=[*STORED_ROLE["secretKeys"], {"name": "b", "value": MARK}]),
    ),
    (
        {"secret": {"name": "others", "mount_path": "/etc/keys"}},
        in_the_role(secret={"name": "others", "mountPath": "/etc/keys"}),
    ),
    ({"service_account_name": "walker"}, in_the_role(serviceAccountName="walker")),
    ({"pod_labels": {"Tier": 2}}, in_the_role(podLabels={"Tier": "2"})),
    ({"pod_annotations": {"a": "b"}}, in_the_role(podAnnotations={"example.com/Pod": "p", "a": "b"})),
    ({"service_labels": {"exposed": False}}, in_the_role(serviceLabels={"exposed": "false"})),
    ({"service_annotations": {"a": "b"}}, in_the_role(serviceAnnotations={"example.com/lb": "internal", "a": "b"})),
    (
        {"file_injections": [{"src_url": OTHER_FILE["srcURL"], "dest_dir": "/srv"}]},
        in_the_role(fileInjections=[OTHER_FILE]),
    ),
    (
        {"volume_projections": [{"pvc_name": "data", "mount_path": "/data"}]},
        in_the_role(volumeProjections=[{"pvcName": "data", "mountPath": "/data"}]),
    ),
    ({"affinity": {"podAntiAffinity": APART}}, in_the_role(affinity={"podAntiAffinity": APART})),
    ({"affinity": {}}, exchange("/spec/roles", [STORED_ROLE], [WITHOUT_AFFINITY])),
]  # fmt: skip
ALL_CHANGES = [
    *CHANGES,
    *(({"roles": [{"id": "controller", **change}]}, patch) for change, patch in ROLE_CHANGES),
]


def changed_names(options: JsonObject) -> str:
    """The name of a change in the test's id."""
    inner = [name for name in options.get("roles", [{}])[0] if name != "id"]
    return ".".join([*options, *inner])


@pytest.mark.parametrize(
    ("options", "patch"), ALL_CHANGES, ids=[changed_names(o) for o, _patch in ALL_CHANGES]
)
def test_a_change_of_one_field_patches_only_that_field(
    full_space: Namespace, run: Run, options: JsonObject, patch: list[JsonObject]
) -> None:
    full_space.add_object("ConfigMap", "more")
    full_space.add_object("Secret", "other", object_type="token")
    add_in_full(full_space)
    result = run(kd_cluster, name="lab", **options, **AT_ONCE)
    assert not result.get("failed"), result["msg"]
    assert (result["changed"], result["kdclusters"][0]["action"]) == (True, "updated")
    (sent,) = full_space.writes
    assert (sent.method, sent.path) == ("PATCH", f"{KDCLUSTERS}/lab")
    assert sent.header("Content-Type") == ["application/json-patch+json"]
    assert sent.json == patch
    assert run(kd_cluster, name="lab", **options, **AT_ONCE)["changed"] is False


def test_every_field_that_may_change_is_among_those_changed() -> None:
    arguments: dict[str, Any] = kd_cluster.arguments()
    fixed = {"name", "app", "app_catalog"}
    assert {name for change, _patch in CHANGES for name in change} == (
        set(arguments) - NOT_SENT - fixed - {"roles"}
    )
    # One of them is given by its other name.
    changed = {name for change, _patch in ROLE_CHANGES for name in change} - {"blockStorage"}
    assert changed | {"block_storage"} == set(arguments["roles"]["options"]) - {"id"}


@pytest.mark.parametrize("seconds", [0, 10**400])
def test_a_timeout_that_no_clock_can_count_is_refused(
    space: Namespace, run: Run, seconds: int
) -> None:
    result = run(kd_cluster, name="notebook", wait_timeout=seconds)
    assert "Option wait_timeout is a number of seconds, 1 to 31536000" in result["msg"]
    assert space.writes == []
