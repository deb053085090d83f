# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run commands in containers, side by side, with bounds on time and output.

Uses the WebSocket protocol v4.channel.k8s.io byte for byte: the kubernetes library decodes each frame by itself,
which spoils a character that two frames share (release 29).
"""

from __future__ import annotations

import dataclasses
import http.client
import json
import time
import typing as t
import urllib.parse

from .._core.errors import SERVER_ERRORS, MemberError
from .._core.side_by_side import answers_side_by_side
from .library import websocket_library
from .status_errors import folded
from .transport import UNAUTHORIZED

if t.TYPE_CHECKING:
    from .api import Api
    from .renewal import Credential

EXEC_SECONDS = 30
_STDOUT, _STDERR, _ERROR = 1, 2, 3
_MAX_STDERR = 64 * 1024
_MAX_SERVER_WORDS = 400
_LET_THROUGH = "see that its container runs, and that what is on the way lets WebSockets through"


@dataclasses.dataclass(frozen=True)
class Output:
    """What a command printed, and its exit code."""

    exit_code: int
    stdout: bytes
    stderr: bytes


def run_in_pods(
    api: Api,
    namespace: str,
    container: str,
    commands: t.Sequence[tuple[str, t.Sequence[str]]],
    *,
    max_bytes: int,
) -> list[Output | MemberError]:
    """Run one command in each of several pods, side by side.

    :param commands: (pod, argument list), run without a shell.
    :param max_bytes: of a command's standard output.
    :returns: in order, the output, or why there is none.
    """

    def run(command: tuple[str, t.Sequence[str]]) -> Output | MemberError:
        pod, words = command
        try:
            return _run(api, namespace, pod, container, words, max_bytes)
        except MemberError as error:
            return MemberError(f"Pod {namespace}/{pod}: {error}", passes=error.passes)

    return answers_side_by_side(run, commands)


def _run(
    api: Api, namespace: str, pod: str, container: str, command: t.Sequence[str], max_bytes: int
) -> Output:
    websocket = websocket_library()
    deadline = time.monotonic() + EXEC_SECONDS
    try:
        connection = _open(api, _url(api.transport.host, namespace, pod, container, command))
    except websocket.WebSocketBadStatusException as error:
        raise MemberError(
            _handshake_sentence(error, api.redact), passes=error.status_code >= SERVER_ERRORS
        ) from None
    except (websocket.WebSocketException, http.client.HTTPException, OSError) as error:
        raise MemberError(
            f"no command can be run in it ({type(error).__name__}: {error}); {_LET_THROUGH}.",
            passes=True,
        ) from None
    too_slow = MemberError(
        f"{command[0]} did not end within {EXEC_SECONDS} seconds; see by kubectl exec whether its container "
        "answers."
    )
    stdout, stderr, verdict = bytearray(), bytearray(), bytearray()
    channels = {_STDOUT: stdout, _STDERR: stderr, _ERROR: verdict}
    try:
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise too_slow
            connection.settimeout(remaining)
            # Without control frames it would wait on after each ping.
            opcode, data = connection.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                break
            if not data or opcode in (websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG):
                continue
            channel = channels.get(data[0])
            if channel is not None and (channel is not stderr or len(stderr) < _MAX_STDERR):
                channel += data[1:]
            if len(stdout) > max_bytes:
                paths = ", ".join(word for word in command if word.startswith("/"))
                raise MemberError(
                    f"what it holds in {paths} is longer than {max_bytes} bytes, so it is not the operator's; look "
                    "at it in the pod."
                )
    except websocket.WebSocketTimeoutException:
        raise too_slow from None
    except websocket.WebSocketConnectionClosedException:
        if not verdict:
            raise MemberError(
                f"the connection broke while {command[0]} ran in it; run the task again.",
                passes=True,
            ) from None
    except (websocket.WebSocketException, OSError) as error:
        raise MemberError(
            f"the connection broke while {command[0]} ran in it ({type(error).__name__}); run the task again.",
            passes=True,
        ) from None
    finally:
        connection.shutdown()
    return Output(_exit_code(bytes(verdict), api.redact), bytes(stdout), bytes(stderr))


def _url(host: str, namespace: str, pod: str, container: str, command: t.Sequence[str]) -> str:
    query = [("container", container), ("stdout", "true"), ("stderr", "true")]
    query += [("command", word) for word in command]
    # From http to ws, from https to wss.
    return (
        f"{host.replace('http', 'ws', 1)}/api/v1"
        f"/namespaces/{urllib.parse.quote(namespace, safe='')}/pods/{urllib.parse.quote(pod, safe='')}"
        f"/exec?{urllib.parse.urlencode(query)}"
    )


def _open(api: Api, url: str) -> t.Any:
    websocket = websocket_library()

    def connect(credential: Credential) -> t.Any:
        return websocket.create_connection(
            url,
            timeout=EXEC_SECONDS,
            header=[f"{name}: {value}" for name, value in api.transport.headers(credential)],
            subprotocols=["v4.channel.k8s.io"],
            suppress_origin=True,
            # The library's own has other rules for proxies and trust.
            socket=api.transport.connect(EXEC_SECONDS, credential),
            redirect_limit=0,
        )

    credential = api.transport.credential()
    try:
        return connect(credential)
    except websocket.WebSocketBadStatusException as error:
        if error.status_code != UNAUTHORIZED or not api.transport.renew(credential):
            raise
    return connect(api.transport.credential())


def _handshake_sentence(error: t.Any, redact: t.Callable[[str], str]) -> str:
    # Older releases of websocket-client do not keep the body.
    body = getattr(error, "resp_body", None) or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    said = folded(redact(_status_from(text)["message"] or text), _MAX_SERVER_WORDS)
    if error.status_code == 403:
        return (
            "forbidden (403) to run a command in it. Grant the verbs 'get' and 'create' on resource "
            f"'pods/exec' in its namespace, by a Role and a RoleBinding. ({said})"
        )
    if error.status_code == 404:
        return f"it does not exist; run the task again once its KDCluster is configured. ({said})"
    return f"no command can be run in it ({error.status_code}: {said}); {_LET_THROUGH}."


def _exit_code(verdict: bytes, redact: t.Callable[[str], str]) -> int:
    """Read the exit code in an exec's final Status."""
    status = _status_from(verdict.decode("utf-8", "replace"))
    if status.get("status") == "Success":
        return 0
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    for cause in causes if isinstance(causes, list) else ():
        if isinstance(cause, dict) and cause.get("reason") == "ExitCode":
            code = str(cause.get("message", ""))
            if code.isdecimal():
                return int(code)
    said = folded(redact(status["message"]), _MAX_SERVER_WORDS) or "no exit status came back"
    raise MemberError(
        f"no command can be run in it ({said}); see that its container runs and has the command."
    )


def _status_from(text: str) -> dict[str, t.Any]:
    """A Kubernetes Status with a message, which is empty where the text is none."""
    try:
        status = json.loads(text)
    except ValueError:
        status = None
    found = status if isinstance(status, dict) else {}
    return {**found, "message": str(found.get("message") or "")}
