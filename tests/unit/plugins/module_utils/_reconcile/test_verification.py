# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state compared with the live objects, and who changed these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    parse_desired,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.shared_objects import (
    copy_name,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.verification import (
    undone_changes,
)
from tests.harness.canaries import canary
from tests.unit.plugins.manifests import (
    JsonObject,
    encoded,
    kdcluster_manifest,
    managed_by,
    object_manifest,
    snapshot_of,
    task,
)

CONNECTED = ("f:spec", "f:connections", "f:configmaps")
VALUE = canary("what the task wrote")
MODEL = ("ConfigMap", "model")


def undone(
    options: JsonObject,
    cluster: JsonObject | None,
    objects: Mapping[tuple[str, str], JsonObject | None] | None = None,
    *,
    versions: dict[tuple[str, str], str] | None = None,
) -> list[str]:
    """The messages about one KDCluster "lab" whose uid was uid-lab."""
    desired = parse_desired(task(kdcluster=["lab"], **options), "team-a")
    snapshot = snapshot_of([] if cluster is None else [cluster], objects)
    found = undone_changes(desired, snapshot, {"lab": "uid-lab"}, versions or {})
    sentences = [one.sentence for one in found]
    assert VALUE not in str(sentences) and encoded(VALUE) not in str(sentences)
    return sentences


NAMED = {"configmaps": [{"name": "model"}]}
SECRET = {"secrets": [{"name": "key", "type": "token", "string_data": {"token": VALUE}}]}


def lab(**parts: Any) -> JsonObject:
    """The KDCluster, written by kubectl."""
    manifest = kdcluster_manifest("lab", **parts)
    manifest["metadata"]["managedFields"] = [managed_by("kubectl-patch", 12, *CONNECTED)]
    return manifest


def test_an_unchanged_state_has_no_message() -> None:
    existing = {MODEL: object_manifest(*MODEL)}
    assert undone(NAMED, lab(configmaps=["other", "model"]), existing) == []
    assert undone({**NAMED, "state": "absent"}, lab(configmaps=["other"]), existing) == []
    assert undone({**NAMED, "state": "absent"}, None, existing) == []
    # Another task of this collection repoints it to a copy for a moment.
    assert undone(NAMED, lab(configmaps=[copy_name("model")]), existing) == []


@pytest.mark.parametrize(
    ("options", "live", "change"),
    [
        (NAMED, [], "spec.connections.configmaps does not name ConfigMap model"),
        ({**NAMED, "state": "absent"}, ["model"], "spec.connections.configmaps names ConfigMap model"),
        ({**NAMED, "exclusive": True}, ["model", "x"], "spec.connections.configmaps names ConfigMap x"),
    ],
)  # fmt: skip
def test_connections_that_others_undo_are_reported(
    options: JsonObject, live: list[str], change: str
) -> None:
    (sentence,) = undone(options, lab(configmaps=live), {MODEL: object_manifest(*MODEL)})
    assert sentence.startswith(f"KDCluster team-a/lab: {change}: field manager 'kubectl-patch'")


def test_a_deleted_or_recreated_kdcluster_is_reported() -> None:
    existing = {MODEL: object_manifest(*MODEL)}
    assert undone(NAMED, None, existing) == ["KDCluster team-a/lab was deleted: it does not exist."]
    (sentence,) = undone(NAMED, lab(configmaps=["model"], uid="uid-2"), existing)
    assert "created again (uid uid-lab before, uid-2 now)" in sentence


def test_objects_that_others_change_are_reported() -> None:
    cluster, key = lab(secrets=["key"]), ("Secret", "key")
    data = {"token": encoded(VALUE)}
    good = object_manifest(*key, object_type="token", data=data)
    assert undone(SECRET, cluster, {key: good}) == []
    assert undone(SECRET, cluster, {key: None}) == [
        "Secret team-a/key was deleted: it does not exist."
    ]
    other = object_manifest(*key, object_type="token", data={"token": encoded("x")})
    path = ("f:data", "f:token")
    other["metadata"]["managedFields"] = [managed_by("replicator", 12, *path)]
    (sentence,) = undone(SECRET, cluster, {key: other})
    assert "data (token)" in sentence and "'replicator'" in sentence
    # At the version of the task's own write, the API server itself changed the object.
    assert undone(SECRET, cluster, {key: other}, versions={key: "7"}) == []
    bare = object_manifest(*key, object_type=None, data=data)
    (sentence,) = undone(SECRET, cluster, {key: bare})
    assert "labels (kubedirector.hpe.com/secretType)" in sentence
    (sentence,) = undone(
        NAMED, lab(configmaps=["model"]), {MODEL: object_manifest(*MODEL, object_type=None)}
    )
    assert "no type label kubedirector.hpe.com/cmType" in sentence


def test_an_object_that_is_created_again_after_its_deletion_is_reported() -> None:
    options = {**NAMED, "state": "absent", "delete_objects": True}
    (sentence,) = undone(options, lab(), {MODEL: object_manifest(*MODEL)})
    assert "created again after this task had deleted it" in sentence
    terminating = object_manifest(*MODEL)
    terminating["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert undone(options, lab(), {MODEL: terminating}) == []
