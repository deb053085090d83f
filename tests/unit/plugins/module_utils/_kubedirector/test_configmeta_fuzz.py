# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""configmeta.json cut, spliced and corrupted: parsing fails, or returns exactly the content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.configmeta import (
    SECRET_MODES,
    parse_configmeta,
    with_references_resolved,
    with_secrets_as,
)

# Read from a member in the sandbox: a KDCluster, a ConfigMap and a Secret are connected.
REAL = (Path(__file__).parent / "configmeta.json").read_bytes()
SECRET_VALUES = (
    "marzipan and hazelnut",
    "bWFyemlwYW4gYW5kIGhhemVsbnV0",
    "pomegranate-seed",
    "3a08fef37b8b4e45aa6375cd7f2a4256",
)

BYTES = st.sampled_from([b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\x00", b"\xff", b"\\ud800",
                         b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"null", b"0", b"\xef\xbb\xbf"])  # fmt: skip
OFFSETS = st.integers(0, len(REAL))


def refuse_constant(name: str) -> Any:
    """Python accepts NaN and the infinities; JSON does not."""
    raise ValueError(name)


def as_strict_json(text: bytes) -> Any:
    """The text read as strict JSON in UTF-8; None if it is not."""
    try:
        found = json.loads(text.decode(), parse_constant=refuse_constant)
        json.dumps(found, ensure_ascii=False).encode()
    except ValueError:
        return None
    return found


def check(text: bytes) -> None:
    """Parse and use the text as the module does; an error shows no secret."""
    try:
        found = parse_configmeta(text)
    except ValueError as error:
        assert str(error).startswith("it is ")
        assert not any(value in str(error) for value in SECRET_VALUES)
        return
    assert found == as_strict_json(text)
    for mode in SECRET_MODES:
        shown = with_references_resolved(with_secrets_as(mode, found))
        json.dumps(shown, allow_nan=False).encode()


def is_refused(text: bytes) -> bool:
    """Whether parsing fails. pytest.raises is too slow for thousands of texts."""
    try:
        parse_configmeta(text)
    except ValueError as error:
        return str(error).startswith("it is ")
    return False


def test_the_real_file_is_parsed() -> None:
    found = parse_configmeta(REAL)
    assert found == json.loads(REAL)
    assert set(found["connections"]) == {"clusters", "configmaps", "secrets"}


def test_every_prefix_of_it_is_an_error() -> None:
    whole = REAL.rstrip()
    assert [length for length in range(len(whole)) if not is_refused(whole[:length])] == []


def test_every_shorter_file_over_the_old_one_is_an_error() -> None:
    # The operator's tee truncates first; a file system that does not show it leaves the old end.
    whole = REAL.rstrip()
    taken = [n for n in range(1, len(whole), 7) if not is_refused(whole + whole[n:])]
    assert taken == []


@given(st.lists(st.tuples(OFFSETS, st.integers(0, 40), BYTES), min_size=1, max_size=4))
def test_replaced_bytes_are_an_error_or_parsed(edits: list[tuple[int, int, bytes]]) -> None:
    text = REAL
    for offset, length, put in edits:
        text = text[:offset] + put + text[offset + length :]
    check(text)


@given(OFFSETS, OFFSETS, OFFSETS)
def test_removed_or_doubled_parts_are_an_error_or_parsed(start: int, end: int, to: int) -> None:
    check(REAL[:start] + REAL[end:])
    check(REAL[:to] + REAL[min(start, end) : max(start, end)] + REAL[to:])


@given(OFFSETS, st.integers(0, 7))
def test_flipped_bits_are_an_error_or_parsed(offset: int, bit: int) -> None:
    text = bytearray(REAL + b"\n")
    text[offset] ^= 1 << bit
    check(bytes(text))


@given(st.binary(max_size=60))
def test_random_bytes_are_an_error_or_parsed(text: bytes) -> None:
    check(text)


@pytest.mark.parametrize("depth", [100, 900, 3000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"node":', b"}")])
def test_endless_nesting_is_an_error(depth: int, opening: bytes, closing: bytes) -> None:
    text = b'{"node":' + opening * depth + b"1" + closing * depth + b"}"
    with pytest.raises(ValueError, match=r"^it is "):
        parse_configmeta(text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"version": NaN}',
        b'{"version": -Infinity}',
        b'{"version": ' + b"9" * 5000 + b"}",
        '{"version": "9"}'.encode("utf-16"),
        '{"version": "9"}'.encode("utf-32"),
        '{"version": "9"}'.encode("utf-8-sig"),
        b'{"version": "\\ud800"}',
        b'{"\\uDFFF": "9"}',
    ],
)
def test_text_that_only_python_accepts_is_an_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it is "):
        parse_configmeta(text)


def test_characters_beyond_the_basic_plane_are_parsed() -> None:
    assert parse_configmeta(b'{"version": "\\ud83d\\ude00"}') == {"version": "\U0001f600"}
