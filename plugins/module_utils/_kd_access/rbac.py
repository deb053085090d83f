# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least rights that this collection needs, and the objects that grant them. Pure."""

from __future__ import annotations

import typing as t

from .._kubedirector import facts
from .._reconcile.linked_lease import LEASE_NAME

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject

_LEASE_GROUP = "coordination.k8s.io"
_RBAC_GROUP = "rbac.authorization.k8s.io"
_KUBEDIRECTOR_GROUP = facts.API_VERSION.partition("/")[0]

# Change only objects with this label: another Role may have the same name.
_LABEL, _OURS = "app.kubernetes.io/managed-by", "kubedirector.connections"


def _rule(
    group: str, resources: list[str], verbs: list[str], **restriction: list[str]
) -> JsonObject:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs, **restriction}


# Each is needed: a test takes them away one by one.
_RULES = [
    _rule(_KUBEDIRECTOR_GROUP, ["kubedirectorclusters"], ["list", "watch", "patch"]),
    _rule(_KUBEDIRECTOR_GROUP, ["kubedirectorapps"], ["list"]),
    _rule("", ["configmaps", "secrets"], ["get", "create", "patch", "delete"]),
    _rule("", ["pods"], ["get"]),
    # A command over a WebSocket needs get, and since Kubernetes 1.35 create too.
    _rule("", ["pods/exec"], ["get", "create"]),
    # Kubernetes checks create without a name.
    _rule(_LEASE_GROUP, ["leases"], ["create"]),
    _rule(_LEASE_GROUP, ["leases"], ["get", "patch"], resourceNames=[LEASE_NAME]),
]
# kd_cluster needs this too.
_MANAGING_RULE = _rule(_KUBEDIRECTOR_GROUP, ["kubedirectorclusters"], ["create", "delete"])


def desired_manifests(
    namespace: str, name: str, *, manage_kdclusters: bool = False
) -> dict[str, JsonObject]:
    """Make the manifests of a ServiceAccount with these rights: by kind, in the order of creation."""
    metadata = {"name": name, "labels": {_LABEL: _OURS}}
    rbac = f"{_RBAC_GROUP}/v1"
    return {
        "ServiceAccount": {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        "Role": {
            "apiVersion": rbac,
            "kind": "Role",
            "metadata": metadata,
            "rules": [*_RULES, _MANAGING_RULE] if manage_kdclusters else _RULES,
        },
        "RoleBinding": {
            "apiVersion": rbac,
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": _RBAC_GROUP, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        },
    }


def problem_with(found: JsonObject, desired: JsonObject, where: str) -> str | None:
    """Why a found object must stay as it is. :param where: "Role ns/name"."""
    labels = found["metadata"].get("labels") or {}
    if labels.get(_LABEL) != _OURS:
        return (
            f"{where} exists and was not made by this module, since it lacks the label {_LABEL}={_OURS}: "
            "give another name, or label it so to hand it over."
        )
    if found.get("roleRef") != desired.get("roleRef"):
        return f"{where} binds another role, and Kubernetes cannot change that. Delete it and run the task again."
    return None


def differs(found: JsonObject, desired: JsonObject) -> bool:
    """Whether an object grants other rights than it should, whatever its wording."""
    return _granted(found) != _granted(desired) or _subjects(found) != _subjects(desired)


def _granted(manifest: JsonObject) -> set[tuple[t.Any, ...]]:
    """Every single right, however the rules group them."""
    return {
        (group, resource, verb, name)
        for rule in manifest.get("rules") or ()
        for group in rule.get("apiGroups") or ("",)
        for resource in rule.get("resources") or ("",)
        for verb in rule.get("verbs") or ()
        for name in rule.get("resourceNames") or (None,)
    }


def _subjects(manifest: JsonObject) -> set[tuple[t.Any, ...]]:
    return {
        (one.get("kind"), one.get("namespace"), one.get("name"))
        for one in manifest.get("subjects") or ()
    }
