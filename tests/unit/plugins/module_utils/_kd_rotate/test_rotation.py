# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation as data."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate.rotation import (
    Rotation,
    changed_keys,
    desired_for_rotation,
    rotation_diff,
    rotation_from,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.configmeta_diff import (
    differing_keys,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.shared_objects import (
    copy_name,
)
from tests.unit.plugins.manifests import (
    JsonObject,
    encoded,
    kdcluster_manifest,
    object_manifest,
    snapshot_of,
)

OLD, NEW = {"a": "1", "b": "2"}, {"a": "9", "b": "2"}
DEFAULTS = {"new_keys": False, "state": "present", "wait_timeout": 300}


def test_values_are_read_as_kd_connection_reads_them() -> None:
    secret = rotation_from(
        {**DEFAULTS, "secret": "token", "data": {"a": encoded("x")}, "string_data": {"b": 8080}},
        "team-a",
    )
    assert (secret.kind, secret.name) == ("Secret", "token")
    assert secret.values == {"a": encoded("x"), "b": encoded("8080")}
    configmap = rotation_from({**DEFAULTS, "configmap": "model", "data": {"a": True}}, "team-a")
    assert (configmap.label, configmap.values) == ("ConfigMap team-a/model", {"a": "true"})
    assert "8080" not in repr(secret) and encoded("x") not in repr(secret)


def test_every_kdcluster_that_names_the_object_or_its_copy_is_affected() -> None:
    rotation = Rotation("ConfigMap", "team-a", "model", {"a": "9"}, new_keys=False)
    snapshot = snapshot_of(
        [
            kdcluster_manifest("second", configmaps=["model"]),
            kdcluster_manifest("first", configmaps=[copy_name("model")]),
            kdcluster_manifest("other", configmaps=["else"], secrets=["model"]),
        ],
        {
            ("ConfigMap", "model"): object_manifest("ConfigMap", "model", data=OLD),
            ("ConfigMap", copy_name("model")): object_manifest(
                "ConfigMap", copy_name("model"),
                labels={"app.kubernetes.io/managed-by": "kubedirector.connections"},
                annotations={"kubedirector.connections/copy-of": "uid-model"},
            ),
        },
    )  # fmt: skip
    desired = desired_for_rotation(rotation, snapshot, NEW)
    assert desired.kdclusters == ("first", "second")
    assert desired.objects[0].data == NEW and desired.objects[0].type == "model"
    assert desired_for_rotation(rotation, snapshot, None).objects[0].described is False


def test_the_diff_names_keys_and_no_value() -> None:
    rotation = Rotation("ConfigMap", "team-a", "model", {"a": "9", "c": "8"}, new_keys=True)
    new = {**NEW, "c": "8"}
    assert changed_keys(OLD, new) == ["a", "c"]
    assert rotation_diff(rotation, OLD, new) == [
        {
            "before_header": "ConfigMap team-a/model",
            "before": {"data": {"a": "(hidden)"}},
            "after_header": "ConfigMap team-a/model",
            "after": {"data": {"a": "(hidden, other value)", "c": "(hidden)"}},
        }
    ]
    assert rotation_diff(rotation, OLD, OLD) == []


def held(kind: str, name: str, data: JsonObject | None) -> JsonObject:
    """A configmeta with one object of type x."""
    return {"connections": {kind: {"y": None, "x": [{"metadata": {"name": name}, "data": data}]}}}


@pytest.mark.parametrize(
    ("configmeta", "kind", "keys"),
    [
        (held("configmaps", "model", {"a": "9", "b": "0"}), "ConfigMap", []),
        (held("configmaps", "model", {"a": "1"}), "ConfigMap", ["a"]),
        (held("configmaps", "model", {"a": "9", "removed": ""}), "ConfigMap", ["removed"]),
        (held("configmaps", "model", None), "ConfigMap", ["a"]),
        (held("configmaps", "other", {"a": "9"}), "ConfigMap", None),
        (held("secrets", encoded("model"), {"a": "9"}), "Secret", []),
        (held("secrets", "model", {"a": "9"}), "ConfigMap", None),
        ({"connections": {"configmaps": None}}, "ConfigMap", None),
        ({}, "Secret", None),
    ],
)
def test_the_keys_that_differ_in_a_member_are_named(
    configmeta: JsonObject, kind: str, keys: list[str] | None
) -> None:
    assert differing_keys(configmeta, kind, "model", {"a": "9", "removed": None}) == keys
