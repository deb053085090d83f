# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least rights with which everything in this collection can be done, and the objects that grant them.

Pure: knows neither HTTP nor Ansible.
"""

from __future__ import annotations

import typing as t

from .._kubedirector import facts
from .._reconcile.linked_lease import LEASE_NAME

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject

# API group, resources, verbs, and the names of objects where only these are meant.
_Rule = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]

_LEASE_GROUP = "coordination.k8s.io"
_RBAC_GROUP = "rbac.authorization.k8s.io"
_KUBEDIRECTOR_GROUP = facts.API_VERSION.partition("/")[0]

# Only objects with this label are changed: another Role may have the same name.
OURS = {"app.kubernetes.io/managed-by": "kubedirector.connections"}

# Each of them is needed; a test takes them away one by one.
_RULES: tuple[_Rule, ...] = (
    (_KUBEDIRECTOR_GROUP, ("kubedirectorclusters",), ("list", "watch", "patch"), ()),
    (_KUBEDIRECTOR_GROUP, ("kubedirectorapps",), ("list",), ()),
    ("", ("configmaps", "secrets"), ("get", "create", "patch", "delete"), ()),
    ("", ("pods",), ("get",), ()),
    # Kubernetes asks for get where a command is run over a WebSocket, and for create too since 1.35.
    ("", ("pods/exec",), ("get", "create"), ()),
    # Kubernetes does not know the name of what is created when it asks for the right.
    (_LEASE_GROUP, ("leases",), ("create",), ()),
    (_LEASE_GROUP, ("leases",), ("get", "patch"), (LEASE_NAME,)),
)
# What kd_cluster needs besides.
_MANAGING_RULES: tuple[_Rule, ...] = (
    (_KUBEDIRECTOR_GROUP, ("kubedirectorclusters",), ("create", "delete"), ()),
)


def desired_manifests(
    namespace: str, name: str, *, manage_kdclusters: bool = False
) -> dict[str, JsonObject]:
    """Make the manifests of a ServiceAccount that may do what this collection does.

    :param manage_kdclusters: it may create and delete KDClusters, too.
    :returns: kind to manifest, in the order in which they are to be created.
    """
    metadata = {"name": name, "labels": dict(OURS)}
    rbac = f"{_RBAC_GROUP}/v1"
    rules = _RULES + (_MANAGING_RULES if manage_kdclusters else ())
    return {
        "ServiceAccount": {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        "Role": {
            "apiVersion": rbac,
            "kind": "Role",
            "metadata": metadata,
            "rules": [
                {
                    "apiGroups": [group],
                    "resources": list(resources),
                    "verbs": list(verbs),
                    **({"resourceNames": list(names)} if names else {}),
                }
                for group, resources, verbs, names in rules
            ],
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
    """Why an object that was found must be left alone, or None.

    :param where: how the message calls it: "Role ns/name".
    """
    labels = found["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in OURS.items()):
        (label, value), *_rest = OURS.items()
        return (
            f"{where} exists and was not made by this module, since it lacks the label {label}={value}: "
            "give another name, or label it so to hand it over."
        )
    if found.get("roleRef") != desired.get("roleRef"):
        return f"{where} binds another role, and Kubernetes cannot change that. Delete it and run the task again."
    return None


def differs(found: JsonObject, desired: JsonObject) -> bool:
    """Whether an object grants something else than it should, whatever its wording."""
    return _granted(found) != _granted(desired) or _subjects(found) != _subjects(desired)


def _granted(manifest: JsonObject) -> set[tuple[t.Any, ...]]:
    """Every single right, whatever the number and order of the rules."""
    return {
        (group, resource, verb, *restriction)
        for rule in manifest.get("rules") or ()
        for restriction in _restrictions(rule)
        for group in rule.get("apiGroups") or ("",)
        for resource in rule.get("resources") or ("",)
        for verb in rule.get("verbs") or ()
    }


def _restrictions(rule: JsonObject) -> list[tuple[str, ...]]:
    return [(name,) for name in rule.get("resourceNames") or ()] or [()]


def _subjects(manifest: JsonObject) -> set[tuple[t.Any, ...]]:
    return {
        (one.get("kind"), one.get("namespace"), one.get("name"))
        for one in manifest.get("subjects") or ()
    }
