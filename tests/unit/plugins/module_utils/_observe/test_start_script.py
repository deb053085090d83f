# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the start script took the change, as the members tell it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    MemberError,
    MemberReplacedError,
    WaitTimeoutError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._observe import start_script
from ansible_collections.kubedirector.connections.plugins.module_utils._observe.start_script import (
    EarlyReads,
    Reconnect,
    read_reconnects,
    read_settled_reconnects,
)
from tests.unit.plugins.api_server import Answer, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import estate_of, kdcluster_manifest, member
from tests.unit.plugins.websocket_frames import CLOSE, SUCCESS, exit_code, stderr, stdout

POD = f"{CORE}/pods/pod-0"
EXEC = ("GET", f"{POD}/exec")
ABSENT = Answer(frames=(stderr(b"cat: no such file\n"), exit_code(1), CLOSE))


def printed(text: bytes) -> Answer:
    """A command that prints this."""
    return Answer(frames=(stdout(text), SUCCESS, CLOSE))


def pod_with(container: str) -> Answer:
    """The pod, whose container app is this one."""
    statuses = [
        {"name": "sidecar", "containerID": "containerd://abc"},
        {"name": "app", "containerID": container},
    ]
    return Answer(body={"metadata": {"name": "pod-0"}, "status": {"containerStatuses": statuses}})


def read(api: Api, seconds: float = 30, **parts: Any) -> dict[str, Reconnect | MemberError]:
    """Ask pod-0, and no role without config package."""
    members = [member("pod-0", **parts), member("plain-0", role="plain", config=None, setup=None)]
    snapshot = estate_of([kdcluster_manifest("notebook", members=members)])
    clusters = list(snapshot.clusters.values())
    return dict(read_reconnects(api, "team-a", clusters, time.monotonic() + seconds))


def test_a_start_script_that_took_the_change(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, printed(b"containerd://abc=0"))
    assert read(api) == {"pod-0": Reconnect(0, "")}
    # What it said does not matter then, and is not read.
    assert len(server.requests) == 1


def test_a_start_script_that_still_runs_is_waited_for(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_script, "_FIRST_PAUSE", 0.01)
    running = (printed(b"containerd://abc="), printed(b""))
    server.on(*EXEC, *running, printed(b"containerd://abc=4\n"), printed(b"a\nno such model\n"))
    assert read(api) == {"pod-0": Reconnect(4, "a\nno such model")}
    commands = [request.query["command"][-1] for request in server.requests]
    assert [path.rsplit(".", maxsplit=1)[-1] for path in commands] == [
        "status", "status", "status", "stderr",
    ]  # fmt: skip


def test_a_start_script_that_runs_too_long_is_told(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, printed(b"containerd://abc="))
    with pytest.raises(WaitTimeoutError) as caught:
        read(api, seconds=-1)
    for words in ("team-a/pod-0", "still runs", "wait_timeout"):
        assert words in str(caught.value)


def test_what_cannot_be_read_is_told_without_failing(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, ABSENT)
    server.on("GET", POD, pod_with("containerd://abc"))
    error = read(api)["pod-0"]
    assert isinstance(error, MemberError)
    for words in ("Pod team-a/pod-0", "configure.status", "no such file", "on_reconnect_failure"):
        assert words in str(error)


@pytest.mark.parametrize("text", [b"nonsense", b"containerd://abc=failed", b"\xff\xfe"])
def test_a_status_of_another_form_is_told(server: ScriptedServer, api: Api, text: bytes) -> None:
    server.on(*EXEC, printed(text))
    server.on("GET", POD, pod_with("containerd://abc"))
    error = read(api)["pod-0"]
    assert isinstance(error, MemberError)
    assert "Pod team-a/pod-0" in str(error)


@pytest.mark.parametrize(
    "pod",
    [
        pod_with("containerd://new"),
        status_answer(404, "NotFound", 'pods "pod-0" not found'),
        Answer(body={"metadata": {}, "status": {}}),
        Answer(body={"metadata": {}}),
    ],
)
def test_a_member_whose_container_is_a_new_one_is_still_to_be_set_up(
    server: ScriptedServer, api: Api, pod: Answer
) -> None:
    server.on(*EXEC, ABSENT)
    server.on("GET", POD, pod)
    with pytest.raises(MemberReplacedError):
        read(api)


