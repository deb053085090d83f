# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""configmeta: following references."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.configmeta import (
    with_references_resolved,
    with_secrets_as,
)
from tests.unit.plugins.configmeta_files import (
    REFERENCE,
    configmeta,
    connected_cluster,
    reference,
    role,
)
from tests.unit.plugins.manifests import JsonObject


def test_every_reference_of_a_plain_file_is_followed() -> None:
    content = configmeta()
    before = copy.deepcopy(content)
    shown = with_references_resolved(content)
    assert content == before
    assert REFERENCE not in json.dumps(shown)
    service = shown["services"]["notebook"]["1"]["controller"]
    assert service["name"] == "Notebook"
    # Its target holds further references.
    assert service["hostnames"] == ["host-1"]
    assert service["fqdns"] == ["host-1.example.com"]
    assert shown["distros"]["local/jupyter-notebook"]["1"]["distro_id"] == "local/jupyter-notebook"
    assert shown["cluster"]["config_metadata"] == {"1": {"impl": "1"}}


def test_inside_a_connected_kdcluster_both_forms_lead_to_that_kdcluster() -> None:
    engine = connected_cluster(
        "engine",
        roles={
            "controller": role(
                ("7", "7"), role_id="controller", prefix=("connections", "clusters", "engine")
            )
        },
    )
    service = engine["nodegroups"]["1"]["roles"]["controller"]["services"]["notebook"]
    assert service["hostnames"][REFERENCE][0] == "nodegroups"
    assert service["fqdns"][REFERENCE][0] == "connections"
    shown = with_references_resolved(configmeta(clusters={"engine": engine}))
    assert REFERENCE not in json.dumps(shown)
    inner = shown["connections"]["clusters"]["engine"]
    resolved = inner["services"]["notebook"]["1"]["controller"]
    assert resolved["hostnames"] == ["host-7", "host-7"]
    assert resolved["fqdns"] == ["host-7.example.com", "host-7.example.com"]
    assert inner["distros"]["local/engine"]["1"]["distro_id"] == "local/engine"
    # The local KDCluster has a role of the same name, which is not the target.
    assert shown["services"]["notebook"]["1"]["controller"]["hostnames"] == ["host-1"]


def test_a_role_that_only_the_connected_kdcluster_has_is_found_there() -> None:
    engine = connected_cluster("engine", roles={"worker": role(("8",), role_id="worker")})
    shown = with_references_resolved(configmeta(clusters={"engine": engine}))
    worker = shown["connections"]["clusters"]["engine"]["nodegroups"]["1"]["roles"]["worker"]
    assert worker["services"]["notebook"]["hostnames"] == ["host-8"]


@pytest.mark.parametrize(
    "broken",
    [
        reference("nowhere"),
        reference("nodegroups", "2", "roles"),
        reference("version", "deeper"),
        reference("nodegroups", "1", "roles", "controller", "node_ids", "0"),
        reference("node", "role_id", "x"),
        reference("connections", "clusters", "missing", "nodegroups"),
        {REFERENCE: "nodegroups"},
        {REFERENCE: None},
        {REFERENCE: ["nodegroups"], "more": 1},
    ],
)
def test_a_reference_that_leads_nowhere_stays_as_it_is(broken: JsonObject) -> None:
    content = {**configmeta(), "services": broken}
    assert with_references_resolved(content)["services"] == broken


def test_a_reference_to_itself_ends() -> None:
    content = {**configmeta(), "services": reference("services")}
    assert with_references_resolved(content)["services"] == reference("services")


def test_references_in_a_circle_end() -> None:
    content = {"a": {"x": reference("b")}, "b": {"y": reference("c")}, "c": {"z": reference("a")}}
    shown = with_references_resolved(content)
    assert set(shown) == {"a", "b", "c"}
    assert "y" in shown["a"]["x"]


def test_a_reference_to_its_own_parent_ends() -> None:
    content = {"a": {"inner": {"up": reference("a")}}}
    assert "inner" in with_references_resolved(content)["a"]["inner"]["up"]


def test_a_reference_in_a_list_is_followed() -> None:
    content = {"a": [reference("b"), 1], "b": {"c": 2}}
    assert with_references_resolved(content)["a"] == [{"c": 2}, 1]


def test_the_users_own_data_are_not_taken_for_references() -> None:
    entry = {"metadata": {"name": "m"}, "data": {REFERENCE: "nodegroups"}, "labels": {}}
    content = configmeta(configmaps={"model": [entry]})
    shown = with_references_resolved(content)
    assert shown["connections"]["configmaps"] == content["connections"]["configmaps"]


def test_a_masked_value_does_not_come_back() -> None:
    content = configmeta(roles={"controller": role(secret_keys={"k": "QXZQXZ"}, token="JVKJVK")})
    text = json.dumps(with_references_resolved(with_secrets_as("masked", content)))
    assert "QXZQXZ" not in text
    assert "JVKJVK" not in text


def test_references_to_references_do_not_expand_without_end() -> None:
    bomb: JsonObject = {
        f"level{number}": [reference("node", f"level{number + 1}")] * 2 for number in range(40)
    }
    content = {**configmeta(), "node": {**bomb, "level40": ["x"]}}
    shown = with_references_resolved(content)
    assert len(json.dumps(shown)) < 64 * 1024 * 1024
    # Other references are still followed.
    assert shown["services"]["notebook"]["1"]["controller"]["name"] == "Notebook"


def reached(content: JsonObject, path: list[str]) -> Any:
    """The value at a path; None if there is none."""
    node: Any = content
    for step in path:
        if not isinstance(node, dict) or step not in node:
            return None
        node = node[step]
    return node


NAMES = ("a", "b", "c")
PATHS = st.lists(st.sampled_from((*NAMES, "x")), min_size=1, max_size=3)
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.integers(0, 9) | st.text(alphabet="xyz", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(NAMES), PLAIN, min_size=1), PATHS)
def test_a_reference_becomes_its_target(content: JsonObject, path: list[str]) -> None:
    target = reached(content, path)
    shown = with_references_resolved({**content, "node": {"here": reference(*path)}})
    assert shown["node"]["here"] == (reference(*path) if target is None else target)
    assert {key: shown[key] for key in content} == content


@given(st.dictionaries(st.sampled_from(NAMES), PLAIN | PATHS.map(lambda p: reference(*p))), PATHS)
def test_no_reference_is_followed_for_ever(content: JsonObject, path: list[str]) -> None:
    before = copy.deepcopy(content)
    with_references_resolved({**content, "node": reference(*path)})
    assert content == before


@pytest.mark.parametrize("nested", [False, True])
def test_a_chain_of_2000_references_ends(nested: bool) -> None:
    def step(number: int) -> JsonObject:
        reference = {"bdvlibrefkey": [f"step{number + 1}"]}
        return {"next": reference} if nested else reference

    chain: JsonObject = {f"step{number}": step(number) for number in range(2000)}
    resolved = with_references_resolved(chain)
    assert set(resolved) == set(chain)
    assert json.loads(json.dumps(resolved)) == resolved
