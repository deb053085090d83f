# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about the operator, compared with values computed here."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector import facts
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.connection_hash import (
    connection_hash,
)


def md5(text: str) -> str:
    """MD5 in hex."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_nothing_connected_gives_the_hash_of_nothing() -> None:
    assert connection_hash([], [], []) == "d41d8cd98f00b204e9800998ecf8427e"


@pytest.mark.parametrize(
    ("clusters", "configmaps", "secrets", "text"),
    [
        ([("engine", 3, True)], [], [], "engine3"),
        ([("engine", 0, True)], [], [], "engine0"),
        ([("engine", None, True)], [], [], "enginenil"),
        ([("engine", None, False)], [], [], "engine"),
        ([], [("model", "812")], [], "model812"),
        ([], [("model", None)], [], "model"),
        ([], [], [("token", "9")], "token9"),
        ([], [], [("token", None)], "token"),
        (
            [("tf", 2, True), ("missing", None, False), ("new", None, True)],
            [("b", "11"), ("a", "12"), ("missing", None)],
            [("z", "1"), ("y", None)],
            "tf2missingnewnilb11a12missingz1y",
        ),
    ],
)
def test_the_hash_is_over_names_and_versions_without_separators(
    clusters: list[tuple[str, int | None, bool]],
    configmaps: list[tuple[str, str | None]],
    secrets: list[tuple[str, str | None]],
    text: str,
) -> None:
    assert connection_hash(clusters, configmaps, secrets) == md5(text)


def test_the_hash_equals_a_value_that_was_computed_elsewhere() -> None:
    # printf 'engine4model812source-control-secret77' | md5sum
    assert (
        connection_hash(
            [("engine", 4, True)], [("model", "812")], [("source-control-secret", "77")]
        )
        == "a82a830e936b8471faa8c642f9213d2a"
    )


@given(st.permutations(["a", "b", "c"]))
def test_order_counts(names: list[str]) -> None:
    found = connection_hash([], [(name, "1") for name in names], [])
    assert (found == md5("a1b1c1")) == (names == ["a", "b", "c"])


def test_secrets_come_after_configmaps_after_clusters() -> None:
    one = connection_hash([("a", 1, True)], [("b", "2")], [("c", "3")])
    assert one == md5("a1b2c3")
    assert connection_hash([], [("c", "3")], [("b", "2")]) == md5("c3b2")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("containerd://4f2a=0", 0),
        ("containerd://4f2a=1\n", 1),
        ("containerd://4f2a=127", 127),
        ("containerd://4f2a=", None),
        ("containerd://4f2a=\n", None),
        ("a=b=3", 3),
        ("containerd://4f2a=10", 10),
        ("containerd://4f2a=255", 255),
        # Several runs that overlapped, all of which took the change.
        ("containerd://4f2a=00", 0),
        ("containerd://4f2a=000", 0),
        # Between its truncation and its first write.
        ("", None),
        ("\n", None),
    ],
)
def test_configure_status_is_read(status: str, code: int | None) -> None:
    assert facts.start_script_exit_code(status) == code


@pytest.mark.parametrize(
    "status",
    [
        "containerd://4f2a",
        "containerd://4f2a=failed",
        "0",
        "a=-1",
        "a=+1",
        "a=\u0663",
        f"a={'0' * 99}",
    ],
)
def test_text_that_is_not_a_configure_status_is_an_error_that_does_not_quote_it(
    status: str,
) -> None:
    with pytest.raises(ValueError, match=r"is not what the operator writes") as caught:
        facts.start_script_exit_code(status)
    assert status.rpartition("=")[2] not in str(caught.value).partition("(")[0]


@pytest.mark.parametrize("codes", ["07", "01", "70000", "256", "0010"])
def test_the_last_of_several_codes_is_not_known(codes: str) -> None:
    with pytest.raises(ValueError, match=rf"several runs that overlapped \({codes}\)"):
        facts.start_script_exit_code(f"containerd://4f2a={codes}")


def test_names_are_those_of_the_operators_api() -> None:
    assert facts.API_VERSION == "kubedirector.hpe.com/v1beta1"
    assert facts.CRD_NAME == "kubedirectorclusters.kubedirector.hpe.com"
    assert facts.TYPE_LABELS == {
        "ConfigMap": "kubedirector.hpe.com/cmType",
        "Secret": "kubedirector.hpe.com/secretType",
    }
    assert facts.CONFIGMETA_PATH == "/etc/guestconfig/configmeta.json"
    assert facts.START_SCRIPT_STATUS_PATH == "/opt/guestconfig/configure.status"
    assert facts.APP_CONTAINER == "app"
