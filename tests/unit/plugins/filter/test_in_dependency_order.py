# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter of the playbook `connect`: the order of several tasks, and what no order can mend."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.kubedirector.connections.plugins.filter.in_dependency_order import (
    in_dependency_order,
)

Entry = dict[str, Any]
NOTEBOOK: Entry = {"kdcluster": ["notebook"], "clusters": ["tf"], "secrets": [{"name": "shared"}]}
ENGINE: Entry = {"kdclusters": ["tf"], "secrets": [{"name": "shared"}]}
SECRET: Entry = {"secrets": [{"name": "shared", "string_data": {"a": "b"}}]}


def ring(length: int, **more: Any) -> list[Entry]:
    """Entries that are fine one by one, and a cycle together."""
    return [
        {"kdcluster": [f"c{i}"], "clusters": [f"c{(i + 1) % length}"], **more}
        for i in range(length)
    ]


@pytest.mark.parametrize("given", list(itertools.permutations([NOTEBOOK, ENGINE, SECRET])))
def test_what_others_need_comes_first_in_whatever_order_it_is_given(given: list[Entry]) -> None:
    assert in_dependency_order(list(given)) == [SECRET, ENGINE, NOTEBOOK]


@pytest.mark.parametrize("length", [2, 3, 7])
def test_entries_that_make_a_cycle_are_refused_before_any_is_done(length: int) -> None:
    with pytest.raises(AnsibleFilterError, match="cycle") as caught:
        in_dependency_order(ring(length, namespace="team-a"))
    trail = [f"team-a/c{i % length}" for i in range(length + 1)]
    assert " -> ".join(trail) in str(caught.value)


def test_an_open_ring_is_no_cycle() -> None:
    entries = ring(3)
    entries[2]["state"] = "absent"
    assert len(in_dependency_order(entries)) == 3


def test_the_same_names_in_another_namespace_are_others() -> None:
    entries = ring(2, namespace="team-a")
    entries[1]["namespace"] = "team-b"
    assert in_dependency_order(entries) == entries


def test_no_namespace_may_be_that_of_another_entry() -> None:
    entries = ring(2)
    entries[1]["namespace"] = "team-b"
    with pytest.raises(AnsibleFilterError, match="entry 1 is in another namespace, name it there"):
        in_dependency_order(entries)
    notebook = {**NOTEBOOK, "namespace": "team-b"}
    assert in_dependency_order([notebook, ENGINE]) == [ENGINE, notebook]


def test_links_go_before_others_come_and_deletions_come_last() -> None:
    gone = {"kdcluster": ["tf"], "clusters": ["notebook"], "state": "absent"}
    deleted = {"secrets": [{"name": "shared"}], "state": "absent", "delete_objects": True}
    freed = {"kdcluster": ["tf"], "secrets": [{"name": "shared"}], "state": "absent"}
    come = {"kdcluster": ["notebook"], "clusters": ["other"]}
    assert in_dependency_order([deleted, come, freed, gone]) == [freed, deleted, gone, come]
