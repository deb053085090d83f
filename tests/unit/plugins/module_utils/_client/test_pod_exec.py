# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in pods, over a real WebSocket."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client import pod_exec
from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._client.pod_exec import (
    Output,
    run_in_pods,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    MemberError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._observe.members import (
    MAX_CONFIGMETA_BYTES,
)
from tests.unit.plugins.api_server import Answer, ScriptedServer, free_port, status_answer
from tests.unit.plugins.clients import CORE, TOKEN, api_for
from tests.unit.plugins.websocket_frames import (
    CLOSE,
    CONTINUATION,
    PING,
    SUCCESS,
    exit_code,
    frame,
    stderr,
    stdout,
    verdict,
)

COMMAND = ["cat", "/etc/guestconfig/configmeta.json"]


def path_of(pod: str) -> str:
    """The path of a command in a pod."""
    return f"{CORE}/pods/{pod}/exec"


def run(api: Api, *pods: str, max_bytes: int = 1000) -> list[Output | MemberError]:
    """Read the file in some pods."""
    commands = [(pod, COMMAND) for pod in pods or ("pod-0",)]
    return run_in_pods(api, "team-a", "app", commands, max_bytes=max_bytes)


def outcome(
    server: ScriptedServer, api: Api, *frames: bytes, max_bytes: int = 1000
) -> Output | MemberError:
    """The outcome of one command whose server sends these frames."""
    server.on("GET", path_of("pod-0"), Answer(frames=frames))
    return run(api, max_bytes=max_bytes)[0]


def failed(found: Output | MemberError, *words: str) -> str:
    """The message of a command that could not be run."""
    assert isinstance(found, MemberError)
    assert "Pod team-a/pod-0" in str(found)
    assert TOKEN not in str(found)
    assert "\n" not in str(found)
    for word in words:
        assert word in str(found)
    return str(found)


def test_the_request_names_container_and_command(server: ScriptedServer, api: Api) -> None:
    assert outcome(server, api, stdout(b"x"), SUCCESS, CLOSE) == Output(0, b"x", b"")
    request = server.requests[0]
    assert request.query == {
        "container": ["app"], "stdout": ["true"], "stderr": ["true"], "command": COMMAND,
    }  # fmt: skip
    assert request.header("Sec-WebSocket-Protocol") == ["v4.channel.k8s.io"]
    assert request.header("Authorization") == [f"Bearer {TOKEN}"]
    assert request.header("Origin") == []


def test_words_of_a_command_are_quoted(server: ScriptedServer, api: Api) -> None:
    command = ["sh", "-c", "a & b=c #?/%20 grün\n"]
    server.on("GET", path_of("pod-0"), Answer(frames=(SUCCESS, CLOSE)))
    run_in_pods(api, "team-a", "app", [("pod-0", command)], max_bytes=10)
    assert server.requests[0].query["command"] == command


def test_impersonation_is_sent(server: ScriptedServer) -> None:
    api = api_for(server.url, impersonate_user="alice", impersonate_groups=["dev", "ops"])
    outcome(server, api, SUCCESS, CLOSE)
    assert server.requests[0].header("Impersonate-User") == ["alice"]
    assert server.requests[0].header("Impersonate-Group") == ["dev", "ops"]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_output_may_be_split_in_the_middle_of_a_character(
    server: ScriptedServer, api: Api, size: int
) -> None:
    text = '{"name": "grün € 🙂"}'.encode()
    frames = [stdout(text[i : i + size]) for i in range(0, len(text), size)]
    assert outcome(server, api, *frames, SUCCESS, CLOSE) == Output(0, text, b"")


def test_bytes_that_are_not_text_are_returned_unchanged(server: ScriptedServer, api: Api) -> None:
    raw = bytes(range(256)) * 3
    assert outcome(server, api, stdout(raw), SUCCESS, CLOSE) == Output(0, raw, b"")


def test_long_frames_fragments_and_pings_are_handled(server: ScriptedServer, api: Api) -> None:
    long = b"y" * 70_000
    frames = (
        stdout(b""), stdout(b"a" * 200), frame(b"", opcode=PING), stdout(long),
        frame(b"\x01left", last=False), frame(b"", opcode=PING), frame(b"right", opcode=CONTINUATION),
        frame(b""), frame(b"\x09unknown channel"), SUCCESS, CLOSE,
    )  # fmt: skip
    expected = Output(0, b"a" * 200 + long + b"leftright", b"")
    assert outcome(server, api, *frames, max_bytes=100_000) == expected


@pytest.mark.parametrize("code", [1, 2, 126, 127, 137, 255])
def test_exit_codes_are_returned_with_the_output(
    server: ScriptedServer, api: Api, code: int
) -> None:
    frames = (stdout(b"half"), stderr(b"no such "), stderr(b"file\n"), exit_code(code), CLOSE)
    assert outcome(server, api, *frames) == Output(code, b"half", b"no such file\n")


def test_a_verdict_may_come_in_pieces(server: ScriptedServer, api: Api) -> None:
    whole = SUCCESS[2:]
    pieces = (frame(whole[:9]), frame(b"\x03" + whole[9:]))
    assert outcome(server, api, *pieces, CLOSE) == Output(0, b"", b"")


@pytest.mark.parametrize(
    "status",
    [
        {"status": "Failure", "message": "container not found", "reason": "InternalError"},
        {"status": "Failure", "message": "no runtime", "details": {"causes": []}},
        {"status": "Failure", "message": "odd", "details": None},
    ],
)
def test_a_command_that_cannot_start_is_reported(
    server: ScriptedServer, api: Api, status: Any
) -> None:
    failed(outcome(server, api, verdict(status), CLOSE), status["message"])


@pytest.mark.parametrize(
    "odd",
    [
        "text",
        7,
        None,
        [],
        {"status": "Failure", "details": 7},
        {"details": {"causes": [{"reason": "ExitCode", "message": "x"}]}},
    ],
)
def test_a_verdict_of_another_form_is_reported(server: ScriptedServer, api: Api, odd: Any) -> None:
    failed(outcome(server, api, verdict(odd), CLOSE))


def test_an_end_without_a_verdict_is_reported(server: ScriptedServer, api: Api) -> None:
    failed(outcome(server, api, stdout(b"half"), CLOSE))


def test_a_connection_that_breaks_is_reported(server: ScriptedServer, api: Api) -> None:
    failed(outcome(server, api, stdout(b"half")), "broke", "cat")
    failed(outcome(server, api, stdout(b"half")[:4]), "broke")


def test_a_verdict_counts_even_without_a_close(server: ScriptedServer, api: Api) -> None:
    assert outcome(server, api, stdout(b"x"), SUCCESS) == Output(0, b"x", b"")


def test_output_over_the_limit_is_reported(server: ScriptedServer, api: Api) -> None:
    found = outcome(server, api, stdout(b"x" * 60), stdout(b"x" * 41), SUCCESS, max_bytes=100)
    failed(found, "100 bytes")
    found = outcome(server, api, stdout(b"x" * 60), stdout(b"x" * 40), SUCCESS, max_bytes=100)
    assert found == Output(0, b"x" * 100, b"")


def test_64_mib_are_refused_and_not_kept_in_memory(server: ScriptedServer, api: Api) -> None:
    piece = stdout(b"x" * 1024 * 1024)
    server.on("GET", path_of("pod-0"), Answer(frames=(piece,) * 64))
    tracemalloc.start()
    try:
        (found,) = run(api, max_bytes=MAX_CONFIGMETA_BYTES)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    failed(found, f"longer than {MAX_CONFIGMETA_BYTES} bytes")
    # The limit plus some room to grow, far less than all of it.
    assert peak < 1.5 * MAX_CONFIGMETA_BYTES


def test_endless_standard_error_is_cut(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_exec, "_MAX_STDERR", 100)
    found = outcome(server, api, *[stderr(b"e" * 60)] * 50, stdout(b"x"), SUCCESS, CLOSE)
    assert isinstance(found, Output)
    assert found.stdout == b"x"
    assert len(found.stderr) < 1000


def test_a_command_that_does_not_end_is_reported(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_exec, "EXEC_SECONDS", 0.3)
    server.on("GET", path_of("pod-0"), Answer(frames=(stdout(b"x"),), hold=True))
    failed(run(api)[0], "cat", "0.3 seconds")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status_answer(403, "Forbidden", "bob cannot"), ("403", "'get' and 'create'", "pods/exec")),
        (status_answer(404, "NotFound", 'pods "pod-0" not found'), ("does not exist",)),
        (status_answer(400, "BadRequest", "container app is not valid"), ("400", "not valid")),
        (status_answer(500, "InternalError", "error dialing backend"), ("500", "dialing backend")),
        (Answer(500, b"<html>\n oh no </html>", "text/html"), ("500", "oh no")),
        (Answer(502, b"", "text/html"), ("502",)),
        (Answer(503, b"7"), ("503",)),
        (Answer(401, b'"Unauthorized"'), ("401",)),
        (Answer(200, b"{}"), ()),
        (Answer(status=0), ()),
    ],
)
def test_a_handshake_that_fails_is_reported(
    server: ScriptedServer, api: Api, answer: Answer, words: tuple[str, ...]
) -> None:
    server.on("GET", path_of("pod-0"), answer)
    failed(run(api)[0], *words)


