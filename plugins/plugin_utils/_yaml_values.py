# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What YAML made of values and keys that people wrote without quotes: 1.10, 0644, dates, on:."""

from __future__ import annotations

import datetime
import functools
import os
import re
import typing as t

import yaml

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.reserved_keys import (
    is_reserved,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.credential_forms import (
    is_secret_key,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.scalars import (
    scalar_text,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entry_words import (
    Path,
    key_problem,
    shown_option,
)

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:
    # ansible-core before 2.19 does not keep where a value was written.
    Origin = None

_OWN_KEY = (
    "Ansible keeps keys that begin with __ansible_ to itself, so no task can hold one. Create the object with "
    "kubectl, and only name it here."
)
_OBJECTS = ("configmaps", "secrets")
# Of a ConfigMap; a manifest may be a Secret's in the wrong place.
_SECRET_FIELDS = ("binary_data", "definition")
_DATES = (datetime.date, datetime.datetime)
# A scalar in a list or dictionary of one line, or to the end of its line.
_SCALARS = (re.compile(r"[^,\]}\n]*?(?=\s*(?:[,\]}]|\s#|$))"), re.compile(r"\S+"))


def misread_values(value: t.Any) -> t.Iterator[str]:
    """Find dates, and numbers that were not written the way they become text.

    Where Ansible does not keep what was written (ansible-core before 2.19), each number with a point and
    each date is one.

    :param value: options, of any depth.
    :returns: one sentence each, with no value but those of ConfigMaps and models.
    """
    for path, scalar in _scalars(value, ()):
        kind = next((step for step in path if step in _OBJECTS), "")
        shown = kind == "configmaps" and not any(_is_secret(step) for step in path)
        sentence = _misread_sentence(scalar, shown_option(value, path), shown=shown)
        if sentence:
            yield sentence


def _is_secret(step: t.Any) -> bool:
    """Whether what is below a step of a path in a ConfigMap may be a credential."""
    return step in _SECRET_FIELDS or is_secret_key(str(step))


def _misread_sentence(value: t.Any, place: str, *, shown: bool) -> str | None:
    """Say that a value was not written the way it becomes text, and what to do.

    :param place: where the value is.
    :param shown: whether the value may be shown.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, *_DATES)):
        return None
    text = value.isoformat() if isinstance(value, _DATES) else str(scalar_text(value))
    written = _as_written(value)
    is_date = isinstance(value, _DATES)
    if written is None and not is_date and (Origin or isinstance(value, int)):
        return None
    if written == text and not is_date:
        return None
    kind = "a date" if is_date else "a number"
    if not shown:
        return f"{place}: to YAML this is {kind}, which may become other text than what is written. Quote it."
    what = f"{written} is" if written else "this is"
    return (
        f'{place}: to YAML {what} {kind}, which becomes "{text}". Quote it to keep it as written.'
    )


def bad_keys(value: t.Any) -> list[str]:
    """Find keys that YAML does not read as text (on, off, yes, no, null), and Ansible's own. One sentence each."""
    return [
        f"{shown_option(value, path)}: {_OWN_KEY if is_reserved(path[-1]) else key_problem(path[-1])}"
        for path in _odd_keys(value, ())
    ]


def _scalars(value: t.Any, path: Path) -> t.Iterator[tuple[Path, t.Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _scalars(inner, (*path, index))
    else:
        yield path, value


def _odd_keys(value: t.Any, path: Path) -> t.Iterator[Path]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key is None or isinstance(key, bool) or is_reserved(key):
                yield (*path, key)
            yield from _odd_keys(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _odd_keys(inner, (*path, index))


def _as_written(value: t.Any) -> str | None:
    """The text of which YAML made a value; None where that is not known."""
    origin = None if Origin is None else Origin.get_tag(value)
    if origin is None or origin.path is None or origin.line_num is None or origin.col_num is None:
        return None
    lines = _lines(str(origin.path))
    if origin.line_num > len(lines):
        return None
    rest = lines[origin.line_num - 1][origin.col_num - 1 :]
    for scalar in _SCALARS:
        found = scalar.match(rest)
        try:
            if found and yaml.safe_load(found[0]) == value:
                return found[0]
        except (yaml.YAMLError, ValueError):
            continue
    return None


@functools.lru_cache(maxsize=64)
def _lines(path: str) -> tuple[str, ...]:
    # Opening a pipe blocks as long as nobody writes to it.
    if not os.path.isfile(path):
        return ()
    try:
        with open(path, encoding="utf-8") as file:
            return tuple(file.read().splitlines())
    except (OSError, UnicodeDecodeError):
        return ()
