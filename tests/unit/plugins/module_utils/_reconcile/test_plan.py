# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the plan over generated namespaces and tasks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given

from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    PreconditionError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.plan import (
    Plan,
    connection_patch,
    make_plan,
)
from tests.unit.plugins.manifests import TYPE_LABELS, kdcluster_manifest, task
from tests.unit.plugins.patching import json_patched, merge_patched
from tests.unit.plugins.strategies import LIST_OF, World, worlds

FIELDS = ("clusters", "configmaps", "secrets")


def planned(world: World) -> Plan:
    """The plan of a task that is possible."""
    return make_plan(world.desired, world.snapshot)


def carried_out(world: World, plan: Plan) -> World:
    """The namespace as the API server holds it after all writes."""
    clusters = dict(world.clusters)
    for change in plan.clusters:
        if change.changed:
            patch = connection_patch(world.snapshot.clusters[change.name], change.after)
            clusters[change.name] = json_patched(clusters[change.name], patch)
    objects = dict(world.objects)
    for object_change in plan.objects:
        key = (object_change.kind, object_change.name)
        if object_change.action == "created":
            assert objects[key] is None
            body = dict(object_change.body)
            body["metadata"] = {**body["metadata"], "resourceVersion": "8"}
            objects[key] = body
        elif object_change.action == "updated":
            objects[key] = merge_patched(objects[key], object_change.body)
        elif object_change.action == "deleted":
            objects[key] = None
    return World(clusters, objects, world.options)


def named_by(world: World) -> dict[str, list[str]]:
    """The names in the task, by list of spec.connections."""
    options = world.options
    return {
        "clusters": list(options["clusters"]),
        "configmaps": [entry["name"] for entry in options["configmaps"]],
        "secrets": [entry["name"] for entry in options["secrets"]],
    }


@given(worlds())
def test_planning_again_on_the_planned_state_changes_nothing(world: World) -> None:
    after = carried_out(world, planned(world))
    again = make_plan(after.desired, after.snapshot)
    assert not again.changed
    assert all(connection_patch(after.snapshot.clusters[c.name], c.after) == []
               for c in again.clusters if after.snapshot.clusters[c.name].has_connections)  # fmt: skip


@given(worlds(state="present"))
def test_present_keeps_existing_entries_and_appends_missing_ones(world: World) -> None:
    world.options["exclusive"] = False
    after = carried_out(world, planned(world))
    for name in world.options["kdcluster"]:
        for field in FIELDS:
            before, now = world.lists(name)[field], after.lists(name)[field]
            desired = named_by(world)[field]
            assert now[: len(before)] == before
            assert [n for n in desired if n not in before] == now[len(before) :]


@given(worlds(state="present"))
def test_exclusive_leaves_exactly_the_desired_entries(world: World) -> None:
    world.options["exclusive"] = True
    after = carried_out(world, planned(world))
    for name in world.options["kdcluster"]:
        assert after.lists(name) == named_by(world)


@given(worlds(state="absent"))
def test_absent_removes_exactly_the_named_entries(world: World) -> None:
    after = carried_out(world, planned(world))
    for name in set(world.options["kdcluster"]) & set(world.clusters):
        for field in FIELDS:
            kept = [n for n in world.lists(name)[field] if n not in named_by(world)[field]]
            assert after.lists(name)[field] == kept


@given(worlds())
def test_other_kdclusters_and_the_rest_of_the_manifest_are_not_changed(world: World) -> None:
    after = carried_out(world, planned(world))
    for name, manifest in world.clusters.items():
        if name not in world.options["kdcluster"]:
            assert after.clusters[name] == manifest
        spec = {k: v for k, v in manifest["spec"].items() if k != "connections"}
        assert {k: v for k, v in after.clusters[name]["spec"].items() if k != "connections"} == spec
        assert after.clusters[name]["metadata"] == manifest["metadata"]


@given(worlds())
def test_foreign_labels_stay_and_data_become_what_data_mode_says(world: World) -> None:
    after = carried_out(world, planned(world))
    for kind, field in LIST_OF.items():
        for entry in world.options[field]:
            old, new = world.objects[kind, entry["name"]], after.objects[kind, entry["name"]]
            if world.options["state"] == "absent":
                assert new == (None if world.options["delete_objects"] else old)
                continue
            assert new is not None
            desired_labels = dict(entry.get("labels") or {})
            if entry.get("type"):
                desired_labels[TYPE_LABELS[kind]] = entry["type"]
            old_labels = old["metadata"]["labels"] if old else {}
            assert new["metadata"]["labels"] == {**old_labels, **desired_labels}
            if (old and "data" not in entry and "string_data" not in entry) or (
                old and entry.get("data_mode") == "create_only"
            ):
                assert new["data"] == old["data"]
            elif "data" in entry or "string_data" in entry:
                kept = set(old["data"]) if old and entry["data_mode"] == "merge" else set()
                assert set(new["data"]) == set(entry.get("data", entry.get("string_data"))) | kept