def test_a_server_that_does_not_listen_is_reported() -> None:
    failed(run(api_for(f"http://127.0.0.1:{free_port()}"))[0])


def test_many_pods_are_asked_side_by_side_and_returned_in_order(
    server: ScriptedServer, api: Api
) -> None:
    pods = [f"pod-{number}" for number in range(20)]
    for pod in pods:
        if pod == "pod-7":
            server.on("GET", path_of(pod), status_answer(404, "NotFound", "not found"))
        else:
            server.on("GET", path_of(pod), Answer(frames=(stdout(pod.encode()), SUCCESS, CLOSE)))
    found = run(api, *pods)
    assert isinstance(found[7], MemberError)
    del found[7]
    assert [o.stdout.decode() for o in found if isinstance(o, Output)] == [*pods[:7], *pods[8:]]


def test_no_pods_need_no_request(api: Api) -> None:
    assert run_in_pods(api, "team-a", "app", [], max_bytes=1) == []


class Slow(tuple[bytes, ...]):
    """Frames that come one after the other."""

    def __iter__(self) -> Iterator[bytes]:
        for one in tuple.__iter__(self):
            time.sleep(0.05)
            yield one


def test_pings_do_not_make_a_command_last(
    server: ScriptedServer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_exec, "EXEC_SECONDS", 0.3)
    pings = Slow((stdout(b"x"), *[frame(b"", opcode=PING)] * 400))
    server.on("GET", path_of("pod-0"), Answer(frames=pings, hold=True))
    began = time.monotonic()
    (found,) = run(api)
    failed(found, "did not end within")
    # All pings take 20 s.
    assert time.monotonic() - began < 15
