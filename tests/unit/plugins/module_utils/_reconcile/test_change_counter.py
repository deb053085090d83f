# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change counter that the operator lost is repaired before a change: it must be one ahead of the members."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    parse_kdcluster,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile import (
    change_counter,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.plan import (
    change_counter_patch,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection, kd_rotate
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject, encoded, kdcluster_manifest, member
from tests.unit.plugins.module_runs import NOTEBOOK, Run, returned
from tests.unit.plugins.namespace_server import COUNT, Namespace
from tests.unit.plugins.rotation_runs import (
    NEW,
    PATH,
    ROTATE,
    Members,
    Step,
    refused,
    rotated,
    values,
)

LAB = f"{KDCLUSTERS}/lab"
PLACE = "/metadata/annotations/kubedirector.hpe.com~1hashChangeCounter"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch, space: Namespace) -> list[tuple[float, int]]:
    """Each pause, in seconds, and the number of writes before it; the server in memory needs none."""
    made: list[tuple[float, int]] = []
    clock = SimpleNamespace(sleep=lambda seconds: made.append((seconds, len(writes(space)))))
    monkeypatch.setattr(change_counter, "time", clock)
    return made


@pytest.fixture(autouse=True)
def no_pauses() -> None:
    """These tests need the pauses."""


def writes(space: Namespace) -> list[Request]:
    """The writes, except those of the Secret that keeps a rotation's old values."""
    return [one for one in space.writes if "kd-rotate-" not in f"{one.path}{one.json}"]


def annotated(annotations: JsonObject | None, *versions: int | None) -> JsonObject:
    """A KDCluster with these annotations, whose members have seen these numbers of changes."""
    members = [member(f"pod-{n}", version=version) for n, version in enumerate(versions)]
    manifest = kdcluster_manifest("lab", members=members)
    if annotations is not None:
        manifest["metadata"]["annotations"] = annotations
    return manifest


@pytest.mark.parametrize(
    ("annotations", "versions", "before", "after"),
    [
        ({COUNT: "4"}, (5,), "4", "6"),
        ({COUNT: "5"}, (5,), "5", "6"),
        ({COUNT: "4"}, (3, 6, None), "4", "7"),
        ({"example.com/owner": "a"}, (2,), None, "3"),
        ({"example.com/owner": "a"}, (0,), None, "1"),
        ({COUNT: "many"}, (2,), "many", "3"),
        ({COUNT: ""}, (1,), "", "2"),
    ],
)
def test_a_counter_that_is_not_ahead_is_repaired_unless_the_operator_counts(
    annotations: JsonObject, versions: tuple[int | None, ...], before: str | None, after: str
) -> None:
    assert change_counter_patch(parse_kdcluster(annotated(annotations, *versions))) == [
        {"op": "test", "path": PLACE, "value": before},
        {"op": "add", "path": PLACE, "value": after},
    ]


@pytest.mark.parametrize(
    "manifest",
    [
        annotated({COUNT: "6"}, 5),
        annotated({COUNT: "8"}, 5, 4),
        annotated({COUNT: "0"}, None),
        annotated({COUNT: "0"}),
        annotated({}, 3),
        annotated(None, 3),
    ],
)
def test_a_counter_that_is_ahead_or_missing_is_not_changed(manifest: JsonObject) -> None:
    assert change_counter_patch(parse_kdcluster(manifest)) == []


def test_a_member_without_configmeta_does_not_count() -> None:
    manifest = annotated({COUNT: "1"}, 0)
    (role,) = manifest["status"]["roles"]
    role["members"] += [{"pod": "s-0", "stateDetail": {"lastConnectionVersion": 9}}]
    assert change_counter_patch(parse_kdcluster(manifest)) == []


def meets(server: ScriptedServer, space: Namespace, *steps: Step) -> None:
    """Answer the first real writes of the KDCluster by these steps."""
    left = list(steps)

    def answer(request: Request) -> Answer:
        write = (request.method, request.path) == ("PATCH", LAB) and "dryRun" not in request.query
        return left.pop(0)(request) if left and write else space._answer(request)

    server.otherwise = answer


