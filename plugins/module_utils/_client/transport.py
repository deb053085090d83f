# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP to one API server: the connection pool, credentials, bounds on time and size. Knows no object."""

from __future__ import annotations

import json
import math
import socket
import threading
import typing as t
import urllib.parse

from .._core.errors import AnswerTooLongError, UnreachableError
from .auth_options import (
    header_text,
)
from .config import (
    connection_pool,
    is_ip_address,
    proxy_tls_context,
    tls_context,
)
from .library import (
    urllib3,
    urllib3_release,
)
from .proxy import over
from .status_errors import (
    error_from_transport,
)

if t.TYPE_CHECKING:
    import ssl

    from .auth import ClientConfig
    from .renewal import Credential

_PORTS = {"http": 80, "https": 443}
CONNECT_SECONDS = 10
READ_SECONDS = 60
UNAUTHORIZED = 401
MAX_BODY_BYTES = 64 * 1024 * 1024


class Transport:
    """A connection pool to one API server. Its methods may be called from several threads.

    :ivar deadline: after which no request is repeated, as of time.monotonic().
    """

    def __init__(self, access: ClientConfig) -> None:
        self.deadline = math.inf
        self.configuration = access.configuration
        self.host = str(access.configuration.host).rstrip("/")
        self._headers = access.headers
        self._pool: t.Any = None
        self._certificate: tuple[bytes, bytes] | None = None
        self._making_pool = threading.Lock()
        if not access.verified:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def credential(self) -> Credential:
        """Who one is now. :raises AuthError:"""
        return self.configuration.credential()

    def renew(self, refused: Credential) -> bool:
        """Whether there is another credential in place of one that the API server refused (401).

        :raises AuthError: a token file or a credential plug-in gives nothing any more.
        """
        return self.configuration.renew(refused)

    def unreachable(self, error: Exception) -> UnreachableError:
        """The error for a connection that could not be made, or broke."""
        return error_from_transport(error, self.host, self.configuration.proxy)

    def headers(self, credential: Credential) -> list[tuple[str, str]]:
        """The headers that say who is asking, as (name, value). :raises AuthError: they cannot be sent."""
        found = list(self._headers)
        if credential.authorization:
            found.append(("Authorization", header_text("token", credential.authorization)))
        return found

    def _new_tls(self, credential: Credential) -> ssl.SSLContext | None:
        return (
            tls_context(self.configuration, credential) if self.host.startswith("https:") else None
        )

    def _pool_of(self, credential: Credential) -> t.Any:
        """The pool, made again where a credential plug-in gave another client certificate."""
        with self._making_pool:
            if self._pool is None or self._certificate != credential.certificate:
                self._pool = self._new_pool(credential)
                self._certificate = credential.certificate
            return self._pool

    def _new_pool(self, credential: Credential) -> t.Any:
        tls = self._new_tls(credential)
        name = self.configuration.tls_server_name or urllib.parse.urlsplit(self.host).hostname
        if tls is not None and urllib3_release() < (2, 0) and is_ip_address(str(name)):
            # It hands ssl no name that is an address, and checks it itself afterwards.
            tls.check_hostname = False
        return connection_pool(self.configuration, tls)

    def connect(self, seconds: float, credential: Credential) -> t.Any:
        """Open a connection of one's own to the API server, by the way that requests take.

        :param seconds: how long each wait for the network may be.
        :raises OSError, http.client.HTTPException, AuthError: it cannot be made.
        """
        configuration, address = self.configuration, urllib.parse.urlsplit(self.host)
        host, port = str(address.hostname), address.port or _PORTS[address.scheme]
        if configuration.proxy is None:
            way = socket.create_connection((host, port), seconds)
        else:
            way = configuration.proxy.connect(host, port, seconds, proxy_tls_context(configuration))
        # Not the pool's, of which urllib3 changes the context as it likes.
        tls = self._new_tls(credential)
        if tls is None:
            return way
        return over(way, tls, configuration.tls_server_name or host)

    def answer(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        accept: str,
        content_type: str,
        body: t.Any,
    ) -> tuple[t.Any, bytes]:
        """Send a request and read the answer.

        :param body: sent as JSON, unless it is None.
        :returns: the response (status, headers) and its body.
        :raises UnreachableError: there is no answer, or it is too long.
        """
        renewed = False
        while True:
            credential = self.credential()
            try:
                response = self._send(method, path, query, accept, content_type, body, credential)
                try:
                    text = response.read(MAX_BODY_BYTES + 1)
                    # Only now does urllib3 1.26 notice that a body was cut off.
                    text += response.read(1)
                finally:
                    response.release_conn()
            except urllib3.exceptions.HTTPError as error:
                raise self.unreachable(error) from None
            if len(text) > MAX_BODY_BYTES:
                raise AnswerTooLongError(
                    f"The answer of the API server {self.host} is longer than {MAX_BODY_BYTES} bytes: is it a "
                    "Kubernetes API server? Check the address.",
                    maybe_done=True,
                )
            if response.status == UNAUTHORIZED and not renewed and self.renew(credential):
                # A request that is refused so was not done, so that a write may be repeated.
                renewed = True
                continue
            return response, text

    def open_stream(self, path: str, query: dict[str, str], seconds: int) -> t.Any:
        """Begin to read an answer that comes bit by bit, for `seconds` at most. :raises UnreachableError:"""
        credential = self.credential()
        response = self._open_stream(path, query, seconds, credential)
        if response.status == UNAUTHORIZED and self.renew(credential):
            response.close()
            response = self._open_stream(path, query, seconds, self.credential())
        return response

    def _open_stream(
        self, path: str, query: dict[str, str], seconds: int, credential: Credential
    ) -> t.Any:
        try:
            return self._send(
                "GET",
                path,
                query,
                "application/json",
                "",
                None,
                credential,
                seconds + CONNECT_SECONDS,
            )
        except urllib3.exceptions.HTTPError as error:
            raise self.unreachable(error) from None

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        accept: str,
        content_type: str,
        body: t.Any,
        credential: Credential,
        read_seconds: float = READ_SECONDS,
    ) -> t.Any:
        # urllib3 1.26 has it by this name only.
        headers = urllib3._collections.HTTPHeaderDict({"Accept": accept})
        for name, value in self.headers(credential):
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
            return self._pool_of(credential).request_encode_url(
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


def retry_after(response: t.Any) -> float | None:
    """Return the number of seconds in Retry-After, or None if there is none."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None


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
