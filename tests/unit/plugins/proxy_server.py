# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real proxies in the test's own process: HTTP by CONNECT, over TLS or not, and SOCKS 5."""

from __future__ import annotations

import http.server
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Its address, and (address, Proxy-Authorization or user:password) of each CONNECT."""

    port: int
    asked: list[tuple[str, str | None]] = field(default_factory=list)


class _Handler(http.server.BaseHTTPRequestHandler):
    proxy: Proxy

    def log_message(self, *_args: object) -> None:
        """Keep the test's output clean."""

    def do_CONNECT(self) -> None:
        """Join both ends until one of them closes."""
        self.proxy.asked.append((self.path, self.headers.get("Proxy-Authorization")))
        host, _colon, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as beyond:
            self.send_response(200)
            self.end_headers()
            joined(self.connection, beyond)


class _SocksHandler(socketserver.StreamRequestHandler):
    """SOCKS 5 as in RFC 1928 and 1929; accepts only a name with a password, and names to resolve."""

    proxy: Proxy

    def handle(self) -> None:
        """Join both ends until one of them closes."""
        self.rfile.read(self.rfile.read(2)[1])
        self.wfile.write(b"\5\2")
        self.rfile.read(1)
        name, password = (self.rfile.read(self.rfile.read(1)[0]).decode() for _text in range(2))
        self.wfile.write(b"\1\0")
        assert self.rfile.read(4) == b"\5\1\0\3"
        host = self.rfile.read(self.rfile.read(1)[0]).decode()
        port = int.from_bytes(self.rfile.read(2), "big")
        self.proxy.asked.append((f"{host}:{port}", f"{name}:{password}"))
        with socket.create_connection((host, port)) as beyond:
            self.wfile.write(b"\5\0\0\1" + bytes(6))
            joined(self.connection, beyond)


def joined(one: socket.socket, other: socket.socket) -> None:
    """Pass on what either end sends until one of them closes."""
    ends = {one: other, other: one}
    while True:
        for end in select.select(list(ends), [], [])[0]:
            data = end.recv(65536)
            if not data:
                return
            ends[end].sendall(data)
            while isinstance(end, ssl.SSLSocket) and end.pending():
                ends[end].sendall(end.recv(end.pending()))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the proxy is part of a test."""


@contextmanager
def connect_proxy(tls: ssl.SSLContext | None = None, *, socks: bool = False) -> Iterator[Proxy]:
    """Run a proxy on a free port of 127.0.0.1."""

    class Handler(_Handler):
        pass

    class SocksHandler(_SocksHandler):
        pass

    handler = SocksHandler if socks else Handler
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        proxy = Proxy(server.server_address[1])
        Handler.proxy = SocksHandler.proxy = proxy
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