def set_counter_behind(space: Namespace, name: str) -> None:
    """Set the change counter of a KDCluster one behind its members, which have seen one change."""
    space.kdcluster(name)["metadata"]["annotations"] = {COUNT: "0"}


def test_a_rotation_repairs_the_counter_before_it_writes_the_object(
    space: Namespace, members: Members, run: Run, pauses: list[tuple[float, int]]
) -> None:
    set_counter_behind(space, "lab")
    space.kdcluster("notebook")["metadata"]["annotations"] = {COUNT: "2"}
    result = rotated(run(kd_rotate, **ROTATE))
    assert not result.get("failed"), result["msg"]
    assert [(one.method, one.path) for one in writes(space)] == [("PATCH", LAB), ("PATCH", PATH)]
    assert writes(space)[0].json == [
        {"op": "test", "path": PLACE, "value": "0"},
        {"op": "add", "path": PLACE, "value": "2"},
    ]
    assert values(space)["token"] == NEW
    # The operator's watches receive it in between.
    assert pauses == [(1.0, 1)]


def test_several_counters_are_repaired_with_one_pause(
    space: Namespace, members: Members, run: Run, pauses: list[tuple[float, int]]
) -> None:
    set_counter_behind(space, "lab")
    set_counter_behind(space, "notebook")
    result = rotated(run(kd_rotate, **ROTATE))
    assert not result.get("failed"), result["msg"]
    assert [one.path for one in writes(space)] == [LAB, f"{KDCLUSTERS}/notebook", PATH]
    assert pauses == [(1.0, 2)]


def test_a_counter_that_is_ahead_needs_no_pause(
    space: Namespace, members: Members, run: Run, pauses: list[tuple[float, int]]
) -> None:
    space.kdcluster("lab")["metadata"]["annotations"] = {COUNT: "2"}
    assert not rotated(run(kd_rotate, **ROTATE)).get("failed")
    assert (pauses, [one.path for one in writes(space)]) == ([], [PATH])


def test_the_counter_of_an_unsettled_kdcluster_is_not_repaired(
    space: Namespace, members: Members, run: Run
) -> None:
    space.add_object("ConfigMap", "info", object_type="info", data={"a": "1"})
    space.add_kdcluster("busy", "busy-0", configmaps=["info"], state="updating")
    set_counter_behind(space, "busy")
    options = {"kdcluster": ["busy"], "configmaps": [{"name": "info", "data": {"a": "2"}}]}
    run(kd_connection, **options, wait=False)
    assert [one.path for one in space.writes] == [f"{CORE}/configmaps/info"]