def test_what_it_said_may_be_unreadable(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, printed(b"containerd://abc=3"), status_answer(500, "InternalError", "gone"))
    found = read(api)["pod-0"]
    assert isinstance(found, Reconnect)
    assert found.exit_code == 3


def test_nobody_to_ask_is_no_problem(api: Api) -> None:
    assert read_reconnects(api, "team-a", [], time.monotonic()) == {}


def early(api: Api, then: int) -> dict[str, int]:
    """Ask pod-0 early, at generation 3; what of it counts when all has settled at another one."""
    before, after = (
        estate_of(
            [kdcluster_manifest("notebook", members=[member("pod-0", config=at, setup=at)])]
        ).clusters["notebook"]
        for at in (3, then)
    )
    reads = EarlyReads(api, "team-a")
    reads.begin(before)
    reads.begin(before)
    return reads.end([after])


def test_what_was_asked_early_counts_and_is_asked_once(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, printed(b"containerd://abc=4"))
    assert early(api, then=3) == {"pod-0": 4}
    assert len(server.requests) == 1


def test_what_was_asked_early_of_another_generation_does_not_count(
    server: ScriptedServer, api: Api
) -> None:
    server.on(*EXEC, printed(b"containerd://abc=4"))
    assert early(api, then=4) == {}


@pytest.mark.parametrize("answer", [printed(b"containerd://abc="), printed(b"nonsense"), ABSENT])
def test_only_an_exit_code_counts_of_what_was_asked_early(
    answer: Answer, server: ScriptedServer, api: Api
) -> None:
    server.on(*EXEC, answer)
    assert early(api, then=3) == {}


def test_what_is_known_is_not_asked_again(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, printed(b"it does not run"))
    snapshot = estate_of([kdcluster_manifest("notebook", members=[member("pod-0")])])
    clusters = list(snapshot.clusters.values())
    known = {"pod-0": 7, "gone-0": 0}
    found = read_reconnects(api, "team-a", clusters, time.monotonic() + 30, known)
    assert found == {"pod-0": Reconnect(7, "it does not run")}
    assert len(server.requests) == 1


def told(
    api: Api, before: dict[str, Any] | None, after: dict[str, Any], *, changed: bool = True
) -> Reconnect | MemberError:
    """What is told of pod-0, which was like `before` (None: it was not there) and is like `after`."""
    was = [] if before is None else [member("pod-0", **before)]
    first, second = (
        estate_of([kdcluster_manifest("notebook", members=members)]).clusters
        for members in (was, [member("pod-0", **after)])
    )
    outcomes = read_settled_reconnects(
        api, "team-a", lambda: list(second.values()), lambda: None, time.monotonic() + 30,
        before=first if changed else {},
    )  # fmt: skip
    return outcomes["pod-0"]


@pytest.mark.parametrize("version", [4, 3])
def test_a_start_script_that_was_not_told_of_the_change_is_named(
    version: int, server: ScriptedServer, api: Api
) -> None:
    server.on(*EXEC, printed(b"containerd://abc=0"))
    error = told(api, {"version": 4}, {"version": version})
    assert isinstance(error, MemberError)
    for words in (
        "KDCluster team-a/notebook",
        "pod-0",
        "controller",
        "--reconnect",
        "kubectl exec -n team-a pod-0 -c app -- sh -c '/opt/guestconfig/*/startscript --reconnect'",
    ):
        assert words in str(error)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"version": 4}, {"version": 5}),
        ({"version": 4}, {"version": 7}),
        # Set up anew, it has read the file by --configure.
        ({"version": 4}, {"version": 4, "container": "containerd://new"}),
        (None, {"version": 4}),
        # An older operator's status.
        ({}, {}),
        ({}, {"version": 4}),
        ({"version": 4}, {}),
    ],
)
def test_a_start_script_that_was_told_of_the_change(
    before: dict[str, Any] | None, after: dict[str, Any], server: ScriptedServer, api: Api
) -> None:
    server.on(*EXEC, printed(b"containerd://abc=0"))
    assert told(api, before, after) == Reconnect(0, "")


def test_without_a_change_no_start_script_has_to_be_told(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, printed(b"containerd://abc=0"))
    assert told(api, {"version": 4}, {"version": 4}, changed=False) == Reconnect(0, "")
