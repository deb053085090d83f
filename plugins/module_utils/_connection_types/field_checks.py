# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fields that people give, as text; what is wrong with one is a sentence. Pure."""

from __future__ import annotations

import re
import typing as t

from .._core.credential_forms import without_credentials
from .._core.redaction import MASK
from .._core.scalars import scalar_text

Fields = t.Mapping[str, t.Any]
_NOT_GIVEN: tuple[t.Any, ...] = (None, "", [], {})


def text_of(fields: Fields, field: str) -> str:
    """A field's value as text, "" where it is not given or no text (see text_problems)."""
    value = fields.get(field)
    return "" if value is None else scalar_text(value) or ""


def repointed(fields: Fields, keys: t.Mapping[str, str]) -> dict[str, str]:
    """What is given, by the keys that its readers look for."""
    return {key: text for field, key in keys.items() if (text := text_of(fields, field))}


def missing(label: str, fields: Fields, required: t.Iterable[str]) -> list[str]:
    """Say which fields are not given."""
    return [
        f"{label}: {field} is missing." for field in required if fields.get(field) in _NOT_GIVEN
    ]


def text_problems(label: str, fields: Fields, names: t.Iterable[str]) -> list[str]:
    """Name the fields that are not text."""
    return [
        f"{label}: {field} is a {what}; text belongs there."
        for field in names
        for kind, what in ((list, "list"), (dict, "dictionary"))
        if isinstance(fields.get(field), kind) and fields[field]
    ]


def one_of(label: str, fields: Fields, field: str, choices: t.Sequence[str]) -> list[str]:
    """Say that a field is none of its choices, if it is given."""
    given = text_of(fields, field)
    if not given or given in choices:
        return []
    return [f"{label}: {field} {given!r} is not one of {', '.join(choices)}."]


def of_form(
    label: str, fields: Fields, field: str, form: re.Pattern[str], desired: str
) -> list[str]:
    """Say that a field is not of its form, if it is given; credentials in an address are not shown."""
    given = text_of(fields, field)
    if not given or form.fullmatch(given):
        return []
    shown = (
        without_credentials(given, MASK) if "://" in given or ":" in given.split("@")[0] else given
    )
    return [f"{label}: {field} {shown!r} is not {desired}."]
