# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP to one API server: connection pool, credentials, limits of time and size."""

from __future__ import annotations

import json
import math
import socket
import threading
import typing as t
import urllib.parse

from .._core.errors import AnswerTooLongError, UnreachableError
from .auth_options import header_text
from .config import connection_pool, is_ip_address
from .library import urllib3, urllib3_release
from .status_errors import error_from_transport
from .tls import over, proxy_tls_context, tls_context

if t.TYPE_CHECKING:
    import ssl

    from .merged_auth import ClientConfig
    from .renewal import Credential
    from .tls import ProxyContext

_PORTS = {"http": 80, "https": 443}
CONNECT_SECONDS = 10
READ_SECONDS = 60
UNAUTHORIZED = 401
MAX_BODY_BYTES = 64 * 1024 * 1024

Made = t.TypeVar("Made")


class _OfCertificate(t.Generic[Made]):
    """What is made of the client certificate, and made again if that changes. Thread-safe."""

    def __init__(self, make: t.Callable[[Credential], Made]) -> None:
        self._make = make
        self._made: tuple[tuple[bytes, bytes] | None, Made] | None = None
        self._making = threading.Lock()

    def __call__(self, credential: Credential) -> Made:
        with self._making:
            if self._made is None or self._made[0] != credential.certificate:
                self._made = credential.certificate, self._make(credential)
            return self._made[1]


class Transport:
    """A thread-safe connection pool to one API server.

    :ivar deadline: no request is repeated after it, as of time.monotonic().
    """

    def __init__(self, access: ClientConfig) -> None:
        self.deadline = math.inf
        self.configuration = access.configuration
        self.host = str(access.configuration.host).rstrip("/")
        self._headers = access.headers
        self._pool: _OfCertificate[t.Any] = _OfCertificate(self._new_pool)
        self._contexts = _OfCertificate(self._new_contexts)
        if not access.verified:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def credential(self) -> Credential:
        """Who one is now. :raises AuthError:"""
        return self.configuration.credential()

    def renew(self, refused: Credential) -> bool:
        """Whether another credential replaces one that the API server refused (401). :raises AuthError:"""
        return self.configuration.renewal.renew(refused)

    def unreachable(self, error: Exception) -> UnreachableError:
        return error_from_transport(error, self.host, self.configuration.proxy)

    def headers(self, credential: Credential) -> list[tuple[str, str]]:
        """The identity's headers, as (name, value). :raises AuthError: they cannot be sent."""
        found = list(self._headers)
        if credential.authorization:
            found.append(("Authorization", header_text("token", credential.authorization)))
        return found

    def _new_tls(self, credential: Credential) -> ssl.SSLContext | None:
        return (
            tls_context(self.configuration, credential) if self.host.startswith("https:") else None
        )

    def _new_contexts(
        self, credential: Credential
    ) -> tuple[ProxyContext | None, ssl.SSLContext | None]:
        """TLS with the proxy and with the API server, apart from the pool's, which urllib3 changes."""
        return proxy_tls_context(self.configuration), self._new_tls(credential)

    def _new_pool(self, credential: Credential) -> t.Any:
        tls = self._new_tls(credential)
        name = self.configuration.tls_server_name or urllib.parse.urlsplit(self.host).hostname
        if tls is not None and urllib3_release() < (2, 0) and is_ip_address(str(name)):
            # It hands ssl no IP address, and checks it itself later.
            tls.check_hostname = False
        return connection_pool(self.configuration, tls)

    def connect(self, seconds: float, credential: Credential) -> t.Any:
        """Open a separate connection to the API server, by the same way as requests.

        :param seconds: for each network wait.
        :raises OSError, http.client.HTTPException, AuthError:
        """
        configuration, address = self.configuration, urllib.parse.urlsplit(self.host)
        host, port = str(address.hostname), address.port or _PORTS[address.scheme]
        # Made once: reading this machine's CAs took 57 ms (measured).
        proxy_tls, tls = self._contexts(credential)
        if configuration.proxy is None:
            way = socket.create_connection((host, port), seconds)
        else:
            way = configuration.proxy.connect(host, port, seconds, proxy_tls)
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
        """Send a request, with `body` as JSON; return the response and the text of its body.

        :raises UnreachableError: no answer, or one that is too long.
        """
        renewed = False
        while True:
            credential = self.credential()
            response = self._send(method, path, query, accept, content_type, body, credential)
            try:
                text = response.read(MAX_BODY_BYTES + 1)
                # Only now does urllib3 1.26 notice that a body was cut off.
                text += response.read(1)
            except urllib3.exceptions.HTTPError as error:
                raise self.unreachable(error) from None
            finally:
                response.release_conn()
            if len(text) > MAX_BODY_BYTES:
                raise AnswerTooLongError(
                    f"The answer of the API server {self.host} is longer than {MAX_BODY_BYTES} bytes: is it a "
                    "Kubernetes API server? Check the address.",
                    maybe_done=True,
                )
            if response.status == UNAUTHORIZED and not renewed and self.renew(credential):
                # A refused request was not done, so a write may be repeated.
                renewed = True
                continue
            return response, text

    def open_stream(self, path: str, query: dict[str, str], seconds: int) -> t.Any:
        """Begin to read a stream, for `seconds` at most. :raises UnreachableError:"""

        def send(credential: Credential) -> t.Any:
            accept, longest = "application/json", seconds + CONNECT_SECONDS
            return self._send("GET", path, query, accept, "", None, credential, longest)

        credential = self.credential()
        response = send(credential)
        if response.status == UNAUTHORIZED and self.renew(credential):
            response.close()
            response = send(self.credential())
        return response

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
        # Its only name in urllib3 1.26.
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
            # With a body, `request` joins headers of one name (urllib3 1.26).
            return self._pool(credential).request_encode_url(
                method,
                url,
                body=data,
                headers=headers,
                preload_content=False,
                redirect=False,
                # The default of urllib3 2.
                enforce_content_length=True,
                retries=urllib3.Retry(total=None, connect=1, read=0, status=0, other=0, redirect=0),
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            )
        except ValueError:
            # Its text may hold a token.
            raise UnreachableError(
                f"The request to {self.host} cannot be sent: the credentials or the address hold "
                "characters that do not fit."
            ) from None
        except urllib3.exceptions.HTTPError as error:
            raise self.unreachable(error) from None


def retry_after(response: t.Any) -> float | None:
    """The number of seconds in Retry-After."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None


def lines_of(response: t.Any) -> t.Iterator[bytes]:
    """Split a streamed body into lines; drop an unfinished last one. :raises ValueError: one is too long."""
    rest = b""
    for chunk in response.stream(amt=None, decode_content=True):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_BODY_BYTES:
            raise ValueError("a watch event is too long")
        yield from (line for line in lines if line.strip())
