# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What YAML made of unquoted values and keys: 1.10, 0644, dates, on:."""

from __future__ import annotations

import datetime
import functools
import os
import re
import typing as t

import yaml

from ..module_utils._ansible.reserved_keys import is_reserved
from ..module_utils._core.credential_forms import is_secret_key
from ..module_utils._core.scalars import scalar_text
from ..module_utils._kd_connection.entry_words import Path, is_no_key, key_problem, shown_option

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:
    # ansible-core before 2.19 does not keep where a value was written.
    Origin = None

# ansible-core 2.19 and newer mark a value's origin, and whether it may be a template.
MARKS_VALUES = Origin is not None
_OWN_KEY = (
    "Ansible keeps keys that begin with __ansible_ to itself, so no task can hold one. Create the object with "
    "kubectl, and only name it here."
)
_OBJECTS = ("configmaps", "secrets")
# Of a ConfigMap; a manifest may be a Secret's in the wrong place.
_SECRET_FIELDS = ("binary_data", "definition")
# A scalar in a list or dictionary of one line, or to the end of its line.
_SCALARS = (re.compile(r"[^,\]}\n]*?(?=\s*(?:[,\]}]|\s#|$))"), re.compile(r"\S+"))


def misread_values(value: t.Any) -> t.Iterator[str]:
    """Find dates, and numbers that do not become text as written.

    ansible-core before 2.19 does not keep what was written: there each number with a point counts.

    :param value: options, of any depth.
    :returns: one sentence each, with values only of ConfigMaps and models.
    """
    for path, scalar in _values(value, ()):
        is_date = isinstance(scalar, datetime.date)
        if isinstance(scalar, bool) or not (is_date or isinstance(scalar, (int, float))):
            continue
        text = scalar.isoformat() if is_date else str(scalar_text(scalar))
        written = _as_written(scalar)
        if not is_date and (
            written == text or (written is None and (Origin or isinstance(scalar, int)))
        ):
            continue
        place, kind = shown_option(value, path), "a date" if is_date else "a number"
        holder = next((step for step in path if step in _OBJECTS), "")
        if holder == "configmaps" and not any(map(_is_secret, path)):
            what = f"{written} is" if written else "this is"
            yield f'{place}: to YAML {what} {kind}, which becomes "{text}". Quote it to keep it as written.'
        else:
            yield f"{place}: to YAML this is {kind}, which may become other text than what is written. Quote it."


def _is_secret(step: t.Any) -> bool:
    """Whether what is below a step of a path in a ConfigMap may be a credential."""
    return step in _SECRET_FIELDS or is_secret_key(str(step))


def bad_keys(value: t.Any) -> list[str]:
    """Find keys that YAML does not read as text (on, off, yes, no, null, 1.10, dates), and Ansible's own.

    :returns: one sentence each.
    """
    return [
        f"{shown_option(value, (*path, key))}: {_OWN_KEY if is_reserved(key) else key_problem(key)}"
        for path, holder in _values(value, ())
        if isinstance(holder, dict)
        for key in holder
        if is_reserved(key) or _is_misread(key, holder)
    ]


def _is_misread(key: t.Any, holder: t.Mapping[t.Any, t.Any]) -> bool:
    """Whether a key becomes other text than what is written, or the same as another key."""
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key) in holder
    return is_no_key(key)


def _values(value: t.Any, path: Path) -> t.Iterator[tuple[Path, t.Any]]:
    """A value and all that it holds."""
    yield path, value
    if isinstance(value, dict):
        inner: t.Iterable[tuple[t.Any, t.Any]] = value.items()
    else:
        inner = enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, one in inner:
        yield from _values(one, (*path, key))


def origin_tag(value: t.Any) -> t.Any:
    """Where a value was written, with path, line_num and col_num; None if Ansible does not know."""
    origin = None if Origin is None else Origin.get_tag(value)
    return None if origin is None or origin.path is None or origin.line_num is None else origin


def _as_written(value: t.Any) -> str | None:
    """The text of which YAML made a value; None where that is not known."""
    origin = origin_tag(value)
    if origin is None or origin.col_num is None:
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
    # Opening a pipe blocks without a writer.
    if not os.path.isfile(path):
        return ()
    try:
        with open(path, encoding="utf-8") as file:
            return tuple(file.read().splitlines())
    except (OSError, UnicodeDecodeError):
        return ()
