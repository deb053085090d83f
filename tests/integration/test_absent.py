# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""state: absent disconnects; delete_objects deletes what no other KDCluster names."""

from __future__ import annotations

import pytest

from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import Connections, configmap
from tests.harness.modules import Fresh, Modules, model, token
from tests.integration.test_connect import application, connections_of


@pytest.fixture
def foreign(kubectl: Kubectl, home: str, fresh: Fresh) -> list[str]:
    """Three connectable ConfigMaps of another user."""
    names = [fresh("theirs") for _number in range(3)]
    kubectl.create(
        *(configmap(name, {"k": "v"}, connection_type="theirs") for name in names), namespace=home
    )
    return names


def test_absent_removes_the_named_connections_and_keeps_the_order_of_the_rest(
    tenant: Modules, emptied: Named, foreign: list[str], kubectl: Kubectl
) -> None:
    lab = emptied("lab")
    lab.reconnect_settled(Connections(clusters=["engine-torch", "backend"], configmaps=foreign))
    result = tenant.connected(
        kdcluster=["lab"],
        configmaps=[{"name": foreign[1]}],
        clusters=["engine-torch"],
        state="absent",
    )
    assert result.changed
    assert result.objects == {("ConfigMap", foreign[1]): "unchanged"}
    assert (
        connections_of(lab)
        == Connections(clusters=["backend"], configmaps=[foreign[0], foreign[2]]).spec()
    )
    read = application(lab)
    assert [one["name"] for one in read["configmaps"]["theirs"]] == [foreign[0], foreign[2]]
    assert list(read["clusters"]) == ["backend"]
    assert kubectl.find("configmap", foreign[1], namespace=lab.namespace) is not None


def test_absent_of_what_is_not_connected_changes_nothing(
    tenant: Modules, emptied: Named, foreign: list[str]
) -> None:
    lab = emptied("lab")
    lab.reconnect_settled(Connections(configmaps=foreign[:1]))
    result = tenant.connected(
        kdcluster=["lab"], configmaps=[{"name": foreign[1]}], clusters=["backend"], state="absent"
    )
    assert not result.changed
    assert connections_of(lab)["configmaps"] == foreign[:1]


def test_absent_takes_names_of_missing_objects(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    lab = emptied("lab")
    missing = fresh("missing")
    lab.reconnect_settled(Connections(clusters=[missing], configmaps=[missing], secrets=[missing]))
    result = tenant.connected(
        kdcluster=["lab"],
        clusters=[missing],
        configmaps=[{"name": missing}],
        secrets=[{"name": missing}],
        state="absent",
        delete_objects=True,
    )
    assert result.changed
    assert connections_of(lab) == Connections().spec()


def test_absent_of_a_missing_kdcluster_changes_nothing(
    tenant: Modules, fresh: Fresh, foreign: list[str]
) -> None:
    name = fresh("no-such-cluster")
    result = tenant.connected(kdcluster=[name], configmaps=[{"name": foreign[0]}], state="absent")
    assert not result.changed
    assert any(name in warning for warning in result.warnings)


def test_delete_objects_disconnects_and_deletes(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    lab = emptied("lab")
    name, kept = fresh("done-with"), fresh("kept")
    tenant.connected(
        kdcluster=["lab"],
        configmaps=[model(name), model(kept)],
        secrets=[token(name, key=canary("sumac"))],
    )
    result = tenant.connected(
        kdcluster=["lab"],
        configmaps=[{"name": name}],
        secrets=[{"name": name}],
        state="absent",
        delete_objects=True,
    )
    assert result.objects == {("ConfigMap", name): "deleted", ("Secret", name): "deleted"}
    assert kubectl.find("configmap", name, namespace=lab.namespace) is None
    assert kubectl.find("secret", name, namespace=lab.namespace) is None
    assert connections_of(lab) == Connections(configmaps=[kept]).spec()
    read = application(lab)
    assert [one["name"] for one in read["configmaps"]["model"]] == [kept]
    assert read["secrets"] == {}


def test_delete_objects_without_kdcluster_deletes(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("lonely")
    tenant.connected(configmaps=[model(name)])
    result = tenant.connected(configmaps=[{"name": name}], state="absent", delete_objects=True)
    assert result.objects == {("ConfigMap", name): "deleted"}
    assert kubectl.find("configmap", name, namespace=home) is None


def test_delete_objects_is_refused_while_another_kdcluster_names_one(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    lab, second = emptied("lab"), emptied("second")
    name, own = fresh("in-use"), fresh("own")
    tenant.connected(kdclusters=["lab", "second"], configmaps=[model(name)])
    tenant.connected(kdcluster=["lab"], configmaps=[model(own)])
    for check_mode in (True, False):
        message = tenant.connection(
            check_mode=check_mode,
            kdcluster=["lab"],
            configmaps=[{"name": name}, {"name": own}],
            state="absent",
            delete_objects=True,
        ).message
        assert f"ConfigMap {lab.namespace}/{name}" in message
        assert f"KDCluster {lab.namespace}/second" in message
        assert own not in message
    for kept in (name, own):
        assert kubectl.find("configmap", kept, namespace=lab.namespace) is not None
    assert connections_of(lab)["configmaps"] == [name, own]
    assert connections_of(second)["configmaps"] == [name]


def test_delete_objects_succeeds_for_all_kdclusters_that_name_one(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    lab, second = emptied("lab"), emptied("second")
    name = fresh("of-both")
    tenant.connected(kdclusters=["lab", "second"], configmaps=[model(name)])
    tenant.connected(
        kdclusters=["lab", "second"],
        configmaps=[{"name": name}],
        state="absent",
        delete_objects=True,
    )
    assert kubectl.find("configmap", name, namespace=lab.namespace) is None
    assert connections_of(lab)["configmaps"] == connections_of(second)["configmaps"] == []
