# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which words stay masked, and how the task's options are shown."""

from __future__ import annotations

import base64
import copy
import json
import textwrap
from typing import Any

import pytest
from ansible.module_utils.common.parameters import remove_values
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.no_log import (
    PLACEHOLDER,
    masked_words,
    without_secrets,
)
from tests.unit.plugins.manifests import JsonObject, encoded, task

VALUE = st.text(alphabet="QXZJKV", min_size=8, max_size=14)


def options_with(value: str, **more: Any) -> JsonObject:
    """A task in which the value stands in every secret place."""
    return task(
        kdcluster=["notebook"],
        secrets=[
            {
                "name": "source-control-secret",
                "type": "source-control",
                "data": {"a": encoded(value)},
                "string_data": {"token": value},
                "labels": {"team": "a"},
                "annotations": {"copy": value},
            }
        ],
        api_key=value,
        password=value,
        kubeconfig={"users": [{"user": {"token": value}}]},
        **more,
    )


@given(VALUE)
def test_a_secret_that_is_said_nowhere_in_the_clear_stays_masked(value: str) -> None:
    words = {value, encoded(value)}
    assert masked_words(options_with(value), words) >= words


@given(VALUE)
def test_the_options_are_shown_without_any_secret(value: str) -> None:
    options = options_with(value)
    before = copy.deepcopy(options)
    shown = without_secrets(options)
    assert options == before
    text = json.dumps(shown)
    assert value not in text
    assert encoded(value) not in text
    entry = shown["secrets"][0]
    assert (entry["name"], entry["type"], entry["labels"]) == (
        "source-control-secret", "source-control", {"team": "a"},
    )  # fmt: skip
    assert list(entry["data"]) == ["a"]
    assert list(entry["string_data"]) == ["token"]
    assert shown["kdcluster"] == ["notebook"]


@pytest.mark.parametrize(
    ("word", "more"),
    [
        ("github", {"configmaps": [{"name": "github-models"}]}),
        ("github", {"clusters": ["github"]}),
        ("github", {"kdcluster": ["my-github-1"]}),
        ("github", {"namespace": "github"}),
        ("github", {"configmaps": [{"name": "m", "data": {"type": "github"}}]}),
        ("github", {"configmaps": [{"name": "m", "data": {"github": "x"}}]}),
        ("8080", {"configmaps": [{"name": "m", "data": {"port": 8080}}]}),
        ("300", {}),
    ],
)
def test_a_word_that_the_task_says_in_the_clear_is_not_masked(word: str, more: JsonObject) -> None:
    options = {**task(), **more}
    assert masked_words(options, {word, "QXZJKV"}) == {"QXZJKV"}


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "github-secret", "string_data": {"type": "github"}},
        {"name": "s", "type": "github", "string_data": {"type": "github"}},
        {"name": "s", "string_data": {"github": "github"}},
        {"name": "s", "data": {"github": "Z2l0aHVi"}, "labels": {"host": "github"}},
    ],
)
def test_a_secrets_names_types_labels_and_keys_are_clear(entry: JsonObject) -> None:
    assert "github" not in masked_words(task(secrets=[entry]), {"github"})


@given(VALUE)
def test_a_secrets_value_is_masked_in_its_other_form_too(value: str) -> None:
    plain = task(secrets=[{"name": "s", "string_data": {"token": value}}])
    assert masked_words(plain, {value}) >= {value, encoded(value)}
    given_encoded = task(secrets=[{"name": "s", "data": {"token": encoded(value)}}])
    assert masked_words(given_encoded, {encoded(value)}) >= {value, encoded(value)}


PEM = "-----BEGIN KEY-----\nQXZJKVQX\nZJKVQXZJ\n-----END KEY-----\n"


def given_as(way: str, value: str) -> JsonObject:
    """Options that give a secret value in one of the ways that there are."""
    if way == "secret key":
        return task(roles=[{"id": "controller", "secret_keys": [{"name": "k", "value": value}]}])
    if way == "string_data":
        return task(secrets=[{"name": "s", way: {"token": value}}])
    # As the tool base64 writes it, in lines.
    lines = textwrap.fill(encoded(value), 20)
    return task(secrets=[{"name": "s", "data": {"token": lines}}])


@pytest.mark.parametrize("way", ["string_data", "data", "secret key"])
@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("QXZJKV\n", "QXZJKV"),
        (PEM, PEM),
        (PEM, "QXZJKVQX"),
        (PEM, encoded(PEM)),
        ('say "QXZJKV"', 'say \\"QXZJKV\\"'),
        ("QXZJKVQXZJKV", encoded("a QXZJKVQXZJKV")[4:-4]),
    ],
)
def test_a_value_is_masked_however_an_application_prints_it(
    way: str, value: str, printed: str
) -> None:
    words = masked_words(given_as(way, value), set())
    assert remove_values(f"got {printed}.", words) == "got ********."


