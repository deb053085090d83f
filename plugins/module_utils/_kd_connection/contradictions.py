# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cycles and contradictions among a list's entries. Pure, and linear in the list's length."""

from __future__ import annotations

import itertools
import typing as t

from .._core.resource import Key
from .._kubedirector.links import find_cycle

if t.TYPE_CHECKING:
    from .._reconcile.desired import DesiredState

# An entry's index, and a sentence about it.
Found = t.Iterator[tuple[int, str]]


def contradictions(entries: t.Sequence[DesiredState]) -> Found:
    """Find entries that cannot all be true: the later of each pair, and what is wrong.

    :param entries: each with one DesiredConnections.
    """
    yield from _cycles(entries)
    yield from _described_twice(entries)
    yield from _connected_and_disconnected(entries)
    yield from _deleted_and_used(entries)
    yield from _exclusive_twice(entries)


def _described_twice(entries: t.Sequence[DesiredState]) -> Found:
    first: dict[tuple[str, Key], tuple[int, t.Any]] = {}
    for index, entry in enumerate(entries):
        for one in entry.objects:
            if one.absent or not (one.described or one.type):
                continue
            key = (one.kind, one.plain_name)
            before, same = first.setdefault((entry.namespace, key), (index, one))
            if one != same:
                yield (
                    index,
                    f"{key[0]} {key[1]} is described in entry {before + 1} too, and differently: describe it once.",
                )


def _connected_and_disconnected(entries: t.Sequence[DesiredState]) -> Found:
    # By namespace, KDCluster and what is connected: the first entries that disconnect and connect.
    first: dict[tuple[str, str, Key], dict[bool, int]] = {}
    reported: set[tuple[int, int, Key]] = set()
    for index, entry in enumerate(entries):
        absent = entry.connections[0].absent
        for kdcluster, key in itertools.product(entry.kdclusters, _named(entry)):
            seen = first.setdefault((entry.namespace, kdcluster, key), {})
            other = _opposite(seen, absent, index)
            if other is not None and (index, other, key) not in reported:
                reported.add((index, other, key))
                yield (
                    index,
                    f"{key[0]} {key[1]} is connected to KDCluster {kdcluster} by one of this and entry {other + 1}, "
                    "and disconnected by the other: take one of them out.",
                )


def _deleted_and_used(entries: t.Sequence[DesiredState]) -> Found:
    first: dict[tuple[str, Key], dict[bool, int]] = {}
    for index, entry in enumerate(entries):
        for one in entry.objects:
            if one.absent and not one.deleted:
                continue
            key = (one.kind, one.plain_name)
            seen = first.setdefault((entry.namespace, key), {})
            other = _opposite(seen, one.deleted, index)
            if other is not None and not set(entry.kdclusters) & set(entries[other].kdclusters):
                yield (
                    index,
                    f"{key[0]} {key[1]} is deleted by one of this and entry {other + 1}, and used by the other: take "
                    "one out.",
                )


def _opposite(seen: dict[bool, int], way: bool, index: int) -> int | None:
    """Note an entry's way, and return the first entry of the other way."""
    seen.setdefault(way, index)
    return seen.get(not way)


def _exclusive_twice(entries: t.Sequence[DesiredState]) -> Found:
    first: dict[tuple[str, str], tuple[int, bool]] = {}
    for index, entry in enumerate(entries):
        (wanted,) = entry.connections
        if wanted.absent:
            continue
        for kdcluster in wanted.kdclusters:
            before, exclusive = first.setdefault(
                (entry.namespace, kdcluster), (index, wanted.exclusive)
            )
            if before != index and (exclusive or wanted.exclusive):
                yield (
                    index,
                    f"KDCluster {kdcluster} is in entry {before + 1} too, and exclusive would undo that: put all of its "
                    "connections into one entry.",
                )


def _named(entry: DesiredState) -> t.Iterator[Key]:
    for one in entry.objects:
        yield one.kind, one.plain_name
    for name in entry.clusters:
        yield "KDCluster", name


def _cycles(entries: t.Sequence[DesiredState]) -> Found:
    # By namespace: KDCluster -> what to connect to -> the first entry that says so.
    links: dict[str, dict[str, dict[str, int]]] = {}
    for index, entry in enumerate(entries):
        if entry.connections[0].absent:
            continue
        for name, target in itertools.product(entry.kdclusters, entry.clusters):
            targets = links.setdefault(entry.namespace, {}).setdefault(name, {})
            targets.setdefault(target, index)
    for namespace, found in links.items():
        reported: set[str] = set()
        for name in found:
            cycle = None if name in reported else find_cycle(found, name)
            if cycle is None or reported & set(cycle):
                continue
            reported |= set(cycle)
            involved = sorted({found[source][target] for source, target in zip(cycle, cycle[1:])})
            others = ", ".join(f"entry {index + 1}" for index in involved[:-1])
            yield (
                involved[-1],
                f"together with {others}, it would connect KDCluster {namespace}/{cycle[0]} to itself through a cycle "
                f"({' -> '.join(cycle)}), which makes the operator stuck within a second: take one of them out.",
            )
