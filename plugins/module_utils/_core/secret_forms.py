# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which forms a secret value may stand in a text, and which of them can be told from other words. Pure."""

from __future__ import annotations

import base64
import json
import re
import typing as t

_SHORTEST_WORD, _SHORTEST_NUMBER = 4, 6
# How many bytes base64 puts into one group: a value inside a longer text begins at one of these.
_GROUP = 3
# A password may hold "@" or "/", although it should not: credentials end at the last "@".
_CREDENTIALS = re.compile(r"^(\w[\w+.-]*://)?.*@", re.DOTALL)


def masked_forms(values: t.Iterable[str]) -> set[str]:
    """Every form of every value that is long enough to be masked."""
    return {form for value in values for form in _forms(value) if can_be_told(form)}


def can_be_told(word: str) -> bool:
    """Whether a word is long enough to be masked: others occur in any text."""
    return len(word) >= (_SHORTEST_NUMBER if word.isdigit() else _SHORTEST_WORD)


def longest_first(words: t.Iterable[str]) -> list[str]:
    """The order in which to mask: a word may be part of another one, whose rest would stay readable."""
    return sorted(set(words), key=len, reverse=True)


def without_credentials(url: str, mask: str) -> str:
    """A URL, or what was given for one, with a mask for user and password."""
    return _CREDENTIALS.sub(lambda found: f"{found[1] or ''}{mask}@", url)


def _forms(value: str) -> t.Iterator[str]:
    """Plain, line by line, quoted as in JSON, and what base64 makes of it at any place in a longer text."""
    yield from (value, value.strip(), json.dumps(value)[1:-1])
    yield from (line.strip() for line in value.splitlines())
    for text in dict.fromkeys((value, value.strip())):
        # Options may hold what is no UTF-8; it is refused, but only later.
        raw = text.encode(errors="surrogatepass")
        yield base64.b64encode(raw).decode()
        for offset in range(_GROUP):
            # The groups at both ends depend on what stands beside the value.
            whole = base64.b64encode(b"\0" * offset + raw).decode()
            yield whole[4 if offset else 0 : (len(raw) + offset) // _GROUP * 4]
