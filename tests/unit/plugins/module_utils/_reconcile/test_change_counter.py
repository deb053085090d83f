# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's count of changes, which it loses now and then, is one ahead before a change is made."""

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
    """Each pause, in seconds, and how many writes there had been; the server in memory needs none."""
    made: list[tuple[float, int]] = []
    clock = SimpleNamespace(sleep=lambda seconds: made.append((seconds, len(writes(space)))))
    monkeypatch.setattr(change_counter, "time", clock)
    return made


@pytest.fixture(autouse=True)
def no_pauses() -> None:
    """Here the pauses are what is tested, so they stay."""


def writes(space: Namespace) -> list[Request]:
    """What was written, but for the Secret that keeps a rotation's old values."""
    return [one for one in space.writes if "kd-rotate-" not in f"{one.path}{one.json}"]


def annotated(annotations: JsonObject | None, *versions: int | None) -> JsonObject:
    """A KDCluster with these annotations, whose members know of so many changes."""
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
def test_a_count_that_is_not_ahead_is_put_one_ahead_if_nobody_else_counts(
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
def test_a_count_that_is_ahead_or_not_there_at_all_is_left_alone(manifest: JsonObject) -> None:
    assert change_counter_patch(parse_kdcluster(manifest)) == []


def test_a_member_without_configmeta_knows_of_no_change() -> None:
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


def lose_a_count(space: Namespace, name: str) -> None:
    """Leave the operator's count of a KDCluster one behind its members, which know of one change."""
    space.kdcluster(name)["metadata"]["annotations"] = {COUNT: "0"}


def test_a_rotation_puts_it_right_before_it_writes_the_object(
    space: Namespace, members: Members, run: Run, pauses: list[tuple[float, int]]
) -> None:
    lose_a_count(space, "lab")
    space.kdcluster("notebook")["metadata"]["annotations"] = {COUNT: "2"}
    result = rotated(run(kd_rotate, **ROTATE))
    assert not result.get("failed"), result["msg"]
    assert [(one.method, one.path) for one in writes(space)] == [("PATCH", LAB), ("PATCH", PATH)]
    assert writes(space)[0].json == [
        {"op": "test", "path": PLACE, "value": "0"},
        {"op": "add", "path": PLACE, "value": "2"},
    ]
    assert values(space)["token"] == NEW
    # The operator's watches come to know of it in between.
    assert pauses == [(1.0, 1)]


def test_several_are_put_right_with_one_pause(
    space: Namespace, members: Members, run: Run, pauses: list[tuple[float, int]]
) -> None:
    lose_a_count(space, "lab")
    lose_a_count(space, "notebook")
    result = rotated(run(kd_rotate, **ROTATE))
    assert not result.get("failed"), result["msg"]
    assert [one.path for one in writes(space)] == [LAB, f"{KDCLUSTERS}/notebook", PATH]
    assert pauses == [(1.0, 2)]


def test_a_count_that_is_ahead_takes_no_pause(
    space: Namespace, members: Members, run: Run, pauses: list[tuple[float, int]]
) -> None:
    space.kdcluster("lab")["metadata"]["annotations"] = {COUNT: "2"}
    assert not rotated(run(kd_rotate, **ROTATE)).get("failed")
    assert (pauses, [one.path for one in writes(space)]) == ([], [PATH])


def test_one_that_the_operator_works_on_is_left_to_it(
    space: Namespace, members: Members, run: Run
) -> None:
    space.add_object("ConfigMap", "info", object_type="info", data={"a": "1"})
    space.add_kdcluster("busy", "busy-0", configmaps=["info"], state="updating")
    lose_a_count(space, "busy")
    options = {"kdcluster": ["busy"], "configmaps": [{"name": "info", "data": {"a": "2"}}]}
    run(kd_connection, **options, wait=False)
    assert [one.path for one in space.writes] == [f"{CORE}/configmaps/info"]


def test_what_comes_of_it_else_is_seen_here(
    space: Namespace, members: Members, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_a_count(space, "lab")
    monkeypatch.setattr(change_counter, "change_counter_patch", lambda cluster: [])
    result = rotated(run(kd_rotate, **ROTATE))
    assert "did not run its start script with --reconnect" in result["msg"]


def test_check_mode_leaves_it_alone(space: Namespace, members: Members, run: Run) -> None:
    lose_a_count(space, "lab")
    assert rotated(run(kd_rotate, check=True, **ROTATE))["changed"] is True
    assert space.writes == []
    assert [one for one in space.trials if one.body and PLACE in str(one.json)] == []


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_a_count_that_cannot_be_written_stops_no_write_and_is_told(
    space: Namespace, members: Members, run: Run, server: ScriptedServer, status: int
) -> None:
    lose_a_count(space, "lab")
    meets(server, space, refused(status, "Refused", "no"))
    result = rotated(run(kd_rotate, **ROTATE))
    assert "did not run its start script with --reconnect" in result["msg"]
    # There, and back, before which the count can be written.
    assert [one.path for one in writes(space)] == [PATH, LAB, PATH]
    assert result["rolled_back"] is True


def test_an_operator_that_counts_meanwhile_is_not_overwritten(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    pauses: list[tuple[float, int]],
) -> None:  # fmt: skip
    lose_a_count(space, "lab")

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
def test_an_operator_that_keeps_writing_is_not_argued_with(
    space: Namespace, members: Members, run: Run, server: ScriptedServer,
    pauses: list[tuple[float, int]], status: int,
) -> None:  # fmt: skip
    lose_a_count(space, "lab")
    tried: list[Request] = []

    def refusing(request: Request) -> Answer:
        tried.append(request)
        return refused(status, "Refused", "no")(request)

    meets(server, space, *[refusing] * 9)
    result = rotated(run(kd_rotate, **ROTATE))
    # Before the change, and before the way back.
    assert len(tried) == 3 + 3
    assert "did not run its start script with --reconnect" in result["msg"]
    assert pauses[0] == (1.0, 0)
    assert writes(space)[0].path == PATH


def test_a_connection_puts_it_right_in_the_same_write(space: Namespace, run: Run) -> None:
    space.add_kdcluster("notebook", "pod-0")
    space.add_object("ConfigMap", "engine-info", object_type="info", data={"a": "1"})
    lose_a_count(space, "notebook")
    told = returned(
        run(kd_connection, **NOTEBOOK, configmaps=[{"name": "engine-info"}]), kd_connection.RETURN
    )
    assert told["changed"] is True and not told.get("failed"), told
    (write,) = space.writes
    assert write.json[:2] == [
        {"op": "test", "path": PLACE, "value": "0"},
        {"op": "add", "path": PLACE, "value": "2"},
    ]
    assert space.kdcluster("notebook")["metadata"]["annotations"][COUNT] == "3"


def test_an_updated_object_of_a_connection_has_it_put_right_too(space: Namespace, run: Run) -> None:
    space.add_object("Secret", "token", object_type="vault", data={"a": encoded("old")})
    space.add_kdcluster("notebook", "pod-0", secrets=["token"])
    lose_a_count(space, "notebook")
    secret = {"name": "token", "string_data": {"a": "new"}}
    told = returned(run(kd_connection, **NOTEBOOK, secrets=[secret]), kd_connection.RETURN)
    assert told["changed"] is True and not told.get("failed"), told
    assert len(space.writes) == 2
    again = returned(run(kd_connection, **NOTEBOOK, secrets=[secret]), kd_connection.RETURN)
    assert again["changed"] is False
    assert len(space.writes) == 2


@pytest.mark.parametrize("changed", ["the object that it names", "its connections"])
def test_one_that_connects_to_a_changed_one_has_it_put_right_too(
    space: Namespace, run: Run, changed: str
) -> None:
    """Its hash changes with the generation of that one."""
    space.add_object("ConfigMap", "info", object_type="info", data={"a": "1"})
    space.add_object("ConfigMap", "more", object_type="more", data={"a": "1"})
    space.add_kdcluster("engine", "engine-0", configmaps=["info"])
    space.add_kdcluster("study", "study-0", clusters=["engine"])
    lose_a_count(space, "study")
    maps = [{"name": "info", "data": {"a": "2"}}]
    if changed == "its connections":
        maps = [{"name": "more"}]
    told = returned(run(kd_connection, kdcluster=["engine"], configmaps=maps), kd_connection.RETURN)
    assert told["changed"] is True and not told.get("failed"), told
    first, *others = space.writes
    assert first.path == f"{KDCLUSTERS}/study" and PLACE in str(first.json)
    assert [one.path for one in others] == (
        [f"{KDCLUSTERS}/engine"] if changed == "its connections" else [f"{CORE}/configmaps/info"]
    )
    (entry,) = space.kdcluster("study")["status"]["roles"][0]["members"]
    assert entry["stateDetail"]["lastConnectionVersion"] == 2
