# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where text holds a credential, by a key's name or a value's form, for diffs, logs and warnings. Pure."""

from __future__ import annotations

import re
import typing as t

# (start, end) in a text.
Span = tuple[int, int]

# Not tokenizers, numbers of tokens, or names of Secrets.
_SECRET_KEY = re.compile(
    r"token(?!iz|s)|passw|passphrase|pwd|secret(?!.?name)|api.?key|access.?key(?!.?id)|private.?key"
    r"|key-data|credential",
    re.IGNORECASE,
)
# Such a key says something about a credential, such as where it is.
_ABOUT = re.compile(
    r"(?:file|path|dir|name|url|uri|endpoint|type|length|limit|count|ttl|timeout|enabled|header)$",
    re.IGNORECASE,
)
# A line of a properties, env, ini, YAML or JSON file, from its sign on; the name is before it.
_ASSIGNED = re.compile(
    r"[:=][ \t]{0,20}(?:\"((?:[^\"\\\r\n]|\\.)*)\"|'([^'\r\n]*)'|([^\s\"'\[{|>&*][^\r\n]*))"
)
_LONGEST_NAME = 120
_SIGN = re.compile("[:=]")
_NO_NAME = re.compile(r"[^\w.-]")
# Credentials by their form, whatever their key.
_BY_FORM = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?!-----BEGIN )[\s\S])*?(?:-----END [A-Z ]{0,40}-----|\Z)"
    r"|\beyJ[\w-]{8,2000}\.eyJ[\w-]{8,}\.[\w-]*"  # JSON Web Token
    r"|\b(?:gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|hf_|npm_|dckr_pat_)[\w-]{16,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
)
_URL_CREDENTIALS = re.compile(r"://([^\s/:@\"']{0,200}:[^\s/@\"']{1,2000})@")
# Credentials end at the last "@": a password may hold "@" or "/".
_CREDENTIALS = re.compile(r"^(\w[\w+.-]*://)?.*@", re.DOTALL)
# A variable or template: the value comes from elsewhere.
_REFERENCE = re.compile(r"\$\{?\w+\}?|\$\(.*\)|\{\{.*\}\}|<[^<>]*>|null|true|false", re.IGNORECASE)


def is_secret_key(key: str) -> bool:
    """Whether a key names a credential, such as APP_PASSWORD or s3SecretKey."""
    return _SECRET_KEY.search(key) is not None and _ABOUT.search(key) is None


def credentials_in(key: str, value: str) -> list[Span]:
    """Find the credentials in a value.

    :param key: the value's; if it names a credential, the whole value is one.
    :returns: in order, not overlapping; none for text that is only a variable or template.
    """
    if is_secret_key(key):
        return [] if not value or _REFERENCE.fullmatch(value) else [(0, len(value))]
    by_form = (match.span() for match in _BY_FORM.finditer(value))
    return merged([*by_form, *url_credentials_in(value), *_assigned(value)])


def without_credentials_in(key: str, value: str, mask: str) -> str:
    """A value with a mask for each credential in it."""
    return masked(value, credentials_in(key, value), mask)


def url_credentials_in(text: str) -> list[Span]:
    """Where user and password of each URL stand."""
    return [match.span(1) for match in _URL_CREDENTIALS.finditer(text)]


def without_credentials(url: str, mask: str) -> str:
    """A URL, or text in place of one, with a mask for user and password."""
    return _CREDENTIALS.sub(lambda found: f"{found[1] or ''}{mask}@", url)


def masked(text: str, spans: t.Iterable[Span], mask: str) -> str:
    """Text with a mask in place of each span; these are in order and do not overlap."""
    parts, position = [], 0
    for start, end in spans:
        parts += [text[position:start], mask]
        position = end
    return "".join([*parts, text[position:]])


def merged(spans: t.Iterable[Span]) -> list[Span]:
    """Sort spans, and join those that overlap or touch."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _assigned(text: str) -> t.Iterator[Span]:
    for sign in (match.start() for match in _SIGN.finditer(text)):
        before = text[max(0, sign - _LONGEST_NAME) : sign].rstrip(" \t").rstrip("\"'")
        if not is_secret_key(_NO_NAME.split(before)[-1]):
            continue
        if (match := _ASSIGNED.match(text, sign)) is None:
            continue
        # In double quotes, in single ones or in none.
        start, end = match.span(match.lastindex or 0)
        end = start + len(text[start:end].rstrip(" \t,;"))
        if end > start and not _REFERENCE.fullmatch(text[start:end]):
            yield start, end
