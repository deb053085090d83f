# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of a member's configmeta.json."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable

from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import CONFIGMETA
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import Connections, configmap, encoded, secret

Fresh = Callable[[str], str]

EMPTY: dict[str, object] = {"clusters": {}, "configmaps": {}, "secrets": {}}


def test_top_level_parts(kdcluster: Named) -> None:
    found = kdcluster("files").configmeta()
    assert set(found) == {
        "version", "services", "nodegroups", "distros", "cluster", "node", "connections",
    }  # fmt: skip
    assert found["version"] == "7"


def test_without_connections_the_three_parts_are_empty(emptied: Named) -> None:
    assert emptied("files").connections_in() == EMPTY


def test_only_node_differs_between_members(emptied: Named) -> None:
    files = emptied("files")
    # Members that were configured one after the other may list one another in another order; a
    # change of the connections is written to all of them from one text.
    files.reconnect_settled(Connections(configmaps=["no-such-map"]))
    found = {}
    for member in files.members():
        if member.role != "sidecar":
            found[member.pod] = files.configmeta(member.pod)
    nodes = {pod: content.pop("node") for pod, content in found.items()}
    assert len(found) == 3
    first, *others = found.values()
    assert all(other == first for other in others)
    domain = f"{files.status()['clusterService']}.{files.namespace}.svc.cluster.local"
    for member in files.members():
        if member.role != "sidecar":
            assert nodes[member.pod] == {
                "role_id": member.role,
                "nodegroup_id": "1",
                "id": str(member.node_id),
                "hostname": f"{member.pod}.{domain}",
                "fqdn": f"{member.pod}.{domain}",
                "domain": domain,
                "distro_id": "example/workbench",
                "depends_on": {},
            }


def test_the_cluster_and_its_nodegroup(kdcluster: Named) -> None:
    files = kdcluster("files")
    found = files.configmeta()
    assert found["cluster"] == {
        "name": "files",
        "isolated": False,
        "id": files.get()["metadata"]["uid"],
        "config_metadata": {"1": {"bdvlibrefkey": ["nodegroups", "1", "config_metadata"]}},
    }
    assert found["distros"] == {"example/workbench": {"1": {"bdvlibrefkey": ["nodegroups", "1"]}}}
    group = found["nodegroups"]["1"]
    assert group["distro_id"] == "example/workbench"
    assert group["catalog_entry_version"] == "1.0"
    assert group["config_metadata"] == {"flavour": "plain"}
    assert set(group["roles"]) == {"controller", "worker", "sidecar"}


def test_a_role_of_the_nodegroup(kdcluster: Named) -> None:
    files = kdcluster("files")
    found = files.configmeta()
    role = found["nodegroups"]["1"]["roles"]["controller"]
    domain = found["node"]["domain"]
    members = files.members("controller")
    fqdns = [f"{member.pod}.{domain}" for member in members]
    assert sorted(role["fqdns"]) == sorted(role["hostnames"]) == sorted(fqdns)
    assert role["fqdn_mappings"] == {
        f"{member.pod}.{domain}": str(member.node_id) for member in members
    }
    assert sorted(role["node_ids"]) == sorted(role["fqdn_mappings"].values())
    assert role["flavor"] == {
        "storage": "n/a", "name": "n/a", "description": "n/a", "memory": "256", "cores": "1",
    }  # fmt: skip


def test_a_service_and_the_references_to_it(kdcluster: Named) -> None:
    found = kdcluster("files").configmeta()
    roles = ["nodegroups", "1", "roles", "controller"]
    assert found["services"] == {
        "notebook": {"1": {"controller": {"bdvlibrefkey": [*roles, "services", "notebook"]}}}
    }
    service = found["nodegroups"]["1"]["roles"]["controller"]["services"]["notebook"]
    endpoints = service.pop("endpoints")
    assert service == {
        "qualifiers": [],
        "name": "notebook",
        "id": "notebook",
        "hostnames": {"bdvlibrefkey": [*roles, "hostnames"]},
        "fqdns": {"bdvlibrefkey": [*roles, "fqdns"]},
        "global_id": "1_controller_notebook",
        "exported_service": "",
        "authToken": "",
    }
    fqdns = found["nodegroups"]["1"]["roles"]["controller"]["fqdns"]
    assert endpoints == [f"http://{fqdn}:8888" for fqdn in fqdns]


