# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take secret values out of text, in every form that shells, URLs, JSON and base64 give them. Pure.

Text is decoded, not values encoded: each view of the text (as it is, without escapes, percent-encoding or shell quotes,
and base64 at each alignment) is searched for the values, and what is found is masked in the text. The time is linear: a
value of 15 characters or more is found by any of its first 8 groups of 8, one of which stands at a multiple of 8.
"""

from __future__ import annotations

import base64
import binascii
import re
import sys
import threading
import typing as t

from .credential_forms import (
    Span,
    credentials_in,
    masked,
    merged,
    url_credentials_in,
)
from .printable import printable

MASK = "********"
HIDDEN = "(hidden)"
HIDDEN_NEW = "(hidden, other value)"

_SHORTEST_WORD, _SHORTEST_NUMBER = 4, 6
# Of a longer value any part of at least twice this length is found, wherever it was cut.
_PIECE = 1024
# (shortest value, length of a group, distance of the groups that are looked up in the text)
_TIERS = ((15, 8, 8), (7, 4, 4), (_SHORTEST_WORD, 4, 1))
# Values that share a group of characters; beyond, the time is no longer linear.
_MOST_ALIKE = 1000
# Encodings on top of one another, base64 not counted.
_DEPTH = 2
# Between texts searched at once; not part of any encoding.
_SEPARATOR = "\0\0\0\0"
_SECRET_LINE = re.compile(r"[A-Za-z0-9+/=_-]{16,}")

_ESCAPES = re.compile(
    r"\\(?:u(?P<unicode>[0-9a-fA-F]{4}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?)|U(?P<long>[0-9a-fA-F]{8})"
    r"|x(?P<hex>[0-9a-fA-F]{2})|(?P<octal>[0-7]{3})|(?P<one>[\s\S]))"
)
_ONE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "e": "\x1b"}
_PERCENT = re.compile(r"%([0-9a-fA-F]{2})")
# How a single quote stands between single quotes: by `set -x`, and by Python's shlex.quote.
_SHELL_QUOTE = re.compile(r"'\\''|'\"'\"'")
_SHORTEST_ALPHABET = 8
# Messages need only such words; others stay redacted.
_CLEAR_WORD = re.compile(r"[\w./:@-]{1,63}")
_BLANKS = b" \t\r\n"
# URLs write "-" and "_". Whatever is not base64 becomes "A", so that groups beside it stay what they are.
_TO_BASE64 = bytes(range(256)).replace(b"-", b"+").replace(b"_", b"/")
_TO_BASE64 = re.sub(rb"[^A-Za-z0-9+/]", b"A", _TO_BASE64)


class Redactor:
    """Replaces values in text, in every form.

    Values under 4 characters and numbers under 6 digits stay: they occur in any text.
    """

    def __init__(self, values: t.Iterable[str | bytes] = (), clear: t.Iterable[str] = ()) -> None:
        # Namespaces run side by side and add what they read.
        self._lock = threading.RLock()
        self._values: set[str] = set()
        self._clear_text: list[str] = list(clear)
        self._clear: set[str] = set()
        # For each tier, from a group to (its offset in the value, the value's length).
        self._index: dict[tuple[int, int, int], dict[str, set[tuple[int, int]]]] = {}
        self.add(values)

    def add(self, values: t.Iterable[str | bytes]) -> None:
        """Replace these, too."""
        with self._lock:
            new = {
                word for value in values for octets in _spelled(value) for word in _words(octets)
            } - self._values
            self._values |= new
            for word in new:
                tier = next(tier for tier in _TIERS if len(word) >= tier[0])
                _shortest, size, distance = tier
                groups = self._index.setdefault(tier, {})
                for offset in range(distance):
                    groups.setdefault(word[offset : offset + size], set()).add((offset, len(word)))
            if new:
                self._look_at_clear(self._clear_text)

    @property
    def is_slow(self) -> bool:
        """Whether many values begin alike, so that a search takes as long as text and values together allow."""
        with self._lock:
            return any(
                len(places) > _MOST_ALIKE
                for groups in self._index.values()
                for places in groups.values()
            )

    def allow(self, texts: t.Iterable[str]) -> None:
        """Leave the words of these readable, such as object names."""
        listed = list(texts)
        with self._lock:
            self._clear_text += listed
            self._look_at_clear(listed)

    def with_values(self, values: t.Iterable[str | bytes]) -> Redactor:
        """Another redactor, of these values, too."""
        with self._lock:
            own = [word.encode("latin-1") for word in self._values]
            return Redactor([*own, *values], self._clear_text)

    def message(self, text: str) -> str:
        """Text of others, redacted and printable."""
        return printable(self._redacted(_octets(text), with_urls=True))

    def output(self, octets: bytes, longest: int) -> str:
        """The last `longest` bytes of a program's output, redacted before the cut.

        :param octets: more of it, so that a value at the cut is whole.
        """
        text = octets.decode("latin-1")
        start = max(0, len(text) - longest)
        return printable(self._redacted(text, start, with_urls=True)).strip("\ufffd \t\r\n")

    def tree(self, value: t.Any) -> t.Any:
        """Redact all text in dictionaries and lists, keys included."""
        texts = list(dict.fromkeys(_texts_in(value)))
        whole = self._redacted(_SEPARATOR.join(map(_octets, texts))).split(_SEPARATOR)
        if len(whole) != len(texts):
            # The text has the separator in it.
            whole = [self._redacted(_octets(text)) for text in texts]
        found = {text: new for text, new in zip(texts, whole) if new != text}
        return _with_texts(value, found) if found else value

    def _look_at_clear(self, texts: t.Iterable[str]) -> None:
        text = _octets("\n".join(texts))
        found = {text[start:end] for start, end in self._matches(text)}
        self._clear |= {word for word in found if _CLEAR_WORD.fullmatch(word)}

    def _redacted(self, text: str, start: int = 0, *, with_urls: bool = False) -> str:
        """The text from `start` on; a value that begins before is masked, and with_urls also URLs' credentials."""
        with self._lock:
            found = list(self._spans(text)) if self._values else []
        if with_urls:
            found += url_credentials_in(text)
        spans = [
            (max(begin, start) - start, end - start) for begin, end in merged(found) if end > start
        ]
        return _text(masked(text[start:], spans, MASK))

    def _spans(self, text: str) -> t.Iterator[Span]:
        """Where values stand in a text, in any form."""
        for view, places in _views(text):
            for start, end in [*self._unclear(view), *self._in_base64(view)]:
                yield (start, end) if places is None else (places[start], places[end])

    def _unclear(self, text: str) -> t.Iterator[Span]:
        return (span for span in self._matches(text) if text[slice(*span)] not in self._clear)

    def _in_base64(self, view: str) -> t.Iterator[Span]:
        raw = view.encode("latin-1")
        packed = raw.translate(_TO_BASE64, _BLANKS)
        places: list[int] | None = None
        for shift in range(4):
            whole = packed[shift:]
            plain = binascii.a2b_base64(whole + b"A" * (-len(whole) % 4)).decode("latin-1")
            for start, end in self._unclear(plain):
                if places is None:
                    places = [i for i, code in enumerate(raw) if code not in _BLANKS]
                first = shift + start // 3 * 4 + start % 3
                last = min(shift + (end - 1) // 3 * 4 + (end - 1) % 3 + 1, len(places) - 1)
                yield places[first], _padding_end(view, places[last] + 1)

    def _matches(self, text: str) -> t.Iterator[Span]:
        """Where values stand in a text as they are; some may overlap."""
        values = self._values
        for (_shortest, size, distance), groups in self._index.items():
            for i in [
                i for i in range(0, len(text) - size + 1, distance) if text[i : i + size] in groups
            ]:
                for offset, length in groups[text[i : i + size]]:
                    start, end = i - offset, i - offset + length
                    # A slice that the text's end cuts may be another value.
                    if start >= 0 and end <= len(text) and text[start:end] in values:
                        yield start, end


def values_of(kind: str, data: t.Mapping[str, str] | None) -> list[str | bytes]:
    """An object's values as an application gets them: a Secret's decoded."""
    return [unpacked(value) if kind == "Secret" else value for value in (data or {}).values()]


def unpacked(value: str) -> str | bytes:
    """Decode base64; return other text as it is."""
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except ValueError:
        return value


def _octets(value: str | bytes) -> str:
    """The bytes of a text in UTF-8, one character each."""
    # Options may hold text that is not UTF-8.
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return raw.decode("latin-1")


def _spelled(value: str | bytes) -> t.Iterator[str]:
    """Its bytes, and as Python prints it where it cannot print all characters: those up to U+00FF as one byte."""
    octets = _octets(value)
    yield octets
    try:
        text = octets.encode("latin-1").decode()
    except UnicodeDecodeError:
        return
    if text != octets:
        yield "".join(one if ord(one) <= 0xFF else _octets(one) for one in text)


def _text(octets: str) -> str:
    raw = octets.encode("latin-1")
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")


def _words(value: str) -> t.Iterator[str]:
    """What of a value is searched for: all of it, and what is a secret by itself in a file."""
    whole = value.strip()
    found = {value, whole}
    if len(whole) <= 2 * _PIECE:
        # As a shell prints it without quotes, and a form on the web.
        found |= {" ".join(whole.split()), whole.replace(" ", "+")}
    if "\n" in whole:
        # Lines of base64 or the like; not rulers such as "=======".
        lines = filter(_SECRET_LINE.fullmatch, map(str.strip, whole.splitlines()))
        found.update(line for line in lines if len(set(line)) >= _SHORTEST_ALPHABET)
        for start, end in credentials_in("", whole):
            if "\n" not in whole[start:end]:
                # To the end of the line, or to the next blank, comma or bracket: files differ.
                found |= {whole[start:end], re.split(r"[\s,;}\]]", whole[start:end])[0]}
    for word in found:
        if len(word) >= (_SHORTEST_NUMBER if word.isdigit() else _SHORTEST_WORD):
            if len(word) <= 2 * _PIECE:
                yield word
            else:
                yield from (word[at : at + _PIECE] for at in range(0, len(word) - _PIECE, _PIECE))
                yield word[-_PIECE:]


def _texts_in(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts_in(key)
            yield from _texts_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts_in(inner)


def _with_texts(value: t.Any, texts: t.Mapping[str, str]) -> t.Any:
    if isinstance(value, str):
        return texts.get(value, value)
    if isinstance(value, dict):
        return {_with_texts(k, texts): _with_texts(inner, texts) for k, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_texts(inner, texts) for inner in value]
    return value


def _views(text: str) -> t.Iterator[tuple[str, list[int] | None]]:
    """A text as it is and without each encoding, with each character's place in the text."""
    found: list[tuple[str, list[int] | None]] = [(text, None)]
    yield found[0]
    for _depth in range(_DEPTH):
        found = [
            (view, place if places is None else [places[i] for i in place])
            for before, places in found
            for pattern in (_ESCAPES, _PERCENT, _SHELL_QUOTE)
            for view, place in _decoded(before, pattern)
        ]
        yield from found


def _decoded(text: str, pattern: re.Pattern[str]) -> t.Iterator[tuple[str, list[int]]]:
    parts: list[str] = []
    places: list[int] = []
    position = 0
    for match in pattern.finditer(text):
        plain = _plain(match)
        parts += [text[position : match.start()], plain]
        places.extend(range(position, match.start()))
        places.extend([match.start()] * len(plain))
        position = match.end()
    if parts:
        places.extend(range(position, len(text) + 1))
        yield "".join([*parts, text[position:]]), places


def _plain(match: re.Match[str]) -> str:
    if match.re is _SHELL_QUOTE:
        return "'"
    if match.re is _PERCENT:
        return chr(int(match[1], 16))
    if match["unicode"]:
        units = bytes.fromhex(match["unicode"].replace("\\u", ""))
        return _octets(units.decode("utf-16-be", "surrogatepass"))
    if match["long"]:
        code = int(match["long"], 16)
        return _octets(chr(code)) if code <= sys.maxunicode else match[0]
    if match["hex"]:
        return chr(int(match["hex"], 16))
    if match["octal"]:
        return chr(int(match["octal"], 8) & 0xFF)
    return _ONE.get(match["one"], match["one"])


def _padding_end(text: str, end: int) -> int:
    while end < len(text) and text[end] == "=":
        end += 1
    return end
