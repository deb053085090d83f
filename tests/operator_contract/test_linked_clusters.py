# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked KDClusters changed in the right order: a connected KDCluster first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import Connections, configmap

Fresh = Callable[[str], str]

Linked = tuple[KDCluster, KDCluster]


@pytest.fixture
def linked(emptied: Named) -> Linked:
    """The engine and the notebook that connects to it, both settled."""
    notebook = emptied("notebook")
    engine = emptied("engine")
    notebook.reconnect_settled(Connections(clusters=["engine"]))
    return engine, notebook


def test_a_change_of_a_connected_cluster_reconfigures_what_connects_to_it(
    linked: Linked,
) -> None:
    engine, notebook = linked
    before, hash_before = notebook.generation(), notebook.status()["lastConnectionHash"]
    read = notebook.wait_read("something", lambda read: True)
    engine.reconnect_settled(Connections(configmaps=["no-such-map"]))
    after = notebook.wait_settled()["status"]
    assert after["specGenerationToProcess"] > before
    assert after["lastConnectionHash"] != hash_before
    notebook.wait_read("the change", lambda now: now["count"] > read["count"])


def test_a_change_of_what_connects_leaves_the_connected_cluster_alone(linked: Linked) -> None:
    engine, notebook = linked
    before = engine.get()["metadata"]["resourceVersion"]
    notebook.reconnect_settled(Connections(clusters=["engine"], configmaps=["no-such-map"]))
    assert engine.get()["metadata"]["resourceVersion"] == before


@pytest.mark.parametrize("turn", ["first", "second", "third"])
def test_changes_in_dependency_order_all_go_through(
    kubectl: Kubectl, linked: Linked, fresh: Fresh, turn: str
) -> None:
    engine, notebook = linked
    name = fresh("info")
    kubectl.create(
        configmap(name, {"turn": turn}, connection_type="info"), namespace=engine.namespace
    )
    engine.reconnect_settled(Connections(configmaps=[name]))
    notebook.wait_settled()
    notebook.reconnect_settled(Connections(clusters=["engine"], configmaps=[name]))
    engine.wait_settled()
    for found in (engine, notebook):
        assert found.connections_in()["configmaps"]["info"][0]["data"] == {"turn": turn}
