# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of the start script after a change, as read from the members."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
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
    MemberReading,
    Reconnect,
    failure_sentences,
    read_reconnects,
    read_settled_reconnects,
    wait_until_ended,
)
from tests.unit.plugins.api_server import Answer, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import kdcluster_manifest, member, snapshot_of
from tests.unit.plugins.namespace_server import read_member
from tests.unit.plugins.websocket_frames import CLOSE, SUCCESS, exit_code, stderr, stdout

POD = f"{CORE}/pods/pod-0"
EXEC = ("GET", f"{POD}/exec")
ABSENT = read_member(None, b"{}")
RUNS = read_member(b"containerd://abc=", runs="yes")
UNREADABLE = Answer(
    frames=(stderr(b"cat: permission denied\n"), stdout(b"no\x001\0\0{}"), SUCCESS, CLOSE)
)


def status(text: bytes, configmeta: bytes | None = b"{}", printed: bytes = b"") -> Answer:
    """A member in which no start script runs."""
    return read_member(text, configmeta, printed)


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


def read(api: Api, seconds: float = 30, **parts: Any) -> dict[str, Reconnect | MemberError | None]:
    """Ask pod-0, and no role without config package."""
    found = readings(api, seconds, **parts)
    return {pod: reading.outcome for pod, reading in found.items()}


def readings(api: Api, seconds: float = 30, **parts: Any) -> dict[str, MemberReading]:
    """As `read`, with complete readings."""
    members = [member("pod-0", **parts), member("plain-0", role="plain", config=None, setup=None)]
    snapshot = snapshot_of([kdcluster_manifest("notebook", members=members)])
    clusters = list(snapshot.clusters.values())
    return dict(read_reconnects(api, "team-a", clusters, time.monotonic() + seconds))


