# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rights are the same, and which objects are not changed."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_access.rbac import (
    desired_manifests,
    differs,
    problem_with,
)
from tests.unit.plugins.manifests import JsonObject

WHERE = "Role team-a/account"
Change = Callable[[JsonObject], object]


def manifest(kind: str) -> JsonObject:
    """A copy of one of the three."""
    return copy.deepcopy(desired_manifests("team-a", "account")[kind])


@pytest.mark.parametrize("kind", ["ServiceAccount", "Role", "RoleBinding"])
def test_a_created_object_needs_no_change(kind: str) -> None:
    found = manifest(kind)
    # Fields that the API server and others add.
    found["metadata"] |= {"uid": "1", "resourceVersion": "7", "annotations": {"note": "x"}}
    found["metadata"]["labels"]["team"] = "a"
    found["secrets"] = [{"name": "token"}]
    assert not differs(found, manifest(kind))
    assert problem_with(found, manifest(kind), WHERE) is None


def test_the_wording_of_rules_does_not_count() -> None:
    found = manifest("Role")
    found["rules"] = [
        {**rule, "resources": [resource], "verbs": [verb]}
        for rule in reversed(found["rules"])
        for verb in rule["verbs"]
        for resource in rule["resources"]
    ]
    assert not differs(found, manifest("Role"))


@pytest.mark.parametrize(
    "change",
    [
        lambda role: role["rules"].pop(),
        lambda role: role["rules"][0]["verbs"].append("delete"),
        lambda role: role["rules"][0]["verbs"].remove("list"),
        lambda role: role["rules"][0]["resources"].append("*"),
        lambda role: role["rules"][2].update(resourceNames=["one"]),
        lambda role: role["rules"][2].update(apiGroups=["apps"]),
        lambda role: role.update(rules=None),
    ],
)
def test_more_and_fewer_rights_are_a_difference(change: Change) -> None:
    found = manifest("Role")
    change(found)
    assert differs(found, manifest("Role"))


@pytest.mark.parametrize(
    "subjects", [None, [], [{"kind": "User", "name": "account"}], [{"kind": "ServiceAccount"}] * 2]
)
def test_another_subject_is_a_difference(subjects: list[JsonObject] | None) -> None:
    found = manifest("RoleBinding")
    found["subjects"] = subjects
    assert differs(found, manifest("RoleBinding"))


@pytest.mark.parametrize("labels", [None, {}, {"app.kubernetes.io/managed-by": "another-tool"}])
def test_an_object_of_others_is_not_changed(labels: JsonObject | None) -> None:
    found = manifest("Role")
    found["metadata"]["labels"] = labels
    problem = problem_with(found, manifest("Role"), WHERE)
    assert problem is not None and WHERE in problem and "another name" in problem


def test_a_binding_of_another_role_is_not_changed() -> None:
    found = manifest("RoleBinding")
    found["roleRef"]["name"] = "edit"
    problem = problem_with(found, manifest("RoleBinding"), WHERE)
    assert problem is not None and "another role" in problem


def test_rights_to_create_kdclusters_are_revoked() -> None:
    managing = desired_manifests("team-a", "account", manage_kdclusters=True)["Role"]
    (more,) = [rule for rule in managing["rules"] if rule not in manifest("Role")["rules"]]
    assert more["resources"] == ["kubedirectorclusters"]
    assert sorted(more["verbs"]) == ["create", "delete"]
    assert differs(managing, manifest("Role")) and differs(manifest("Role"), managing)