@given(worlds(possible=False))
def test_a_task_is_refused_exactly_when_there_is_a_reason(world: World) -> None:
    reasons = reasons_against(world)
    looping = on_cycles(world) if world.options["state"] == "present" else set()
    try:
        make_plan(world.desired, world.snapshot)
    except PreconditionError as error:
        assert reasons or looping, error.problems
        for reason in reasons:
            assert any(f"team-a/{reason}" in problem for problem in error.problems)
        # One message names the KDClusters on one cycle, whichever comes first.
        reported = [problem for problem in error.problems if "cycle" in problem]
        assert bool(reported) == bool(looping)
        assert all(any(name in problem for problem in reported) for name in looping)
    else:
        assert not reasons
        assert not looping


def reasons_against(world: World) -> set[str]:
    """The names that make the task impossible, by brute force."""
    options = world.options
    found: set[str] = set()
    if options["state"] == "absent":
        if options["delete_objects"]:
            for field in LIST_OF.values():
                for entry in options[field]:
                    for name in set(world.clusters) - set(options["kdcluster"]):
                        if entry["name"] in world.lists(name)[field]:
                            found.add(entry["name"])
        return found
    found |= {n for n in (*options["kdcluster"], *options["clusters"]) if n not in world.clusters}
    for kind, field in LIST_OF.items():
        for entry in options[field]:
            manifest = world.objects[kind, entry["name"]]
            has_type = "type" in entry or (
                manifest is not None and TYPE_LABELS[kind] in manifest["metadata"]["labels"]
            )
            if not has_type:
                found.add(entry["name"])
    return found


def on_cycles(world: World) -> set[str]:
    """The task's KDClusters that would reach themselves, by transitive closure."""
    edges = set()
    for name in world.clusters:
        targets = world.lists(name)["clusters"]
        if name in world.options["kdcluster"]:
            kept = [] if world.options["exclusive"] else targets
            targets = [*kept, *world.options["clusters"]]
        edges |= {(name, target) for target in targets}
    grown = True
    while grown:
        more = {(a, d) for a, b in edges for c, d in edges if b == c} - edges
        edges |= more
        grown = bool(more)
    return {name for name in world.options["kdcluster"] if (name, name) in edges}


@given(worlds(state="present"))
def test_a_kdcluster_comes_after_those_that_it_connects_to(world: World) -> None:
    plan = planned(world)
    after = carried_out(world, plan)
    order = [change.name for change in plan.clusters]
    assert sorted(order) == sorted(world.options["kdcluster"])
    for name in order:
        for target in after.lists(name)["clusters"]:
            if target in order:
                assert order.index(target) < order.index(name)


@pytest.mark.parametrize("targets", list(itertools.permutations(("notebook", "engine", "store"))))
def test_linked_kdclusters_come_in_dependency_order(targets: tuple[str, ...]) -> None:
    links = {"notebook": ["engine"], "engine": ["proxy"], "proxy": ["store"], "store": []}
    world = World(
        {name: kdcluster_manifest(name, clusters=names) for name, names in links.items()},
        {},
        task(kdcluster=list(targets)),
    )
    assert [change.name for change in planned(world).clusters] == ["store", "engine", "notebook"]


@given(worlds())
def test_links_are_those_before_and_after_the_change(world: World) -> None:
    plan = planned(world)
    after = carried_out(world, plan)
    for name in world.clusters:
        both = {*world.lists(name)["clusters"], *after.lists(name)["clusters"]}
        assert set(plan.links[name]) == both


@given(worlds())
def test_an_unchanged_object_has_nothing_to_write(world: World) -> None:
    plan = planned(world)
    for change in plan.objects:
        assert (change.action in ("unchanged", "deleted")) == (not change.body)
    writes = [c for c in plan.objects if c.action != "unchanged"]
    writes_clusters = [c for c in plan.clusters if c.before != c.after]
    assert plan.changed == bool(writes or writes_clusters)


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_one_task_gets_one_change_per_kdcluster(kind: str) -> None:
    fields = {
        "ConfigMap": {"configmaps": [{"name": "one", "type": "model", "data": {"a": 1}}]},
        "Secret": {"secrets": [{"name": "one", "type": "model", "string_data": {"a": 1}}]},
    }
    world = World(
        {"notebook": kdcluster_manifest("notebook"), "engine": kdcluster_manifest("engine")},
        {(kind, "one"): None},
        task(kdcluster=["notebook"], clusters=["engine"], **fields[kind]),
    )
    plan = make_plan(world.desired, world.snapshot)
    assert [change.name for change in plan.clusters] == ["notebook"]
    after = carried_out(world, plan)
    assert after.lists("notebook")["clusters"] == ["engine"]
    assert after.lists("notebook")[LIST_OF[kind]] == ["one"]