def error_of(api: Api, seconds: float = 30, **parts: Any) -> str:
    """Why the exit code of pod-0 is not known."""
    found = read(api, seconds, **parts)["pod-0"]
    assert isinstance(found, MemberError)
    return str(found)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read again without a pause."""
    monkeypatch.setattr(start_script, "_FIRST_PAUSE", 0.01)


def test_a_start_script_that_succeeds_is_reported(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, status(b"containerd://abc=0", b'{"version": "9"}'))
    found = readings(api)["pod-0"]
    assert found == MemberReading(exit_code=0, ended=True, configmeta=b'{"version": "9"}')
    assert found.outcome == Reconnect(0, "")
    # Its output does not matter then, and is not read.
    assert len(server.requests) == 1


def test_no_representation_shows_what_a_member_holds(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, status(b"containerd://abc=0", b"a secret"))
    assert "a secret" not in repr(readings(api))


@pytest.mark.parametrize("said", [b"containerd://abc=", b"containerd://abc=0", b""])
def test_the_wait_covers_a_start_script_that_runs(
    server: ScriptedServer, api: Api, said: bytes
) -> None:
    running = read_member(said, b"{}", runs="yes")
    said_why = b"a\nno such\0model\n"
    server.on(*EXEC, running, running, status(b"containerd://abc=4\n", printed=said_why))
    assert read(api) == {"pod-0": Reconnect(4, printed=said_why, configmeta=b"{}")}
    # One command reads everything of a member, also if its start script failed.
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (b"containerd://abc=0\n", b""), (b"containerd://abc=7\n", b"no such model\n"),
        (b"containerd://abc=07\n", b"no such model\n"), (None, b""),
    ],
    ids=["success", "failure", "two runs", "no run"],
)  # fmt: skip
@pytest.mark.parametrize("configmeta", [b'{"version": "9"}', None])
def test_the_command_reads_a_member(
    tmp_path: Path, status: bytes | None, shown: bytes, configmeta: bytes | None
) -> None:
    files = [tmp_path / name for name in ("status", "configmeta", "stderr")]
    for file, content in zip(files, (status, configmeta, b"first\nno such model\n"), strict=True):
        if content is not None:
            file.write_bytes(content)
    # A sandbox on this machine may run start scripts.
    script = start_script._READ_MEMBER.replace("[s]tartscript", "[n]osuchscript")
    command = ["sh", "-c", script, *map(str, files), "14"]
    done = subprocess.run(command, capture_output=True, check=False)
    _runs, code, said, held, printed = done.stdout.split(b"\0")
    assert (code, said) == (b"absent", b"") if status is None else (b"0", status.strip())
    assert (done.returncode, held) == ((1, b"") if configmeta is None else (0, configmeta))
    assert printed == shown


def test_a_start_script_that_runs_too_long_is_reported(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, RUNS)
    with pytest.raises(WaitTimeoutError) as caught:
        read(api, seconds=-1)
    for words in ("team-a/pod-0", "still runs", "wait_timeout"):
        assert words in str(caught.value)


@pytest.mark.parametrize("said", [b"containerd://abc=", b""])
def test_the_wait_covers_a_start_script_that_is_about_to_run(
    server: ScriptedServer, api: Api, said: bytes
) -> None:
    server.on(*EXEC, status(said), RUNS, status(said), status(b"containerd://abc=0"))
    assert read(api) == {"pod-0": Reconnect(0, "")}


def test_the_wait_does_not_cover_a_killed_start_script(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_script, "_START_SECONDS", 0.05)
    server.on(*EXEC, status(b"containerd://abc="), forever=True)
    server.on("GET", POD, pod_with("containerd://abc"))
    assert "left no exit code" in error_of(api)
    assert len(server.of(*EXEC)) > 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ABSENT, ("configure.status does not exist",)),
        (UNREADABLE, ("configure.status", "exit code 1")),
        (read_member(b"containerd://abc=0", b"{}", runs="unseen"), ("cannot be seen", "/proc")),
        (status(b"containerd://abc=07"), ("several runs that overlapped (07)",)),
        (status(b"nonsense"), ("not what the operator writes", "delete the pod")),
        (status(b"containerd://abc=failed"), ("not what the operator writes",)),
        (status(b"\xff\xfe"), ("not what the operator writes",)),
        (printed(b"no\x00containerd"), ("cannot be read with sh",)),
        (Answer(frames=(stderr(b"sh: no\n"), exit_code(127), CLOSE)), ("with sh", "127")),
    ],
)
def test_an_unknown_outcome_is_reported_and_not_a_failure(
    server: ScriptedServer, api: Api, answer: Answer, words: tuple[str, ...]
) -> None:
    server.on(*EXEC, answer)
    server.on("GET", POD, pod_with("containerd://abc"))
    error = error_of(api)
    for word in ("Pod team-a/pod-0", "not known", "on_reconnect_failure", *words):
        assert word in error


def test_a_member_that_its_app_does_not_configure_may_have_had_no_run_yet(
    server: ScriptedServer, api: Api
) -> None:
    server.on(*EXEC, ABSENT)
    assert readings(api, setup=None) == {"pod-0": MemberReading(ended=True, configmeta=b"{}")}


def test_a_member_without_the_file_is_still_read(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, status(b"containerd://abc=0", None))
    assert readings(api) == {"pod-0": MemberReading(exit_code=0, ended=True)}


def open_runs(api: Api, seconds: float = 30, **parts: Any) -> list[str]:
    """The pods in which a start script may still run."""
    cluster = snapshot_of([kdcluster_manifest("notebook", members=[member("pod-0", **parts)])])
    members = cluster.clusters["notebook"].members
    return [m.pod for m in wait_until_ended(api, "team-a", members, time.monotonic() + seconds)]


@pytest.mark.parametrize(
    "answer",
    [
        read_member(b"containerd://abc=0"), read_member(b"containerd://abc=07"), read_member(None),
        read_member(b"nonsense"), UNREADABLE,
    ],
)  # fmt: skip
def test_no_open_run_is_reported_whatever_the_last_one_left(
    server: ScriptedServer, api: Api, answer: Answer
) -> None:
    server.on(*EXEC, read_member(b"a=0", runs="yes"), answer)
    assert open_runs(api) == []
    # Nothing of configmeta.json is read.
    assert {r.query["command"][-1].rsplit(".", maxsplit=1)[-1] for r in server.requests} == {
        "status"
    }


@pytest.mark.parametrize(
    "answer",
    [
        read_member(b"a=0", runs="yes"), read_member(b"a=0", runs="unseen"), printed(b"nonsense"),
        status_answer(500, "InternalError", "broken"),
    ],
)  # fmt: skip
def test_a_start_script_that_may_still_run_is_reported(
    server: ScriptedServer, api: Api, answer: Answer
) -> None:
    server.on(*EXEC, answer)
    assert open_runs(api, seconds=-1) == ["pod-0"]


@pytest.mark.parametrize("container", ["containerd://abc", "containerd://old"])
def test_an_exit_code_that_may_be_an_earlier_runs_is_not_known(
    server: ScriptedServer, api: Api, container: str
) -> None:
    server.on(*EXEC, status(b"containerd://abc=0"))
    clusters = snapshot_of([kdcluster_manifest("notebook", members=[member("pod-0")])]).clusters
    found = read_settled_reconnects(
        api, "team-a", lambda: list(clusters.values()), lambda: None, time.monotonic() + 30,
        before={}, overlapped={("pod-0", container)},
    )["pod-0"]  # fmt: skip
    assert found.configmeta == b"{}"
    same = container == "containerd://abc"
    assert ("still ran" in found.unknown, found.exit_code) == (same, None if same else 0)


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


def test_no_members_need_no_request(api: Api) -> None:
    assert read_reconnects(api, "team-a", [], time.monotonic()) == {}


def early(api: Api, then: int) -> dict[str, int | None]:
    """Ask pod-0 early, at generation 3; return what counts once everything has settled at `then`."""
    before, after = (
        snapshot_of(
            [kdcluster_manifest("notebook", members=[member("pod-0", config=at, setup=at)])]
        ).clusters["notebook"]
        for at in (3, then)
    )
    reads = EarlyReads(api, "team-a")
    reads.begin(before)
    reads.begin(before)
    return {pod: reading.exit_code for pod, reading in reads.end([after]).items()}


def test_an_early_answer_counts_and_is_asked_once(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, status(b"containerd://abc=4"))
    assert early(api, then=3) == {"pod-0": 4}
    assert len(server.requests) == 1


def test_an_early_answer_of_another_generation_does_not_count(
    server: ScriptedServer, api: Api
) -> None:
    server.on(*EXEC, status(b"containerd://abc=4"))
    assert early(api, then=4) == {}


@pytest.mark.parametrize(
    "answer", [RUNS, status(b"containerd://abc="), status(b"nonsense"), ABSENT]
)
def test_an_early_answer_without_an_exit_code_does_not_count(
    answer: Answer, server: ScriptedServer, api: Api
) -> None:
    server.on(*EXEC, answer)
    assert early(api, then=3) == {}


def test_a_known_outcome_is_not_asked_again(server: ScriptedServer, api: Api) -> None:
    snapshot = snapshot_of([kdcluster_manifest("notebook", members=[member("pod-0")])])
    clusters = list(snapshot.clusters.values())
    known = {"pod-0": MemberReading(7, ended=True), "deleted-0": MemberReading(0, ended=True)}
    found = read_reconnects(api, "team-a", clusters, time.monotonic() + 30, known)
    assert found == {"pod-0": known["pod-0"]}
    assert server.requests == []


def outcome_of(
    api: Api, before: dict[str, Any] | None, after: dict[str, Any], *, changed: bool = True
) -> Reconnect | MemberError | None:
    """The outcome of pod-0, which was like `before` (None: it did not exist) and is like `after`."""
    was = [] if before is None else [member("pod-0", **before)]
    first, second = (
        snapshot_of([kdcluster_manifest("notebook", members=members)]).clusters
        for members in (was, [member("pod-0", **after)])
    )
    outcomes = read_settled_reconnects(
        api, "team-a", lambda: list(second.values()), lambda: None, time.monotonic() + 30,
        before=first if changed else {},
    )  # fmt: skip
    return outcomes["pod-0"].outcome


@pytest.mark.parametrize("version", [4, 3])
def test_a_missed_reconnect_is_named(version: int, server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, status(b"containerd://abc=0"))
    error = outcome_of(api, {"version": 4}, {"version": version})
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
        # Set up again, it has read the file by --configure.
        ({"version": 4}, {"version": 4, "container": "containerd://new"}),
        (None, {"version": 4}),
        # An older operator's status.
        ({}, {}),
        ({}, {"version": 4}),
        ({"version": 4}, {}),
    ],
)
def test_a_start_script_that_ran_for_the_change_is_not_missed(
    before: dict[str, Any] | None, after: dict[str, Any], server: ScriptedServer, api: Api
) -> None:
    server.on(*EXEC, status(b"containerd://abc=0"))
    assert outcome_of(api, before, after) == Reconnect(0, "")


def test_without_a_change_no_start_script_is_missed(server: ScriptedServer, api: Api) -> None:
    server.on(*EXEC, status(b"containerd://abc=0"))
    assert outcome_of(api, {"version": 4}, {"version": 4}, changed=False) == Reconnect(0, "")


@pytest.mark.parametrize(("code", "explained"), [(10, True), (1, False)])
def test_an_exit_code_with_a_likely_meaning_is_explained(code: int, explained: bool) -> None:
    clusters = snapshot_of([kdcluster_manifest("notebook", members=[member("pod-0")])]).clusters
    (said,) = failure_sentences(clusters.values(), {"pod-0": Reconnect(code, "usage: --configure")})
    assert f"exit code {code}: usage: --configure." in said
    for words in ("only --configure", "on_reconnect_failure=ignore"):
        assert (words in said) == explained
