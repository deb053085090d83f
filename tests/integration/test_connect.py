# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_connection creates and connects objects, and the application reads them."""

from __future__ import annotations

from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import KDCluster, Member
from tests.harness.kubectl import Kubectl, Manifest
from tests.harness.manifests import (
    CONFIGMAP_TYPE_LABEL,
    KDCLUSTER,
    SECRET_TYPE_LABEL,
    Connections,
    configmap,
    encoded,
    secret,
)
from tests.harness.modules import Fresh, Modules, model, token


def application(found: KDCluster, member: Member | None = None) -> Manifest:
    """What a member's application reports that it read."""
    return found.application(None if member is None else member.pod)


def connections_of(found: KDCluster) -> Manifest:
    """The connections in the KDCluster's spec; a list that is left out counts as empty."""
    return {**Connections().spec(), **found.get()["spec"].get("connections", {})}


def test_new_objects_are_labelled_connected_and_read_in_order(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    lab = emptied("lab")
    names = [fresh("zebra"), fresh("ape"), fresh("mole")]
    login = fresh("login")
    result = tenant.connected(
        kdcluster=["lab"],
        configmaps=[model(name) for name in names],
        secrets=[
            {
                "name": login,
                "type": "source-control",
                "string_data": {"token": canary("nutmeg")},
                "data": {"branch": encoded("release")},
            }
        ],
    )
    assert result.changed
    assert set(result.objects.values()) == {"created"}
    assert [found["name"] for found in result.json["objects"]] == [*names, login]
    assert connections_of(lab) == Connections(configmaps=names, secrets=[login]).spec()
    made = kubectl.get("secret", login, namespace=lab.namespace)
    assert made["data"] == {"token": encoded(canary("nutmeg")), "branch": encoded("release")}
    assert made["metadata"]["labels"] == {SECRET_TYPE_LABEL: "source-control"}
    labels = kubectl.get("configmap", names[0], namespace=lab.namespace)["metadata"]["labels"]
    assert labels == {CONFIGMAP_TYPE_LABEL: "model"}

    answer = application(lab)
    assert answer["event"] == "reconnect"
    assert [found["name"] for found in answer["configmaps"]["model"]] == names
    assert answer["configmaps"]["model"][1]["data"] == model(names[1])["data"]
    assert answer["secrets"] == {
        "source-control": [
            {"name": login, "data": {"token": canary("nutmeg"), "branch": "release"}}
        ]
    }


def test_clusters_are_connected_in_order_and_read(
    tenant: Modules, emptied: Named, kdcluster: Named
) -> None:
    lab = emptied("lab")
    backend = kdcluster("backend")
    result = tenant.connected(kdcluster=["lab"], clusters=["engine-torch", "backend"])
    assert result.changed
    assert result.json["objects"] == []
    assert connections_of(lab)["clusters"] == ["engine-torch", "backend"]
    read = application(lab)["clusters"]
    assert set(read) == {"engine-torch", "backend"}
    assert read["backend"]["distro_id"] == "example/serving-engine"
    assert any(":10001" in endpoint for endpoint in read["backend"]["endpoints"])
    assert connections_of(backend)["clusters"] == []


def test_objects_that_exist_are_connected_by_name_alone(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    lab = emptied("lab")
    info, login = fresh("info"), fresh("login")
    kubectl.create(
        configmap(info, {"a": "1"}, connection_type="info"),
        secret(login, {"b": "2"}, connection_type="login"),
        namespace=lab.namespace,
    )
    result = tenant.connected(
        kdcluster=["lab"], configmaps=[{"name": info}], secrets=[{"name": login}]
    )
    assert result.json["objects"] == [
        {
            "kind": "ConfigMap",
            "namespace": lab.namespace,
            "name": info,
            "versioned_name": None,
            "type": "info",
            "action": "unchanged",
        },
        {
            "kind": "Secret",
            "namespace": lab.namespace,
            "name": login,
            "versioned_name": None,
            "type": "login",
            "action": "unchanged",
        },
    ]
    answer = application(lab)
    assert answer["configmaps"] == {"info": [{"name": info, "data": {"a": "1"}}]}
    assert answer["secrets"] == {"login": [{"name": login, "data": {"b": "2"}}]}


def test_foreign_connections_keep_their_place(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    lab = emptied("lab")
    foreign = [fresh("x-foreign"), fresh("a-foreign")]
    kubectl.create(
        *(configmap(name, {"k": "v"}, connection_type="foreign") for name in foreign),
        namespace=lab.namespace,
    )
    lab.reconnect_settled(Connections(clusters=["engine-torch"], configmaps=foreign))
    mine, login = fresh("mine"), fresh("login")
    tenant.connected(
        kdcluster=["lab"],
        configmaps=[model(mine), {"name": foreign[1]}],
        secrets=[token(login, key=canary("cardamom"))],
        clusters=["backend"],
    )
    expected = Connections(
        clusters=["engine-torch", "backend"], configmaps=[*foreign, mine], secrets=[login]
    )
    assert connections_of(lab) == expected.spec()


def test_exclusive_leaves_exactly_what_is_named_in_that_order(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    lab = emptied("lab")
    one, two, foreign = fresh("one"), fresh("two"), fresh("foreign")
    kubectl.create(
        *(configmap(name, {"k": "v"}, connection_type="model") for name in (one, two, foreign)),
        secret(foreign, {"k": "v"}, connection_type="token"),
        namespace=lab.namespace,
    )
    lab.reconnect_settled(
        Connections(clusters=["engine-torch"], configmaps=[one, foreign, two], secrets=[foreign])
    )
    result = tenant.connected(
        kdcluster=["lab"], configmaps=[{"name": two}, {"name": one}], exclusive=True
    )
    assert result.changed
    assert connections_of(lab) == Connections(configmaps=[two, one]).spec()
    read = application(lab)
    assert [found["name"] for found in read["configmaps"]["model"]] == [two, one]
    assert read["clusters"] == {} and read["secrets"] == {}
    # A disconnected object still exists: the task does not own it.
    assert kubectl.find("configmap", foreign, namespace=lab.namespace) is not None


def test_a_changed_value_of_a_connected_configmap_reaches_the_application(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    lab = emptied("lab")
    name = fresh("model")
    tenant.connected(kdcluster=["lab"], configmaps=[model(name)])
    before = application(lab)["count"]
    result = tenant.connected(kdcluster=["lab"], configmaps=[model(name, path="repo://new")])
    assert result.objects == {("ConfigMap", name): "updated"}
    assert result.kdclusters["lab"]["action"] == "unchanged"
    read = application(lab)
    assert read["configmaps"]["model"][0]["data"]["path"] == "repo://new"
    assert read["count"] == before + 1


def test_several_kdclusters_get_the_same_in_one_task(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    found = [emptied("lab"), emptied("second")]
    name = fresh("shared")
    result = tenant.connected(kdclusters=["lab", "second"], configmaps=[model(name)])
    assert {one["action"] for one in result.kdclusters.values()} == {"updated"}
    assert set(result.kdclusters) == {"lab", "second"}
    for one in found:
        assert application(one)["configmaps"]["model"][0]["name"] == name


def test_without_kdcluster_only_objects_are_managed(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("alone")
    before = {
        one["metadata"]["name"]: one["spec"] for one in kubectl.list(KDCLUSTER, namespace=home)
    }
    result = tenant.connected(
        configmaps=[model(name)], secrets=[token(name, key=canary("saffron"))]
    )
    assert result.objects == {("ConfigMap", name): "created", ("Secret", name): "created"}
    assert result.json["kdclusters"] == []
    assert kubectl.get("configmap", name, namespace=home)["data"] == model(name)["data"]
    after = {
        one["metadata"]["name"]: one["spec"] for one in kubectl.list(KDCLUSTER, namespace=home)
    }
    assert after == before


def test_a_kdcluster_whose_kdapp_is_the_operators_own_can_be_connected(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    outsider = emptied("outsider")
    name = fresh("for-outsider")
    tenant.connected(kdcluster=["outsider"], configmaps=[model(name)])
    assert connections_of(outsider)["configmaps"] == [name]
