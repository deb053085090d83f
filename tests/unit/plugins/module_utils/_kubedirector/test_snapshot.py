# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a KDCluster is quiet or settled, and how manifests are read."""

from __future__ import annotations

import hashlib
import itertools

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.connection_hash import (
    expected_hash,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.settled import (
    is_quiet,
    is_settled,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    KDCluster,
    Snapshot,
    parse_connections,
    parse_kdcluster,
)
from tests.unit.plugins.manifests import (
    JsonObject,
    kdcluster_manifest,
    member,
    object_manifest,
    snapshot_of,
)

EMPTY_HASH = "d41d8cd98f00b204e9800998ecf8427e"
GENERATION = 4


def notebook(
    *members: JsonObject, state: str = "configured", stored: str = EMPTY_HASH
) -> tuple[Snapshot, KDCluster]:
    """A KDCluster that names nothing, at generation 4."""
    snapshot = snapshot_of(
        [
            kdcluster_manifest(
                "notebook", generation=GENERATION, state=state, stored_hash=stored, members=members
            )
        ]
    )
    return snapshot, snapshot.clusters["notebook"]


def judged(*members: JsonObject, state: str = "configured", stored: str = EMPTY_HASH) -> str:
    """settled, quiet or busy."""
    snapshot, cluster = notebook(*members, state=state, stored=stored)
    quiet, settled = is_quiet(snapshot, cluster), is_settled(snapshot, cluster)
    assert quiet or not settled
    return "settled" if settled else "quiet" if quiet else "busy"


@pytest.mark.parametrize(
    ("state", "config", "setup", "expected"),
    [
        ("configured", 4, 4, "settled"),
        ("configured", 3, 3, "busy"),
        ("configured", 3, 4, "busy"),
        ("configured", 4, 3, "busy"),
        ("configured", 5, 5, "busy"),
        # A role without config package never gets configmeta.json.
        ("configured", None, None, "settled"),
        ("configured", None, 4, "settled"),
        # A role whose eventList lacks `configure`: the operator runs no set-up.
        ("configured", 4, None, "settled"),
        ("creating", 4, None, "busy"),
        # A restarted pod: the operator has yet to write its configmeta.json.
        ("create pending", None, None, "busy"),
        ("creating", None, None, "busy"),
        ("create pending", 4, 4, "busy"),
        ("creating", 4, 4, "busy"),
        ("delete pending", 4, 4, "busy"),
        ("deleting", 4, 4, "busy"),
        # No update until its container restarts: the operator is done, the member is not.
        ("config error", 3, 3, "quiet"),
        ("config error", 4, 4, "quiet"),
        ("config error", None, None, "quiet"),
    ],
)
def test_one_member_decides(
    state: str, config: int | None, setup: int | None, expected: str
) -> None:
    one = member("pod-0", state=state, config=config, setup=setup)
    current = member("pod-1", config=GENERATION, setup=GENERATION)
    assert judged(one) == expected
    assert judged(one, current) == expected
    assert judged(current, one) == expected


@pytest.mark.parametrize(
    ("cluster_state", "hash_fits", "expected"),
    [
        ("configured", True, "settled"),
        # An edit sets it once more before the work begins.
        ("configured", False, "busy"),
        ("updating", True, "busy"),
        ("updating", False, "busy"),
        ("creating", True, "busy"),
        ("spec modified", True, "busy"),
        ("", True, "busy"),
    ],
)
def test_state_and_hash_must_both_fit(cluster_state: str, hash_fits: bool, expected: str) -> None:
    current = member("pod-0", config=GENERATION, setup=GENERATION)
    stored = EMPTY_HASH if hash_fits else "0" * 32
    assert judged(current, state=cluster_state, stored=stored) == expected


def test_members_without_a_set_up_get_a_change_only_if_another_has_one() -> None:
    lagging = member("pod-0", config=GENERATION - 1, setup=None)
    assert judged(lagging) == "quiet"
    assert judged(lagging, member("pod-1", config=None, setup=None)) == "quiet"
    assert judged(lagging, member("pod-1", config=3, setup=3)) == "busy"
    assert judged(lagging, member("pod-1", config=GENERATION, setup=GENERATION)) == "busy"


def test_a_failed_member_hides_no_lagging_one() -> None:
    failed = member("pod-0", state="config error", config=3, setup=3)
    lagging = member("pod-1", config=3, setup=3)
    assert judged(failed, lagging) == "busy"


def test_lagging_members_are_named() -> None:
    _snapshot, cluster = notebook(
        member("pod-0", config=3, setup=3),
        member("pod-1", config=4, setup=4),
        member("pod-2", role="plain", config=None, setup=None),
        member("pod-3", state="create pending", config=None, setup=None),
    )
    assert [lagging.pod for lagging in cluster.lagging_members()] == ["pod-0", "pod-3"]


@pytest.mark.parametrize("with_engine", [True, False])
@pytest.mark.parametrize("generation", [None, 2])
@pytest.mark.parametrize("with_objects", [True, False])
def test_the_expected_hash_covers_the_live_objects(
    with_engine: bool, generation: int | None, with_objects: bool
) -> None:
    clusters = [
        kdcluster_manifest("notebook", clusters=["engine"], configmaps=["b", "a"], secrets=["s"])
    ]
    if with_engine:
        clusters.append(kdcluster_manifest("engine", generation=generation))
    versions = {"b": "5", "a": "6", "s": "7"}
    snapshot = snapshot_of(
        clusters,
        {
            (kind, name): (
                object_manifest(kind, name, resource_version=versions[name])
                if with_objects
                else None
            )
            for kind, name in (("ConfigMap", "a"), ("ConfigMap", "b"), ("Secret", "s"))
        },
    )
    text = "engine"
    if with_engine:
        text += "nil" if generation is None else str(generation)
    text += "b5a6s7" if with_objects else "bas"
    expected = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    assert expected_hash(snapshot, snapshot.clusters["notebook"]) == expected


def test_the_kdclusters_that_name_an_object_are_found_by_kind() -> None:
    snapshot = snapshot_of(
        [
            kdcluster_manifest("c", configmaps=["shared"]),
            kdcluster_manifest("a", configmaps=["other", "shared"]),
            kdcluster_manifest("b", secrets=["shared"]),
        ]
    )
    assert snapshot.naming("ConfigMap", "shared") == ("a", "c")
    assert snapshot.naming("Secret", "shared") == ("b",)
    assert snapshot.naming("Secret", "nothing") == ()


@pytest.mark.parametrize("field", ["clusters", "configmaps", "secrets"])
@pytest.mark.parametrize("form", [None, [], ["b", "a"]])
def test_connections_are_read_in_every_form(field: str, form: list[str] | None) -> None:
    found = parse_connections({"connections": {field: form}})
    expected = {"clusters": [], "configmaps": [], "secrets": [], field: form or []}
    assert found.as_lists() == expected
    assert parse_connections({}).as_lists() == parse_connections({"connections": None}).as_lists()


def test_a_manifest_without_status_is_one_that_was_just_created() -> None:
    cluster = parse_kdcluster({"metadata": {"name": "new", "namespace": "team-a"}, "spec": {}})
    assert (cluster.state, cluster.generation, cluster.stored_hash) == ("", None, "")
    assert cluster.members == ()
    assert cluster.label == "KDCluster team-a/new"


def test_members_of_all_roles_are_read() -> None:
    manifest = kdcluster_manifest(
        "deployer",
        members=[
            member("rest-0", role="RESTServer", node_id="1"),
            member(
                "rest-1", role="RESTServer", node_id="2", state="config error", problem="exit 3"
            ),
            member("lb-0", role="LoadBalancer", node_id="3", config=None, setup=None),
        ],
    )
    found = parse_kdcluster(manifest).members
    assert [(m.pod, m.role, m.node_id) for m in found] == [
        ("rest-0", "RESTServer", "1"), ("rest-1", "RESTServer", "2"), ("lb-0", "LoadBalancer", "3"),
    ]  # fmt: skip
    assert [m.has_configmeta for m in found] == [True, True, False]
    assert [m.problem for m in found] == ["", "exit 3", ""]


def test_every_order_of_members_is_judged_alike() -> None:
    members = [
        member("pod-0", config=4, setup=4),
        member("pod-1", state="config error", config=3, setup=3),
        member("pod-2", config=None, setup=None),
    ]
    assert {judged(*order) for order in itertools.permutations(members)} == {"quiet"}


def test_a_scaled_kdcluster_is_not_settled_before_its_members_exist() -> None:
    manifest = kdcluster_manifest("notebook", stored_hash=EMPTY_HASH, members=[member("pod-0")])
    manifest["spec"]["roles"] = [{"id": "controller", "members": 1}]
    snapshot = snapshot_of([manifest])
    assert is_settled(snapshot, snapshot.clusters["notebook"])
    manifest["spec"]["roles"] = [{"id": "controller", "members": 2}]
    snapshot = snapshot_of([manifest])
    assert not is_settled(snapshot, snapshot.clusters["notebook"])
    assert snapshot.clusters["notebook"].unfinished_roles() == (("controller", 2, 1),)
