# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where text holds a credential: by a key's name, or by the form of a value. One rule for diffs, logs and warnings. Pure."""

from __future__ import annotations

import re
import typing as t

Span = tuple[int, int]

# Not tokenizers, numbers of tokens, or names of Secrets.
_SECRET_WORD = (
    r"(?:token(?!iz|s)|passw|passphrase|pwd|secret(?!.?name)|api.?key|access.?key(?!.?id)|private.?key"
    r"|key-data|credential)"
)
# Such a key says where a credential is, or something about it, and not the credential.
_ABOUT = re.compile(
    r"(?:file|path|dir|name|url|uri|endpoint|type|length|limit|count|ttl|timeout|enabled|header)$",
    re.IGNORECASE,
)
_SECRET_KEY = re.compile(_SECRET_WORD, re.IGNORECASE)
# A line of a properties, env, ini, YAML or JSON file, from its sign on; names are looked for before it.
_ASSIGNED = re.compile(
    r"[:=][ \t]{0,20}"
    r"(?:\"(?P<double>(?:[^\"\\\r\n]|\\.)*)\"|'(?P<single>[^'\r\n]*)'|(?P<bare>[^\s\"'\[{|>&*][^\r\n]*))"
)
_LONGEST_NAME = 120
_SIGN = re.compile("[:=]")
_NO_NAME = re.compile(r"[^\w.-]")
# Values that show by their form what they are, whatever their key is called.
_BY_FORM = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?!-----BEGIN )[\s\S])*?(?:-----END [A-Z ]{0,40}-----|\Z)"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"  # JSON Web Token
    r"|\b(?:gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|hf_|npm_|dckr_pat_)[\w-]{16,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
)
_URL_CREDENTIALS = re.compile(r"://([^\s/:@\"']{0,200}:[^\s/@\"']{1,2000})@")
# A password may hold "@" or "/", although it should not: credentials end at the last "@".
_CREDENTIALS = re.compile(r"^(\w[\w+.-]*://)?.*@", re.DOTALL)
# It names a variable or is a template; what stands for the value comes from elsewhere.
_REFERENCE = re.compile(r"\$\{?\w+\}?|\$\(.*\)|\{\{.*\}\}|<[^<>]*>|null|true|false", re.IGNORECASE)


def is_secret_key(key: str) -> bool:
    """Whether a key's name says that its value is a credential, such as APP_PASSWORD or s3SecretKey."""
    return _SECRET_KEY.search(key) is not None and _ABOUT.search(key) is None


def credentials_in(key: str, value: str) -> list[Span]:
    """Find the parts of a value that are credentials.

    :param key: the name under which the value is kept; the whole value counts where the name says so.
    :returns: (start, end) of each, in order, not overlapping; none for text that only refers to a
        variable or template.
    """
    if is_secret_key(key):
        return [] if not value or _REFERENCE.fullmatch(value) else [(0, len(value))]
    found = [match.span() for match in _BY_FORM.finditer(value)]
    found += url_credentials_in(value)
    found += _assigned(value)
    return merged(found)


def without_credentials_in(key: str, value: str, mask: str) -> str:
    """A value with a mask for each credential in it."""
    return masked(value, credentials_in(key, value), mask)


def url_credentials_in(text: str) -> list[Span]:
    """Where user and password of each URL in a text stand."""
    return [match.span(1) for match in _URL_CREDENTIALS.finditer(text)]


def without_credentials(url: str, mask: str) -> str:
    """A URL, or what was given for one, with a mask for user and password."""
    return _CREDENTIALS.sub(lambda found: f"{found[1] or ''}{mask}@", url)


def masked(text: str, spans: t.Iterable[Span], mask: str) -> str:
    """Text with a mask in place of each span. The spans are in order and do not overlap."""
    parts, position = [], 0
    for start, end in spans:
        parts += [text[position:start], mask]
        position = end
    return "".join([*parts, text[position:]])


def merged(spans: t.Iterable[Span]) -> list[Span]:
    """Sort spans, and make one of those that overlap or touch."""
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
        match = _ASSIGNED.match(text, sign)
        if match is None:
            continue
        part = next((name for name in ("double", "single") if match[name] is not None), "bare")
        start, end = match.start(part), match.start(part) + len(match[part].rstrip(" \t,;"))
        if end > start and not _REFERENCE.fullmatch(text[start:end]):
            yield start, end
