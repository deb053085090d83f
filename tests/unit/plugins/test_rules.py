# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, labels, keys and the hash, each compared with the rule of Kubernetes or the operator."""

from __future__ import annotations

import hashlib
import string
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    InvalidInputError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.connection_hash import (
    connection_hash,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    parse_desired,
)
from tests.unit.plugins.manifests import task

LOWER = string.ascii_lowercase + string.digits
ALNUM = string.ascii_letters + string.digits
# Mostly text that is nearly valid.
TEXTS = st.one_of(
    st.text(alphabet="aZ0-._/ \nü", max_size=8),
    st.lists(st.sampled_from(["a", "0", "-", ".", "_", "/", "A"]), max_size=9).map("".join),
    st.integers(60, 66).map(lambda length: "a" * length),
    st.integers(250, 256).map(lambda length: "a" * length),
)


def is_subdomain(text: str) -> bool:
    """A DNS subdomain (RFC 1123): what a Kubernetes object's name must be."""
    return 0 < len(text) <= 253 and all(
        part != "" and set(part) <= set(LOWER + "-") and part[0] != "-" and part[-1] != "-"
        for part in text.split(".")
    )


def is_label_name(text: str) -> bool:
    """The name after the prefix of a label's key; a label's value may be empty, too."""
    return (
        0 < len(text) <= 63
        and set(text) <= set(ALNUM + "-_.")
        and text[0] in ALNUM
        and text[-1] in ALNUM
    )


def is_label_key(text: str) -> bool:
    """A label's key: an optional subdomain, a slash, a name."""
    prefix, slash, name = text.rpartition("/")
    return is_label_name(name) and (is_subdomain(prefix) if slash else True)


def is_data_key(text: str) -> bool:
    """A key of a ConfigMap or Secret, which becomes the name of a file."""
    return (
        0 < len(text) <= 253
        and set(text) <= set(ALNUM + "-_.")
        and text != "."
        and not text.startswith("..")
    )


def accepted(**options: Any) -> bool:
    """Whether a task with these options is accepted."""
    try:
        parse_desired(task(**{"kdcluster": ["notebook"], **options}), "team-a")
    except InvalidInputError as error:
        assert "\n" not in str(error)
        return False
    return True


@given(TEXTS)
@example("a..b")
@example("a.-b")
def test_an_objects_name_is_a_subdomain(text: str) -> None:
    assert accepted(configmaps=[{"name": text}]) is is_subdomain(text)
    assert accepted(secrets=[{"name": text}]) is is_subdomain(text)
    assert accepted(clusters=[text]) is is_subdomain(text)


@given(TEXTS)
def test_a_type_is_a_label_value_that_is_not_empty(text: str) -> None:
    assert accepted(secrets=[{"name": "one", "type": text}]) is is_label_name(text)


@given(TEXTS)
def test_a_labels_value_may_be_empty(text: str) -> None:
    given_labels = [{"name": "one", "labels": {"app": text}}]
    assert accepted(configmaps=given_labels) is (text == "" or is_label_name(text))


@given(TEXTS)
def test_a_labels_key_may_have_a_prefix(text: str) -> None:
    given_labels = [{"name": "one", "labels": {text: "x"}}]
    assert accepted(configmaps=given_labels) is is_label_key(text)


@given(TEXTS)
def test_a_key_of_the_data_could_be_a_files_name(text: str) -> None:
    assert accepted(configmaps=[{"name": "one", "data": {text: "x"}}]) is is_data_key(text)
    assert accepted(secrets=[{"name": "one", "string_data": {text: "x"}}]) is is_data_key(text)


@given(st.text(st.characters(categories=["Cs", "Ll"]), max_size=4))
def test_text_that_is_not_utf_8_is_refused(text: str) -> None:
    sound = not any("\ud800" <= character <= "\udfff" for character in text)
    assert accepted(secrets=[{"name": "one", "string_data": {"key": text}}]) is sound
    assert accepted(configmaps=[{"name": "one", "data": {"key": text}}]) is sound


NAMES = st.text(alphabet="ab1", min_size=1, max_size=3)
VERSIONS = st.none() | st.integers(1, 120).map(str)


@given(
    st.lists(st.tuples(NAMES, st.none() | st.integers(0, 120), st.booleans()), max_size=4),
    st.lists(st.tuples(NAMES, VERSIONS), max_size=4),
    st.lists(st.tuples(NAMES, VERSIONS), max_size=4),
)
def test_the_hash_covers_all_names_in_order(
    clusters: list[tuple[str, int | None, bool]],
    configmaps: list[tuple[str, str | None]],
    secrets: list[tuple[str, str | None]],
) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    for name, generation, exists in clusters:
        digest.update(name.encode())
        if exists:
            digest.update(b"nil" if generation is None else b"%d" % generation)
    for name, version in configmaps + secrets:
        digest.update(f"{name}{version if version is not None else ''}".encode())
    found = connection_hash(clusters, configmaps, secrets)
    assert found == digest.hexdigest()
