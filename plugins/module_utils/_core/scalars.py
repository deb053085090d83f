# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scalars as text, the way YAML writes them. Pure."""

from __future__ import annotations

import typing as t

from .errors import InvalidInputError

_FLOATS = {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}


def scalar_text(value: t.Any) -> str | None:
    """8080 -> "8080", True -> "true"; None for null, a list or a dictionary."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = repr(value)
        return _FLOATS.get(text, text)
    return None


def text_map(values: t.Mapping[str, t.Any] | None, where: str) -> dict[str, str]:
    """Write a map's scalars as text.

    :raises InvalidInputError: a value is not a scalar, or not UTF-8; the message names `where` and the key.
    """
    texts: dict[str, str] = {}
    for key, value in (values or {}).items():
        text = scalar_text(value)
        if text is None:
            raise InvalidInputError(f"{where} {key}: {_not_scalar(value)}")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidInputError(
                f"{where} {key}: the value is not text in UTF-8; only a Secret's data, in base64, can hold it."
            ) from None
        texts[str(key)] = text
    return texts


def removable_text_map(values: t.Mapping[str, t.Any] | None, where: str) -> dict[str, str | None]:
    """The same for a map in which null marks a key to remove; it becomes None."""
    texts = text_map({k: v for k, v in (values or {}).items() if v is not None}, where)
    return {str(key): texts.get(str(key)) for key in values or ()}


def _not_scalar(value: t.Any) -> str:
    if value is None:
        return "the value is empty (null); quote it, or give an empty string."
    what = "list" if isinstance(value, list) else "dictionary"
    return f"the value is a {what}; only text, numbers and booleans fit. Turn it into text, for example with to_json."
