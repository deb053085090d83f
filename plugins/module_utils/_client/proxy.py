# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to the API server through an http://, https:// or socks5:// proxy, for commands in members."""

from __future__ import annotations

import dataclasses
import http.client
import socket
import ssl
import typing as t

from .library import socks_library, urllib3
from .shared_context import SharedContext


@dataclasses.dataclass(frozen=True)
class Proxy:
    """One proxy, and who one is there.

    :param scheme: http, https or socks5h. With kubectl, too, a socks5 proxy looks names up itself (source:
        net/http of Go).
    :param source: what set it: an option, a variable of the environment or the kubeconfig.
    """

    scheme: str
    host: str
    port: int
    source: str
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """Its address, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def label(self) -> str:
        """How messages call it: its address and what set it."""
        return f"{self.url} (set by {self.source})"

    def connect(
        self, host: str, port: int, seconds: float, tls: ssl.SSLContext | None
    ) -> socket.socket:
        """Open a connection to a host beyond the proxy.

        :param tls: for an https proxy (see ProxyContext).
        :raises OSError, http.client.HTTPException: it cannot be made.
        """
        if self.scheme == "socks5h":
            socks = socks_library()
            way: socket.socket = socks.create_connection(
                (host, port), seconds, proxy_type=socks.SOCKS5, proxy_addr=self.host,
                proxy_port=self.port, proxy_rdns=True,
                proxy_username=self.username, proxy_password=self.password,
            )  # fmt: skip
            return way
        way = socket.create_connection((self.host, self.port), seconds)
        if tls is not None:
            way = tls.wrap_socket(way)
        there = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {there} HTTP/1.1", f"Host: {there}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        way.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        answer = http.client.HTTPResponse(way, method="CONNECT")
        answer.begin()
        if answer.status != http.client.OK:
            way.close()
            raise OSError(f"the proxy {self.label} answers {answer.status} {answer.reason}")
        return way


class ProxyContext(SharedContext):
    """TLS to an https proxy, which is asked for the name that it is known by: urllib3 1.26 hands ssl no name
    that is an address."""

    proxy_host: str

    def wrap_socket(self, sock: socket.socket, *arguments: t.Any, **options: t.Any) -> t.Any:
        """Begin TLS with the proxy. :raises OSError: its certificate does not fit."""
        options["server_hostname"] = self.proxy_host
        return super().wrap_socket(sock, *arguments, **options)


def over(way: socket.socket, tls: ssl.SSLContext, name: str) -> t.Any:
    """Begin TLS with the API server over a connection, which may be one of TLS with a proxy."""
    if isinstance(way, ssl.SSLSocket):
        return urllib3.util.ssltransport.SSLTransport(way, tls, name)
    return tls.wrap_socket(way, server_hostname=name)
