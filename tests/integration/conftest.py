# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One namespace for the whole suite, with KDClusters that are made together at its start."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.harness import integration_objects
from tests.harness.audit_log import AuditLog
from tests.harness.cluster import ClusterUnderTest, NoClusterError, find_cluster
from tests.harness.contract_objects import OPERATOR_NAMESPACE, global_config
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.kubectl_proxy import proxied
from tests.harness.manifests import KDAPP, KDCLUSTER, Connections, namespace
from tests.harness.modules import Fresh, Modules, succeeded
from tests.harness.timing import Timing
from tests.harness.workspace import create_kdclusters, end_namespace

TENANT = "tenant"

Named = Callable[[str], KDCluster]


@pytest.fixture(scope="session")
def under_test() -> ClusterUnderTest:
    """The cluster to test; ends the run when there is none."""
    try:
        return find_cluster()
    except NoClusterError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def kubectl(under_test: ClusterUnderTest) -> Iterator[Kubectl]:
    """kubectl with the given kubeconfig: the oracle."""
    with proxied(under_test.kubectl) as reading:
        yield reading


@pytest.fixture(scope="session")
def timing(under_test: ClusterUnderTest) -> Timing:
    """How long the operator under test may take."""
    return Timing(under_test.poll_seconds)


@pytest.fixture(scope="session")
def audit_log(under_test: ClusterUnderTest) -> AuditLog | None:
    """The API server's audit log; a cluster that was given may keep its own to itself."""
    path = under_test.kubectl.kubeconfig.parent / "audit.log"
    return AuditLog(path) if path.is_file() else None


@contextmanager
def namespaces(kubectl: Kubectl) -> Iterator[Callable[[], str]]:
    """Make namespaces that are gone again afterwards."""
    made: list[str] = []

    def make() -> str:
        name = f"integration-{uuid4().hex[:8]}"
        kubectl.create(namespace(name))
        made.append(name)
        return name

    try:
        yield make
    finally:
        for name in made:
            end_namespace(kubectl, name, seconds=180)


@pytest.fixture(scope="module")
def new_namespace(kubectl: Kubectl) -> Iterator[Callable[[], str]]:
    """Make namespaces for a module's tests: an operator polls every KDCluster as long as there is one."""
    with namespaces(kubectl) as make:
        yield make


@pytest.fixture(scope="session")
def home(kubectl: Kubectl, timing: Timing) -> Iterator[str]:
    """The namespace of the shared KDClusters, all of them configured."""
    with namespaces(kubectl) as make:
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
            told = {one["metadata"]["name"]: one.get("status") or {} for one in found}
            return {one: status.get("state", "new") for one, status in told.items()}

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
    shown = kubectl.json("config", "view", "--raw", "--minify", "--flatten")
    cluster = shown["clusters"][0]["cluster"]
    path = tmp_path_factory.mktemp("ca") / "ca.crt"
    path.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return {"host": str(cluster["server"]), "ca_cert": str(path)}


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


@pytest.fixture(scope="session")
def kdcluster(kubectl: Kubectl, home: str, timing: Timing) -> Named:
    """The shared KDClusters by name, as the test before left them."""
    return lambda name: KDCluster(kubectl, home, name, timing)


@pytest.fixture
def emptied(kdcluster: Named) -> Named:
    """The shared KDClusters by name, settled and with no connections."""

    def named(name: str) -> KDCluster:
        found = kdcluster(name)
        if any((found.get()["spec"].get("connections") or {}).values()):
            found.connect(Connections())
        found.wait_settled()
        found.set_count_right()
        return found

    return named


@pytest.fixture
def fresh() -> Fresh:
    """Names that no other test uses."""
    return lambda base: f"{base}-{uuid4().hex[:6]}"


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
