# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the suites that need a cluster. Each suite's conftest has `home`, the namespace of its KDClusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from tests.harness.cluster import ClusterUnderTest, NoClusterError, find_cluster
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl
from tests.harness.kubectl_proxy import proxied
from tests.harness.manifests import Connections, namespace
from tests.harness.timing import Timing
from tests.harness.workspace import end_namespace

Named = Callable[[str], KDCluster]


@contextmanager
def namespaces(kubectl: Kubectl, prefix: str) -> Iterator[Callable[[], str]]:
    """Make namespaces; deletes them afterwards."""
    made: list[str] = []

    def make() -> str:
        name = f"{prefix}-{uuid4().hex[:8]}"
        kubectl.create(namespace(name))
        made.append(name)
        return name

    try:
        yield make
    finally:
        for name in made:
            end_namespace(kubectl, name, seconds=180)


@pytest.fixture(scope="session")
def under_test() -> ClusterUnderTest:
    """The cluster to test; ends the run if there is none."""
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
        found.repair_counter()
        return found

    return named


@pytest.fixture
def fresh() -> Callable[[str], str]:
    """Names that no other test uses."""
    return lambda base: f"{base}-{uuid4().hex[:6]}"
