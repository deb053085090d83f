# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare a desired role with the stored one by meaning. Pure.

The operator fills in defaults, leaves out empty fields and rewrites quantities (source: the webhook's patches,
and updates through its Go types).
"""

from __future__ import annotations

import dataclasses
import decimal
import re
import typing as t

if t.TYPE_CHECKING:
    from .._core.json_types import JsonMapping, JsonObject
    from .desired import WantedRole

# Role, field as the API spells it, key.
LostLabels = t.AbstractSet[tuple[str, str, str]]

# Parts that a task leaves out stay as they are; other products' webhooks add labels.
LABELS = ("podLabels", "podAnnotations", "serviceLabels", "serviceAnnotations")
_LEFT_ALONE_IN_PARTS = ("resources", "storage", "blockStorage", *LABELS)

_QUANTITY = re.compile(r"([+-]?[0-9.]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_POWERS_OF_TEN = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_POWERS_OF_1024 = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def role_after(
    desired: WantedRole, found: JsonMapping, held: t.Mapping[str, str] | None
) -> JsonObject:
    """Return the role as the task wants it.

    :param found: the stored role; {} for a new one.
    :param held: the plain values of its secret keys in members; None if no member can be read: then an existing
        key counts as having the desired value.
    """
    role = {**found, "id": desired.id}
    if desired.members is not None:
        role["members"] = desired.members
    changed: JsonObject = {}
    for field, value in desired.fields.items():
        stored = found.get(field)
        if not same_field(field, value, stored):
            in_parts = field in _LEFT_ALONE_IN_PARTS
            changed[field] = {**(stored or {}), **value} if in_parts else value
    if desired.secret_keys is not None:
        stored_keys = found.get("secretKeys") or ()
        changed["secretKeys"] = _secret_keys_after(desired.secret_keys, stored_keys, held)
    for field, value in changed.items():
        if _plain(value) is None:
            role.pop(field, None)
        else:
            role[field] = value
    return role


def lost_labels(desired: t.Iterable[WantedRole], stored: t.Iterable[JsonObject]) -> LostLabels:
    """The roles' labels and annotations that the answer to their write lacks."""
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
    fields = {
        field: {key: text for key, text in value.items() if (role.id, field, key) not in lost}
        if field in LABELS
        else value
        for field, value in role.fields.items()
    }
    return dataclasses.replace(role, fields=fields)


def changed_fields(before: JsonMapping, after: JsonMapping) -> list[str]:
    """The fields that differ, except the number of members."""
    return sorted(
        field
        for field in before.keys() | after.keys()
        if field != "members" and before.get(field) != after.get(field)
    )


def same_field(field: str, desired: t.Any, found: t.Any) -> bool:
    """Whether a stored field of a spec or role means what is wanted."""
    if field == "sharedMemory":
        return found is not None and same_quantity(desired, found)
    if field not in _LEFT_ALONE_IN_PARTS:
        return bool(_plain(desired) == _plain(found))
    # The operator fills in the storage class.
    stored = found or {}
    if field == "resources":
        return all(_same_amounts(amounts, stored.get(part)) for part, amounts in desired.items())
    return all(
        same_quantity(value, stored.get(key)) if key == "size" else value == stored.get(key)
        for key, value in desired.items()
    )


def same_quantity(left: object, right: object) -> bool:
    """Whether two quantities are equal, such as "0.5" and "500m"; other texts must be the same."""
    return _amount(str(left)) == _amount(str(right))


def _same_amounts(desired: t.Mapping[str, str], found: JsonMapping | None) -> bool:
    found = found or {}
    return desired.keys() == found.keys() and all(
        same_quantity(amount, found[name]) for name, amount in desired.items()
    )


def _amount(text: str) -> decimal.Decimal | str:
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return text
    try:
        return _decimal(found[1], found[2] or "")
    except (decimal.DecimalException, ValueError):
        # Several points, or an exponent that decimal or int() refuses.
        return text


def _decimal(number: str, suffix: str) -> decimal.Decimal:
    amount = decimal.Decimal(number)
    if suffix in _POWERS_OF_1024:
        return amount * decimal.Decimal(1024) ** _POWERS_OF_1024[suffix]
    if suffix in _POWERS_OF_TEN:
        return amount.scaleb(_POWERS_OF_TEN[suffix])
    return amount.scaleb(int(suffix[1:])) if suffix else amount


def _plain(value: t.Any) -> t.Any:
    """The value without what the operator's Go types omit: null, "", false, empty lists and maps."""
    if isinstance(value, dict):
        kept = {key: _plain(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None} or None
    if isinstance(value, list):
        return [_plain(inner) for inner in value] or None
    return None if value is False or value == "" else value


def _secret_keys_after(
    desired: t.Mapping[str, str], found: t.Iterable[JsonObject], held: t.Mapping[str, str] | None
) -> list[JsonObject]:
    """The wanted keys; those with the wanted value stay encrypted, since encryption differs each time (source:
    pkg/secretkeys)."""
    stored = {key.get("name", ""): key for key in found}
    order = dict.fromkeys([*(name for name in stored if name in desired), *desired])
    return [
        stored[name]
        if name in stored and (held is None or held.get(name) == desired[name])
        else {"name": name, "value": desired[name]}
        for name in order
    ]
