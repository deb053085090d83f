# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked KDClusters change in order, each one only while those linked to it are settled.

Otherwise the operator gets stuck, as the contract suite shows. That it does not get stuck cannot be
stated as a test: it now and then manages to by itself, when its own poll meets its own notification.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import KDCluster
from tests.harness.manifests import Connections
from tests.harness.modules import Fresh, Modules, model
from tests.integration.history import watched
from tests.integration.test_connect import application, connections_of

ROUNDS = 5
LINKED = ("notebook", "engine-tf", "engine-torch")


@pytest.fixture
def linked(emptied: Named) -> list[KDCluster]:
    """A notebook that is connected to two engines, all of them settled."""
    found = [emptied(name) for name in LINKED]
    found[0].reconnect_settled(Connections(clusters=list(LINKED[1:])))
    return found


def rounds(found: list[KDCluster], turn: Callable[[], None], number: int) -> None:
    """Do something several times under watch; no KDCluster is edited while a linked one is unsettled."""
    with watched(found[0].kubectl, found[0].namespace) as history:
        for _turn in range(number):
            turn()
        for one in found:
            one.wait_settled(one.timing.unstuck_seconds)
        history.wait_for_now()
        assert history.edits_beside_unsettled() == []


def test_a_notebook_and_its_engines_change_in_one_task_again_and_again(
    tenant: Modules, linked: list[KDCluster], fresh: Fresh
) -> None:
    def turn() -> None:
        name = fresh("new")
        # The notebook is named before what it is connected to: not the order in which to change.
        tenant.connected(kdclusters=list(LINKED), configmaps=[model(name)])
        for one in linked:
            assert connections_of(one)["configmaps"][-1] == name
            assert one.unsettled_because(one.get()) == []
            read = application(one)["configmaps"]["model"]
            assert read[-1]["name"] == name

    rounds(linked, turn, ROUNDS)
    assert connections_of(linked[0])["clusters"] == list(LINKED[1:])


def test_a_connected_kdcluster_changes_before_those_that_connect_to_it(
    tenant: Modules, linked: list[KDCluster], fresh: Fresh
) -> None:
    with watched(linked[0].kubectl, linked[0].namespace) as history:
        tenant.connected(kdclusters=list(LINKED), configmaps=[model(fresh("new"))])
        history.wait_for_now()
        edited = [name for name in history.edited() if name in LINKED]
    assert sorted(edited[:2]) == ["engine-tf", "engine-torch"]
    assert edited[2:] == ["notebook"]


def test_many_tasks_in_a_row_without_wait(
    tenant: Modules, linked: list[KDCluster], fresh: Fresh
) -> None:
    def turn() -> None:
        for name in LINKED:
            tenant.connected(kdcluster=[name], configmaps=[model(fresh("quick"))], wait=False)

    rounds(linked, turn, 3)
    for one in linked:
        assert len(connections_of(one)["configmaps"]) == 3


def test_an_engine_is_connected_and_changed_in_turns(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    def turn() -> None:
        for state in ("present", "absent"):
            tenant.connected(
                kdcluster=["notebook"], clusters=list(LINKED[1:]), state=state, wait=False
            )
            tenant.connected(
                kdclusters=["notebook", "engine-tf"], configmaps=[model(fresh("mix"))], wait=False
            )

    found = [emptied(name) for name in LINKED]
    rounds(found, turn, 2)
    assert connections_of(found[0])["clusters"] == []


def test_a_configmap_of_both_sides_of_a_link_is_changed_alone_again_and_again(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    notebook, engine = emptied("notebook"), emptied("engine-tf")
    notebook.reconnect_settled(Connections(clusters=["engine-tf"]))
    name = fresh("shared")
    for turn in range(ROUNDS):
        path = f"repo://turn-{turn}"
        tenant.connected(kdclusters=["notebook", "engine-tf"], configmaps=[model(name, path=path)])
        for one in (notebook, engine):
            assert one.unsettled_because(one.get()) == []
            read = application(one)["configmaps"]["model"]
            assert [found["data"]["path"] for found in read] == [path]
