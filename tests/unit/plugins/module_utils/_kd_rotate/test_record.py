# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a rotation, as a Secret and read back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate.record import (
    ObjectState,
    Record,
    parse_record,
    record_manifest,
    record_name,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    LiveObject,
)
from tests.unit.plugins.manifests import encoded

OLD, NEW = {"a": "1", "b": "2"}, {"a": "9", "b": "2"}
LABELS = {"kubedirector.hpe.com/cmType": "model"}


def record(kind: str = "ConfigMap", old: dict[str, str] | None = None) -> Record:
    """The record of an object that gets NEW."""
    bare = Record(
        kind=kind, name="model", uid="u1", type="model", old=OLD if old is None else old, keys=(),
        digests=(), salt="salt", holder="me", begun="2026-01-01T00:00:00Z",
    )  # fmt: skip
    return bare.about_to_write(NEW, ["a"])


def live(data: dict[str, str], **parts: Any) -> LiveObject:
    """The object with these data."""
    fields = {"resource_version": "7", "labels": LABELS, "annotations": {}, "uid": "u1", **parts}
    return LiveObject(kind="ConfigMap", namespace="team-a", name="model", data=data, **fields)


@pytest.mark.parametrize(
    ("current", "state"),
    [
        (None, ObjectState.DELETED),
        (live(OLD), ObjectState.ORIGINAL),
        (live(NEW), ObjectState.OURS),
        # A controller has only annotated it.
        (live(OLD, annotations={"x": "y"}, resource_version="9"), ObjectState.ORIGINAL),
        (live(NEW, annotations={"x": "y"}, resource_version="9"), ObjectState.OURS),
        (live({**NEW, "c": "3"}), ObjectState.MODIFIED),
        (live({**OLD, "b": "3"}), ObjectState.MODIFIED),
        (live(NEW, labels={}), ObjectState.MODIFIED),
        (live(OLD, labels={"kubedirector.hpe.com/cmType": "else"}), ObjectState.MODIFIED),
        # It was deleted and created again.
        (live(NEW, uid="u2"), ObjectState.MODIFIED),
    ],
)
def test_data_and_type_label_say_whether_others_changed_it(
    current: LiveObject | None, state: ObjectState
) -> None:
    assert record().state_of(current) is state


def test_all_data_that_were_written_are_remembered() -> None:
    more = record().about_to_write({"a": "8", "b": "2"}, ["b"])
    assert more.wrote(NEW) and more.wrote({"a": "8", "b": "2"}) and not more.wrote(OLD)
    assert more.keys == ("a", "b")


@given(st.dictionaries(st.from_regex(r"[a-z.]{1,9}", fullmatch=True), st.text(), max_size=4))
def test_a_configmap_comes_back_from_the_secret_as_it_was(data: dict[str, str]) -> None:
    kept = record(old=data)
    assert parse_record(record_manifest(kept, "team-a"), "ConfigMap", "model") == kept


def test_a_secrets_values_stay_as_the_api_has_them() -> None:
    kept = record("Secret", {"a": encoded("x"), "raw": "//8="})
    manifest = record_manifest(kept, "team-a")
    assert manifest["data"].items() >= kept.old.items()
    assert parse_record(manifest, "Secret", "model") == kept


def test_a_secret_of_others_is_not_a_record() -> None:
    manifest = record_manifest(record(), "team-a")
    assert parse_record(manifest, "Secret", "model") is None
    assert parse_record(manifest, "ConfigMap", "other") is None
    for broken in (
        {**manifest, "data": {}},
        {**manifest, "data": {"kd-rotate.json": "e30="}},
        {**manifest, "data": {"kd-rotate.json": encoded("[]")}},
        {**manifest, "data": {"kd-rotate.json": encoded("{")}},
        {**manifest, "metadata": {"name": "x"}},
    ):
        assert parse_record(broken, "ConfigMap", "model") is None


def test_a_name_of_any_length_has_its_own_record() -> None:
    names = {record_name(kind, "a" * 252 + end) for kind in ("Secret", "ConfigMap") for end in "12"}
    assert len(names) == 4 and max(map(len, names)) < 64


def test_a_record_shows_no_value() -> None:
    assert "9" not in repr(record(old={"a": "9999"})).replace("2026-01-01", "")
