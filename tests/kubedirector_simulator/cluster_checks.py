# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a KDCluster's spec that need nothing but the spec, its app and its past."""

from __future__ import annotations

from tests.kubedirector_simulator import app_catalog, facts, refusals
from tests.kubedirector_simulator.objects import Json, by_name, same_meaning
from tests.kubedirector_simulator.secret_keys import NoEncryption, SecretKeys
from tests.kubedirector_simulator.verdict import Verdict


def check_member_counts(cluster: Json, app: Json, verdict: Verdict) -> None:
    """Each role's member count against its cardinality, which is also its default."""
    total = 0
    for index, role in enumerate(cluster["spec"]["roles"]):
        definition = app_catalog.role_of(app, role["id"])
        if definition is None:
            continue
        least, more_allowed = app_catalog.cardinality(definition)
        count = role.get("members")
        if count is None:
            count = role["members"] = least
            verdict.add(f"/spec/roles/{index}/members", count)
        elif count < least or (count > least and not more_allowed):
            text = refusals.MEMBER_COUNT.format(role["id"], count, definition["cardinality"])
            verdict.refuse(text)
        total += count
    if total > facts.MAX_MEMBERS:
        verdict.refuse(refusals.TOO_MANY_MEMBERS.format(facts.MAX_MEMBERS))


def check_roles(cluster: Json, app: Json, verdict: Verdict) -> None:
    """Only roles that the app has, each once, and all that it selects and that need members."""
    name = app["metadata"]["name"]
    known = [role["id"] for role in app["spec"]["roles"]]
    given = [role["id"] for role in cluster["spec"]["roles"]]
    for role in given:
        if role not in known:
            verdict.refuse(refusals.ROLE_UNKNOWN.format(role, name, ",".join(known)))
    if len(set(given)) != len(given):
        verdict.refuse(refusals.ROLES_NOT_UNIQUE)
    for role in app["spec"]["config"].get("selectedRoles") or []:
        definition = app_catalog.role_of(app, role)
        if role in given or definition is None:
            continue
        if app_catalog.cardinality(definition)[0] != 0:
            verdict.refuse(refusals.ROLE_MISSING.format(role, name))


def check_fixed_properties(cluster: Json, before: Json, errors: list[str]) -> None:
    """What may never change."""
    for field in ("app", "appCatalog"):
        if cluster["spec"].get(field) != before["spec"].get(field):
            errors.append(refusals.PROPERTY_READ_ONLY.format(field))


def check_role_changes(cluster: Json, before: Json, errors: list[str]) -> None:
    """A role that has members may change their count only."""
    populated = {role["id"] for role in (before.get("status") or {}).get("roles") or []}
    for role in cluster["spec"]["roles"]:
        if role["id"] not in populated:
            continue
        old = by_name(before["spec"]["roles"], role["id"])
        if old is None or not same_meaning(_but_count(role), _but_count(old)):
            errors.append(refusals.ROLE_READ_ONLY.format(role["id"]))


def _but_count(role: Json) -> Json:
    return {name: value for name, value in role.items() if name != "members"}


def encrypt_secret_keys(
    cluster: Json, before: Json, secret_keys: SecretKeys, verdict: Verdict
) -> None:
    """Replaces the plain values of roles' secretKeys by encrypted ones."""
    for index, role in enumerate(cluster["spec"]["roles"]):
        old_role = by_name((before.get("spec") or {}).get("roles") or [], role["id"]) or {}
        for position, key in enumerate(role.get("secretKeys") or []):
            name, encrypted = key["name"], key.get("encryptedValue", "")
            if not key.get("value") and encrypted:
                old = by_name(old_role.get("secretKeys") or [], name, "name") or {}
                if encrypted != old.get("encryptedValue"):
                    verdict.refuse(refusals.ENCRYPTED_BY_HAND.format(name))
                continue
            try:
                value = secret_keys.encrypt(key.get("value", ""))
            except NoEncryption:
                verdict.refuse(refusals.ENCRYPTION_FAILED.format(name))
                continue
            path = f"/spec/roles/{index}/secretKeys/{position}"
            new = {"name": name, "encryptedValue": value}
            verdict.patches.append({"op": "replace", "path": path, "value": new})
