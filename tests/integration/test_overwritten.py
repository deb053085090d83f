# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second writer reverts a task's change while it runs: the task reports that and fails."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from tests.harness.canaries import canary
from tests.harness.contract_objects import OPERATOR_NAMESPACE, global_config
from tests.harness.integration_objects import WORKBENCH
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, KubectlError
from tests.harness.manifests import KDCLUSTER
from tests.harness.module_runner import ModuleResult
from tests.harness.modules import Modules, model, steering, succeeded, token
from tests.harness.timing import Timing

NAME = "verify-kept"
RESOURCES = {
    "limits": {"cpu": 1, "memory": "0.25Gi"},
    "requests": {"cpu": "0.005", "memory": "16Mi"},
}
# Long enough for kubectl to write in between.
SCRIPT_SECONDS = 3
EVERY_SECONDS = 0.2
OLD, NEW = canary("the old token"), canary("the new token")
Act = Callable[[], Any]


@pytest.fixture(scope="module")
def place(kubectl: Kubectl, new_namespace: Callable[[], str]) -> str:
    """A namespace with one KDCluster."""
    name = new_namespace()
    kubectl.ensure(global_config(), namespace=OPERATOR_NAMESPACE)
    kubectl.create(WORKBENCH, namespace=name)
    modules = Modules({"kubeconfig": str(kubectl.kubeconfig)}, name)
    role = {"id": "controller", "members": 1, "resources": RESOURCES}
    succeeded(modules.cluster(name=NAME, app="workbench", roles=[role]))
    return name


@pytest.fixture
def modules(kubectl: Kubectl, place: str, timing: Timing) -> Modules:
    """The modules; the KDCluster is settled, and connected to a start script that takes its time."""
    modules = Modules({"kubeconfig": str(kubectl.kubeconfig)}, place)
    slow = steering("slow", seconds=SCRIPT_SECONDS)
    succeeded(modules.connection(kdcluster=[NAME], exclusive=True, configmaps=[slow]))
    return modules


def undone_by(act: Act, run: Callable[[], ModuleResult]) -> ModuleResult:
    """Run a task while another writer acts repeatedly."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        while not running.done():
            with suppress(KubectlError):
                act()
            time.sleep(EVERY_SECONDS)
        return running.result()


@pytest.fixture
def patch(kubectl: Kubectl, place: str) -> Callable[[str, str, dict[str, Any]], Act]:
    """kubectl patch, to be done later."""
    return lambda kind, name, body: lambda: kubectl.patch(kind, name, body, namespace=place)


def test_reverted_connections_are_reported(
    modules: Modules, patch: Any, kubectl: Kubectl, place: str, timing: Timing
) -> None:
    back = patch(KDCLUSTER, NAME, {"spec": {"connections": {"configmaps": ["slow"]}}})
    result = undone_by(
        back, lambda: modules.connection(kdcluster=[NAME], configmaps=[model("lost")])
    )
    assert f"KDCluster {place}/{NAME}" in result.message and "ConfigMap lost" in result.message
    assert "kubectl-patch" in result.message
    reported = result.kdclusters[NAME]
    live = kubectl.get(KDCLUSTER, NAME, namespace=place)["spec"]["connections"]
    assert reported["connections"]["configmaps"] == live["configmaps"] == ["slow"]
    assert reported["action"] == "unchanged" and result.changed


def test_reverted_data_is_reported(modules: Modules, patch: Any, place: str) -> None:
    succeeded(modules.connection(kdcluster=[NAME], configmaps=[model("kept", path="/old")]))
    back = patch("configmap", "kept", {"data": {"path": "/old"}})
    result = undone_by(
        back, lambda: modules.connection(kdcluster=[NAME], configmaps=[model("kept", path="/new")])
    )
    assert f"ConfigMap {place}/kept holds other data (path)" in result.message
    assert "kubectl-patch" in result.message
    assert result.objects["ConfigMap", "kept"] == "unchanged"


def test_a_removed_type_label_is_reported(modules: Modules, patch: Any, place: str) -> None:
    off = patch(
        "configmap", "bare", {"metadata": {"labels": {"kubedirector.hpe.com/cmType": None}}}
    )
    result = undone_by(
        off, lambda: modules.connection(kdcluster=[NAME], configmaps=[model("bare")])
    )
    assert f"ConfigMap {place}/bare" in result.message and "cmType" in result.message


def test_a_deleted_secret_is_reported(modules: Modules, kubectl: Kubectl, place: str) -> None:
    def act() -> None:
        if "brief" in json.dumps(kubectl.get(KDCLUSTER, NAME, namespace=place)["spec"]):
            kubectl.delete("secret", "brief", namespace=place)

    secret = token("brief", token=NEW)
    result = undone_by(act, lambda: modules.connection(kdcluster=[NAME], secrets=[secret]))
    assert f"Secret {place}/brief was deleted" in result.message
    assert result.objects["Secret", "brief"] == "absent"
    reported = modules.read(kdcluster=[NAME]).kdclusters[NAME]["members"][0]
    assert reported["current"] is False
    (stale,) = reported["stale"]
    assert stale["name"] == "brief" and "names it, but it does not exist" in stale["reason"]


def test_a_reverted_rotation_is_reported(modules: Modules, patch: Any, place: str) -> None:
    succeeded(modules.connection(kdcluster=[NAME], secrets=[token("turning", token=OLD)]))
    back = patch("secret", "turning", {"stringData": {"token": OLD}})
    result = undone_by(back, lambda: modules.rotation(secret="turning", string_data={"token": NEW}))
    assert result.failed and OLD not in result.output and NEW not in result.output


def test_a_reverted_scaling_is_reported(modules: Modules, kubectl: Kubectl, place: str) -> None:
    def act() -> None:
        sizes = [{"op": "replace", "path": "/spec/roles/0/members", "value": 1}]
        kubectl.patch(KDCLUSTER, NAME, sizes, namespace=place, patch_type="json")

    role = {"id": "controller", "members": 2}
    result = undone_by(act, lambda: modules.cluster(name=NAME, roles=[role]))
    assert "members of role controller (now 1)" in result.message
    assert result.kdclusters[NAME]["action"] == "unchanged" and result.changed


def test_a_recreated_kdcluster_is_reported(
    modules: Modules, kubectl: Kubectl, place: str, timing: Timing
) -> None:
    found = kubectl.get(KDCLUSTER, NAME, namespace=place)
    again = {key: found[key] for key in ("apiVersion", "kind", "spec")}
    again["metadata"] = {"name": NAME}

    def act() -> None:
        if "lost-too" in json.dumps(kubectl.get(KDCLUSTER, NAME, namespace=place)["spec"]):
            kubectl.delete(KDCLUSTER, NAME, namespace=place)
            kubectl.create(again, namespace=place)

    result = undone_by(
        act, lambda: modules.connection(kdcluster=[NAME], configmaps=[model("lost-too")])
    )
    assert f"KDCluster {place}/{NAME}" in result.message and "deleted" in result.message
    KDCluster(kubectl, place, NAME, timing).wait_settled()
