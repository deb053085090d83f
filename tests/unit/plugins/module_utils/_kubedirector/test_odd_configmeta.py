# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configmeta.json that is JSON, but not of the form that the operator writes.

Every process that can write into a member can write it. It must neither cause a traceback nor get a
secret past the redaction; the parser may refuse it.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.configmeta import (
    REFERENCE_KEY,
    SECRET_MODES,
    parse_configmeta,
    with_references_resolved,
    with_secrets_as,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.configmeta_diff import (
    member_differences,
    stale_parts,
)
from tests.unit.plugins.configmeta_files import configmeta, connected_object, role
from tests.unit.plugins.manifests import (
    JsonObject,
    encoded,
    kdcluster_manifest,
    object_manifest,
    snapshot_of,
)

MARK = "QXZJKVQXZJKV"
NAMES = st.sampled_from(
    ("1", "controller", "data", "metadata", "name", "labels", "bdvlibrefkey", "node_ids", "id")
)
ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(("", "x", "YQ==", "%")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=5,
)
Place = tuple[Any, ...]
# The parser accepts any form of these parts.
FURTHER: tuple[Place, ...] = (
    ("connections", "configmaps", "model", 0, "further"),
    ("connections", "secrets", "token", 0, "further"),
)
PLACES: tuple[Place, ...] = (
    ("nodegroups",), ("nodegroups", "1"), ("nodegroups", "1", "roles"),
    ("nodegroups", "1", "roles", "controller"),
    ("nodegroups", "1", "roles", "controller", "secret_keys"),
    ("nodegroups", "1", "roles", "controller", "services"),
    ("nodegroups", "1", "roles", "controller", "services", "notebook"),
    ("nodegroups", "1", "roles", "controller", "services", "notebook", "authToken"),
    ("connections",), ("connections", "configmaps"), ("connections", "configmaps", "model"),
    ("connections", "secrets"), ("connections", "secrets", "token"),
    *FURTHER, ("connections", "clusters"), ("connections", "clusters", "engine"),
    ("connections", "clusters", "engine", "cluster"),
    ("connections", "clusters", "engine", "nodegroups"),
    ("connections", "clusters", "engine", "nodegroups", "1", "roles"),
    ("connections", "clusters", "engine", "nodegroups", "1", "roles", "controller"),
    ("services",), ("distros",), ("cluster",), ("node",), ("version",),
)  # fmt: skip


def file_with(place: Place, odd: Any) -> JsonObject:
    """A file with something else at this place."""
    content = configmeta(
        roles={"controller": role(secret_keys={"k": "v"}, token="t")},
        configmaps={"model": [connected_object("ConfigMap", "one", {"a": "b"})]},
        secrets={"token": [connected_object("Secret", "two", {"a": "b"})]},
        clusters={"engine": configmeta("engine")},
    )
    node: Any = content
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = odd
    return content


def read(content: JsonObject) -> JsonObject:
    """The content as the module reads it; empty if the parser refuses the file."""
    try:
        return parse_configmeta(json.dumps(content).encode())
    except ValueError as error:
        assert MARK not in str(error)
        return {}


@example(FURTHER[1], {"a": 1})
@given(st.sampled_from(PLACES), ODD)
def test_no_form_of_the_file_ends_in_a_traceback(place: Place, odd: Any) -> None:
    content = read(file_with(place, odd))
    for mode in SECRET_MODES:
        json.dumps(with_references_resolved(with_secrets_as(mode, content)))


@example(FURTHER[0], "text")
@given(st.sampled_from(PLACES), ODD)
def test_any_form_of_the_file_can_be_compared(place: Place, odd: Any) -> None:
    content = read(file_with(place, odd))
    snapshot = snapshot_of(
        [
            kdcluster_manifest(
                "notebook", clusters=["engine"], configmaps=["one"], secrets=["two"]
            ),
            kdcluster_manifest("engine"),
        ],
        {
            ("ConfigMap", "one"): object_manifest("ConfigMap", "one", data={"a": "b"}),
            ("Secret", "two"): object_manifest("Secret", "two", data={"a": encoded("b")}),
        },
    )
    stale_parts(content, snapshot.clusters["notebook"], snapshot)
    member_differences({"pod-0": content, "pod-1": configmeta()})


SECRET_PLACES: tuple[Place, ...] = (
    ("nodegroups", "1", "roles", "controller", "secret_keys"),
    ("nodegroups", "1", "roles", "controller", "services", "notebook", "authToken"),
    ("connections", "secrets"), ("connections", "secrets", "token"),
    FURTHER[1],
    ("connections", "clusters", "engine", "nodegroups", "1", "roles", "controller", "secret_keys"),
)  # fmt: skip
SHAPES: tuple[Any, ...] = (
    MARK, encoded(MARK), [MARK], [[MARK]], {"a": [MARK]}, {"a": {"b": MARK}}, [{"data": MARK}],
    [{"data": [MARK]}], [{"data": {"a": {"b": MARK}}}], [{"stringData": {"a": encoded(MARK)}}],
    [{"extra": encoded(MARK)}], {"a": [{"data": [encoded(MARK)]}]},
)  # fmt: skip


@pytest.mark.parametrize("place", SECRET_PLACES)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_form_gets_past_the_redaction(place: Place, shape: Any) -> None:
    text = json.dumps(with_secrets_as("masked", read(file_with(place, shape))))
    assert MARK not in text
    assert encoded(MARK) not in text


def test_a_file_of_millions_of_parts_is_refused_before_it_is_parsed() -> None:
    for text in (b"[" + b"[]," * 1_500_000 + b"[]]", b'{"a":[' + b"{}," * 300_000 + b"0]}"):
        with pytest.raises(ValueError, match="parts"):
            parse_configmeta(text)


def test_brackets_in_strings_do_not_count() -> None:
    table = 'a,b,[c],{d},"e"\n' * 100_000
    text = json.dumps({"connections": {"configmaps": {"t": [{"data": {"table": table}}]}}}).encode()
    held = parse_configmeta(text)["connections"]["configmaps"]["t"][0]["data"]["table"]
    assert held == table


def test_text_that_never_ends_takes_no_time() -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match="not JSON"):
        parse_configmeta(b'{"a": "' + b'\\"' * 150_000)
    # Quadratic, it took minutes.
    assert time.monotonic() - began < 20


def test_references_to_long_text_do_not_make_a_short_file_long() -> None:
    services = {str(number): {REFERENCE_KEY: ["cluster"]} for number in range(500)}
    found = with_references_resolved({"cluster": {"a": "x" * 1_000_000}, "services": services})
    assert len(json.dumps(found)) < 40_000_000
    assert found["services"]["499"] == {REFERENCE_KEY: ["cluster"]}


def test_a_long_key_makes_no_long_message() -> None:
    with pytest.raises(ValueError) as caught:
        parse_configmeta(json.dumps({"nodegroups": {"k" * 100_000: 1}}).encode())
    assert len(str(caught.value)) < 1000
