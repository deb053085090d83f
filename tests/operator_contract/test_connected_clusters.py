# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connected KDCluster in configmeta.json, with the operator's own quirks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness import contract_objects
from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, Manifest
from tests.harness.manifests import Connections, configmap

Fresh = Callable[[str], str]


@pytest.fixture
def notebook(kdcluster: Named, emptied: Named) -> KDCluster:
    """A settled KDCluster that connects to the settled engine."""
    kdcluster("engine").wait_settled()
    found = emptied("notebook")
    found.reconnect_settled(Connections(clusters=["engine"]))
    return found


@pytest.fixture
def nested(notebook: KDCluster) -> Manifest:
    """The engine's part of the notebook's configmeta.json."""
    found: Manifest = notebook.connections_in()["clusters"]["engine"]
    return found


def test_it_is_a_configmeta_of_its_own(nested: Manifest, kdcluster: Named) -> None:
    assert set(nested) == {
        "version", "services", "nodegroups", "distros", "cluster", "node", "connections",
    }  # fmt: skip
    assert nested["cluster"]["name"] == "engine"
    assert nested["cluster"]["id"] == kdcluster("engine").get()["metadata"]["uid"]
    group = nested["nodegroups"]["1"]
    assert group["distro_id"] == "example/serving-engine"
    assert group["catalog_entry_version"] == "2.1"
    assert group["config_metadata"] == {"framework": "tensor"}


def test_it_has_no_node_and_its_own_connections_are_null(
    kubectl: Kubectl, notebook: KDCluster, kdcluster: Named, fresh: Fresh
) -> None:
    engine = kdcluster("engine")
    name = fresh("info")
    kubectl.create(configmap(name, {"a": "1"}, connection_type="info"), namespace=engine.namespace)
    engine.reconnect_settled(Connections(configmaps=[name]))
    notebook.wait_settled()
    found = notebook.connections_in()["clusters"]["engine"]
    assert found["node"] is None
    assert found["connections"] == {"clusters": None, "configmaps": None, "secrets": None}


def test_its_references_start_at_the_connection(nested: Manifest) -> None:
    at = ["connections", "clusters", "engine"]
    assert nested["distros"] == {
        "example/serving-engine": {"1": {"bdvlibrefkey": [*at, "nodegroups", "1"]}}
    }
    assert nested["services"]["rest"] == {
        "1": {
            "restserver": {
                "bdvlibrefkey": [*at, "nodegroups", "1", "roles", "restserver", "services", "rest"]
            }
        }
    }


def test_some_of_its_references_wrongly_point_at_the_local_cluster(nested: Manifest) -> None:
    assert nested["cluster"]["config_metadata"] == {
        "1": {"bdvlibrefkey": ["nodegroups", "1", "config_metadata"]}
    }
    service = nested["nodegroups"]["1"]["roles"]["restserver"]["services"]["rest"]
    local = ["nodegroups", "1", "roles", "restserver"]
    assert service["hostnames"] == {"bdvlibrefkey": [*local, "hostnames"]}
    assert service["fqdns"] == {"bdvlibrefkey": [*local, "fqdns"]}


def test_each_of_its_roles_repeats_its_last_member(nested: Manifest, kdcluster: Named) -> None:
    engine = kdcluster("engine")
    role = nested["nodegroups"]["1"]["roles"]["restserver"]
    *_others, last = engine.members("restserver")
    domain = f"{engine.status()['clusterService']}.{engine.namespace}.svc.cluster.local"
    fqdn = f"{last.pod}.{domain}"
    assert role["fqdns"] == role["hostnames"] == [fqdn, fqdn]
    assert role["node_ids"] == [str(last.node_id)] * 2
    assert role["fqdn_mappings"] == {fqdn: str(last.node_id)}
    endpoints = role["services"]["rest"]["endpoints"]
    assert endpoints == [f"http://{fqdn}:10001"] * 2


def test_its_own_members_list_all_of_them(kdcluster: Named) -> None:
    engine = kdcluster("engine")
    members = engine.members("restserver")
    role = engine.configmeta(members[0].pod)["nodegroups"]["1"]["roles"]["restserver"]
    assert sorted(role["node_ids"]) == sorted(str(member.node_id) for member in members)


def test_its_secret_keys_and_auth_tokens_are_in_plain_text(
    nested: Manifest, kdcluster: Named
) -> None:
    engine = kdcluster("engine")
    role = nested["nodegroups"]["1"]["roles"]["restserver"]
    assert role["secret_keys"] == {
        contract_objects.SECRET_KEY["name"]: contract_objects.SECRET_KEY["value"]
    }
    status = next(one for one in engine.status()["roles"] if one["id"] == "restserver")
    token = role["services"]["rest"]["authToken"]
    assert token
    assert token in [member["authToken"] for member in status["members"]]
    other = nested["nodegroups"]["1"]["roles"]["loadbalancer"]
    assert "secret_keys" not in other
    assert other["services"]["haproxy"]["authToken"] == ""


def test_the_spec_keeps_a_secret_key_only_encrypted(kdcluster: Named) -> None:
    roles = kdcluster("engine").get()["spec"]["roles"]
    (key,) = next(role for role in roles if role["id"] == "restserver")["secretKeys"]
    assert key["name"] == contract_objects.SECRET_KEY["name"]
    assert "value" not in key
    assert key["encryptedValue"] != contract_objects.SECRET_KEY["value"]


def test_one_whose_app_is_not_in_its_own_namespace_is_dropped(emptied: Named) -> None:
    notebook = emptied("notebook")
    settled = notebook.reconnect_settled(Connections(clusters=["outsider", "bare"]))
    assert settled["status"]["state"] == "configured"
    assert set(notebook.connections_in()["clusters"]) == {"bare"}


def test_a_missing_one_is_skipped(emptied: Named) -> None:
    notebook = emptied("notebook")
    notebook.reconnect_settled(Connections(clusters=["no-such-cluster"]))
    assert notebook.connections_in()["clusters"] == {}