def test_a_value_that_is_part_of_another_one_leaves_nothing_of_that_readable() -> None:
    values = {f"k{n}": "QXZJKV" + "ZJKV" * n for n in range(8)}
    words = masked_words(task(secrets=[{"name": "s", "string_data": values}]), set())
    for value in values.values():
        assert remove_values(f"got {value}.", words) == "got ********."


def test_base64_in_lines_of_what_is_no_text_is_masked_as_the_api_has_it() -> None:
    binary = base64.b64encode(b"\xff\xfe" * 12).decode()
    lines = f"{binary[:16]}\n{binary[16:]}\n"
    words = masked_words(task(secrets=[{"name": "s", "data": {"a": lines}}]), {lines})
    assert {lines, binary} <= words


def test_a_value_that_is_no_text_in_utf_8_is_masked_as_it_is() -> None:
    words = masked_words(task(secrets=[{"name": "s", "string_data": {"a": "QXZJ\ud800"}}]), set())
    assert "QXZJ\ud800" in words


@pytest.mark.parametrize("word", ["1", "x", "abc", "12345"])
def test_words_too_short_to_tell_from_others_are_not_masked(word: str) -> None:
    assert masked_words(task(), {word}) == set()


def test_a_secrets_values_are_not_clear_because_another_secret_says_them() -> None:
    entries = [
        {"name": "one", "string_data": {"token": "QXZJKV"}},
        {"name": "two", "data": {"a": encoded("QXZJKV")}, "annotations": {"note": "QXZJKV"}},
    ]
    words = {"QXZJKV", encoded("QXZJKV")}
    assert masked_words(task(secrets=entries), words) >= words


@pytest.mark.parametrize(
    "word", ["true", "created", "configured", "default", "ConfigMap", "1", "main"]
)
def test_words_that_every_result_is_made_of_are_not_masked_without_need(word: str) -> None:
    options = task(configmaps=[{"name": "m", "data": {"branch": "main", "n": 1}}])
    assert masked_words(options, {word}) == set()


def test_the_path_of_a_kubeconfig_may_be_shown() -> None:
    path = "/home/user/.kube/config"
    assert masked_words(task(kubeconfig=path), {path}) == set()


def test_a_kubeconfig_given_as_text_is_no_path() -> None:
    text = "apiVersion: v1\nkind: Config\nusers:\n- name: me\n  user: {token: QXZJKV}\n"
    assert masked_words(task(kubeconfig=text), {text, "QXZJKV"}) == {text, "QXZJKV"}
    assert "QXZJKV" not in json.dumps(without_secrets(task(kubeconfig=text)))


@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:QXZJKV@proxy.example.com:3128",
        "http://me:QX@QXZJKV@proxy.example.com:3128",
        "http://me:QX/QXZJKV@proxy.example.com:3128",
        "me:QXZJKV@proxy.example.com:3128",
    ],
)
def test_a_proxy_is_shown_without_its_credentials(proxy: str) -> None:
    shown = without_secrets(task(proxy=proxy))["proxy"]
    assert "QX" not in shown
    assert shown.endswith("@proxy.example.com:3128")
    assert shown.startswith("http://") is proxy.startswith("http://")


def test_a_secret_is_not_clear_because_it_is_a_proxys_password() -> None:
    given = task(proxy="http://me:QXZJKV@proxy.example.com:3128")
    assert set(masked_words(given, {"QXZJKV", "proxy.example.com"})) == {"QXZJKV"}


def test_a_proxy_without_credentials_is_shown_as_it_is() -> None:
    proxy = "http://proxy.example.com:3128"
    assert without_secrets(task(proxy=proxy))["proxy"] == proxy


@pytest.mark.parametrize(
    ("secrets", "shown"),
    [
        (None, None),
        ([], []),
        ([{"name": "s"}], [{"name": "s"}]),
        ("masked", "masked"),
        ("name=s", PLACEHOLDER),
        (["name=s"], [PLACEHOLDER]),
        ([{"name": "s", "data": "a=b"}], [{"name": "s", "data": PLACEHOLDER}]),
    ],
)
def test_options_of_any_form_can_be_shown(secrets: Any, shown: Any) -> None:
    assert without_secrets(task(secrets=secrets))["secrets"] == shown
    assert masked_words(task(secrets=None), set()) == set()
