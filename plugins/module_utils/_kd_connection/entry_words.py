# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How messages name entries, fields and types; they show no value."""

from __future__ import annotations

import datetime
import typing as t

from .._core.scalars import scalar_text

# Keys, which should be text, and indexes.
Path = tuple[t.Any, ...]
_EXPECTED = {
    "list": "a list",
    "dict": "a dictionary (key: value)",
    "bool": "true or false",
    "int": "a whole number",
    "str": "text",
}
# bool first, since it is an int.
_GIVEN: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a dictionary",
}


def _kdclusters_of(entry: t.Any) -> str:
    if not isinstance(entry, dict):
        return "unreadable"
    given = entry.get("kdcluster", entry.get("kdclusters"))
    names = given if isinstance(given, list) else [given] if given else []
    shown = ", ".join(name for name in names if isinstance(name, str))
    return f"kdcluster {shown}" if shown else "no kdcluster"


def entry_label(entry: t.Any, index: int, place: str) -> str:
    """Name an entry of any type: place, number counted from 1, KDClusters.

    :param place: "connections.yml:6" or, with its own number, "Connections, entry 1"; "" if unknown.
    """
    return f"{numbered(place, index)} ({_kdclusters_of(entry)})"


def numbered(place: str, index: int) -> str:
    """A place with the entry's number."""
    return place if is_numbered(place) else f"{place or 'connections'}, entry {index + 1}"


def shown_option(options: t.Any, path: Path) -> str:
    """Write a path in a module's options for people; in kd_connections' list with the entry's label."""
    # kd_cluster's connections are not a list.
    entries = options["connections"] if path[:1] == ("connections",) else None
    if not isinstance(entries, (list, tuple)) or len(path) < 2:
        return shown_path(options, path)
    index = path[1]
    label = entry_label(entries[index], index, place_of(options.get("places") or (), index))
    return f"{label}, {shown_path(entries[index], path[2:])}"


def place_of(places: t.Sequence[str], index: int) -> str:
    """Where an entry is written, or ""."""
    return places[index] if index < len(places) else ""


def is_numbered(place: str) -> bool:
    """Whether a place has its own number, because several lists were joined."""
    return ", entry " in place


def shown_path(entry: t.Any, path: Path) -> str:
    """Write a path for people, objects by name: secrets[git-login].string_data.token."""
    shown, value = "", entry
    for step in path:
        holder = value
        try:
            value = holder[step]
        except (KeyError, IndexError, TypeError):
            value = None
        if isinstance(step, int) and not isinstance(holder, dict):
            name = value.get("name") if isinstance(value, dict) else None
            shown += f"[{name}]" if isinstance(name, str) and name else f"[no. {step + 1}]"
        else:
            key = "null" if step is None else str(scalar_text(step))
            shown += f".{key}" if shown else key
    return shown


def wrong_type(value: t.Any, expected: str) -> str:
    given = next((text for kind, text in _GIVEN.items() if isinstance(value, kind)), "nothing")
    return f"{given} stands where {_EXPECTED.get(expected, expected)} belongs."


def is_no_key(key: t.Any) -> bool:
    """A module would get other text than what is written for these: "true", "null", 1.1 for 1.10."""
    return key is None or isinstance(key, (bool, float, datetime.date))


def key_problem(key: t.Any) -> str:
    return (
        f"{wrong_type(key, 'str')} Quote the key; to YAML, on, off, yes and no are true or false."
    )
