# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the modules act as: a tenant with exactly the permissions that the collection asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.support.kubectl import Kubectl, Manifest

KDCLUSTERS = "kubedirectorclusters"
KDAPPS = "kubedirectorapps"

# Resource -> verbs: what a caller needs, and nothing more.
NEEDED: Mapping[str, Sequence[str]] = {
    "configmaps": ["get", "list", "create", "patch", "delete"],
    "secrets": ["get", "create", "patch", "delete"],
    KDCLUSTERS: ["get", "list", "watch", "patch"],
    KDAPPS: ["get", "list"],
    "pods": ["get", "list"],
    "pods/exec": ["create", "get"],
}
_GROUPS = {KDCLUSTERS: "kubedirector.hpe.com", KDAPPS: "kubedirector.hpe.com"}


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


def make_tenant(kubectl: Kubectl, namespace: str, name: str) -> str:
    """Make a ServiceAccount with the needed permissions and return a token of it."""
    account = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    kubectl.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
        role(name, NEEDED),
        binding(name, account),
        namespace=namespace,
    )
    return kubectl.ok("create", "token", name, "--duration=3h", namespace=namespace).strip()


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