def test_a_configmap_with_its_data_labels_and_annotations(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    files = emptied("files")
    name = fresh("model")
    kubectl.create(
        configmap(
            name,
            {"path": "s3://models/1"},
            connection_type="model",
            labels={"team": "red"},
            annotations={"note": "hello"},
        ),
        namespace=files.namespace,
    )
    files.reconnect_settled(Connections(configmaps=[name]))
    expected = {
        "metadata": {"name": name},
        "data": {"path": "s3://models/1"},
        "labels": {"kubedirector.hpe.com/cmType": "model", "team": "red"},
        "annotations": {"note": "hello"},
    }
    for member in files.members():
        if member.role != "sidecar":
            found = files.connections_in(member.pod)
            assert found == {**EMPTY, "configmaps": {"model": [expected]}}


def test_objects_of_one_type_are_in_the_order_of_the_spec(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    files = emptied("files")
    maps = [fresh(base) for base in ("b", "c", "a")]
    keys = [fresh(base) for base in ("y", "x")]
    kubectl.create(
        *(configmap(name, {"n": name}, connection_type="model") for name in maps),
        *(secret(name, {"n": name}, connection_type="token") for name in keys),
        namespace=files.namespace,
    )
    files.reconnect_settled(Connections(configmaps=maps, secrets=keys))
    found = files.connections_in()
    assert [one["metadata"]["name"] for one in found["configmaps"]["model"]] == maps
    assert [one["metadata"]["name"] for one in found["secrets"]["token"]] == [
        encoded(name) for name in keys
    ]


def test_everything_of_a_secret_is_base64(kubectl: Kubectl, emptied: Named, fresh: Fresh) -> None:
    files = emptied("files")
    name = fresh("source-control")
    kubectl.create(
        secret(
            name,
            {"token": canary("s3cr3t"), "binary": b"\x00\xff"},
            connection_type="source-control",
            labels={"team": "red"},
            annotations={"note": "hello"},
        ),
        namespace=files.namespace,
    )
    files.reconnect_settled(Connections(secrets=[name]))
    expected = {
        "metadata": {"name": encoded(name)},
        "data": {"token": encoded(canary("s3cr3t")), "binary": encoded(b"\x00\xff")},
        "labels": {
            "kubedirector.hpe.com/secretType": encoded("source-control"),
            "team": encoded("red"),
        },
        "annotations": {"note": encoded("hello")},
    }
    assert files.connections_in() == {**EMPTY, "secrets": {"source-control": [expected]}}


def test_objects_with_nothing_but_a_name_and_a_type(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    files = emptied("files")
    info, token = fresh("info"), fresh("token")
    empty_map = configmap(info, {}, connection_type="info")
    empty_secret = secret(token, {}, connection_type="token")
    kubectl.create(empty_map, empty_secret, namespace=files.namespace)
    files.reconnect_settled(Connections(configmaps=[info], secrets=[token]))
    found = files.connections_in()
    (of_map,), (of_secret,) = found["configmaps"]["info"], found["secrets"]["token"]
    assert (of_map["data"], of_map["annotations"]) == (None, None)
    assert (of_secret["data"], of_secret["annotations"]) == (None, {})


def test_binary_data_of_a_configmap_is_dropped(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    files = emptied("files")
    name = fresh("mixed")
    mixed = configmap(name, {"text": "t"}, connection_type="info", binary_data={"raw": b"\x00"})
    kubectl.create(mixed, namespace=files.namespace)
    files.reconnect_settled(Connections(configmaps=[name]))
    (found,) = files.connections_in()["configmaps"]["info"]
    assert found["data"] == {"text": "t"}
    assert "binaryData" not in found


def test_missing_and_unlabelled_objects_are_skipped_silently(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    files = emptied("files")
    plain, key, typed = fresh("plain"), fresh("key"), fresh("typed")
    kubectl.create(
        configmap(plain, {"a": "1"}),
        secret(key, {"a": "1"}),
        configmap(typed, {"a": "1"}, connection_type="info"),
        namespace=files.namespace,
    )
    settled = files.reconnect_settled(
        Connections(
            clusters=["no-such-cluster"],
            configmaps=["no-such-map", plain, typed],
            secrets=["no-such-key", key],
        )
    )
    assert settled["status"]["state"] == "configured"
    found = files.connections_in()
    assert [one["metadata"]["name"] for one in found["configmaps"].pop("info")] == [typed]
    assert found == EMPTY


def test_what_kubectl_apply_leaves_on_a_secret_is_copied(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    files = emptied("files")
    name = fresh("applied")
    applied = secret(name, {}, connection_type="token")
    del applied["data"]
    applied["stringData"] = {"token": canary("in-the-clear")}
    kubectl.apply(applied, namespace=files.namespace)
    files.reconnect_settled(Connections(secrets=[name]))
    (found,) = files.connections_in()["secrets"]["token"]
    annotation = found["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert canary("in-the-clear") in b64decode(annotation).decode()


def test_the_start_script_reads_the_same(kubectl: Kubectl, emptied: Named, fresh: Fresh) -> None:
    files = emptied("files")
    info, token = fresh("info"), fresh("token")
    kubectl.create(
        configmap(info, {"proxy-hostname": "proxy.example"}, connection_type="source-control"),
        secret(token, {"token": canary("s3cr3t")}, connection_type="source-control"),
        namespace=files.namespace,
    )
    files.reconnect_settled(Connections(configmaps=[info], secrets=[token]))
    read = files.wait_read("the new objects", lambda read: read["configmaps"])
    assert read["configmaps"] == {
        "source-control": [{"name": info, "data": {"proxy-hostname": "proxy.example"}}]
    }
    assert read["secrets"] == {
        "source-control": [{"name": token, "data": {"token": canary("s3cr3t")}}]
    }


def test_the_file_is_written_in_place_so_a_reader_may_see_half_of_it(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    files = emptied("files")
    pod = files.pod()

    def inode() -> str:
        return files.exec(pod, "stat", "--format=%i", CONFIGMETA).stdout

    before, content = inode(), files.configmeta(pod)
    name = fresh("info")
    kubectl.create(configmap(name, {"a": "1"}, connection_type="info"), namespace=files.namespace)
    files.reconnect_settled(Connections(configmaps=[name]))
    assert files.configmeta(pod) != content
    assert inode() == before


def test_the_directory_is_open_unless_the_app_asks_for_the_new_layout(kdcluster: Named) -> None:
    modes = {}
    for name in ("files", "new-layout"):
        found = kdcluster(name)
        done = found.exec(found.pod(), "stat", "--format=%a", "/etc/guestconfig")
        modes[name] = done.stdout.strip()
    assert modes == {"files": "755", "new-layout": "700"}
