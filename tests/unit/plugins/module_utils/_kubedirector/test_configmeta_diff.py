# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members compared with one another and with the live objects."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.configmeta_diff import (
    MAX_DIFFERENCES,
    differing_paths,
    member_differences,
    stale_parts,
)
from tests.unit.plugins.configmeta_files import (
    configmeta,
    connected_cluster,
    connected_object,
    role,
)
from tests.unit.plugins.manifests import (
    JsonObject,
    encoded,
    kdcluster_manifest,
    member,
    object_manifest,
    snapshot_of,
)

LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from("QXZ")
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(TREES, TREES)
def test_paths_are_empty_exactly_where_both_are_equal(one: Any, other: Any) -> None:
    assert (list(differing_paths(one, other, "root")) == []) == (one == other)
    assert list(differing_paths(one, copy.deepcopy(one))) == []
    assert list(differing_paths(one, other)) == list(differing_paths(other, one))
    assert not {"Q", "X", "Z"} & set("".join(differing_paths(one, other)))


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": {"b": [{"c": 1}]}}, {"a": {"b": [{"c": 2}]}}, ["a.b[0].c"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a"]),
        ({"a": 1}, {"b": 1}, ["a", "b"]),
        ({"a": None}, {}, ["a"]),
        ({"a": {"b": 1}}, {"a": [1]}, ["a"]),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 2, "y": 3}}, ["a.x", "a.y"]),
    ],
)
def test_paths_name_the_differences(one: Any, other: Any, paths: list[str]) -> None:
    assert list(differing_paths(one, other)) == paths


def test_members_may_differ_in_their_own_part_only() -> None:
    first, second = configmeta(node_id="1"), configmeta(node_id="2")
    assert first != second
    assert member_differences({"pod-0": first, "pod-1": second}) == []
    second["connections"]["configmaps"] = {
        "model": [connected_object("ConfigMap", "m", {"path": "QXZ"})]
    }
    found = member_differences({"pod-0": first, "pod-1": second, "pod-2": configmeta()})
    assert found == [{"pod": "pod-0", "other_pod": "pod-1", "path": "connections.configmaps.model"}]
    assert member_differences({}) == member_differences({"pod-0": first}) == []


def test_the_order_of_a_roles_nodes_is_not_a_difference() -> None:
    first, second = configmeta(), configmeta()
    for content, nodes in ((first, ["1", "2"]), (second, ["2", "1"])):
        content["nodegroups"] = {"1": {"roles": {"controller": {"node_ids": nodes}}}}
    assert member_differences({"pod-0": first, "pod-1": second}) == []
    second["nodegroups"]["1"]["roles"]["controller"]["node_ids"] = ["3", "1"]
    (found,) = member_differences({"pod-0": first, "pod-1": second})
    assert found["path"] == "nodegroups.1.roles.controller.node_ids[1]"


MODEL = {"name": "cnn", "path": "/models/QXZ"}
TOKEN = {"token": "QXZJKV", "branch": "main"}
# The live objects, as (type, name, data) in the order of the spec.
Live = tuple[tuple[str, str, dict[str, str]], ...]
CONFIGMAPS: Live = (
    ("model", "one", MODEL),
    ("model", "two", MODEL),
    ("source-control", "git", MODEL),
)
SECRETS: Live = (("source-control", "token", TOKEN), ("mlflow", "flow", TOKEN))


def held(configmaps: Live = CONFIGMAPS, secrets: Live = SECRETS, **parts: Any) -> JsonObject:
    """A member's configmeta."""

    def grouped(kind: str, live: Live) -> dict[str, list[JsonObject]]:
        found: dict[str, list[JsonObject]] = {}
        for object_type, name, data in live:
            entry = connected_object(kind, name, data, object_type=object_type)
            found.setdefault(object_type, []).append(entry)
        return found

    return configmeta(
        configmaps=grouped("ConfigMap", configmaps), secrets=grouped("Secret", secrets), **parts
    )


