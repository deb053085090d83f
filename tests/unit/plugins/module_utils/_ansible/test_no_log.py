# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which words are redacted, and how the task's options are shown."""

from __future__ import annotations

import base64
import copy
import json
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.no_log import (
    PLACEHOLDER,
    VOCABULARY,
    Options,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._client.auth_options import (
    AUTH_ARGUMENTS,
    AUTH_SECRECY,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.redaction import (
    MASK,
    Redactor,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.argspec import (
    CLUSTER_ARGUMENTS,
    CLUSTER_SECRECY,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.argspec import (
    CONNECTION_ARGUMENTS,
    CONNECTION_SECRECY,
)
from tests.harness.canaries import canary
from tests.unit.plugins.manifests import JsonObject, encoded, task

VALUE = st.text(alphabet="QXZJKV", min_size=8, max_size=14)


def options_of(params: JsonObject) -> Options:
    """kd_connection's options, divided."""
    spec = {**AUTH_ARGUMENTS, "namespace": {"type": "str"}, **CONNECTION_ARGUMENTS}
    return Options(params, spec, {**AUTH_SECRECY, **CONNECTION_SECRECY})


def redactor_of(params: JsonObject) -> Redactor:
    """The redactor for the messages of a task with these options."""
    options = options_of(params)
    return Redactor(options.secret, [VOCABULARY, *options.clear])


def options_with(value: str, **more: Any) -> JsonObject:
    """A task with the value in every secret place."""
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
                "misspelt": {"of": [value]},
            }
        ],
        configmaps=[
            {
                "name": "m",
                "data": {"APP_PASSWORD": value, "file": f"user=me\ndb.password={value}\n"},
            }
        ],
        host=f"https://me:{value}@api.example.com",
        api_key=value,
        password=value,
        kubeconfig={"users": [{"name": "me", "user": {"token": value}}]},
        **more,
    )


@given(VALUE)
def test_the_options_are_shown_without_any_secret(value: str) -> None:
    options = options_with(value)
    before = copy.deepcopy(options)
    shown = options_of(options).shown
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
    assert shown["configmaps"][0]["data"]["file"] == f"user=me\ndb.password={PLACEHOLDER}\n"


@given(VALUE)
def test_a_secret_that_appears_only_in_secret_places_is_redacted(value: str) -> None:
    redactor = redactor_of(options_with(value))
    for text in (value, encoded(value)):
        assert redactor.message(f"got {text}.") == f"got {MASK}."


@pytest.mark.parametrize(
    ("word", "more"),
    [
        ("github", {"configmaps": [{"name": "github-models"}]}),
        ("github", {"clusters": ["github"]}),
        ("github", {"kdcluster": ["my-github-1"]}),
        ("github", {"namespace": "github"}),
        ("github", {"configmaps": [{"name": "m", "data": {"type": "github"}}]}),
        ("github", {"configmaps": [{"name": "m", "data": {"github": "x"}}]}),
        ("808080", {"configmaps": [{"name": "m", "data": {"port": 808080}}]}),
        ("/home/user/.kube/config", {"kubeconfig": "/home/user/.kube/config"}),
        ("created", {}),
        ("exclusive", {}),
    ],
)
def test_a_word_that_the_task_also_gives_in_plain_text_is_not_redacted(
    word: str, more: JsonObject
) -> None:
    secrets = [{"name": "s", "string_data": {"a": word, "b": "QXZJKV"}}]
    redactor = redactor_of({**task(secrets=secrets), **more})
    assert redactor.message(f"{word} QXZJKV") == f"{word} {MASK}"


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "github-secret", "string_data": {"type": "github"}},
        {"name": "s", "type": "github", "string_data": {"type": "github"}},
        {"name": "s", "string_data": {"github": "github"}},
        {"name": "s", "data": {"github": "Z2l0aHVi"}, "labels": {"host": "github"}},
    ],
)
def test_a_secrets_names_types_labels_and_keys_are_not_redacted(entry: JsonObject) -> None:
    assert redactor_of(task(secrets=[entry])).message("github") == "github"


def test_a_secrets_value_is_redacted_although_another_credential_equals_it() -> None:
    entries = [
        {"name": "one", "string_data": {"a": "QXZJKV"}},
        {"name": "two", "data": {"a": encoded("QXZJKV")}, "annotations": {"note": "QXZJKV"}},
    ]
    configmap = {"name": "m", "data": {"password": "QXZJKV", "file": "x=1\ntoken=QXZJKV"}}
    given_options = task(
        secrets=entries, configmaps=[configmap], proxy="http://me:QXZJKV@proxy.example.com:3128"
    )
    assert redactor_of(given_options).message("is QXZJKV") == f"is {MASK}"


