# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was found, as return values and as lines for people. Pure."""

from __future__ import annotations

import re
import textwrap
import typing as t

from .._core.printable import printable
from .._kubedirector import facts
from .._kubedirector.links import dependents
from .._kubedirector.settled import is_settled
from .._kubedirector.snapshot import services_of
from .estate import named_by

if t.TYPE_CHECKING:
    from .._core.json_types import JsonMapping, JsonObject
    from .._kubedirector.problems import Problem
    from .._kubedirector.snapshot import KDCluster, LiveObject
    from .estate import Space

Cell = list[str]

# ansible.builtin.debug adds 11 columns to each line of a list; a terminal has 100 or more.
_WIDTH = 88
_GAP = "  "
_HEADERS = ("KDCLUSTER", "APP", "STATE", "MEMBERS", "CONNECTS TO", "CONNECTED BY", "PROBLEMS")
_LISTS = {"clusters": "kdcluster", "configmaps": "configmap", "secrets": "secret"}
# What JSON would escape, or a terminal may not show.
_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")


def cluster_entry(space: Space, cluster: KDCluster) -> JsonObject:
    settled = is_settled(space.snapshot, cluster)
    return {
        "namespace": cluster.namespace,
        "name": cluster.name,
        "app": cluster.app,
        "state": cluster.state,
        "settled": None if settled and space.snapshot.unreadable(cluster) else settled,
        "terminating": cluster.terminating,
        "labels": dict(cluster.labels),
        "members": [
            {"pod": member.pod, "role": member.role, "state": member.state}
            for member in cluster.members
        ],
        "connections": cluster.connections.as_lists(),
        "connected_by": _users(space, "KDCluster", cluster.name),
        "services": services_of(cluster, space.apps.get(cluster.app)),
    }


def object_entry(space: Space, found: LiveObject) -> JsonObject:
    return {
        "namespace": found.namespace,
        "kind": found.kind,
        "name": found.name,
        "type": found.type,
        "connected_to": _users(space, found.kind, found.name),
        "immutable": found.immutable,
        "terminating": found.terminating,
        "owner": found.owner or None,
        "field_managers": sorted(
            {str(entry.get("manager")) for entry in found.managed_fields if entry.get("manager")}
        ),
    }


def _users(space: Space, kind: str, name: str) -> list[str]:
    return list(space.users.get((kind, name), ()))


def edges_of(cluster: KDCluster) -> t.Iterator[JsonObject]:
    for kind, name in named_by(cluster):
        yield {"namespace": cluster.namespace, "from": cluster.name, "to": name, "kind": kind}


def problem_entry(problem: Problem) -> JsonObject:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": printable(problem.message),
        "hint": printable(problem.hint),
        "namespace": problem.namespace,
        "kdcluster": problem.kdcluster or None,
        "object": "/".join(problem.object) if problem.object else None,
    }


def usage_entry(space: Space, kind: str, name: str) -> JsonObject | None:
    """Say who uses an object or KDCluster, and who runs its start script when it changes.

    A change gives every KDCluster that names it a new generation, so it also reaches all that connect to these
    (source: calcConnectionsHash).

    :returns: None if it neither exists here nor is named.
    """
    snapshot = space.snapshot
    if kind == "KDCluster":
        exists: bool | None = name in snapshot.clusters
    else:
        found = snapshot.objects.get((kind, name))
        # The caller may not know.
        exists = None if found is not None and not found.readable else found is not None
    users = _users(space, kind, name)
    if exists is False and not users:
        return None
    through = sorted(dependents(snapshot.links, users) - {name if kind == "KDCluster" else ""})
    return {
        "namespace": snapshot.namespace,
        "kind": kind,
        "name": name,
        "exists": exists,
        "used_by": users,
        "used_through": through,
        "start_scripts": [
            {"kdcluster": one, "pods": pods}
            for one in (*users, *through)
            if (pods := _running_start_script(snapshot.clusters[one]))
        ],
    }


def _running_start_script(cluster: KDCluster) -> list[str]:
    """Pods in which the operator runs the start script after a change."""
    if cluster.terminating or cluster.restoring or cluster.without_setup:
        return []
    return [
        m.pod for m in cluster.members if m.has_configmeta and m.state != facts.MEMBER_CONFIG_ERROR
    ]


def table_lines(found: JsonMapping, namespaces: t.Sequence[str], width: int = _WIDTH) -> list[str]:
    """Write a table for each namespace, with its problems below.

    :param found: the return values.
    :param namespaces: the searched ones; none for all.
    :returns: lines of printable ASCII, `width` columns at most.
    """
    # Dictionaries, since an estate can have thousands of each.
    users = {
        (one["namespace"], f"{one['kind']}/{one['name']}"): one["connected_to"]
        for one in found["objects"]
    }
    codes: dict[tuple[str, str], list[str]] = {}
    clusters: dict[str, list[JsonMapping]] = {}
    problems: dict[str, list[JsonMapping]] = {}
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
    unseen = (f"not seen: {one['reason']}" for one in found["not_seen"])
    blocks.append([line for text in unseen for line in _paragraph(text, width)])
    lines = [line for block in blocks if block for line in ("", *block)]
    where = f"Namespace {', '.join(namespaces)}" if namespaces else "All namespaces"
    return lines[1:] or _paragraph(f"{where}: no KDCluster and no object with a type label", width)


def _space_lines(
    namespace: str, rows: list[list[Cell]], problems: list[JsonMapping], width: int
) -> t.Iterator[str]:
    unused = [one for one in problems if one["code"] == "unused_object"]
    others = [one for one in problems if one["code"] != "unused_object"]
    counts = f"{_number(rows, 'KDCluster')}, {_number(others, 'problem')}"
    yield from _paragraph(f"Namespace {namespace}: {counts}", width)
    if rows:
        yield from _table(rows, width)
    if unused:
        names = ", ".join(str(one["object"]).lower() for one in unused)
        yield from _paragraph(f"connected to nothing: {names}", width)
    for one in others:
        said = f"{one['severity']} {one['code']}: {one['message']} {one['hint']}"
        yield from _paragraph(said, width)


def _usage(usage: JsonMapping) -> str:
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


def _row(cluster: JsonMapping, codes: t.Iterable[str]) -> list[Cell]:
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
    """Cut a name into lines, after a sign where possible."""
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
