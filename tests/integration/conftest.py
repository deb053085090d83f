# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One namespace for the whole suite, with KDClusters that are made together at its start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import integration_objects
from tests.harness.access import address_of
from tests.harness.audit_log import AuditLog
from tests.harness.cluster import ClusterUnderTest
from tests.harness.cluster_fixtures import (  # pylint: disable=unused-import
    emptied,
    fresh,
    kdcluster,
    kubectl,
    namespaces,
    timing,
    under_test,
)
from tests.harness.contract_objects import OPERATOR_NAMESPACE, global_config
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.manifests import KDAPP, KDCLUSTER
from tests.harness.modules import Modules, succeeded
from tests.harness.timing import Timing
from tests.harness.workspace import create_kdclusters

TENANT = "tenant"


@pytest.fixture(scope="session")
def audit_log(under_test: ClusterUnderTest) -> AuditLog | None:
    """The API server's audit log; a cluster that was given may keep its own to itself."""
    path = under_test.kubectl.kubeconfig.parent / "audit.log"
    return AuditLog(path) if path.is_file() else None


@pytest.fixture(scope="module")
def new_namespace(kubectl: Kubectl) -> Iterator[Callable[[], str]]:
    """Make namespaces for a module's tests: an operator polls every KDCluster as long as there is one."""
    with namespaces(kubectl, "integration") as make:
        yield make


@pytest.fixture(scope="session")
def home(kubectl: Kubectl, timing: Timing) -> Iterator[str]:
    """The namespace of the shared KDClusters, all of them configured."""
    with namespaces(kubectl, "integration") as make:
        name = make()
        # It stays: the operator does not let go of it while any KDCluster exists anywhere.
        kubectl.ensure(global_config(), namespace=OPERATOR_NAMESPACE)
        outside = f"outside-{name}"
        kubectl.create(integration_objects.outsider_app(outside), namespace=OPERATOR_NAMESPACE)
        kubectl.create(
            *integration_objects.apps(), *integration_objects.prerequisites(), namespace=name
        )
        create_kdclusters(
            kubectl,
            name,
            [*integration_objects.kdclusters(), integration_objects.outsider(outside)],
        )

        def states() -> dict[str, str]:
            found = kubectl.list(KDCLUSTER, namespace=name)
            present = {one["metadata"]["name"]: one.get("status") or {} for one in found}
            return {one: status.get("state", "new") for one, status in present.items()}

        wait_until(
            "all KDClusters of the suite are configured",
            lambda: all(
                state == ("creating" if one == integration_objects.UNSCHEDULABLE else "configured")
                for one, state in states().items()
            ),
            seconds=timing.configure_seconds,
            poll_seconds=1,
            seen=states,
        )
        yield name
    # Only now: its KDCluster had to go first.
    kubectl.delete(KDAPP, outside, namespace=OPERATOR_NAMESPACE)


@pytest.fixture(scope="session")
def address(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The API server's URL and the path of its CA certificate: options `host` and `ca_cert`."""
    return address_of(kubectl, tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def tenant_token(kubectl: Kubectl, home: str, admin: Modules) -> str:
    """A token of the tenant, who may do in `home` what kd_access grants, and no more."""
    succeeded(admin.access(name=TENANT))
    return kubectl.ok("create", "token", TENANT, "--duration=3h", namespace=home).strip()


@pytest.fixture(scope="session")
def tenant(home: str, address: dict[str, str], tenant_token: str) -> Modules:
    """The modules as the tenant runs them."""
    return Modules({**address, "api_key": tenant_token}, home)


@pytest.fixture(scope="session")
def admin(kubectl: Kubectl, home: str) -> Modules:
    """The modules with the given kubeconfig, which may do anything."""
    return Modules({"kubeconfig": str(kubectl.kubeconfig)}, home)


@pytest.fixture
def versions(kubectl: Kubectl, home: str) -> Callable[[], dict[str, str]]:
    """The resourceVersion of every KDCluster's spec owner, ConfigMap and Secret in `home`."""

    def read() -> dict[str, str]:
        return {
            f"{kind}/{found['metadata']['name']}": _version(found)
            for kind in ("configmap", "secret", KDCLUSTER)
            for found in kubectl.list(kind, namespace=home)
        }

    return read


def _version(found: dict[str, Any]) -> str:
    """Of a KDCluster the generation, which the operator's own status writes leave alone."""
    metadata = found["metadata"]
    return str(metadata["resourceVersion"] if "spec" not in found else metadata["generation"])


@pytest.fixture
def kubeconfig_path(kubectl: Kubectl) -> Path:
    """The given kubeconfig."""
    return kubectl.kubeconfig
