# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One namespace for the whole suite, with KDClusters that are made together at its start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from tests.harness import contract_objects
from tests.harness.cluster import ClusterUnderTest, NoClusterError, find_cluster
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl
from tests.harness.kubectl_proxy import proxied
from tests.harness.manifests import KDAPP, KDCLUSTER, Connections, namespace
from tests.harness.timing import Timing
from tests.harness.workspace import wait_configured

LAST = ("test_wedge",)

Named = Callable[[str], KDCluster]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run last what leaves the operator stuck, if it does not recover."""
    items.sort(key=lambda item: item.path.stem in LAST)


@pytest.fixture(scope="session")
def under_test() -> ClusterUnderTest:
    """The cluster to test; ends the run when there is none."""
    try:
        return find_cluster()
    except NoClusterError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def kubectl(under_test: ClusterUnderTest) -> Iterator[Kubectl]:
    """kubectl, bound to the cluster under test."""
    with proxied(under_test.kubectl) as reading:
        yield reading


@pytest.fixture(scope="session")
def timing(under_test: ClusterUnderTest) -> Timing:
    """How long the operator under test may take."""
    return Timing(under_test.poll_seconds)


@pytest.fixture(scope="session")
def new_namespace(kubectl: Kubectl) -> Iterator[Callable[[], str]]:
    """Make namespaces that are gone again after the session."""
    made: list[str] = []

    def make() -> str:
        name = f"contract-{uuid4().hex[:8]}"
        kubectl.create(namespace(name))
        made.append(name)
        return name

    yield make
    for name in made:
        # Clusters first: their finalizers need the operator, which needs the namespace.
        kubectl.ok("delete", KDCLUSTER, "--all", namespace=name, seconds=180)
        kubectl.delete("namespace", name, wait=False)


@pytest.fixture(scope="session")
def home(kubectl: Kubectl, timing: Timing, new_namespace: Callable[[], str]) -> Iterator[str]:
    """The namespace of the shared KDClusters, all of them configured."""
    name = new_namespace()
    # It stays: the operator does not let go of it while any KDCluster exists anywhere.
    kubectl.ensure(contract_objects.global_config(), namespace=contract_objects.OPERATOR_NAMESPACE)
    outside = f"outside-{name}"
    kubectl.create(
        contract_objects.outsider_app(outside), namespace=contract_objects.OPERATOR_NAMESPACE
    )
    kubectl.create(*contract_objects.apps(), *contract_objects.prerequisites(), namespace=name)
    kubectl.create(
        *contract_objects.kdclusters(), contract_objects.outsider(outside), namespace=name
    )

    wait_configured(kubectl, name, seconds=timing.configure_seconds)
    yield name
    kubectl.ok("delete", KDCLUSTER, "--all", namespace=name, seconds=180)
    kubectl.delete(KDAPP, outside, namespace=contract_objects.OPERATOR_NAMESPACE)


@pytest.fixture(scope="session")
def kdcluster(kubectl: Kubectl, home: str, timing: Timing) -> Named:
    """The shared KDClusters by name, as the test before left them."""

    def named(name: str) -> KDCluster:
        return KDCluster(kubectl, home, name, timing)

    return named


@pytest.fixture
def emptied(kdcluster: Named) -> Named:
    """The shared KDClusters by name, settled and with no connections."""

    def named(name: str) -> KDCluster:
        found = kdcluster(name)
        if found.named() != Connections():
            found.connect(Connections())
        found.wait_settled()
        found.set_count_right()
        return found

    return named


@pytest.fixture
def fresh() -> Callable[[str], str]:
    """Names that no other test uses."""
    return lambda base: f"{base}-{uuid4().hex[:6]}"
