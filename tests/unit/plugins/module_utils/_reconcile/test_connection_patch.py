# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON patch of a KDCluster's connections, applied by the tests' own code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    Connections,
    parse_kdcluster,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.plan import (
    connection_patch,
)
from tests.unit.plugins.manifests import JsonObject, kdcluster_manifest
from tests.unit.plugins.patching import PatchFailed, json_patched

FIELDS = ("clusters", "configmaps", "secrets")
_NAMES = st.lists(st.sampled_from("abcde"), max_size=4)
_SPECS = st.one_of(
    st.none(), st.fixed_dictionaries({}, optional={f: st.none() | _NAMES for f in FIELDS})
)
_AFTER = st.tuples(_NAMES, _NAMES, _NAMES)


def manifest_with(spec: JsonObject | None) -> JsonObject:
    """A KDCluster whose spec.connections is this, or is missing."""
    return kdcluster_manifest("notebook", connections=spec, no_connections=spec is None)


def lists_of(manifest: JsonObject) -> dict[str, list[str]]:
    """Its connections, a missing or null list counting as empty."""
    found = manifest["spec"].get("connections") or {}
    return {field: list(found.get(field) or ()) for field in FIELDS}


def patch_for(manifest: JsonObject, after: tuple[list[str], ...]) -> list[dict[str, Any]]:
    """The patch that the code under test makes."""
    return connection_patch(parse_kdcluster(manifest), Connections(*(tuple(n) for n in after)))


@given(_SPECS, _AFTER)
def test_the_applied_patch_gives_exactly_the_desired_connections(
    spec: JsonObject | None, after: tuple[list[str], ...]
) -> None:
    manifest = manifest_with(spec)
    patched = json_patched(manifest, patch_for(manifest, after))
    assert lists_of(patched) == dict(zip(FIELDS, after, strict=True))


@given(_SPECS, _AFTER)
def test_a_patch_never_writes_null(spec: JsonObject | None, after: tuple[list[str], ...]) -> None:
    patch = patch_for(manifest_with(spec), after)
    for operation in patch:
        if operation["op"] != "test":
            value = operation["value"]
            assert value is not None
            assert not isinstance(value, dict) or None not in value.values()


@given(_SPECS, _AFTER)
def test_an_unchanged_list_is_not_written(
    spec: JsonObject | None, after: tuple[list[str], ...]
) -> None:
    manifest = manifest_with(spec)
    if spec is None:
        return
    before = lists_of(manifest)
    written = {
        o["path"].rpartition("/")[2] for o in patch_for(manifest, after) if o["op"] != "test"
    }
    assert written == {
        field for field, names in zip(FIELDS, after, strict=True) if before[field] != names
    }


@given(_SPECS, _AFTER, st.sampled_from(FIELDS), _NAMES)
def test_a_patch_fails_if_another_writer_changed_a_list_that_it_writes(
    spec: JsonObject | None, after: tuple[list[str], ...], field: str, theirs: list[str]
) -> None:
    manifest = manifest_with(spec)
    patch = patch_for(manifest, after)
    other = manifest_with({**(spec or {}), field: theirs})
    written = {o["path"] for o in patch if o["op"] != "test"}
    touches = "/spec/connections" in written or f"/spec/connections/{field}" in written
    if touches and lists_of(other)[field] != lists_of(manifest)[field]:
        with pytest.raises(PatchFailed):
            json_patched(other, patch)
    elif not touches:
        assert lists_of(json_patched(other, patch))[field] == theirs


def test_connections_that_were_added_meanwhile_are_not_overwritten() -> None:
    patch = patch_for(manifest_with(None), (["engine"], [], []))
    with pytest.raises(PatchFailed):
        json_patched(manifest_with({"clusters": [], "configmaps": ["theirs"]}), patch)
