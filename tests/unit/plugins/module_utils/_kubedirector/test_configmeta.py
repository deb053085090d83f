# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""configmeta: parsing, and the three modes in which secrets are returned."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.configmeta import (
    SECRET_MODES,
    parse_configmeta,
    with_secrets_as,
)
from tests.unit.plugins.configmeta_files import (
    configmeta,
    connected_cluster,
    connected_object,
    role,
)
from tests.unit.plugins.manifests import JsonObject, encoded

MARKED = st.text(alphabet="QXZJKVW", min_size=10, max_size=16)


@st.composite
def files_with(draw: st.DrawFn, values: list[str]) -> JsonObject:
    """A configmeta file with each value in a secret place, at some depth."""
    data: dict[str, str] = {}
    annotations: dict[str, str] = {}
    local: dict[str, JsonObject] = {"controller": role(secret_keys={}, token="")}
    remote: dict[str, JsonObject] = {"worker": role(secret_keys={}, token="", role_id="worker")}
    inner_secrets: dict[str, str] = {}
    for index, value in enumerate(values):
        key = f"key{index}"
        place = draw(st.sampled_from(("data", "annotation", "keys", "token", "inner")))
        where = draw(st.sampled_from((local["controller"], remote["worker"])))
        if place == "data":
            data[key] = value
        elif place == "annotation":
            annotations[key] = value
        elif place == "keys":
            where["secret_keys"][key] = value
        elif place == "token":
            where["services"][key] = {"id": key, "authToken": value}
        else:
            inner_secrets[key] = value
    engine = connected_cluster("engine", roles=remote)
    # The operator nests one level only and drops what is below; a file may say otherwise.
    engine["connections"] = {
        "clusters": {"deeper": configmeta("deeper", roles=remote)},
        "configmaps": {},
        "secrets": {"deep": [connected_object("Secret", "deep-secret", inner_secrets)]},
    }
    secret = connected_object("Secret", "token-secret", data, annotations=annotations)
    return configmeta(
        roles=local, secrets={"source-control": [secret]}, clusters={"engine": engine}
    )


@st.composite
def marked_files(draw: st.DrawFn) -> tuple[JsonObject, list[str]]:
    """A file and all its secret values."""
    values = draw(st.lists(MARKED, min_size=1, max_size=6, unique=True))
    return draw(files_with(values)), values


@given(marked_files())
def test_masked_shows_no_secret_at_any_depth(found: tuple[JsonObject, list[str]]) -> None:
    content, values = found
    text = json.dumps(with_secrets_as("masked", content))
    for value in values:
        assert value not in text
        assert encoded(value) not in text


@given(marked_files())
def test_masked_keeps_names_labels_and_keys_readable(found: tuple[JsonObject, list[str]]) -> None:
    content, values = found
    text = json.dumps(with_secrets_as("masked", content))
    assert '"token-secret"' in text
    assert '"deep-secret"' in text
    for index, _value in enumerate(values):
        assert f'"key{index}"' in text
    shown = with_secrets_as("masked", content)["connections"]["secrets"]["source-control"][0]
    assert shown["labels"] == {"kubedirector.hpe.com/secretType": "model"}


@given(marked_files())
def test_decoded_returns_every_value(found: tuple[JsonObject, list[str]]) -> None:
    content, values = found
    text = json.dumps(with_secrets_as("decoded", content))
    for value in values:
        assert f'"{value}"' in text


@given(marked_files())
def test_encoded_returns_every_value_in_base64_and_none_in_plain_text(
    found: tuple[JsonObject, list[str]],
) -> None:
    content, values = found
    shown = with_secrets_as("encoded", content)
    text = json.dumps(shown)
    for value in values:
        assert f'"{encoded(value)}"' in text
        assert f'"{value}"' not in text
    assert shown["connections"]["secrets"] == content["connections"]["secrets"]


@given(marked_files(), st.sampled_from(SECRET_MODES))
def test_everything_else_is_not_changed(found: tuple[JsonObject, list[str]], mode: str) -> None:
    content, _values = found
    before = copy.deepcopy(content)
    shown = with_secrets_as(mode, content)
    assert content == before
    assert list(shown) == list(content)
    for part in ("version", "services", "distros", "cluster", "node"):
        assert shown[part] == content[part]
    assert shown["connections"]["configmaps"] == content["connections"]["configmaps"]
    group, old = shown["nodegroups"]["1"], content["nodegroups"]["1"]
    assert group["config_metadata"] == old["config_metadata"]
    assert group["roles"]["controller"]["hostnames"] == old["roles"]["controller"]["hostnames"]


@pytest.mark.parametrize("mode", SECRET_MODES)
def test_a_file_without_connections_is_accepted(mode: str) -> None:
    for connections in ({"clusters": None, "configmaps": None, "secrets": None}, None, {}):
        content = {**configmeta(), "connections": connections}
        assert with_secrets_as(mode, content)["connections"] == connections


def test_a_value_that_is_not_text_stays_in_base64() -> None:
    raw = base64.b64encode(b"\xff\xfe\x00").decode()
    entry: JsonObject = {**connected_object("Secret", "s", {}), "data": {"keystore": raw}}
    shown = with_secrets_as("decoded", configmeta(secrets={"t": [entry]}))
    assert shown["connections"]["secrets"]["t"][0]["data"] == {"keystore": raw}


def test_an_empty_token_is_not_a_secret() -> None:
    shown = with_secrets_as("masked", configmeta(roles={"controller": role(token="")}))
    service = shown["nodegroups"]["1"]["roles"]["controller"]["services"]["notebook"]
    assert service["authToken"] == ""


@given(marked_files())
def test_a_whole_file_is_parsed(found: tuple[JsonObject, list[str]]) -> None:
    content, _values = found
    assert parse_configmeta(json.dumps(content).encode()) == content
    assert parse_configmeta(json.dumps(content, ensure_ascii=False, indent=1).encode()) == content


@given(MARKED, st.data())
def test_half_a_file_is_an_error_that_shows_nothing_of_it(value: str, data: st.DataObject) -> None:
    secret = connected_object("Secret", "s", {"token": value})
    text = json.dumps(configmeta(roles={"c": role(token=value)}, secrets={"t": [secret]})).encode()
    cut = data.draw(st.integers(0, len(text) - 1))
    assert_refused(text[:cut], value)
    # A shorter file was written over the old one, whose end is still there.
    assert_refused(text + text[cut:], value)


@pytest.mark.parametrize(
    "text",
    [b"", b" \n", b"null", b"[]", b'"QQXX"', b"7", b"QQXX", b"<html>QQXX</html>", b'{"QQXX"}',
     b"\xff\xfeQQXX", b'{"a": "QQXX\xc3"}', b'{"a": QQXX}', b"\x00" * 8],
)  # fmt: skip
def test_other_text_than_a_json_object_is_an_error(text: bytes) -> None:
    assert_refused(text, "QQXX")


def assert_refused(text: bytes, value: str) -> None:
    """Parsing fails, and neither the message nor a chained error shows the value."""
    with pytest.raises(ValueError, match=r"^it is ") as caught:
        parse_configmeta(text)
    shown: list[Any] = [str(caught.value), repr(caught.value)]
    assert value not in "".join(shown)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