def test_without_a_repair_the_operator_runs_no_start_script(
    space: Namespace, members: Members, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_counter_behind(space, "lab")
    monkeypatch.setattr(change_counter, "change_counter_patch", lambda cluster: [])
    result = rotated(run(kd_rotate, **ROTATE))
    assert "did not run its start script with --reconnect" in result["msg"]


def test_check_mode_repairs_no_counter(space: Namespace, members: Members, run: Run) -> None:
    set_counter_behind(space, "lab")
    assert rotated(run(kd_rotate, check=True, **ROTATE))["changed"] is True
    assert space.writes == []
    assert [one for one in space.trials if one.body and PLACE in str(one.json)] == []


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_a_repair_that_is_refused_stops_no_write_and_is_reported(
    space: Namespace, members: Members, run: Run, server: ScriptedServer, status: int
) -> None:
    set_counter_behind(space, "lab")
    meets(server, space, refused(status, "Refused", "no"))
    result = rotated(run(kd_rotate, **ROTATE))
    assert "did not run its start script with --reconnect" in result["msg"]
    # The change; then the repair, which now succeeds, and the rollback.
    assert [one.path for one in writes(space)] == [PATH, LAB, PATH]
    assert result["rolled_back"] is True


def test_a_change_that_the_operator_counts_meanwhile_is_not_overwritten(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    pauses: list[tuple[float, int]],
) -> None:  # fmt: skip
    set_counter_behind(space, "lab")

    def counted(request: Request) -> Answer:
        space.kdcluster("lab")["metadata"]["annotations"][COUNT] = "2"
        return space._answer(request)

    meets(server, space, counted)
    result = rotated(run(kd_rotate, **ROTATE))
    assert not result.get("failed"), result["msg"]
    assert space.kdcluster("lab")["metadata"]["annotations"][COUNT] == "3"
    assert [one.path for one in writes(space) if one.method == "PATCH"] == [LAB, PATH]
    # The operator wrote it just now.
    assert pauses == [(1.0, 1)]


@pytest.mark.parametrize("status", [409, 422])
def test_a_repair_ends_after_three_conflicts(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    pauses: list[tuple[float, int]], status: int,
) -> None:  # fmt: skip
    set_counter_behind(space, "lab")
    tried: list[Request] = []

    def refusing(request: Request) -> Answer:
        tried.append(request)
        return refused(status, "Refused", "no")(request)

    meets(server, space, *[refusing] * 9)
    result = rotated(run(kd_rotate, **ROTATE))
    # Before the change, and before the rollback.
    assert len(tried) == 3 + 3
    assert "did not run its start script with --reconnect" in result["msg"]
    assert pauses[0] == (1.0, 0)
    assert writes(space)[0].path == PATH


def test_a_connection_repairs_the_counter_in_the_same_write(space: Namespace, run: Run) -> None:
    space.add_kdcluster("notebook", "pod-0")
    space.add_object("ConfigMap", "engine-info", object_type="info", data={"a": "1"})
    set_counter_behind(space, "notebook")
    result = returned(
        run(kd_connection, **NOTEBOOK, configmaps=[{"name": "engine-info"}]), kd_connection.RETURN
    )
    assert result["changed"] is True and not result.get("failed"), result
    (write,) = space.writes
    assert write.json[:2] == [
        {"op": "test", "path": PLACE, "value": "0"},
        {"op": "add", "path": PLACE, "value": "2"},
    ]
    assert space.kdcluster("notebook")["metadata"]["annotations"][COUNT] == "3"


def test_a_connection_that_updates_an_object_repairs_the_counter_too(
    space: Namespace, run: Run
) -> None:
    space.add_object("Secret", "token", object_type="vault", data={"a": encoded("old")})
    space.add_kdcluster("notebook", "pod-0", secrets=["token"])
    set_counter_behind(space, "notebook")
    secret = {"name": "token", "string_data": {"a": "new"}}
    result = returned(run(kd_connection, **NOTEBOOK, secrets=[secret]), kd_connection.RETURN)
    assert result["changed"] is True and not result.get("failed"), result
    assert len(space.writes) == 2
    again = returned(run(kd_connection, **NOTEBOOK, secrets=[secret]), kd_connection.RETURN)
    assert again["changed"] is False
    assert len(space.writes) == 2


@pytest.mark.parametrize("changed", ["the object that it names", "its connections"])
def test_the_counter_of_a_kdcluster_that_connects_to_a_changed_one_is_repaired_too(
    space: Namespace, run: Run, changed: str
) -> None:
    """Its hash changes with the other one's generation."""
    space.add_object("ConfigMap", "info", object_type="info", data={"a": "1"})
    space.add_object("ConfigMap", "more", object_type="more", data={"a": "1"})
    space.add_kdcluster("engine", "engine-0", configmaps=["info"])
    space.add_kdcluster("study", "study-0", clusters=["engine"])
    set_counter_behind(space, "study")
    maps = [{"name": "info", "data": {"a": "2"}}]
    if changed == "its connections":
        maps = [{"name": "more"}]
    result = returned(
        run(kd_connection, kdcluster=["engine"], configmaps=maps), kd_connection.RETURN
    )
    assert result["changed"] is True and not result.get("failed"), result
    first, *others = space.writes
    assert first.path == f"{KDCLUSTERS}/study" and PLACE in str(first.json)
    assert [one.path for one in others] == (
        [f"{KDCLUSTERS}/engine"] if changed == "its connections" else [f"{CORE}/configmaps/info"]
    )
    (entry,) = space.kdcluster("study")["status"]["roles"][0]["members"]
    assert entry["stateDetail"]["lastConnectionVersion"] == 2
