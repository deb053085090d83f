# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's options are parsed to the desired state."""

from __future__ import annotations

import base64
import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    InvalidInputError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.scalars import (
    scalar_text,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    DesiredObject,
    DesiredState,
    parse_desired,
)
from tests.unit.plugins.manifests import TYPE_LABELS, encoded, task


def desired(**options: Any) -> DesiredState:
    """Parse a task."""
    return parse_desired(task(**options), "team-a")


def refused(**options: Any) -> str:
    """The message with which a task is refused."""
    with pytest.raises(InvalidInputError) as caught:
        desired(**options)
    return str(caught.value)


def configmap(**entry: Any) -> DesiredObject:
    """One ConfigMap of a task."""
    return desired(configmaps=[{"name": "one", **entry}]).objects[0]


def secret(**entry: Any) -> DesiredObject:
    """One Secret of a task."""
    return desired(secrets=[{"name": "one", **entry}]).objects[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"), ("", ""), (" a\n", " a\n"), ("null", "null"), (8080, "8080"), (-1, "-1"),
        (0, "0"), (10**30, str(10**30)), (True, "true"), (False, "false"), (0.5, "0.5"), (1.0, "1.0"),
        (math.inf, ".inf"), (-math.inf, "-.inf"), (math.nan, ".nan"),
    ],
)  # fmt: skip
def test_scalars_become_text_the_yaml_way(value: Any, text: str) -> None:
    assert scalar_text(value) == text
    assert configmap(data={"key": value}).data == {"key": text}
    assert secret(string_data={"key": value}).data == {"key": encoded(text)}
    assert configmap(labels={"key": 1}, annotations={"key": value}).annotations == {"key": text}


@given(st.integers() | st.booleans() | st.floats(allow_nan=False))
def test_yaml_reads_the_text_as_the_same_scalar(value: float | bool) -> None:
    text = scalar_text(value)
    assert text is not None
    read = yaml.safe_load(text)
    # YAML 1.1, and so Ansible, reads 1e+16 as text.
    assert type(read)(value) == read or float(text) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((f, v) for f in ("data", "labels", "annotations") for v in ([], ["a"], {}, {"a": "b"})),
        # null removes a label or annotation.
        ("data", None),
    ],
)
def test_a_nested_value_is_refused_by_its_key(field: str, value: Any) -> None:
    message = refused(configmaps=[{"name": "one", field: {"fine": "x", "scoring-path": value}}])
    assert "ConfigMap team-a/one" in message
    assert "scoring-path" in message


@given(st.binary(max_size=40))
def test_base64_is_not_changed(raw: bytes) -> None:
    text = base64.b64encode(raw).decode()
    assert secret(data={"key": text}).data == {"key": text}
    # The base64 command breaks lines.
    broken = "\n".join(text[i : i + 5] for i in range(0, len(text), 5)) + "\n"
    assert secret(data={"key": broken}).data == {"key": text}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_string_data_is_encoded(text: str) -> None:
    data = secret(string_data={"key": text}).data
    assert data is not None
    assert base64.b64decode(data["key"], validate=True).decode() == text


def test_data_and_string_data_are_taken_together() -> None:
    found = secret(data={"token": encoded("t")}, string_data={"branch": "main"})
    assert found.data == {"token": encoded("t"), "branch": encoded("main")}


@pytest.mark.parametrize("text", ["a", "####", "not base64!", "YQ=", "YWJj=ZGVm", "ü"])
def test_invalid_base64_is_refused_by_its_key(text: str) -> None:
    message = refused(secrets=[{"name": "one", "data": {"token": text}}])
    assert "Secret team-a/one" in message
    assert "token" in message
    assert "base64" in message


def test_one_key_in_both_is_refused() -> None:
    message = refused(
        secrets=[{"name": "one", "data": {"token": "YQ=="}, "string_data": {"token": "a"}}]
    )
    assert "Secret team-a/one" in message
    assert "token" in message


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_the_type_becomes_the_label_that_the_operator_needs(kind: str) -> None:
    make = configmap if kind == "ConfigMap" else secret
    found = make(type="model", labels={"team": "a"})
    assert found.labels == {"team": "a", TYPE_LABELS[kind]: "model"}
    assert found.type == "model"
    assert make(labels={TYPE_LABELS[kind]: "own"}).type == "own"


def test_an_object_with_only_a_name_is_only_connected() -> None:
    assert not configmap().described
    assert configmap().data is None
    assert configmap(data={}).described
    assert configmap(data={}).data == {}
    assert configmap(type="model").described
    assert secret(string_data={}).data == {}


