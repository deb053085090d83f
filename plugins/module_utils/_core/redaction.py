# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take values out of texts that others wrote: what an application printed, what an API server said. Pure."""

from __future__ import annotations

import base64
import typing as t

from .secret_forms import (
    longest_first,
    masked_forms,
)

MASK = "********"


class Redactor:
    """Replaces values in texts, in every form in which they may stand there.

    :param values: in plain text.
    :param clear: names that messages are made of; a value that is part of them stays readable in
        `message`, or no message could be read.
    """

    def __init__(self, values: t.Iterable[str], clear: str = "") -> None:
        self._clear = clear
        self._words: list[str] = []
        self.add(values)

    def add(self, values: t.Iterable[str]) -> None:
        """Replace these, too."""
        self._words = longest_first([*self._words, *masked_forms(values)])

    def output(self, text: str) -> str:
        """A text that an application printed, without any of the values."""
        return _without(text, self._words)

    def message(self, text: str) -> str:
        """A message of this collection, without the values that are no names in it."""
        return _without(text, [word for word in self._words if word not in self._clear])


def plain_values(kind: str, data: t.Mapping[str, str] | None) -> list[str]:
    """An object's values in plain text; those of a Secret that are no text only in base64."""
    values = list((data or {}).values())
    if kind != "Secret":
        return values
    plain = []
    for value in values:
        try:
            plain.append(base64.b64decode(value).decode())
        except UnicodeDecodeError:
            plain.append(value)
    return plain


def _without(text: str, words: t.Iterable[str]) -> str:
    for word in words:
        text = text.replace(word, MASK)
    return text
