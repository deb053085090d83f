# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS with the API server and with a proxy, and files for what Python's ssl takes from files only."""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
import typing as t
import weakref

from .._core.errors import AuthError
from .library import urllib3

if t.TYPE_CHECKING:
    from .config import Configuration
    from .renewal import Credential

# OpenSSL's X509_V_FLAG_PARTIAL_CHAIN, which Python names from 3.10 on.
_PARTIAL_CHAIN = 0x80000


class SharedContext(ssl.SSLContext):
    """A TLS context that urllib3 does not change while another thread uses it.

    urllib3 sets ALPN for each connection. OpenSSL reads it without a lock, and may send a broken first message, which a
    server answers with "decode error" (measured: 2 of 3,159).
    """

    def set_alpn_protocols(self, alpn_protocols: t.Iterable[str]) -> None:
        """Offer none: that means HTTP/1.1, the only one that urllib3 offers."""


class ProxyContext(SharedContext):
    """TLS to an https proxy, with its own name: urllib3 1.26 hands ssl no IP address."""

    proxy_host: str

    def wrap_socket(self, sock: socket.socket, *arguments: t.Any, **options: t.Any) -> t.Any:
        """Begin TLS with the proxy. :raises OSError: its certificate does not fit."""
        options["server_hostname"] = self.proxy_host
        return super().wrap_socket(sock, *arguments, **options)


def tls_context(configuration: Configuration, credential: Credential) -> ssl.SSLContext:
    """Make the TLS context: trusted CAs and the client certificate.

    It trusts what kubectl trusts: any certificate of the CA file, root or not, and certificates without a key
    identifier, which many clusters' CAs make (urllib3's own context refuses them from Python 3.13 on), but none with
    its name only in the subject.

    :raises AuthError: a certificate or key cannot be used.
    """
    context = SharedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= _PARTIAL_CHAIN
    context.hostname_checks_common_name = False
    try:
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif configuration.ssl_ca_cert:
            context.load_verify_locations(configuration.ssl_ca_cert)
        else:
            context.load_default_certs()
        if credential.certificate is not None:
            certificate, certificate_path = private_file(credential.certificate[0])
            key, key_path = private_file(credential.certificate[1])
            with certificate, key:
                context.load_cert_chain(certificate_path, key_path, password="")
        elif configuration.cert_file:
            # Without it OpenSSL asks for an encrypted key's password on the terminal.
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except OSError as error:
        raise AuthError(
            f"A certificate or key for the API server cannot be used ({error.strerror or error}): the CA "
            "certificate, the client certificate and its key have to be PEM, the key without a password."
        ) from None
    return context


def proxy_tls_context(configuration: Configuration) -> ProxyContext | None:
    """Make the TLS context of an https proxy; None for another.

    The proxy's certificate may be of the API server's CA, as with kubectl, or of a CA of this machine. A client
    certificate is for the API server only.

    :raises AuthError: the CA certificate cannot be used.
    """
    proxy = configuration.proxy
    if proxy is None or proxy.scheme != "https":
        return None
    context = ProxyContext(ssl.PROTOCOL_TLS_CLIENT)
    context.proxy_host = proxy.host
    context.verify_flags |= _PARTIAL_CHAIN
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context.load_default_certs()
    if configuration.ssl_ca_cert:
        try:
            context.load_verify_locations(configuration.ssl_ca_cert)
        except OSError as error:
            raise AuthError(
                f"The CA certificate cannot be used ({error.strerror or error}): it has to be PEM."
            ) from None
    return context


def over(way: socket.socket, tls: ssl.SSLContext, name: str) -> t.Any:
    """Begin TLS with the API server over a connection, perhaps over TLS with a proxy."""
    if isinstance(way, ssl.SSLSocket):
        return urllib3.util.ssltransport.SSLTransport(way, tls, name)
    return tls.wrap_socket(way, server_hostname=name)


def private_file(content: bytes) -> tuple[t.Any, str]:
    """Write content to a file that lasts while it is open; return it and its path."""
    try:
        # In memory: it goes even if the process is killed.
        file = os.fdopen(os.memfd_create("kubedirector-connections"), "wb")
        path = f"/proc/self/fd/{file.fileno()}"
    except (AttributeError, OSError):
        # Not Linux, or forbidden by a sandbox.
        path = ""
    if not os.path.exists(path):
        descriptor, path = tempfile.mkstemp(prefix="kubedirector-connections-")
        file = os.fdopen(descriptor, "wb")
        weakref.finalize(file, _remove, path)
    file.write(content)
    file.flush()
    return file, path


def _remove(path: str) -> None:
    # A cleaner of temporary files may have been quicker.
    if os.path.exists(path):
        os.remove(path)
