# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes' rules for names, labels and keys. Pure.

Each `require` raises InvalidInputError, whose message begins with `where`.
"""

from __future__ import annotations

import re

from .errors import InvalidInputError

MAX_NAME = 253
_MAX_LABEL = 63
_OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_DATA_KEY = re.compile(r"(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}")


def is_plain_name(text: str) -> bool:
    """Whether this is an object's NAME or NAMESPACE/NAME."""
    parts = text.split("/")
    return len(parts) <= 2 and all(_is_subdomain(part) for part in parts)


def require_name(where: str, name: str) -> None:
    own = name.rpartition("/")[2]
    if own != name and is_plain_name(name):
        raise InvalidInputError(
            f"Option {where} {name!r} names a namespace: connections stay in one namespace, that of the "
            f"KDCluster. Write {own!r}, and put it into that namespace."
        )
    if not _is_subdomain(name):
        raise InvalidInputError(
            f"Option {where} {name!r} is not a valid object name: use at most {MAX_NAME} lower case "
            "letters, digits, '-' and '.', with a letter or digit at the beginning, at the end and on both "
            "sides of each '.'."
        )


def require_label_name(name: str, where: str) -> None:
    prefix, slash, own = name.rpartition("/")
    if not own or not _is_label_value(own) or (slash and not _is_subdomain(prefix)):
        raise InvalidInputError(f"{where}: {name!r} is not a valid label name.")


def require_label_value(value: str, where: str) -> None:
    if not _is_label_value(value):
        raise InvalidInputError(
            f"{where}: {value!r} is not a valid label value: use at most {_MAX_LABEL} letters, digits, "
            "'-', '_' and '.', beginning and ending with a letter or digit."
        )


def require_data_key(key: str, where: str) -> None:
    """Check a key of a ConfigMap or Secret."""
    if not _DATA_KEY.fullmatch(key):
        raise InvalidInputError(
            f"{where}: {key!r} is not a valid key: use letters, digits, '-', '_' and '.', and no '.' alone "
            "or '..' at the beginning."
        )


def _is_subdomain(name: str) -> bool:
    return bool(_OBJECT_NAME.fullmatch(name)) and len(name) <= MAX_NAME


def _is_label_value(value: str) -> bool:
    return bool(_LABEL_VALUE.fullmatch(value)) and len(value) <= _MAX_LABEL
