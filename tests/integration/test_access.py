# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_access: an account with the least rights; other Roles stay unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.documentation import marked_blocks
from tests.harness.kubectl import Kubectl
from tests.harness.modules import Fresh, Modules, succeeded
from tests.harness.playbook import run_playbook
from tests.integration.permissions import NEEDED, binding, granted_by, role, user

KINDS = ("serviceaccount", "role", "rolebinding")
ADMIN_OF_ROLES = {
    "roles": ["get", "create", "patch", "delete"],
    "rolebindings": ["get", "create", "patch", "delete"],
    "serviceaccounts": ["get", "create", "delete"],
}


def found(kubectl: Kubectl, name: str, namespace: str) -> list[str]:
    """Which of the three exist."""
    return [kind for kind in KINDS if kubectl.find(kind, name, namespace=namespace) is not None]


def may(kubectl: Kubectl, account: str, namespace: str, verb: str, resource: str) -> bool:
    """What the API server itself says."""
    done = kubectl.run(
        "auth", "can-i", verb, resource, f"--as=system:serviceaccount:{namespace}:{account}",
        namespace=namespace,
    )  # fmt: skip
    return done.stdout.strip() == "yes"


def test_an_account_is_created_once_and_deleted(
    admin: Modules, kubectl: Kubectl, home: str, fresh: Fresh
) -> None:
    name = fresh("account")
    tried = succeeded(admin.access(name=name, check_mode=True, diff=True))
    assert tried.changed and found(kubectl, name, home) == []
    made = succeeded(admin.access(name=name, diff=True))
    assert made.json["objects"] == tried.json["objects"]
    assert made.json["diff"] == tried.json["diff"]
    assert set(made.objects.values()) == {"created"}
    assert found(kubectl, name, home) == list(KINDS)
    assert may(kubectl, name, home, "patch", "kubedirectorclusters")
    assert not may(kubectl, name, home, "list", "secrets")
    assert not may(kubectl, name, "default", "patch", "kubedirectorclusters")

    again = succeeded(admin.access(name=name))
    assert not again.changed and set(again.objects.values()) == {"unchanged"}

    rehearsed = succeeded(admin.access(name=name, state="absent", check_mode=True))
    assert rehearsed.changed and found(kubectl, name, home) == list(KINDS)
    deleted = succeeded(admin.access(name=name, state="absent"))
    assert set(deleted.objects.values()) == {"deleted"} and found(kubectl, name, home) == []
    assert not succeeded(admin.access(name=name, state="absent")).changed


def test_the_right_to_create_kdclusters_is_granted_on_request(
    admin: Modules, kubectl: Kubectl, home: str, fresh: Fresh
) -> None:
    name = fresh("account")
    succeeded(admin.access(name=name, manage_kdclusters=True))
    for verb in ("create", "delete"):
        assert may(kubectl, name, home, verb, "kubedirectorclusters")
    less = succeeded(admin.access(name=name))
    assert less.objects[("Role", name)] == "updated"
    for verb in ("create", "delete"):
        assert not may(kubectl, name, home, verb, "kubedirectorclusters")


def test_added_and_lost_rights_are_corrected(
    admin: Modules, kubectl: Kubectl, home: str, fresh: Fresh
) -> None:
    name = fresh("account")
    succeeded(admin.access(name=name))
    more = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]
    kubectl.patch("role", name, {"rules": more}, namespace=home)
    kubectl.patch("rolebinding", name, {"subjects": [user("other-user")]}, namespace=home)
    corrected = succeeded(admin.access(name=name, diff=True))
    assert corrected.objects == {
        ("ServiceAccount", name): "unchanged", ("Role", name): "updated",
        ("RoleBinding", name): "updated",
    }  # fmt: skip
    assert {"rules": more} in [one["before"] for one in corrected.json["diff"]]
    assert granted_by(kubectl.get("role", name, namespace=home)) == {
        resource: sorted(verbs) for resource, verbs in NEEDED.items()
    }
    (subject,) = kubectl.get("rolebinding", name, namespace=home)["subjects"]
    assert (subject["kind"], subject["name"]) == ("ServiceAccount", name)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_role_of_others_is_left_alone(
    admin: Modules, kubectl: Kubectl, home: str, fresh: Fresh, state: str
) -> None:
    name = fresh("theirs")
    kubectl.create(role(name, {"pods": ["get"]}), namespace=home)
    message = admin.access(name=name, state=state).message
    assert f"Role {home}/{name} exists" in message and "another name" in message
    assert found(kubectl, name, home) == ["role"]
    assert granted_by(kubectl.get("role", name, namespace=home)) == {"pods": ["get"]}


def test_a_user_without_the_rights_cannot_grant_them(
    admin: Modules, kubectl: Kubectl, home: str, fresh: Fresh
) -> None:
    name, granting = fresh("account"), fresh("granting")
    manifest = role(granting, ADMIN_OF_ROLES)
    for rule in manifest["rules"]:
        if rule["resources"] != ["serviceaccounts"]:
            rule["apiGroups"] = ["rbac.authorization.k8s.io"]
    kubectl.create(manifest, binding(granting, user(granting)), namespace=home)
    result = admin.acting(impersonate_user=granting).access(name=name)
    assert f"Role {home}/{name}" in result.message and "403" in result.message
    assert "only users who have a right can grant it" in result.message
    assert found(kubectl, name, home) == [] and not result.changed


def test_a_missing_namespace_and_an_invalid_name_are_reported(admin: Modules) -> None:
    missing = admin.access(namespace="no-such-namespace").message
    assert "Namespace no-such-namespace does not exist" in missing
    assert "'No Name'" in admin.access(name="No Name").message


def test_the_playbook_creates_the_account_of_the_documentation(
    kubectl: Kubectl, new_namespace: Callable[[], str], tmp_path: Path
) -> None:
    namespace = new_namespace()
    blocks = marked_blocks("docs/rbac.md")
    variables = tmp_path / "access.yml"
    variables.write_text(blocks["access"].replace("team-a", namespace))
    arguments = ("kubedirector.connections.rbac", "-e", f"@{variables}")
    done = run_playbook(*arguments, kubeconfig=kubectl.kubeconfig)
    assert done.returncode == 0 and done.counts["changed"] == 1, done.output
    assert run_playbook(*arguments, kubeconfig=kubectl.kubeconfig).counts["changed"] == 0
    made = kubectl.get("role", "kd-connections", namespace=namespace)
    documented = yaml.safe_load(blocks["role"])
    assert granted_by(made) == granted_by(documented)
    assert made["metadata"]["labels"] == documented["metadata"]["labels"]


def test_the_playbook_creates_and_deletes_the_account(
    kubectl: Kubectl, home: str, fresh: Fresh
) -> None:
    name = fresh("account")

    def run(**access: Any) -> None:
        given = {"kd_access": {"namespace": home, "name": name, **access}}
        done = run_playbook(
            "kubedirector.connections.rbac", "-e", json.dumps(given), kubeconfig=kubectl.kubeconfig
        )
        assert done.returncode == 0 and done.counts["changed"] == 1, done.output

    run(manage_kdclusters=True)
    assert found(kubectl, name, home) == list(KINDS)
    assert may(kubectl, name, home, "create", "kubedirectorclusters")
    run(state="absent")
    assert found(kubectl, name, home) == []
