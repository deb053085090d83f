# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users who lack one of the rights that the collection asks for, or have all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.harness.kubectl import Kubectl, Manifest

KDCLUSTERS = "kubedirectorclusters"
KDAPPS = "kubedirectorapps"
LEASES = "leases"
LEASE = "kubedirector-connections"

# Resource -> verbs: what a caller needs, and nothing more. Written out here on purpose: the
# collection has its own list, and its Role is compared with this one.
NEEDED: Mapping[str, Sequence[str]] = {
    "configmaps": ["get", "create", "patch", "delete"],
    "secrets": ["get", "create", "patch", "delete"],
    KDCLUSTERS: ["list", "watch", "patch"],
    KDAPPS: ["list"],
    "pods": ["get"],
    "pods/exec": ["create", "get"],
    LEASES: ["create", "get", "patch"],
}
_GROUPS = {
    KDCLUSTERS: "kubedirector.hpe.com",
    KDAPPS: "kubedirector.hpe.com",
    LEASES: "coordination.k8s.io",
}

_RULE = ("apiGroups", "resources", "verbs")


def role(name: str, verbs: Mapping[str, Sequence[str]]) -> Manifest:
    """A Role that grants the verbs of each resource."""
    rules = [
        {"apiGroups": [_GROUPS.get(resource, "")], "resources": [resource], "verbs": list(granted)}
        for resource, granted in verbs.items()
        if granted
    ]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name},
        "rules": rules,
    }


def binding(name: str, subject: Manifest) -> Manifest:
    """A RoleBinding of the Role of the same name."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [subject],
    }


def granted_by(manifest: Manifest) -> dict[str, list[str]]:
    """What a Role grants: resource to its sorted verbs.

    AssertionError where a group is another one, or where it grants more of Leases than the right to the one.
    """
    granted: dict[str, list[str]] = {}
    for rule in manifest["rules"]:
        of_one_lease = rule["resources"] == [LEASES] and rule["verbs"] != ["create"]
        names = {"resourceNames": [LEASE]} if of_one_lease else {}
        assert {key: rule[key] for key in rule if key not in _RULE} == names, rule
        for resource in rule["resources"]:
            assert rule["apiGroups"] == [_GROUPS.get(resource, "")], rule
            granted.setdefault(resource, []).extend(rule["verbs"])
    return {resource: sorted(verbs) for resource, verbs in granted.items()}


def make_user_lacking(
    kubectl: Kubectl, namespace: str, name: str, resource: str, verb: str
) -> None:
    """Grant the user `name` all that is needed but one verb on one resource."""
    verbs = {
        granted: [one for one in needed if (granted, one) != (resource, verb)]
        for granted, needed in NEEDED.items()
    }
    kubectl.create(role(name, verbs), binding(name, user(name)), namespace=namespace)


def user(name: str) -> Manifest:
    """A user as a RoleBinding's subject."""
    return {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
