# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several kd_connection tasks have to do with one another: order, cycles, contradictions. Pure.

An entry without a namespace is in that of the kubeconfig's context, which nothing here knows. So for order and
cycles it counts as being in every namespace that another entry names: an order that nobody needed does no harm,
and a cycle that was overlooked makes the operator stuck.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from .._kubedirector.links import find_cycle, in_dependency_order

if t.TYPE_CHECKING:
    from .._reconcile.desired import DesiredState

Key = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Entry:
    """One task. :param namespace: None where it leaves that to the kubeconfig."""

    namespace: str | None
    desired: DesiredState

    def may_meet(self, other: Entry) -> bool:
        """Whether both may be in one namespace."""
        return None in (self.namespace, other.namespace) or self.namespace == other.namespace

    def named(self) -> set[Key]:
        """(kind, name) of all that it connects or disconnects."""
        clusters = {("KDCluster", name) for name in self.desired.clusters}
        return clusters | {(one.kind, one.plain_name) for one in self.desired.objects}

    def described(self) -> set[Key]:
        """(kind, name) of the ConfigMaps and Secrets that it makes or changes."""
        if self.desired.absent:
            return set()
        return {
            (one.kind, one.plain_name) for one in self.desired.objects if one.described or one.type
        }

    def removes(self) -> bool:
        """Whether it takes connections away."""
        return self.desired.absent or self.desired.exclusive


def order(entries: t.Sequence[Entry]) -> list[int]:
    """Sort tasks so that each finds what it needs.

    :returns: indexes. KDClusters that are changed come before those that connect to them, objects that are
        described before those that only name them, links that go before links that come, and deletions last.
        What has nothing to do with one another keeps its order.
    """
    links = {
        str(index): [
            str(other)
            for other, candidate in enumerate(entries)
            if other != index and candidate.may_meet(entry) and _comes_first(candidate, entry)
        ]
        for index, entry in enumerate(entries)
    }
    return [int(index) for index in in_dependency_order(links, links)]


def _comes_first(first: Entry, then: Entry) -> bool:
    return bool(
        set(then.desired.clusters) & set(first.desired.kdclusters)
        or (then.named() - then.described()) & first.described()
        or (
            (first.desired.absent and first.desired.clusters)
            and (not then.desired.absent and then.desired.clusters)
        )
        or (
            (then.desired.delete_objects and not first.desired.delete_objects)
            and then.named() & first.named()
        )
    )


def contradictions(entries: t.Sequence[Entry]) -> t.Iterator[tuple[int, str]]:
    """Find what no order can mend: each task may be fine alone, and the last would fail, or undo the first.

    :returns: index of an entry, and a sentence.
    """
    yield from _cycles(entries)
    for (index, one), (other, two) in itertools.combinations(enumerate(entries), 2):
        if one.namespace == two.namespace:
            yield from ((other, text) for text in _contradiction(index, one, two))


def _contradiction(index: int, one: Entry, two: Entry) -> t.Iterator[str]:
    where = f"entry {index + 1}"
    described = {(o.kind, o.plain_name): o for o in one.desired.objects}
    for o in two.desired.objects:
        before = described.get((o.kind, o.plain_name))
        if (o.kind, o.plain_name) in one.described() & two.described() and o != before:
            yield f"{o.kind} {o.plain_name} is described in {where} too, and differently: describe it once."
    present = [entry for entry in (one, two) if not entry.desired.absent]
    shared = set(one.desired.kdclusters) & set(two.desired.kdclusters)
    if one.desired.absent != two.desired.absent:
        for kind, name in sorted(one.named() & two.named()):
            if shared:
                yield (
                    f"{kind} {name} is connected to KDCluster {min(shared)} by one of this and {where}, and "
                    "disconnected by the other: take one of them out."
                )
            elif (
                one if one.desired.absent else two
            ).desired.delete_objects and kind != "KDCluster":
                yield f"{kind} {name} is deleted by one of this and {where}, and used by the other: take one out."
    elif len(present) == 2 and shared and (one.desired.exclusive or two.desired.exclusive):
        yield (
            f"KDCluster {min(shared)} is in {where} too, and exclusive would undo that: put all of its connections "
            "into one entry."
        )


def _cycles(entries: t.Sequence[Entry]) -> t.Iterator[tuple[int, str]]:
    named = sorted({entry.namespace for entry in entries if entry.namespace is not None})
    for namespace in (*named, None):
        yield from _cycles_in(namespace, entries)


def _cycles_in(namespace: str | None, entries: t.Sequence[Entry]) -> t.Iterator[tuple[int, str]]:
    links: dict[str, list[str]] = {}
    sources: dict[tuple[str, str], int] = {}
    for index, entry in enumerate(entries):
        if entry.desired.absent or entry.namespace not in (None, namespace):
            continue
        for name, target in itertools.product(entry.desired.kdclusters, entry.desired.clusters):
            links.setdefault(name, []).append(target)
            sources.setdefault((name, target), index)
    told: set[str] = set()
    for name in links:
        cycle = find_cycle(links, name)
        if cycle is None or told & set(cycle):
            continue
        told |= set(cycle)
        involved = sorted({sources[pair] for pair in itertools.pairwise(cycle)})
        if namespace is not None and all(entries[one].namespace is None for one in involved):
            # Told once, with no namespace.
            continue
        yield _told_cycle(namespace, cycle, involved, entries)


def _told_cycle(
    namespace: str | None, cycle: tuple[str, ...], involved: list[int], entries: t.Sequence[Entry]
) -> tuple[int, str]:
    place = f"{namespace}/" if namespace else ""
    trail = " -> ".join(f"{place}{name}" for name in cycle)
    others = ", ".join(f"entry {index + 1}" for index in involved[:-1])
    unsaid = [f"entry {one + 1}" for one in involved if entries[one].namespace is None]
    hint = ""
    if namespace is not None and unsaid:
        hint = f" If {', '.join(unsaid)} {'is' if len(unsaid) == 1 else 'are'} in another namespace, name it there."
    return involved[-1], (
        f"together with {others}, it would connect KDCluster {place}{cycle[0]} to itself through a cycle ({trail}), "
        f"which makes the operator stuck within a second: take one of them out.{hint}"
    )