def stale(
    content: JsonObject,
    *,
    extra: dict[tuple[str, str], JsonObject | None] | None = None,
    others: list[JsonObject] | None = None,
    clusters: tuple[str, ...] = (),
    configmaps: tuple[str, ...] = ("one", "two", "git"),
    secrets: tuple[str, ...] = ("token", "flow"),
) -> list[dict[str, str]]:
    """The parts of a member's configmeta that differ from the live objects."""
    objects: dict[tuple[str, str], JsonObject | None] = {}
    for object_type, name, data in CONFIGMAPS:
        objects["ConfigMap", name] = object_manifest(
            "ConfigMap", name, object_type=object_type, data=data
        )
    for object_type, name, data in SECRETS:
        objects["Secret", name] = object_manifest(
            "Secret", name, object_type=object_type, data={k: encoded(v) for k, v in data.items()}
        )
    objects.update(extra or {})
    notebook = kdcluster_manifest(
        "jupyter-notebook", clusters=clusters, configmaps=configmaps, secrets=secrets
    )
    snapshot = snapshot_of([notebook, *(others or [])], objects)
    found = stale_parts(content, snapshot.clusters["jupyter-notebook"], snapshot)
    assert "QXZ" not in json.dumps(found)
    assert encoded(TOKEN["token"]) not in json.dumps(found)
    return found


