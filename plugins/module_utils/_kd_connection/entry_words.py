# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How messages name entries of a list, their fields and the types of values. No message shows a value.

Apart from what checks them: filters and warnings need the words alone.
"""

from __future__ import annotations

import typing as t

from .._core.scalars import scalar_text

# Keys, which ought to be text, and indexes.
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


def kdclusters_of(entry: t.Any) -> str:
    """Name the KDClusters of an entry, which may be broken."""
    if not isinstance(entry, dict):
        return "unreadable"
    given = entry.get("kdcluster", entry.get("kdclusters"))
    names = given if isinstance(given, list) else [given] if given else []
    shown = ", ".join(name for name in names if isinstance(name, str))
    return f"kdcluster {shown}" if shown else "no kdcluster"


def entry_label(entry: t.Any, index: int, place: str = "") -> str:
    """Name an entry in messages: where it is written, its number counted from 1, its KDClusters.

    :param place: such as "connections.yml:6"; "" where that is not known. One with a number of its own,
        such as "Connections, entry 1", stays as it is.
    """
    numbered = place if is_numbered(place) else f"{place or 'connections'}, entry {index + 1}"
    return f"{numbered} ({kdclusters_of(entry)})"


def shown_option(options: t.Any, path: Path) -> str:
    """Write a path in a task's options as people read it; what an entry of a list holds, after the entry's label.

    :param options: of any module; kd_connections' list is `connections`, and `places` says where it is written.
    """
    # kd_cluster's connections are no list.
    if (
        path[:1] != ("connections",)
        or not isinstance(options["connections"], (list, tuple))
        or len(path) < 2
    ):
        return shown_path(options, path)
    index, entry = path[1], options["connections"][path[1]]
    label = entry_label(entry, index, place_of(options.get("places") or (), index))
    return f"{label}, {shown_path(entry, path[2:])}"


def place_of(places: t.Sequence[str], index: int) -> str:
    """Where an entry is written; "" where that is not known."""
    return places[index] if index < len(places) else ""


def is_numbered(place: str) -> bool:
    """Whether a place says which entry it is: the list was put together from several."""
    return ", entry " in place


def shown_path(entry: t.Any, path: Path) -> str:
    """Write a path as people read it; an object stands under its name: secrets[git-login].string_data.token."""
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
    """Say that a value is not of an option's type."""
    given = next((text for kind, text in _GIVEN.items() if isinstance(value, kind)), "nothing")
    return f"{given} stands where {_EXPECTED.get(expected, expected)} belongs."


def key_problem(key: t.Any) -> str:
    """Say that a key is not text."""
    return (
        f"{wrong_type(key, 'str')} Quote the key; to YAML, on, off, yes and no are true or false."
    )
