# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One namespace for the whole suite, with KDClusters that are made together at its start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.harness import contract_objects
from tests.harness.cluster_fixtures import (  # pylint: disable=unused-import
    emptied,
    fresh,
    kdcluster,
    kubectl,
    namespaces,
    timing,
    under_test,
)
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import KDAPP, KDCLUSTER
from tests.harness.timing import Timing
from tests.harness.workspace import wait_configured

LAST = ("test_wedge",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests last that may leave the operator stuck."""
    items.sort(key=lambda item: item.path.stem in LAST)


@pytest.fixture(scope="session")
def new_namespace(kubectl: Kubectl) -> Iterator[Callable[[], str]]:
    """Make namespaces; deletes them after the session."""
    with namespaces(kubectl, "contract") as make:
        yield make


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
