# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare a desired role with the stored one, which the operator rewrites. Pure.

It fills defaults in, leaves empty fields out and writes quantities its own way (source: the webhook's
patches, and updates that go through its Go types), so what is given is compared by what it means.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .quantity import (
    same_quantity,
)

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .desired import (
        WantedRole,
    )

# Role, field as the API spells it, key.
LostLabels = t.AbstractSet[tuple[str, str, str]]

# Of these the parts that a task leaves out are left alone; webhooks of other products add labels.
LABELS = ("podLabels", "podAnnotations", "serviceLabels", "serviceAnnotations")
_LEFT_ALONE_IN_PARTS = ("resources", "storage", "blockStorage", *LABELS)


def role_after(
    desired: WantedRole, found: t.Mapping[str, t.Any], held: t.Mapping[str, str] | None
) -> JsonObject:
    """Return the role as found, changed as the task wants.

    :param found: the role as stored; {} for one that is new.
    :param held: the plain values of its secret keys as its KDCluster's members hold them; None when
        no member can be read. Then a key that exists counts as having the desired value.
    """
    role = dict(found)
    role["id"] = desired.id
    if desired.members is not None:
        role["members"] = desired.members
    for field, value in desired.fields.items():
        if not same_field(field, value, found.get(field)):
            whole = value
            if field in _LEFT_ALONE_IN_PARTS and value:
                whole = {**(found.get(field) or {}), **value}
            if _plain(whole) is None:
                role.pop(field, None)
            else:
                role[field] = whole
    if desired.secret_keys is not None:
        keys = _secret_keys_after(desired.secret_keys, found.get("secretKeys") or (), held)
        if keys:
            role["secretKeys"] = keys
        else:
            role.pop("secretKeys", None)
    return role


def lost_labels(desired: t.Iterable[WantedRole], stored: t.Iterable[JsonObject]) -> LostLabels:
    """Return the labels and annotations of roles that a webhook of another product takes away.

    :param stored: the roles as the API server has just answered to a write of what is wanted.
    """
    by_id = {role["id"]: role for role in stored}
    return {
        (role.id, field, key)
        for role in desired
        if role.id in by_id
        for field in LABELS
        for key in role.fields.get(field) or ()
        if key not in (by_id[role.id].get(field) or {})
    }


def without_labels(role: WantedRole, lost: LostLabels) -> WantedRole:
    """Return the role as wanted, without these labels and annotations."""
    fields = {
        field: {key: text for key, text in value.items() if (role.id, field, key) not in lost}
        if field in LABELS
        else value
        for field, value in role.fields.items()
    }
    return dataclasses.replace(role, fields=fields)


def changed_fields(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> list[str]:
    """The names of the fields that differ, the number of members left out."""
    return sorted(
        field
        for field in before.keys() | after.keys()
        if field != "members" and before.get(field) != after.get(field)
    )


def same_field(field: str, desired: t.Any, found: t.Any) -> bool:
    """Whether a field of a spec or role, as it is stored, already means what is wanted."""
    if field == "resources":
        return all(
            _same_amounts(amounts, (found or {}).get(part)) for part, amounts in desired.items()
        )
    if field in _LEFT_ALONE_IN_PARTS:
        # The operator fills the storage class in.
        return all(
            same_quantity(value, (found or {}).get(key))
            if key == "size"
            else value == (found or {}).get(key)
            for key, value in desired.items()
        )
    if field == "sharedMemory":
        return found is not None and same_quantity(desired, found)
    return bool(_plain(desired) == _plain(found))  # fmt: skip


def _same_amounts(desired: t.Mapping[str, str], found: t.Mapping[str, t.Any] | None) -> bool:
    found = found or {}
    return desired.keys() == found.keys() and all(
        same_quantity(amount, found[name]) for name, amount in desired.items()
    )


def _plain(value: t.Any) -> t.Any:
    """The value without what the operator's Go types leave out: null, "", false, empty lists and maps."""
    if isinstance(value, dict):
        kept = {key: _plain(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None} or None
    if isinstance(value, list):
        return [_plain(inner) for inner in value] or None
    return None if value is False or value == "" else value


def _secret_keys_after(
    desired: t.Mapping[str, str],
    found: t.Iterable[t.Mapping[str, t.Any]],
    held: t.Mapping[str, str] | None,
) -> list[JsonObject]:
    """The wanted keys; those that are there with the wanted value stay as they are, encrypted.

    What is stored cannot be compared: the encryption is a different one each time (source:
    pkg/secretkeys).
    """
    stored = {key.get("name", ""): dict(key) for key in found}

    def after(name: str) -> JsonObject:
        known = held is None or held.get(name) == desired[name]
        return stored[name] if name in stored and known else {"name": name, "value": desired[name]}

    order = [name for name in stored if name in desired]
    return [after(name) for name in (*order, *(name for name in desired if name not in stored))]
