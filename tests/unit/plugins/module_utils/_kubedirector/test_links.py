# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between KDClusters, compared with brute force."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.links import (
    change_order,
    dependents,
    find_cycle,
    in_dependency_order,
    linked_groups,
    union,
)
from tests.unit.plugins.strategies import acyclic_links, links_maps

Links = Mapping[str, tuple[str, ...]]
SOME = st.lists(st.sampled_from("abcdefz"), min_size=1, max_size=2).map(set)
MANY = settings(max_examples=150)


def closure(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """All pairs of which the first reaches the second, over one edge or more."""
    reached = set(edges)
    for middle in {name for edge in edges for name in edge}:
        reached |= {
            (a, d)
            for (a, b), (c, d) in itertools.product(reached, reached)
            if b == middle == c
        }  # fmt: skip
    return reached


def edges_of(links: Links) -> set[tuple[str, str]]:
    """The links as pairs."""
    return {(name, target) for name, targets in links.items() for target in targets}


@MANY
@given(links_maps(), st.sampled_from("abcdef"))
def test_a_cycle_is_found_exactly_where_there_is_one(links: Links, start: str) -> None:
    cycle = find_cycle(links, start)
    if (start, start) not in closure(edges_of(links)):
        assert cycle is None
        return
    assert cycle is not None
    assert cycle[0] == cycle[-1] == start
    assert len(set(cycle[:-1])) == len(cycle) - 1
    assert set(itertools.pairwise(cycle)) <= edges_of(links)


@pytest.mark.parametrize("length", [1, 2, 3, 10, 200])
def test_a_cycle_of_any_length_is_found(length: int) -> None:
    names = [f"c{i}" for i in range(length)]
    ring = {name: (names[(i + 1) % length],) for i, name in enumerate(names)}
    assert find_cycle(ring, names[0]) == (*names, names[0])
    del ring[names[-1]]
    assert find_cycle(ring, names[0]) is None


@MANY
@given(links_maps(), SOME)
def test_dependents_are_all_kdclusters_that_reach_one_of_the_names(
    links: Links, names: set[str]
) -> None:
    reached = closure(edges_of(links))
    expected = {a for a, b in reached if b in names} - names
    assert dependents(links, names) == expected


@MANY
@given(links_maps())
def test_a_linked_group_follows_links_in_both_directions(links: Links) -> None:
    edges = edges_of(links)
    both = closure(edges | {(b, a) for a, b in edges})
    linked = {name for edge in edges for name in edge}
    assert linked_groups(links) == {name: {b for a, b in both if a == name} for name in linked}


@given(acyclic_links(), st.lists(st.sampled_from("abcdefz")))
def test_dependency_order_is_a_topological_one(links: Links, names: list[str]) -> None:
    order = in_dependency_order(links, names)
    assert sorted(order) == sorted(set(names))
    reached = closure(edges_of(links))
    for one, other in itertools.permutations(order, 2):
        if (one, other) in reached:
            assert order.index(other) < order.index(one)


@given(links_maps(), st.lists(st.sampled_from("abcdefz")))
def test_on_a_cycle_nothing_is_lost(links: Links, names: list[str]) -> None:
    order = in_dependency_order(links, names)
    assert sorted(order) == sorted(set(names))


@given(st.lists(st.sampled_from("abcdef"), unique=True))
def test_names_without_links_keep_their_order(names: list[str]) -> None:
    assert in_dependency_order({}, names) == tuple(names)


def test_a_long_chain_is_ordered() -> None:
    names = [f"c{i}" for i in range(300)]
    chain = {one: (other,) for one, other in itertools.pairwise(names)}
    assert in_dependency_order(chain, [names[0], names[150], names[-1]]) == (
        names[-1], names[150], names[0],
    )  # fmt: skip


def test_1500_linked_kdclusters_are_sorted() -> None:
    names = [f"c{i}" for i in range(1500)]
    chain = {name: (names[i + 1],) for i, name in enumerate(names[:-1])}
    assert in_dependency_order(chain, (name for name in names)) == tuple(reversed(names))
    assert find_cycle(chain, names[0]) is None


def test_names_on_a_cycle_come_last_and_nothing_is_lost() -> None:
    ring = {"a": ("b",), "b": ("a",), "c": ("a",), "d": ("e",)}
    order = in_dependency_order(ring, ["a", "b", "c", "d", "e"])
    assert order[:2] == ("e", "d")
    assert sorted(order) == ["a", "b", "c", "d", "e"]


def test_all_links_of_several_maps() -> None:
    assert union({"a": ["b"]}, {"a": ["c", "b"], "d": []}) == {"a": ("b", "c"), "d": ()}


@MANY
@given(st.data())
def test_changes_are_ordered_without_a_cycle_in_between(data: st.DataObject) -> None:
    names = [f"k{n}" for n in range(6)]

    def acyclic(order: list[str]) -> dict[str, list[str]]:
        """Random links that follow an order."""
        return {
            name: data.draw(st.lists(st.sampled_from(order[:index]), unique=True)) if index else []
            for index, name in enumerate(order)
        }

    before = acyclic(data.draw(st.permutations(names)))
    desired = acyclic(data.draw(st.permutations(names)))
    changed = data.draw(st.lists(st.sampled_from(names), unique=True))
    after = {name: desired[name] for name in changed}
    if any(find_cycle({**before, **after}, name) for name in names):
        # A precondition refuses that.
        return
    links: dict[str, list[str]] = dict(before)
    order = change_order(before, after)
    assert sorted(order) == sorted(changed)
    for name in order:
        links[name] = after[name]
        assert not any(find_cycle(links, one) for one in names)
