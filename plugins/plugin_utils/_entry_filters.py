# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of kd_connection arguments as filters get them."""

from __future__ import annotations

import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection import (
    entry_links,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entries import (
    EntryProblem,
    entry_problems,
    kdclusters_of,
    read_entry,
    shown_path,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import (
    Path,
    origin_of,
    plain,
    shown_file,
)

_VARIABLE = "kd_connections"


def problems(entries: t.Any, file: str = "") -> list[str]:
    """Find everything that is wrong with a list of kd_connection arguments.

    :param entries: of any type, as Ansible hands it over.
    :param file: where it was read from; "" for whatever Ansible itself knows of that.
    :returns: sentences, each beginning with file, entry and field.
    """
    broken: list[tuple[Path, str]] = []
    values = plain(entries, broken)
    if not isinstance(values, list):
        return [
            f"{file or _VARIABLE}: a list of dictionaries with kd_connection's options belongs here."
        ]
    found = [
        EntryProblem(int(path[0]), path[1:], f"cannot be worked out: {text}.")
        for path, text in broken
    ]
    return [
        f"{_place(entries, values, problem, file)}: {problem.text}"
        for problem in found or entry_problems(values)
    ]


def ordered(
    entries: list[t.Any],
) -> tuple[list[dict[str, t.Any]], list[entry_links.Entry], list[int]]:
    """Sort entries of which problems() found nothing.

    :returns: the entries as they were given, plain, and read; and the order in which to apply them, as
        indexes.
    """
    values = plain(entries, [])
    read = [read_entry(value) for value in values]
    return values, read, entry_links.order(read)


def label(entries: t.Any, values: list[t.Any], index: int, file: str, *path: t.Any) -> str:
    """Name an entry: file and line as far as they are known, number counted from 1, KDClusters."""
    origin = origin_of(entries, (index, *path))
    where = file or _VARIABLE
    if origin is not None:
        where = f"{file or shown_file(origin[0])}:{origin[1]}"
    return f"{where}, entry {index + 1} ({kdclusters_of(values[index])})"


def _place(entries: t.Any, values: list[t.Any], problem: EntryProblem, file: str) -> str:
    name = label(entries, values, problem.entry, file, *problem.path)
    field = shown_path(values[problem.entry], problem.path)
    return f"{name}, {field}" if field else name
