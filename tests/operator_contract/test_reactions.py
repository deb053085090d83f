# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a change of a connected object reaches the members of a KDCluster that names it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, Manifest, holds_for, wait_until
from tests.harness.manifests import Connections, configmap, encoded, secret

Fresh = Callable[[str], str]

COUNTER = "kubedirector.hpe.com/connUpdateCounter"


@pytest.fixture
def reactions(emptied: Named) -> KDCluster:
    """A settled one-member KDCluster without connections."""
    return emptied("reactions")


def wait_in_file(
    found: KDCluster, what: str, condition: Callable[[Manifest], bool], seconds: float
) -> None:
    """Return once the connections in the member's file satisfy the condition; DeadlineError else."""
    pod = found.pod()

    def fits() -> bool:
        content = found.configmeta_now(pod)
        return content is not None and condition(content["connections"])

    wait_until(what, fits, seconds=seconds, seen=lambda: found.configmeta_now(pod))


def counter(found: KDCluster) -> int:
    return int((found.get()["metadata"].get("annotations") or {}).get(COUNTER, "0"))


def test_an_edit_of_the_connections_needs_no_poll(
    kubectl: Kubectl, reactions: KDCluster, fresh: Fresh, record_property: Callable[..., None]
) -> None:
    name = fresh("info")
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="info"), namespace=reactions.namespace
    )
    began = monotonic()
    reactions.connect(Connections(configmaps=[name]))
    wait_in_file(
        reactions,
        "the ConfigMap reached the file",
        lambda connections: "info" in connections["configmaps"],
        reactions.timing.event_seconds,
    )
    record_property("seconds_from_patch_to_file", round(monotonic() - began, 2))
    reactions.wait_settled()


def test_a_changed_configmap_needs_no_poll(
    kubectl: Kubectl, reactions: KDCluster, fresh: Fresh, record_property: Callable[..., None]
) -> None:
    name = fresh("info")
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="info"), namespace=reactions.namespace
    )
    settled = reactions.reconnect_settled(Connections(configmaps=[name]))
    bumped = counter(reactions)
    began = monotonic()
    kubectl.patch("configmap", name, {"data": {"a": "2"}}, namespace=reactions.namespace)
    wait_in_file(
        reactions,
        "the new value reached the file",
        lambda connections: connections["configmaps"]["info"][0]["data"] == {"a": "2"},
        reactions.timing.event_seconds,
    )
    record_property("seconds_from_patch_to_file", round(monotonic() - began, 2))
    again = reactions.wait_settled()
    assert counter(reactions) > bumped
    assert (
        again["status"]["specGenerationToProcess"]
        == settled["status"]["specGenerationToProcess"] + 1
    )


def test_a_changed_secret_needs_no_poll(
    kubectl: Kubectl, reactions: KDCluster, fresh: Fresh
) -> None:
    name = fresh("token")
    kubectl.create(
        secret(name, {"t": "old"}, connection_type="token"), namespace=reactions.namespace
    )
    reactions.reconnect_settled(Connections(secrets=[name]))
    kubectl.patch("secret", name, {"data": {"t": encoded("new")}}, namespace=reactions.namespace)
    wait_in_file(
        reactions,
        "the new value reached the file",
        lambda connections: connections["secrets"]["token"][0]["data"] == {"t": encoded("new")},
        reactions.timing.event_seconds,
    )
    reactions.wait_settled()


def test_an_annotation_of_a_connected_object_is_a_change_too(
    kubectl: Kubectl, reactions: KDCluster, fresh: Fresh
) -> None:
    name = fresh("info")
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="info"), namespace=reactions.namespace
    )
    before = reactions.reconnect_settled(Connections(configmaps=[name]))["status"]
    kubectl.ok("annotate", "configmap", name, "note=hello", namespace=reactions.namespace)
    after = reactions.wait_settled()["status"]
    assert after["specGenerationToProcess"] == before["specGenerationToProcess"] + 1


def test_an_object_made_after_it_was_named_needs_no_poll(
    kubectl: Kubectl, reactions: KDCluster, fresh: Fresh
) -> None:
    name = fresh("later")
    reactions.reconnect_settled(Connections(configmaps=[name]))
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="info"), namespace=reactions.namespace
    )
    wait_in_file(
        reactions,
        "the new ConfigMap reached the file",
        lambda connections: "info" in connections["configmaps"],
        reactions.timing.event_seconds,
    )
    reactions.wait_settled()


def test_a_deletion_is_noticed_by_the_poll_and_members_reconnect(
    kubectl: Kubectl, reactions: KDCluster, fresh: Fresh
) -> None:
    name = fresh("info")
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="info"), namespace=reactions.namespace
    )
    # The operator loses count where it hears of a new object only once a KDCluster names it, and would
    # then take the deletion for a change that the members know.
    generation = reactions.generation()
    holds_for(
        "the operator sees no change", lambda: reactions.generation() == generation, seconds=1
    )
    reactions.reconnect_settled(Connections(configmaps=[name]))
    read = reactions.wait_read("the ConfigMap", lambda read: "info" in read["configmaps"])
    bumped = counter(reactions)
    kubectl.delete("configmap", name, namespace=reactions.namespace)
    reactions.wait_settled(reactions.timing.noticed_by_poll_seconds)
    assert counter(reactions) == bumped
    assert reactions.connections_in()["configmaps"] == {}
    again = reactions.wait_read("nothing", lambda read: not read["configmaps"])
    assert again["event"] == "reconnect"
    assert again["count"] == read["count"] + 1


def test_an_object_that_loses_its_label_leaves_the_file_by_the_poll(
    kubectl: Kubectl, reactions: KDCluster, fresh: Fresh
) -> None:
    name = fresh("info")
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="info"), namespace=reactions.namespace
    )
    reactions.reconnect_settled(Connections(configmaps=[name]))
    kubectl.ok(
        "label", "configmap", name, "kubedirector.hpe.com/cmType-", namespace=reactions.namespace
    )
    reactions.wait_settled(reactions.timing.noticed_by_poll_seconds)
    assert reactions.connections_in()["configmaps"] == {}


def test_the_same_name_in_another_namespace_bumps_a_counter_and_no_more(
    kubectl: Kubectl, reactions: KDCluster, fresh: Fresh, new_namespace: Callable[[], str]
) -> None:
    name = fresh("info")
    info = configmap(name, {"a": "1"}, connection_type="info")
    kubectl.create(info, namespace=reactions.namespace)
    before = reactions.reconnect_settled(Connections(configmaps=[name]))["status"]
    bumped = counter(reactions)
    kubectl.create(info, namespace=new_namespace())
    wait_until(
        "the counter went up",
        lambda: counter(reactions) > bumped,
        seconds=reactions.timing.event_seconds,
    )
    after = reactions.wait_settled()["status"]
    assert after["lastConnectionHash"] == before["lastConnectionHash"]
    assert after["specGenerationToProcess"] == before["specGenerationToProcess"]