def test_the_plain_text_of_base64_in_lines_is_redacted() -> None:
    lines = textwrap.fill(encoded("QXZJKVQXZJKVQXZJKV"), 20)
    redactor = redactor_of(task(secrets=[{"name": "s", "data": {"token": lines}}]))
    assert redactor.message("is QXZJKVQXZJKVQXZJKV") == f"is {MASK}"


def test_a_value_that_is_not_utf_8_is_redacted_as_it_is() -> None:
    redactor = redactor_of(task(secrets=[{"name": "s", "string_data": {"a": "QXZJ\ud800"}}]))
    assert redactor.message("is QXZJ\ud800") == f"is {MASK}"


@pytest.mark.parametrize("option", ["kubeconfig", "ca_cert", "client_cert", "client_key"])
def test_content_in_place_of_a_path_is_secret(option: str) -> None:
    value = canary("chive")
    text = f"apiVersion: v1\nkind: Config\nusers:\n- name: me\n  user: {{token: {value}}}\n"
    for form in (text, encoded(text)):
        given = task(**{option: form})
        assert redactor_of(given).message(f"is {value}") == f"is {MASK}"
        shown = json.dumps(options_of(given).shown)
        assert value not in shown and form[:20] not in shown


@pytest.mark.parametrize("option", ["proxy", "host"])
@pytest.mark.parametrize(
    "url",
    [
        "http://me:QXZJKV@proxy.example.com:3128",
        "http://me:QX@QXZJKV@proxy.example.com:3128",
        "http://me:QX/QXZJKV@proxy.example.com:3128",
        "me:QXZJKV@proxy.example.com:3128",
    ],
)
def test_a_url_is_shown_without_its_credentials(option: str, url: str) -> None:
    shown = options_of(task(**{option: url})).shown[option]
    assert "QX" not in shown
    assert shown.endswith("@proxy.example.com:3128")
    assert shown.startswith("http://") is url.startswith("http://")
    assert "QX" not in redactor_of(task(**{option: url})).message(f"no such host {url}")


def test_a_url_without_credentials_is_shown_as_it_is() -> None:
    proxy = "http://proxy.example.com:3128"
    assert options_of(task(proxy=proxy)).shown["proxy"] == proxy


@pytest.mark.parametrize(
    ("secrets", "shown"),
    [
        (None, None),
        ([], []),
        ([{"name": "s"}], [{"name": "s"}]),
        ("git-login", PLACEHOLDER),
        ("name=s", PLACEHOLDER),
        (["name=s", "git-login"], [PLACEHOLDER, "git-login"]),
        ([{"name": "s", "data": "a=b"}], [{"name": "s", "data": PLACEHOLDER}]),
        (
            [{"name": "s", "stringData": {"a": "b"}}],
            [{"name": "s", "stringData": {"a": PLACEHOLDER}}],
        ),
    ],
)
def test_options_of_any_form_can_be_shown(secrets: Any, shown: Any) -> None:
    assert options_of(task(secrets=secrets)).shown["secrets"] == shown


def test_ansibles_own_options_are_known() -> None:
    given_options = {**task(), "_ansible_module_name": "kd_connection"}
    assert redactor_of(given_options).message("of (kd_connection)") == "of (kd_connection)"


def test_a_roles_secret_keys_and_variables_named_like_credentials_are_hidden() -> None:
    role = {
        "id": "worker",
        "secretKeys": [{"name": "key", "value": "QXZJKV"}],
        "env": [{"name": "DB_PASSWORD", "value": "KVKVKV"}, {"name": "MODE", "value": "fast"}],
    }
    options = Options({"name": "k", "roles": [role]}, CLUSTER_ARGUMENTS, CLUSTER_SECRECY)
    assert options.shown["roles"] == [
        {
            "id": "worker",
            "secretKeys": [{"name": "key", "value": PLACEHOLDER}],
            "env": [
                {"name": "DB_PASSWORD", "value": PLACEHOLDER},
                {"name": "MODE", "value": "fast"},
            ],
        }
    ]
    redactor = Redactor(options.secret, options.clear)
    assert redactor.message("QXZJKV KVKVKV fast") == f"{MASK} {MASK} fast"


def test_base64_of_binary_data_is_redacted() -> None:
    binary = base64.b64encode(b"\xff\xfe" * 12).decode()
    redactor = redactor_of(
        task(secrets=[{"name": "s", "data": {"a": f"{binary[:16]}\n{binary[16:]}\n"}}])
    )
    assert redactor.message(f"is {binary}") == f"is {MASK}"
