# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP(S) server in the test's own process that plays an API server by script."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import http.server
import json
import socket
import ssl
import threading
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_CLOSE_OPCODE = b"\x88"
_WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclasses.dataclass(frozen=True)
class Request:
    """A client's request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True)
class Answer:
    """The server's answer.

    :param status: HTTP status; 0 hangs up without an answer.
    :param body: bytes as they are, anything else as JSON.
    :param length: the Content-Length to claim, in place of the true one.
    :param chunks: send these in place of the body, each in its own chunk.
    :param cut: break the connection after that, without an end of the body.
    :param frames: accept the upgrade to a WebSocket and send these frames.
    :param headers: more headers.
    :param hold: after the frames, stay silent until the client hangs up.
    """

    status: int = 200
    body: Any = b""
    content_type: str = "application/json"
    length: int | None = None
    chunks: tuple[bytes, ...] | None = None
    cut: bool = False
    frames: tuple[bytes, ...] | None = None
    hold: bool = False
    headers: tuple[tuple[str, str], ...] = ()


def status_answer(status: int, reason: str, message: str, **more: Any) -> Answer:
    """A Kubernetes Status."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status}
    return Answer(status, {**body, "reason": reason, "message": message, **more})


class ScriptedServer:
    """Answers each (method, path) by its script, in order; anything else is unexpected.

    `otherwise` answers what is not in the script, if it is set.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.otherwise: Callable[[Request], Answer] | None = None
        self.requests: list[Request] = []
        self.unexpected: list[str] = []
        self._lock = threading.Lock()
        self._scripts: dict[tuple[str, str], deque[Answer]] = {}
        self._last: dict[tuple[str, str], Answer] = {}

    def on(self, method: str, path: str, *answers: Answer, forever: bool = False) -> None:
        """Add to the script of (method, path); `forever`: the last answer is given again and again."""
        with self._lock:
            self._scripts.setdefault((method, path), deque()).extend(answers)
            if forever:
                self._last[method, path] = answers[-1]

    def answer_to(self, request: Request) -> Answer:
        """Take the next answer."""
        key = (request.method, request.path)
        with self._lock:
            self.requests.append(request)
            script = self._scripts.get(key)
            if script:
                return script.popleft()
            if key in self._last:
                return self._last[key]
            if self.otherwise is not None:
                return self.otherwise(request)
            self.unexpected.append(f"{request.method} {request.path} {request.query}")
        return status_answer(599, "Unexpected", "not in the script")

    def of(self, method: str, path: str) -> list[Request]:
        """The requests of one kind, in order."""
        return [r for r in self.requests if (r.method, r.path) == (method, path)]

    def assert_done(self) -> None:
        """Assert that every answer of the script was requested, and nothing else."""
        assert self.unexpected == []
        left = {key: len(s) for key, s in self._scripts.items() if s and key not in self._last}
        assert left == {}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_args: Any) -> None:
        """Keep the test's output clean."""

    def _handle(self) -> None:
        path, _mark, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=path,
            query=urllib.parse.parse_qs(query, keep_blank_values=True),
            headers=list(self.headers.items()),
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        answer = self.server.script.answer_to(request)
        if answer.status == 0:
            self.close_connection = True
        elif answer.frames is not None:
            self._upgrade(answer.frames, hold=answer.hold)
        else:
            self._send(answer)
        if answer.cut or answer.frames is not None:
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_DELETE = _handle

    def _send(self, answer: Answer) -> None:
        raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.chunks is not None:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in answer.chunks:
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                self.wfile.flush()
            if not answer.cut:
                self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header(
            "Content-Length", str(len(raw) if answer.length is None else answer.length)
        )
        self.end_headers()
        self.wfile.write(raw)

    def _upgrade(self, frames: tuple[bytes, ...], *, hold: bool) -> None:
        key = self.headers["Sec-WebSocket-Key"] + _WEBSOCKET_GUID
        accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept.decode())
        self.send_header("Sec-WebSocket-Protocol", self.headers["Sec-WebSocket-Protocol"])
        self.end_headers()
        try:
            for frame in frames:
                self.wfile.write(frame)
            self.wfile.flush()
            # A close frame is answered by the client; hanging up before that would be another case.
            closing = bool(frames) and frames[-1].startswith(_CLOSE_OPCODE)
            while (hold or closing) and self.connection.recv(4096):
                pass
        except (BrokenPipeError, ConnectionResetError):
            # A client that needs no more output hangs up.
            return


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    script: ScriptedServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or refuses the certificate, is part of the script."""


@contextmanager
def scripted_server(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Run a server on a free port of 127.0.0.1; at the end its script must be done."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "http" if tls is None else "https"
    script = ScriptedServer(f"{scheme}://127.0.0.1:{server.server_address[1]}")
    server.script = script
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    script.assert_done()


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
