# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was found, as lines for people. Pure."""

from __future__ import annotations

import re
import textwrap
import typing as t

Entry = t.Mapping[str, t.Any]
Cell = list[str]

# `debug` puts 11 columns around each line of a list, and a terminal has 100 or more.
# Leaves room for what ansible.builtin.debug puts around a line, so that 100 columns suffice.
WIDTH = 88
_GAP = "  "
_HEADERS = ("KDCLUSTER", "APP", "STATE", "MEMBERS", "CONNECTS TO", "CONNECTED BY", "PROBLEMS")
_LISTS = {"clusters": "kdcluster", "configmaps": "configmap", "secrets": "secret"}
# What JSON would write in another way, and what a terminal may not show.
_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")
_UNUSED = "unused_object"


def table_lines(found: Entry, namespaces: t.Sequence[str], width: int = WIDTH) -> list[str]:
    """Write a table for each namespace, and what is wrong below it.

    :param found: the return values.
    :param namespaces: where was looked; none for everywhere.
    :param width: the most characters of a line.
    :returns: lines of printable ASCII.
    """
    # An estate can have thousands of each, so that nothing is looked for in a list.
    users = {
        (one["namespace"], f"{one['kind']}/{one['name']}"): one["connected_to"]
        for one in found["objects"]
    }
    codes: dict[tuple[str, str], list[str]] = {}
    clusters: dict[str, list[Entry]] = {}
    problems: dict[str, list[Entry]] = {}
    for one in found["problems"]:
        namespace, name = one["namespace"], one["kdcluster"]
        problems.setdefault(namespace, []).append(one)
        for user in [name] if name else users.get((namespace, one["object"]), ()):
            codes.setdefault((namespace, user), []).append(one["code"])
    for one in found["kdclusters"]:
        clusters.setdefault(one["namespace"], []).append(one)
    blocks = [[line for one in found["usage"] for line in _paragraph(_usage(one), width)]]
    for namespace in sorted({*clusters, *problems}):
        rows = [
            _row(one, codes.get((namespace, one["name"]), ()))
            for one in clusters.get(namespace, ())
        ]
        blocks.append([*_space_lines(namespace, rows, problems.get(namespace, []), width)])
    blocks.append(
        [
            line
            for one in found["not_seen"]
            for line in _paragraph(f"not seen: {one['reason']}", width)
        ]
    )
    lines = [line for block in blocks if block for line in ("", *block)]
    where = f"Namespace {', '.join(namespaces)}" if namespaces else "All namespaces"
    return lines[1:] or _paragraph(f"{where}: no KDCluster and no object with a type label", width)


def _space_lines(
    namespace: str, rows: list[list[Cell]], problems: list[Entry], width: int
) -> t.Iterator[str]:
    unused = [one for one in problems if one["code"] == _UNUSED]
    others = [one for one in problems if one["code"] != _UNUSED]
    counts = f"{_number(rows, 'KDCluster')}, {_number(others, 'problem')}"
    yield from _paragraph(f"Namespace {namespace}: {counts}", width)
    if rows:
        yield from _table(rows, width)
    if unused:
        names = ", ".join(str(one["object"]).lower() for one in unused)
        yield from _paragraph(f"connected to nothing: {names}", width)
    for one in others:
        yield from _paragraph(
            f"{one['severity']} {one['code']}: {one['message']} {one['hint']}", width
        )


def _usage(usage: Entry) -> str:
    """Answer who uses an object."""
    pods = [pod for one in usage["start_scripts"] for pod in one["pods"]]
    through = usage["used_through"]
    return (
        f"{usage['kind']} {usage['namespace']}/{usage['name']}"
        f"{' (does not exist)' if usage['exists'] is False else ''}: used by "
        f"{', '.join(usage['used_by']) or 'no KDCluster'}"
        f"{', and through these by ' + ', '.join(through) if through else ''}. "
        f"A change runs the start script in {_number(pods, 'member')}."
    )


def _number(things: t.Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _row(cluster: Entry, codes: t.Iterable[str]) -> list[Cell]:
    members = cluster["members"]
    configured = sum(member["state"] == "configured" for member in members)
    unsettled = cluster["settled"] is False and cluster["state"] == "configured"
    return [
        [cluster["name"]],
        [cluster["app"]],
        [cluster["state"] or "new", *(["not settled"] if unsettled else [])],
        [str(configured) if configured == len(members) else f"{configured}/{len(members)}"],
        [
            f"{kind}/{target}"
            for part, kind in _LISTS.items()
            for target in cluster["connections"][part]
        ],
        cluster["connected_by"],
        list(dict.fromkeys(codes)),
    ]


def _table(rows: list[list[Cell]], width: int) -> t.Iterator[str]:
    plain = [
        [[header] for header in _HEADERS],
        *([[_plain(item) for item in cell] for cell in row] for row in rows),
    ]
    widths = [
        max(len(item) for row in plain for item in (*row[column], ""))
        for column in range(len(_HEADERS))
    ]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        widths[widths.index(max(widths))] -= 1
    for row in plain:
        folded = [
            [line for item in cell for line in _folded(item, size)]
            for cell, size in zip(row, widths)
        ]
        for number in range(max(map(len, folded))):
            cells = [column[number] if number < len(column) else "" for column in folded]
            yield _GAP.join(text.ljust(size) for text, size in zip(cells, widths)).rstrip()


def _folded(name: str, width: int) -> t.Iterator[str]:
    """Cut a name into lines, after a sign where there is one."""
    line = ""
    for piece in re.findall(r"[^-_/.]*[-_/.]?", name):
        if line and len(line) + len(piece) > width:
            yield line
            line = ""
        line += piece
        while len(line) > width:
            yield line[:width]
            line = line[width:]
    yield line


def _paragraph(text: str, width: int) -> list[str]:
    return textwrap.wrap(_plain(text), width, subsequent_indent="    ")


def _plain(text: str) -> str:
    return _NOT_PLAIN.sub("?", text.replace('"', "'"))