def names(found: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Which objects are stale."""
    return [(part["kind"], part["name"]) for part in found]


def test_a_member_that_holds_the_live_data_is_current() -> None:
    assert stale(held()) == []


def test_an_empty_map_has_several_forms() -> None:
    content = held()
    del content["connections"]["configmaps"]["model"][0]["annotations"]
    content["connections"]["configmaps"]["model"][1]["annotations"] = {}
    assert stale(content) == []


@pytest.mark.parametrize("connections", [None, {}, {"configmaps": None, "secrets": None}])
def test_a_member_without_connections_lacks_everything(connections: Any) -> None:
    found = stale({**held(), "connections": connections})
    assert len(found) == len(CONFIGMAPS) + len(SECRETS)


Change = Callable[[], list[dict[str, str]]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda: stale(held(CONFIGMAPS[1:])), ("ConfigMap", "one")),
        (lambda: stale(held(secrets=SECRETS[:1])), ("Secret", "flow")),
        (
            lambda: stale(
                held(),
                configmaps=(
                    "two",
                    "git",
                ),
            ),
            ("ConfigMap", "one"),
        ),
        (lambda: stale(held(), secrets=("flow",)), ("Secret", "token")),
        (lambda: stale(held(), extra={("ConfigMap", "git"): None}), ("ConfigMap", "git")),
        (
            lambda: stale(
                held(),
                extra={("ConfigMap", "git"): object_manifest("ConfigMap", "git", object_type=None)},
            ),
            ("ConfigMap", "git"),
        ),
        (
            lambda: stale(
                held(),
                extra={("Secret", "flow"): object_manifest("Secret", "flow", object_type="other")},
            ),
            ("Secret", "flow"),
        ),
    ],
)
def test_an_added_or_removed_part_is_stale(change: Change, expected: tuple[str, str]) -> None:
    assert names(change()) == [expected]


@pytest.mark.parametrize(
    ("live", "path"),
    [
        ({"data": {**MODEL, "path": "/other"}}, "data.path"),
        ({"data": {"name": "cnn"}}, "data.path"),
        ({"data": {**MODEL, "new": "x"}}, "data.new"),
        ({"data": MODEL, "labels": {"team": "b"}}, "labels"),
        ({"data": MODEL, "annotations": {"note": "b"}}, "annotations"),
    ],
)
def test_a_changed_part_is_reported_by_its_path(live: dict[str, Any], path: str) -> None:
    changed = object_manifest("ConfigMap", "one", **live)
    found = stale(held(), extra={("ConfigMap", "one"): changed})
    assert names(found) == [("ConfigMap", "one")]
    assert path in found[0]["reason"]


def test_a_changed_value_of_a_secret_is_reported_by_its_key_only() -> None:
    data = {"token": encoded("QXZother"), "branch": encoded("main")}
    changed = object_manifest("Secret", "token", object_type="source-control", data=data)
    found = stale(held(), extra={("Secret", "token"): changed})
    assert names(found) == [("Secret", "token")]
    assert "data.token" in found[0]["reason"]
    assert "branch" not in found[0]["reason"]


def test_another_order_of_one_type_is_stale() -> None:
    found = stale(
        held(),
        configmaps=(
            "two",
            "one",
            "git",
        ),
    )
    assert len(found) == 1
    assert "order" in found[0]["reason"]
    # The file does not order the types.
    assert (
        stale(
            held(),
            configmaps=(
                "git",
                "one",
                "two",
            ),
        )
        == []
    )


ENGINE = kdcluster_manifest(
    "engine",
    members=[
        member("e-0", node_id="1"),
        member("e-1", role="worker", node_id="2"),
        member("e-2", role="worker", node_id="3"),
    ],
)


def with_engine(*workers: str, cluster_id: str = "uid-engine") -> JsonObject:
    """The configmeta of a member that connects to engine."""
    roles = {"controller": role(("1",)), "worker": role(workers, role_id="worker")}
    engine = connected_cluster("engine", roles=roles)
    engine["cluster"]["id"] = cluster_id
    return held(clusters={"engine": engine})


def test_the_operators_repetition_of_the_last_member_is_current() -> None:
    assert stale(with_engine("3", "3"), others=[ENGINE], clusters=("engine",)) == []
    assert stale(with_engine("2", "3"), others=[ENGINE], clusters=("engine",)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda: stale(held(), others=[ENGINE], clusters=("engine",)),
        lambda: stale(with_engine("3", "3"), others=[ENGINE]),
        lambda: stale(with_engine("3", "3"), clusters=("engine",)),
        lambda: stale(with_engine("3"), others=[ENGINE], clusters=("engine",)),
        lambda: stale(with_engine("3", "3", "3"), others=[ENGINE], clusters=("engine",)),
        lambda: stale(with_engine("4", "4"), others=[ENGINE], clusters=("engine",)),
        lambda: stale(with_engine("3", "3", cluster_id="x"), others=[ENGINE], clusters=("engine",)),
    ],
)
def test_a_connected_kdcluster_that_changed_is_stale(change: Change) -> None:
    assert names(change()) == [("KDCluster", "engine")]


def test_a_missing_object_that_is_still_named_is_stale() -> None:
    (cluster,) = stale(held(), clusters=("engine",))
    assert cluster["reason"] == (
        "the KDCluster names it, but it does not exist; the member does not hold it"
    )
    missing: dict[tuple[str, str], JsonObject | None] = {("Secret", "token"): None}
    (at_once,) = stale(held(), extra=missing)
    assert at_once["reason"] == (
        "the KDCluster names it, but it does not exist; the member still holds it"
    )
    (after_the_poll,) = stale(held(secrets=SECRETS[1:]), extra=missing)
    assert (after_the_poll["kind"], after_the_poll["name"]) == ("Secret", "token")
    assert "the KDCluster names it, but it does not exist" in after_the_poll["reason"]


def test_a_member_that_differs_in_everything_gives_a_short_result() -> None:
    many = {"services": {str(number): number for number in range(400_000)}}
    differences = member_differences({"pod-0": {}, "pod-1": many, "pod-2": many})
    assert differences == [
        {"pod": "pod-0", "other_pod": pod, "path": "services"} for pod in ("pod-1", "pod-2")
    ]
    differences = member_differences({"pod-0": {"services": {}}, "pod-1": many})
    assert len(differences) == MAX_DIFFERENCES
