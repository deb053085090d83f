# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links between KDClusters: order, cycles and what they reach. Pure.

A link map is {KDCluster: those that it connects to}. Linked clusters that change at once wedge the operator (measured).
"""

from __future__ import annotations

import contextlib
import graphlib
import heapq
import typing as t

Links = t.Mapping[str, t.Collection[str]]


def find_cycle(links: Links, start: str) -> tuple[str, ...] | None:
    """:returns: the names along a cycle, first and last the same ("a", "b", "a"), or None."""
    trail = [start]
    seen: set[str] = set()
    pending = [iter(links.get(start, ()))]
    while pending:
        name = next(pending[-1], None)
        if name is None:
            pending.pop()
            trail.pop()
        elif name == start:
            return (*trail, start)
        elif name not in seen:
            seen.add(name)
            trail.append(name)
            pending.append(iter(links.get(name, ())))
    return None


def dependents(links: Links, names: t.Iterable[str]) -> frozenset[str]:
    """The KDClusters that connect to one of `names`, also through others; without `names`."""
    start = frozenset(names)
    reached = start
    while more := {
        name for name, targets in links.items() if name not in reached and reached & set(targets)
    }:
        reached |= more
    return reached - start


def linked_groups(links: Links) -> dict[str, frozenset[str]]:
    """Each linked name, with all that are linked to it in either direction, also through others; itself included."""
    neighbours: dict[str, set[str]] = {}
    for name, targets in links.items():
        for target in targets:
            neighbours.setdefault(name, set()).add(target)
            neighbours.setdefault(target, set()).add(name)
    groups: dict[str, frozenset[str]] = {}
    for name in neighbours:
        if name in groups:
            continue
        reached, pending = {name}, [name]
        while pending:
            more = neighbours[pending.pop()] - reached
            reached |= more
            pending.extend(more)
        groups.update(dict.fromkeys(reached, frozenset(reached)))
    return groups


def in_dependency_order(links: Links, names: t.Iterable[str]) -> tuple[str, ...]:
    """Sort names so that each comes after those that it connects to, also through KDClusters outside `names`.

    The sort is stable; names on a cycle come last.
    """
    wanted = dict.fromkeys(names)
    position = {name: index for index, name in enumerate(dict.fromkeys((*wanted, *links)))}
    sorter = graphlib.TopologicalSorter({name: links.get(name, ()) for name in position})
    with contextlib.suppress(graphlib.CycleError):
        # Needed even if it raises: then all that is on no cycle is ready.
        sorter.prepare()
    order: list[str] = []
    ready: list[tuple[int, str]] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, (position.get(name, len(position)), name))
        if not ready:
            break
        _position, name = heapq.heappop(ready)
        sorter.done(name)
        order.append(name)
    return tuple(dict.fromkeys((*(name for name in order if name in wanted), *wanted)))


def union(*several: Links) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys(name for links in several for name in links)
    return {
        name: tuple(dict.fromkeys(target for links in several for target in links.get(name, ())))
        for name in names
    }


def change_order(before: Links, after: Links) -> tuple[str, ...]:
    """Sort KDClusters whose links change one by one, so that no cycle exists in between.

    :param before: the links of all KDClusters.
    :param after: the new links of those that change; without a cycle.
    :returns: each after those that it connects to, unless that makes a cycle.
    """
    if len(after) < 2:
        return tuple(after)
    links = dict(before)
    pending = list(in_dependency_order({**before, **after}, after))
    order = []
    while pending:
        name = next(
            (one for one in pending if find_cycle({**links, one: after[one]}, one) is None),
            pending[0],
        )
        pending.remove(name)
        links[name] = after[name]
        order.append(name)
    return tuple(order)
