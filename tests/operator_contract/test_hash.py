# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""status.lastConnectionHash is the md5 of names and versions, in the order of the spec."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5

from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import (
    KDCLUSTER,
    ClusterRole,
    Connections,
    configmap,
    kdcluster,
    secret,
)

NOTHING = "d41d8cd98f00b204e9800998ecf8427e"

Fresh = Callable[[str], str]


def md5_of(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def version(kubectl: Kubectl, kind: str, name: str, namespace: str) -> str:
    found = kubectl.get(kind, name, namespace=namespace)
    return str(found["metadata"]["resourceVersion"])


def test_without_connections_it_is_the_hash_of_nothing(emptied: Named) -> None:
    assert emptied("hashes").status()["lastConnectionHash"] == NOTHING


def test_a_cluster_that_never_had_connections_has_it_too(kdcluster: Named) -> None:
    untouched = kdcluster("outsider").get()
    assert not any((untouched["spec"].get("connections") or {}).values())
    assert untouched["status"]["lastConnectionHash"] == NOTHING


def test_configmaps_then_secrets_each_name_then_resource_version(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    hashes = emptied("hashes")
    one, two, key = fresh("one"), fresh("two"), fresh("key")
    kubectl.create(
        configmap(one, {"a": "1"}, connection_type="info"),
        configmap(two, {"a": "2"}, connection_type="info"),
        secret(key, {"a": "3"}, connection_type="key"),
        namespace=hashes.namespace,
    )
    settled = hashes.reconnect_settled(Connections(configmaps=[one, two], secrets=[key]))
    at = {name: version(kubectl, "configmap", name, hashes.namespace) for name in (one, two)}
    key_at = version(kubectl, "secret", key, hashes.namespace)
    assert settled["status"]["lastConnectionHash"] == md5_of(
        f"{one}{at[one]}{two}{at[two]}{key}{key_at}"
    )


def test_order_counts(kubectl: Kubectl, emptied: Named, fresh: Fresh) -> None:
    hashes = emptied("hashes")
    one, two = fresh("one"), fresh("two")
    kubectl.create(
        configmap(one, {"a": "1"}, connection_type="info"),
        configmap(two, {"a": "2"}, connection_type="info"),
        namespace=hashes.namespace,
    )
    forward = hashes.reconnect_settled(Connections(configmaps=[one, two]))["status"]
    backward = hashes.reconnect_settled(Connections(configmaps=[two, one]))["status"]
    assert forward["lastConnectionHash"] != backward["lastConnectionHash"]
    assert backward["specGenerationToProcess"] == forward["specGenerationToProcess"] + 1


def test_missing_objects_add_their_name_alone(emptied: Named) -> None:
    hashes = emptied("hashes")
    settled = hashes.reconnect_settled(
        Connections(
            clusters=["no-such-cluster"], configmaps=["no-such-map"], secrets=["no-such-key"]
        )
    )
    assert settled["status"]["lastConnectionHash"] == md5_of(
        "no-such-clusterno-such-mapno-such-key"
    )


def test_connected_clusters_come_first_each_name_then_generation(
    emptied: Named, kdcluster: Named
) -> None:
    hashes = emptied("hashes")
    bare = kdcluster("bare")
    settled = hashes.reconnect_settled(
        Connections(clusters=["bare", "no-such-cluster"], configmaps=["no-such-map"])
    )
    assert settled["status"]["lastConnectionHash"] == md5_of(
        f"bare{bare.generation()}no-such-clusterno-such-map"
    )


def test_an_object_without_type_label_counts_like_any_other(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    hashes = emptied("hashes")
    plain = fresh("plain")
    kubectl.create(configmap(plain, {"a": "1"}), namespace=hashes.namespace)
    settled = hashes.reconnect_settled(Connections(configmaps=[plain]))
    assert settled["status"]["lastConnectionHash"] == md5_of(
        plain + version(kubectl, "configmap", plain, hashes.namespace)
    )


def test_a_connected_cluster_without_generation_counts_as_nil(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    hashes = emptied("hashes")
    name = fresh("restoring")
    restoring = kdcluster(name, "bare", [ClusterRole("sidecar")])
    # An exported KDCluster that is created again waits for its status backup, and has no generation.
    restoring["metadata"]["annotations"] = {"kubedirector.hpe.com/status-backup-exists": "true"}
    kubectl.create(restoring, namespace=hashes.namespace)
    try:
        kubectl.ok(
            "wait", f"{KDCLUSTER}/{name}", "--for=jsonpath={.status.restoreProgress}",
            "--timeout=30s", namespace=hashes.namespace,
        )  # fmt: skip
        settled = hashes.reconnect_settled(Connections(clusters=[name]))
        assert settled["status"]["lastConnectionHash"] == md5_of(f"{name}nil")
        hashes.reconnect_settled(Connections())
    finally:
        kubectl.ok(
            "label", KDCLUSTER, name, "kubedirector.hpe.com/allow-delete-while-restoring=",
            namespace=hashes.namespace,
        )  # fmt: skip
        kubectl.delete(KDCLUSTER, name, namespace=hashes.namespace)
