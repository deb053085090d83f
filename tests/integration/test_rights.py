# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each right that the collection asks for is needed, and a task that lacks it names it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import Connections
from tests.harness.module_runner import ModuleResult
from tests.harness.modules import Fresh, Modules, model, token
from tests.integration.conftest import TENANT
from tests.integration.permissions import (
    KDAPPS,
    KDCLUSTERS,
    LEASE,
    LEASES,
    NEEDED,
    granted_by,
    make_user_lacking,
)

STATUS_FILE = "/opt/guestconfig/configure.status"
# Since this release a command over a WebSocket takes the right to create one, too.
CREATE_NEEDED_SINCE = 35

Lacking = tuple[str, str]
ALL: list[Lacking] = [(resource, verb) for resource, verbs in NEEDED.items() for verb in verbs]
ON_OBJECTS: list[Lacking] = [
    (resource, verb) for resource in ("configmaps", "secrets") for verb in ("patch", "delete")
]
ON_CONNECTING: list[Lacking] = [
    (KDCLUSTERS, "list"), (KDCLUSTERS, "watch"), (KDCLUSTERS, "patch"), (KDAPPS, "list"),
    ("configmaps", "get"), ("configmaps", "create"), ("secrets", "get"), ("secrets", "create"),
]  # fmt: skip
ON_LINKED: list[Lacking] = [(LEASES, "create"), (LEASES, "get"), (LEASES, "patch")]
ELSEWHERE: list[Lacking] = [("pods", "get"), ("pods/exec", "get"), ("pods/exec", "create")]


@pytest.fixture
def acting(admin: Modules, kubectl: Kubectl, home: str, fresh: Fresh) -> Any:
    """The modules as a user who has all rights but one."""

    def lacking(resource: str, verb: str) -> Modules:
        user = fresh("user")
        make_user_lacking(kubectl, home, user, resource, verb)
        return admin.acting(impersonate_user=user)

    return lacking


def assert_named(result: ModuleResult, resource: str, verb: str, namespace: str) -> None:
    """The failure names verb and resource, and where they are to be granted."""
    message = result.message
    assert "403" in message and "orbidden" in message
    assert f"'{verb}'" in message and f"'{resource}'" in message
    assert namespace in message


def test_the_shipped_role_grants_what_is_needed_and_nothing_else(
    kubectl: Kubectl, tenant: Modules, home: str
) -> None:
    role = kubectl.get("role", TENANT, namespace=home)
    assert granted_by(role) == {resource: sorted(verbs) for resource, verbs in NEEDED.items()}
    bound = kubectl.get("rolebinding", TENANT, namespace=home)
    assert [one["name"] for one in bound["subjects"]] == [TENANT]


def test_each_right_has_a_test_here() -> None:
    assert sorted([*ON_OBJECTS, *ON_CONNECTING, *ON_LINKED, *ELSEWHERE]) == sorted(ALL)


@pytest.mark.parametrize(("resource", "verb"), ON_CONNECTING)
def test_a_missing_right_for_connecting_is_named(
    acting: Any, emptied: Named, fresh: Fresh, resource: str, verb: str
) -> None:
    lab = emptied("lab")
    result = acting(resource, verb).connection(
        kdcluster=["lab"],
        configmaps=[model(fresh("new"))],
        secrets=[token(fresh("new"), key=canary("hyssop"))],
    )
    assert_named(result, resource, verb, f"namespace {lab.namespace}")
    connected = (lab.get()["spec"].get("connections") or {}).get("configmaps")
    if verb == "watch":
        # Watching comes last: the message says what was done before.
        assert connected and result.kdclusters["lab"]["action"] == "updated"
        assert "KDCluster lab updated" in result.message
    else:
        assert not connected


@pytest.mark.parametrize(("resource", "verb"), ON_OBJECTS)
def test_a_missing_right_on_an_object_is_named(
    acting: Any, tenant: Modules, home: str, fresh: Fresh, resource: str, verb: str
) -> None:
    name = fresh("theirs")
    new = model if resource == "configmaps" else token
    tenant.connected(**{resource: [new(name, path="repo://old")]})
    task: dict[str, Any] = {resource: [new(name, path="repo://new")]}
    if verb == "delete":
        task = {resource: [{"name": name}], "state": "absent", "delete_objects": True}
    result = acting(resource, verb).connection(**task)
    assert_named(result, resource, verb, f"{home}/{name}")
    assert not result.changed


@pytest.mark.parametrize(("resource", "verb"), ON_LINKED)
def test_a_missing_right_on_leases_is_warned_of(
    acting: Any, emptied: Named, kubectl: Kubectl, fresh: Fresh, resource: str, verb: str
) -> None:
    notebook, engine = emptied("notebook"), emptied("engine-tf")
    notebook.reconnect_settled(Connections(clusters=["engine-tf"]))
    if verb == "create":
        kubectl.delete("lease", LEASE, namespace=notebook.namespace)
    else:
        # One that has to be taken over, not made.
        free = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": LEASE},
        }
        kubectl.ensure({**free, "spec": {}}, namespace=notebook.namespace)
    result = acting(resource, verb).connection(
        kdclusters=["notebook", "engine-tf"], configmaps=[model(fresh("new"))]
    )
    assert not result.failed, result.message
    assert "are changed without a Lease" in str(result.json["warnings"])
    assert engine.unsettled_because(engine.get()) == []


def test_a_missing_right_to_run_commands_is_named(acting: Any, kdcluster: Named) -> None:
    reader = kdcluster("reader")
    result = acting("pods/exec", "get").configmeta(kdcluster=["reader"])
    assert_named(result, "pods/exec", "get", f"Pod {reader.namespace}/")


def test_a_missing_right_to_create_commands_is_named(
    acting: Any, kdcluster: Named, kubectl: Kubectl
) -> None:
    reader = kdcluster("reader")
    result = acting("pods/exec", "create").configmeta(kdcluster=["reader"])
    server = kubectl.json("version")["serverVersion"]
    if int(server["minor"].rstrip("+")) < CREATE_NEEDED_SINCE:
        assert not result.failed, result.message
    else:
        assert_named(result, "pods/exec", "create", f"Pod {reader.namespace}/")


@pytest.fixture
def without_status(emptied: Named, kubectl: Kubectl) -> Iterator[KDCluster]:
    """The lab whose member has lost the start script's exit code, as one has that was replaced."""
    lab = emptied("lab")
    shell = ["exec", lab.pod(), "-c", "app", "--"]
    kubectl.ok(*shell, "mv", STATUS_FILE, f"{STATUS_FILE}.kept", namespace=lab.namespace)
    yield lab
    kubectl.ok(*shell, "mv", f"{STATUS_FILE}.kept", STATUS_FILE, namespace=lab.namespace)


def test_a_missing_right_to_read_a_pod_is_named(acting: Any, without_status: KDCluster) -> None:
    asking = {"kdcluster": ["lab"], "on_reconnect_failure": "fail"}
    result = acting("pods", "get").connection(**asking)
    assert_named(result, "pods", "get", f"Pod {without_status.namespace}/")
