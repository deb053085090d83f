# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of refused tasks."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    PreconditionError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    parse_desired,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.plan import (
    Plan,
    make_plan,
)
from tests.unit.plugins.manifests import (
    JsonObject,
    kdcluster_manifest,
    object_manifest,
    snapshot_of,
    task,
)


def plan_of(
    manifests: list[JsonObject],
    objects: dict[tuple[str, str], JsonObject | None] | None = None,
    /,
    **options: Any,
) -> Plan:
    """Plan a task on a namespace."""
    return make_plan(parse_desired(task(**options), "team-a"), snapshot_of(manifests, objects))


def problems_of(*args: Any, **options: Any) -> list[str]:
    """The reasons why a task is refused."""
    with pytest.raises(PreconditionError) as caught:
        plan_of(*args, **options)
    assert str(caught.value) == " ".join(caught.value.problems)
    return caught.value.problems


def test_all_problems_are_reported_together() -> None:
    problems = problems_of(
        [kdcluster_manifest("notebook")],
        {("ConfigMap", "one"): None, ("Secret", "two"): None},
        kdcluster=["notebook", "missing"],
        clusters=["absent"],
        configmaps=[{"name": "one"}],
        secrets=[{"name": "two"}],
    )
    assert len(problems) == 4
    for named in (
        "KDCluster team-a/missing", "KDCluster team-a/absent", "ConfigMap team-a/one",
        "Secret team-a/two",
    ):  # fmt: skip
        assert sum(f"{named} does not exist" in problem for problem in problems) == 1


def test_an_object_without_type_label_is_refused_by_its_label() -> None:
    problems = problems_of(
        [kdcluster_manifest("notebook")],
        {("Secret", "two"): object_manifest("Secret", "two", object_type=None)},
        kdcluster=["notebook"],
        secrets=[{"name": "two"}],
    )
    assert len(problems) == 1
    assert "Secret team-a/two carries no type label kubedirector.hpe.com/secretType" in problems[0]


def test_data_without_a_type_create_no_object() -> None:
    problems = problems_of(
        [], {("ConfigMap", "one"): None}, configmaps=[{"name": "one", "data": {"a": "b"}}]
    )
    assert "ConfigMap team-a/one" in problems[0]
    assert "type" in problems[0]


@pytest.mark.parametrize(
    ("length", "through"), [(1, "b"), (2, "b -> c"), (3, "b -> c -> d"), (6, "b -> c -> d -> e")]
)
def test_a_cycle_is_reported_with_the_names_along_it(length: int, through: str) -> None:
    names = "abcdefg"[: length + 1]
    chain = [
        kdcluster_manifest(name, clusters=[following])
        for name, following in zip(names[1:], [*names[2:], "a"], strict=True)
    ]
    problems = problems_of([kdcluster_manifest("a"), *chain], kdcluster=["a"], clusters=["b"])
    assert len(problems) == 1
    assert "KDCluster team-a/a" in problems[0]
    assert f"a -> {through}" in problems[0]
    assert "-> a)" in problems[0]


def test_two_kdclusters_on_one_cycle_give_one_message() -> None:
    clusters = [kdcluster_manifest("a"), kdcluster_manifest("b", clusters=["a"])]
    clusters.append(kdcluster_manifest("c", clusters=["b"]))
    problems = problems_of(
        [kdcluster_manifest("d", clusters=["e"]), kdcluster_manifest("e"), *clusters],
        kdcluster=["a", "e"],
        clusters=["c", "d"],
    )
    assert len(problems) == 2
    assert len({problem.split("(")[1].split(")")[0] for problem in problems}) == 2


def test_a_task_may_open_a_cycle() -> None:
    plan = plan_of(
        [kdcluster_manifest("a", clusters=["b"]), kdcluster_manifest("b", clusters=["a"])],
        kdcluster=["a"],
        exclusive=True,
    )
    assert plan.clusters[0].after.clusters == ()


def test_disconnecting_inside_a_cycle_is_possible() -> None:
    plan = plan_of(
        [kdcluster_manifest("a", clusters=["b"]), kdcluster_manifest("b", clusters=["a"])],
        kdcluster=["a"],
        clusters=["b"],
        state="absent",
    )
    assert plan.clusters[0].after.clusters == ()


@pytest.mark.parametrize("catalog", [None, "local", "system"])
def test_the_app_of_a_changed_kdcluster_must_exist(catalog: str | None) -> None:
    clusters = [kdcluster_manifest("notebook", app="missing-app", app_catalog=catalog)]
    objects: dict[tuple[str, str], JsonObject | None] = {
        ("ConfigMap", "one"): object_manifest("ConfigMap", "one")
    }
    options = {"kdcluster": ["notebook"], "configmaps": [{"name": "one"}]}
    if catalog == "system":
        # It is in the operator's own namespace, which a tenant cannot read.
        assert plan_of(clusters, objects, **options).changed
        return
    problems = problems_of(clusters, objects, **options)
    assert len(problems) == 1
    assert "KDCluster team-a/notebook uses KDApp missing-app" in problems[0]


def test_a_connected_kdcluster_needs_its_app_in_the_namespace() -> None:
    clusters = [
        kdcluster_manifest("notebook"),
        kdcluster_manifest("engine", app="engine-app", app_catalog="system"),
    ]
    problems = problems_of(clusters, kdcluster=["notebook"], clusters=["engine"])
    assert len(problems) == 1
    assert "KDCluster team-a/engine" in problems[0]
    assert "engine-app" in problems[0]


def test_a_shared_object_is_not_deleted() -> None:
    key = ("Secret", "shared")
    problems = problems_of(
        [
            kdcluster_manifest("a", secrets=["shared"]),
            kdcluster_manifest("b", secrets=["shared"]),
            kdcluster_manifest("c", configmaps=["shared"]),
        ],
        {key: object_manifest("Secret", "shared")},
        kdcluster=["a"],
        secrets=[{"name": "shared"}],
        state="absent",
        delete_objects=True,
    )
    assert len(problems) == 1
    assert "Secret team-a/shared" in problems[0]
    assert "KDCluster team-a/b" in problems[0]
    assert "team-a/c" not in problems[0]


def test_absent_does_not_require_objects_that_are_already_deleted() -> None:
    plan = plan_of(
        [],
        {("ConfigMap", "one"): None},
        kdcluster=["missing"],
        configmaps=[{"name": "one"}],
        clusters=["absent"],
        state="absent",
        delete_objects=True,
    )
    assert not plan.changed
