# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP to one API server: the connection pool, credentials, bounds on time and size. Knows no object."""

from __future__ import annotations

import functools
import http.client
import json
import time
import typing as t
import urllib.parse

from .._core.errors import UnreachableError
from .auth_options import (
    header_text,
)
from .config import (
    connection_pool,
    is_ip_address,
    tls_context,
)
from .library import (
    urllib3,
    urllib3_release,
)
from .status_errors import (
    error_from_transport,
)

if t.TYPE_CHECKING:
    import socket
    import ssl

    from .auth import ClientConfig

_PORTS = {"http": 80, "https": 443}
CONNECT_SECONDS = 10
READ_SECONDS = 60
BUSY_SECONDS = 10
TOO_MANY_REQUESTS = 429
MAX_BODY_BYTES = 64 * 1024 * 1024


class Transport:
    """A connection pool to one API server. Its methods may be called from several threads."""

    def __init__(self, access: ClientConfig) -> None:
        self.configuration = access.configuration
        self.host = str(access.configuration.host).rstrip("/")
        self._headers = access.headers
        if not access.verified:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def headers(self) -> list[tuple[str, str]]:
        """The headers that say who is asking, as (name, value). :raises AuthError: they cannot be sent."""
        found = list(self._headers)
        token = self.configuration.authorization()
        if token and not any(name == "Authorization" for name, _value in found):
            # A token that was read from a file may still have the file's last newline.
            found.append(("Authorization", header_text("token", str(token).strip())))
        return found

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext | None:
        """For connections that are not the pool's, of which urllib3 changes the context as it likes."""
        return self._new_tls()

    def _new_tls(self) -> ssl.SSLContext | None:
        return tls_context(self.configuration) if self.host.startswith("https:") else None

    @functools.cached_property
    def _pool(self) -> t.Any:
        tls = self._new_tls()
        name = self.configuration.tls_server_name or urllib.parse.urlsplit(self.host).hostname
        if tls is not None and urllib3_release() < (2, 0) and is_ip_address(str(name)):
            # It hands ssl no name that is an address, and checks it itself afterwards.
            tls.check_hostname = False
        return connection_pool(self.configuration, tls)

    def connect(self, seconds: float) -> socket.socket:
        """Open a connection of one's own to the API server, by the way that requests take.

        :param seconds: how long each wait for the network may be.
        :raises OSError, http.client.HTTPException, AuthError: it cannot be made.
        """
        configuration, address = self.configuration, urllib.parse.urlsplit(self.host)
        host, port = str(address.hostname), address.port or _PORTS[address.scheme]
        if configuration.proxy:
            proxy = urllib.parse.urlsplit(configuration.proxy)
            way = http.client.HTTPConnection(
                str(proxy.hostname), proxy.port or _PORTS["http"], timeout=seconds
            )
            way.set_tunnel(host, port, configuration.proxy_headers)
        else:
            way = http.client.HTTPConnection(host, port, timeout=seconds)
        way.connect()
        if self._tls is None:
            return way.sock
        return self._tls.wrap_socket(
            way.sock, server_hostname=configuration.tls_server_name or host
        )

    def answer(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        accept: str,
        content_type: str,
        body: t.Any,
    ) -> tuple[t.Any, bytes]:
        """Send a request and read the answer; again, for a while, where the server has no time for it.

        :param body: sent as JSON, unless it is None.
        :returns: the response (status, headers) and its body.
        :raises UnreachableError: there is no answer, or it is too long.
        """
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                response = self._send(method, path, query, accept, content_type, body)
                try:
                    text = response.read(MAX_BODY_BYTES + 1)
                    # Only now does urllib3 1.26 notice that a body was cut off.
                    text += response.read(1)
                finally:
                    response.release_conn()
            except urllib3.exceptions.HTTPError as error:
                raise error_from_transport(error, self.host) from None
            if len(text) > MAX_BODY_BYTES:
                raise UnreachableError(
                    f"The answer of the API server {self.host} is longer than {MAX_BODY_BYTES} bytes: is it a "
                    "Kubernetes API server? Check the address.",
                    maybe_done=True,
                )
            pause = _seconds_to_wait(response)
            if response.status != TOO_MANY_REQUESTS or time.monotonic() + pause > until:
                return response, text
            time.sleep(pause)

    def open_stream(self, path: str, query: dict[str, str], seconds: int) -> t.Any:
        """Begin to read an answer that comes bit by bit, for `seconds` at most. :raises UnreachableError:"""
        try:
            return self._send(
                "GET", path, query, "application/json", "", None, seconds + CONNECT_SECONDS
            )
        except urllib3.exceptions.HTTPError as error:
            raise error_from_transport(error, self.host) from None

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        accept: str,
        content_type: str,
        body: t.Any,
        read_seconds: float = READ_SECONDS,
    ) -> t.Any:
        # urllib3 1.26 has it by this name only.
        headers = urllib3._collections.HTTPHeaderDict({"Accept": accept})
        for name, value in self.headers():
            headers.add(name, value)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = content_type
        url = f"{self.host}/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        try:
            # `request` joins headers of one name where there is a body (urllib3 1.26).
            return self._pool.request_encode_url(
                method,
                url,
                body=data,
                headers=headers,
                preload_content=False,
                redirect=False,
                # As urllib3 2 does unasked.
                enforce_content_length=True,
                retries=urllib3.Retry(total=None, connect=1, read=0, status=0, other=0, redirect=0),
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            )
        except (ValueError, UnicodeError):
            # Its text may hold a header's value, which may be a token.
            raise UnreachableError(
                f"The request to {self.host} cannot be sent: the credentials or the address hold "
                "characters that do not fit."
            ) from None


def _seconds_to_wait(response: t.Any) -> float:
    """How long a busy server asks to be left alone."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 1.0


def lines_of(response: t.Any) -> t.Iterator[bytes]:
    """Split a streamed body into lines; a last line without its end is dropped.

    :raises ValueError: a line is too long.
    """
    rest = b""
    for chunk in response.stream(amt=None, decode_content=True):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_BODY_BYTES:
            raise ValueError("a watch event is too long")
        yield from (line for line in lines if line.strip())
