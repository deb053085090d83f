# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No form of a value is left in what others wrote."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.no_log import (
    masked_words,
    without_secrets,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.redaction import (
    MASK,
    Redactor,
    plain_values,
)
from tests.harness.canaries import forms
from tests.unit.plugins.manifests import encoded

VALUE = st.text(alphabet="QXZJKVqxzjkv0123456789+/=", min_size=8, max_size=24)


@given(VALUE, st.text(max_size=5), st.text(max_size=5))
def test_a_value_is_found_in_each_form_wherever_it_stands(
    value: str, before: str, after: str
) -> None:
    redactor = Redactor([value])
    for text in (f"{before}{value}{after}", encoded(f"{before}{value}{after}")):
        left = redactor.output(text).encode(errors="replace")
        assert not [form for form in forms(value) if form in left]


def test_lines_quotes_and_ends_of_line() -> None:
    key = "-----BEGIN KEY-----\nQXZJKV-first\nQXZJKV-second\n"
    redactor = Redactor([key, 'say "QXZJKV"'])
    assert redactor.output("read QXZJKV-second.") == f"read {MASK}."
    assert redactor.output(json.dumps({"a": 'say "QXZJKV"'})) == f'{{"a": "{MASK}"}}'
    assert redactor.output(encoded(key)) == MASK


def test_the_longer_of_two_values_is_masked_whole() -> None:
    assert Redactor(["QXZJ", "QXZJKVKV"]).output("is QXZJKVKV") == f"is {MASK}"


def test_short_values_and_names_stay_readable_in_messages_but_not_in_output() -> None:
    redactor = Redactor(["1", "main", "github"], clear="github-secret")
    assert redactor.message("github-secret: 1 of main") == f"github-secret: 1 of {MASK}"
    assert redactor.output("github 1") == f"{MASK} 1"


def test_values_that_come_later_are_masked_too() -> None:
    redactor = Redactor(["QXZJ"])
    redactor.add(["KVKV"])
    assert redactor.output("QXZJ KVKV") == f"{MASK} {MASK}"


def test_plain_values_of_a_secret_and_of_a_configmap() -> None:
    raw = base64.b64encode(b"\xff\xfe").decode()
    assert plain_values("Secret", {"a": encoded("QXZJKV"), "b": raw}) == ["QXZJKV", raw]
    assert plain_values("ConfigMap", {"a": "QXZJKV"}) == ["QXZJKV"]
    assert plain_values("ConfigMap", None) == []


@pytest.mark.parametrize("field", ["data", "string_data"])
@given(VALUE)
def test_the_modules_own_options_are_masked(field: str, value: str) -> None:
    given_value = encoded(value) if field == "data" else value
    options = {"secret": "token", field: {"QXkey": given_value}}
    assert value not in json.dumps(without_secrets(options))
    assert encoded(value) not in json.dumps(without_secrets(options))
    assert masked_words(options, {given_value}) >= {value.strip(), encoded(value)}
    assert masked_words(options, {"token", "QXkey"}).isdisjoint({"token", "QXkey"})
