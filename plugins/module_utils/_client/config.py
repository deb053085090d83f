# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Address, TLS, proxy and credentials of one API server, and the connection pool made of them."""

from __future__ import annotations

import base64
import dataclasses
import http.client
import ipaddress
import socket
import ssl
import typing as t
import urllib.parse

from .library import socks_library, socks_pool_manager, urllib3
from .renewal import Credential, Renewal
from .tls import proxy_tls_context

_CONNECTIONS = 8


@dataclasses.dataclass(frozen=True)
class Proxy:
    """One proxy, with its credentials.

    :param scheme: http, https or socks5h: as in kubectl, a socks5 proxy resolves names (source: net/http of Go).
    :param source: the option or environment variable that set it, or the kubeconfig.
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
        """For messages."""
        return f"{self.url} (set by {self.source})"

    def connect(
        self, host: str, port: int, seconds: float, tls: ssl.SSLContext | None
    ) -> socket.socket:
        """Open a connection through the proxy.

        :param tls: for an https proxy (see ProxyContext).
        :raises OSError, http.client.HTTPException:
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


@dataclasses.dataclass
class Configuration:
    """Where an API server is and how to talk to it; its repr leaves out credentials.

    :param proxy_url: the kubeconfig's.
    :param impersonation: the kubeconfig's headers, as (name, value).
    :param private_files: open files at the paths above; each lasts only while it is held here.
    """

    host: str = "http://localhost"
    verify_ssl: bool = True
    ssl_ca_cert: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = dataclasses.field(default=None, repr=False)
    proxy: Proxy | None = None
    renewal: Renewal = dataclasses.field(default_factory=lambda: Renewal(Credential))
    impersonation: tuple[tuple[str, str], ...] = ()
    private_files: list[t.Any] = dataclasses.field(default_factory=list, repr=False)

    def credential(self) -> Credential:
        """Who one is now. :raises AuthError: a token file or plug-in gives nothing."""
        return self.renewal.current()


def basic_authentication(user: str) -> str:
    """The header for "name:password", in UTF-8 as in kubectl."""
    return f"Basic {base64.b64encode(user.encode()).decode()}"


def plain_address(url: str) -> str:
    """An API server's address with a lower-case scheme and no final slash."""
    scheme, separator, rest = url.rstrip("/").partition("://")
    return f"{scheme.lower()}{separator}{rest}"


def connection_pool(configuration: Configuration, tls: ssl.SSLContext | None) -> t.Any:
    """Make urllib3's connection pool, through the proxy if there is one."""
    options: dict[str, t.Any] = {"maxsize": _CONNECTIONS}
    if tls is not None:
        options["ssl_context"] = tls
        if not configuration.verify_ssl:
            options["assert_hostname"] = False
        if configuration.tls_server_name:
            options["server_hostname"] = configuration.tls_server_name
    proxy = configuration.proxy
    if proxy is None:
        return urllib3.PoolManager(**options)
    if proxy.scheme == "socks5h":
        return socks_pool_manager()(
            proxy.url, username=proxy.username, password=proxy.password, **options
        )
    proxy_tls = proxy_tls_context(configuration)
    if tls is None and proxy_tls is not None:
        # Such requests go to the proxy itself.
        options["ssl_context"] = proxy_tls
    return urllib3.ProxyManager(
        proxy.url, proxy_headers=proxy.headers, proxy_ssl_context=proxy_tls, **options
    )


def is_spared_by(no_proxy: str, url: str) -> bool:
    """Whether a URL bypasses the proxy, by the rules of Go's httpproxy, as in kubectl.

    :param no_proxy: comma-separated: "example.com" (it and below), ".example.com" or "*.example.com" (below
        it), each with or without a port, addresses, networks, or "*".
    """
    parts = urllib.parse.urlsplit(url)
    host = (parts.hostname or "").lower()
    port = str(parts.port or (443 if parts.scheme == "https" else 80))
    for entry in (entry.strip().lower() for entry in no_proxy.split(",")):
        if entry == "*" or _is_in_network(host, entry.strip("[]")):
            return True
        name, _colon, own_port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
        domain = name[1:] if name.startswith("*.") else name
        is_host = domain == host
        is_below = bool(domain) and host.endswith(domain if domain[0] == "." else f".{domain}")
        if (is_host or is_below) and own_port in ("", port):
            return True
    return False


def is_loopback(url: str) -> bool:
    """Whether a URL is this machine's own, which never uses the environment's proxies."""
    host = urllib.parse.urlsplit(url).hostname or ""
    return host == "localhost" or (is_ip_address(host) and ipaddress.ip_address(host).is_loopback)


def is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