@pytest.mark.parametrize(
    "object_type", ["", "a b", "-a", "a-", "ü", "a/b", "x" * 64, "model\n", "s3:"]
)
@pytest.mark.parametrize("kind", ["configmaps", "secrets"])
def test_a_type_that_is_not_a_label_value_is_refused(kind: str, object_type: str) -> None:
    message = refused(**{kind: [{"name": "one", "type": object_type}]})
    assert "team-a/one" in message
    assert "type" in message


@pytest.mark.parametrize("object_type", ["a", "x" * 63, "hivemetastore238", "A_b.c-1", "extAuth"])
def test_types_of_known_applications_are_accepted(object_type: str) -> None:
    assert configmap(type=object_type).type == object_type


@pytest.mark.parametrize(
    "name", ["", "A", "a_b", "-a", "a-", ".a", "a/b", "a b", "ü", "x" * 254, "a\n", "..", "a%2f"]
)
@pytest.mark.parametrize("option", ["kdcluster", "clusters", "configmaps", "secrets"])
def test_a_name_that_no_object_can_have_is_refused(option: str, name: str) -> None:
    given_names: list[Any] = [{"name": name}] if option in ("configmaps", "secrets") else [name]
    options: dict[str, Any] = {"kdcluster": ["notebook"], option: given_names}
    message = refused(**options)
    assert repr(name) in message
    assert option in message


@pytest.mark.parametrize("name", ["a", "0", "a.b-c", "x" * 253])
def test_valid_names_are_accepted(name: str) -> None:
    assert desired(kdcluster=[name]).kdclusters == (name,)


@pytest.mark.parametrize("key", ["", "a b", "a/b", "ü", "x" * 254, "a\n"])
def test_a_data_key_that_no_object_can_have_is_refused(key: str) -> None:
    assert "ConfigMap team-a/one" in refused(configmaps=[{"name": "one", "data": {key: "v"}}])
    assert "Secret team-a/one" in refused(secrets=[{"name": "one", "string_data": {key: "v"}}])


@pytest.mark.parametrize("key", ["", "a b", "/a", "a/b/c", "-a", "A.b/x y"])
def test_a_label_name_that_no_object_can_have_is_refused(key: str) -> None:
    assert "ConfigMap team-a/one" in refused(configmaps=[{"name": "one", "labels": {key: "v"}}])


@pytest.mark.parametrize("option", ["configmaps", "secrets"])
def test_two_entries_of_one_name_are_refused(option: str) -> None:
    assert "team-a/one" in refused(**{option: [{"name": "one"}, {"name": "two"}, {"name": "one"}]})


def test_a_configmap_and_a_secret_may_share_a_name() -> None:
    found = desired(configmaps=[{"name": "one"}], secrets=[{"name": "one"}])
    assert [(o.kind, o.name) for o in found.objects] == [("ConfigMap", "one"), ("Secret", "one")]


@pytest.mark.parametrize("option", ["kdcluster", "clusters"])
def test_a_kdcluster_named_twice_is_refused(option: str) -> None:
    options = {"kdcluster": ["notebook"], option: ["engine", "engine"]}
    assert "KDCluster team-a/engine" in refused(**options)


def test_a_kdcluster_is_not_connected_to_itself() -> None:
    message = refused(kdcluster=["a", "b"], clusters=["c", "b"])
    assert "KDCluster team-a/b" in message
    assert "itself" in message
    assert desired(kdcluster=["a"], clusters=["a"], state="absent").clusters == ("a",)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"state": "absent", "exclusive": True, "kdcluster": ["a"]}, "exclusive"),
        ({"delete_objects": True}, "delete_objects"),
        ({"clusters": ["a"]}, "kdcluster"),
        ({"exclusive": True}, "kdcluster"),
    ],
)
def test_contradicting_options_are_refused(options: dict[str, Any], named: str) -> None:
    assert named in refused(**options)


def test_a_namespace_that_cannot_exist_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"namespace.*'Team A'"):
        parse_desired(task(), "Team A")


def test_a_contradicting_type_label_is_refused() -> None:
    label = TYPE_LABELS["ConfigMap"]
    message = refused(configmaps=[{"name": "one", "type": "a", "labels": {label: "b"}}])
    assert "ConfigMap team-a/one" in message
    assert label in message
    assert configmap(type="a", labels={label: "a"}).type == "a"
