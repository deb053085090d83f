# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kd_connection task returns, and its diff."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from ansible_collections.kubedirector.connections.plugins.module_utils._observe.start_script import (
    Reconnect,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.plan import (
    Plan,
    make_plan,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.result import (
    connection_result,
    plan_diff,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.writer import (
    Progress,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection
from tests.unit.plugins.manifests import (
    JsonObject,
    encoded,
    kdcluster_manifest,
    member,
    object_manifest,
    task,
)
from tests.unit.plugins.module_runs import headed
from tests.unit.plugins.return_docs import assert_documented, returns_of
from tests.unit.plugins.strategies import World, worlds

MARK = "QXZJKV"


def with_marked_secrets(world: World) -> World:
    """The same world, with recognisable values in every Secret."""
    for (kind, _name), manifest in world.objects.items():
        if kind == "Secret" and manifest is not None:
            manifest["data"] = {key: encoded(MARK + "old" + key) for key in manifest["data"]}
            manifest["metadata"]["annotations"] = {
                "kubectl.kubernetes.io/last-applied-configuration": f'{{"token": "{MARK}"}}',
                "note": MARK,
            }
    for entry in world.options["secrets"]:
        for key in entry.get("string_data", {}):
            entry["string_data"][key] = MARK + "new" + key
        entry["annotations"] = {"note": MARK + "new"}
    return world


@given(worlds())
def test_a_diff_shows_no_value_of_a_secret(world: World) -> None:
    marked = with_marked_secrets(world)
    plan = make_plan(marked.desired, marked.snapshot)
    text = json.dumps(plan_diff(plan, "team-a"))
    assert MARK not in text
    # Three letters and what comes after them: base64 of any text that begins so.
    assert encoded(MARK)[:8] not in text
    assert MARK not in repr(plan)
    assert encoded(MARK)[:8] not in repr(plan)


@given(worlds())
def test_a_diff_exists_exactly_where_something_changes(world: World) -> None:
    plan = make_plan(world.desired, world.snapshot)
    diff = plan_diff(plan, "team-a")
    assert all(one["before"] != one["after"] for one in diff)
    assert bool(diff) == plan.changed
    changing = [f"{c.kind} team-a/{c.name}" for c in plan.objects if c.action != "unchanged"]
    changing += [f"KDCluster team-a/{c.name}" for c in plan.clusters if c.changed]
    assert [one["before_header"] for one in diff] == changing
    assert [one["after_header"] for one in diff] == changing


def secret_diff(old: JsonObject | None, **entry: object) -> tuple[JsonObject | None, JsonObject]:
    """Before and after of one Secret's data."""
    world = World(
        {}, {("Secret", "s"): old}, task(secrets=[{"name": "s", "type": "model", **entry}])
    )
    diff = plan_diff(make_plan(world.desired, world.snapshot), "team-a")
    before, after = (headed(diff, "Secret team-a/s")[side] for side in ("before", "after"))
    return (before and before["data"]), after["data"]


def test_a_diff_shows_which_keys_of_a_secret_change() -> None:
    data = {"same": encoded("a"), "other": encoded("b"), "removed": encoded("c")}
    before, after = secret_diff(
        object_manifest("Secret", "s", data=data),
        string_data={"same": "a", "other": "x", "new": "y"},
    )
    assert before is not None
    assert set(before) == {"same", "other", "removed"}
    assert set(after) == {"same", "other", "new"}
    assert before["same"] == after["same"]
    assert before["other"] != after["other"]
    created_before, created_after = secret_diff(None, string_data={"token": MARK})
    assert created_before is None
    assert set(created_after) == {"token"}


def test_a_diff_shows_values_of_a_configmap() -> None:
    world = World(
        {"notebook": kdcluster_manifest("notebook", configmaps=["old"])},
        {
            ("ConfigMap", "m"): object_manifest(
                "ConfigMap", "m", data={"path": "a", "removed": "x"}
            ),
        },
        task(kdcluster=["notebook"], configmaps=[{"name": "m", "data": {"path": "b"}}]),
    )
    diff = plan_diff(make_plan(world.desired, world.snapshot), "team-a")
    model, notebook = (
        headed(diff, one) for one in ("ConfigMap team-a/m", "KDCluster team-a/notebook")
    )
    assert model["before"]["data"] == {"path": "a", "removed": "x"}
    assert model["after"]["data"] == {"path": "b"}
    assert notebook["before"]["connections"]["configmaps"] == ["old"]
    assert notebook["after"]["connections"]["configmaps"] == ["old", "m"]


def example() -> tuple[World, Plan]:
    """One ConfigMap to create, one Secret that stays, two KDClusters of which one changes."""
    members = [member("n-0"), member("n-1", role="plain", config=None, setup=None)]
    world = World(
        {
            "notebook": kdcluster_manifest("notebook", members=members, stored_hash="abc"),
            "other": kdcluster_manifest("other", configmaps=["m"], secrets=["s"], generation=None),
        },
        {
            ("ConfigMap", "m"): None,
            ("Secret", "s"): object_manifest("Secret", "s", object_type="mlflow"),
        },
        task(
            kdcluster=["notebook", "other"],
            configmaps=[{"name": "m", "type": "model", "data": {"a": "b"}}],
            secrets=[{"name": "s"}],
        ),
    )
    return world, make_plan(world.desired, world.snapshot)


def result_of(progress: Progress, *, as_planned: bool = False) -> JsonObject:
    """The result of the example."""
    world, plan = example()
    result = connection_result(
        plan,
        world.snapshot,
        progress,
        {"n-0": Reconnect(3, "no such model")},
        as_planned=as_planned,
    )
    documented = returns_of(kd_connection.RETURN)
    # The task adds the plan, and its runner the duration.
    complete = {k: v for k, v in result.items() if k != "changed"} | {"plan": [], "duration": 0}
    assert_documented(complete, documented)
    return result


def test_nothing_is_reported_as_done_before_the_first_write() -> None:
    result = result_of(Progress())
    assert result["changed"] is False
    # The ConfigMap was to be created and does not exist yet.
    assert [o["action"] for o in result["objects"]] == ["absent", "unchanged"]
    assert [c["action"] for c in result["kdclusters"]] == ["unchanged", "unchanged"]


def test_finished_writes_are_reported() -> None:
    result = result_of(Progress(objects={("ConfigMap", "m")}))
    assert result["changed"] is True
    assert [(o["name"], o["action"], o["type"]) for o in result["objects"]] == [
        ("m", "created", "model"), ("s", "unchanged", "mlflow"),
    ]  # fmt: skip
    assert [c["action"] for c in result["kdclusters"]] == ["unchanged", "unchanged"]


def test_check_mode_reports_the_plan() -> None:
    result = result_of(Progress(), as_planned=True)
    assert result["changed"] is True
    assert result["objects"][0]["action"] == "created"
    by_name = {c["name"]: c for c in result["kdclusters"]}
    assert by_name["notebook"]["action"] == "updated"
    assert by_name["notebook"]["connections"] == {
        "clusters": [], "configmaps": ["m"], "secrets": ["s"],
    }  # fmt: skip
    assert by_name["other"]["action"] == "unchanged"


def test_members_are_returned_with_their_start_scripts_output() -> None:
    notebook = next(c for c in result_of(Progress())["kdclusters"] if c["name"] == "notebook")
    assert [m["reconnect"] for m in notebook["members"]] == [
        {"rc": 3, "stderr": "no such model"}, None,
    ]  # fmt: skip
    assert [m["has_configmeta"] for m in notebook["members"]] == [True, False]
    assert notebook["connection_hash"] == "abc"
    assert notebook["spec_generation"] == 1


@pytest.mark.parametrize("key", ["objects", "kdclusters"])
def test_the_documented_samples_have_the_documented_form(key: str) -> None:
    documented = returns_of(kd_connection.RETURN)
    for item in documented[key]["sample"]:
        assert_documented(item, documented[key]["contains"], key)
