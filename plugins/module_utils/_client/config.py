# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Address, TLS, proxy and token of one API server, and the connection pool made of them.

The kubernetes library's own costs the import of all of it, twice the time of everything else that a module
imports (measured).
"""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import ssl
import typing as t
import urllib.parse

from .._core.errors import AuthError
from .library import socks_pool_manager, urllib3
from .private_files import private_file
from .proxy import Proxy, ProxyContext
from .renewal import Credential, Renewal
from .shared_context import SharedContext

_CONNECTIONS = 8
# OpenSSL's X509_V_FLAG_PARTIAL_CHAIN; Python has a name for it from 3.10 on.
_PARTIAL_CHAIN = 0x80000


@dataclasses.dataclass
class Configuration:
    """Where an API server is and how to talk to it; the credentials are left out of its text.

    :param proxy_url: the kubeconfig's own, which `proxy` is decided from.
    :param fixed: credentials that do not change while a task works.
    :param renewal: credentials that do, in place of the fixed ones.
    :param impersonation: impersonation headers of the kubeconfig, as (name, value).
    :param private_files: open files that only this process can reach, for the paths above;
        Python's ssl takes certificates and keys from files only. They are gone with this object.
    """

    host: str = "http://localhost"
    verify_ssl: bool = True
    ssl_ca_cert: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    tls_server_name: str | None = None
    assert_hostname: bool | None = None
    proxy_url: str | None = dataclasses.field(default=None, repr=False)
    proxy: Proxy | None = None
    fixed: Credential = dataclasses.field(default_factory=Credential, repr=False)
    renewal: Renewal | None = None
    impersonation: tuple[tuple[str, str], ...] = ()
    private_files: list[t.Any] = dataclasses.field(default_factory=list, repr=False)

    def credential(self) -> Credential:
        """Who one is now. :raises AuthError: a token file or a credential plug-in gives nothing."""
        return self.fixed if self.renewal is None else self.renewal.current()

    def renew(self, refused: Credential) -> bool:
        """Get other credentials in place of refused ones, where there may be some. :raises AuthError:"""
        return self.renewal is not None and self.renewal.renew(refused)


def basic_authentication(user: str) -> str:
    """The header for "name:password", in UTF-8 as kubectl sends it."""
    return f"Basic {base64.b64encode(user.encode()).decode()}"


def plain_address(url: str) -> str:
    """An API server's address as everything here reads it: a scheme in lower case, no slash at the end."""
    scheme, separator, rest = url.rstrip("/").partition("://")
    return f"{scheme.lower()}{separator}{rest}"


def connection_pool(configuration: Configuration, tls: ssl.SSLContext | None) -> t.Any:
    """Make urllib3's pool of connections to the API server, through the proxy where there is one.

    :param tls: for an address that begins with https.
    """
    options: dict[str, t.Any] = {"maxsize": _CONNECTIONS}
    if tls is not None:
        options["ssl_context"] = tls
        if configuration.assert_hostname is not None:
            options["assert_hostname"] = configuration.assert_hostname
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


def proxy_tls_context(configuration: Configuration) -> ProxyContext | None:
    """Make what TLS with an https proxy needs; None for another proxy.

    It may show a certificate of the API server's CA, as kubectl wants it, or of a CA that this machine knows.
    A client certificate is for the API server only.

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


def tls_context(configuration: Configuration, credential: Credential) -> ssl.SSLContext:
    """Make the TLS context: trusted CAs and the client certificate.

    What is trusted is what kubectl trusts: any certificate of the CA file, whether it is a root or not, and
    certificates without a key identifier, which many clusters' CAs make (from Python 3.13 urllib3's own
    context would refuse them), but none that has its name nowhere but in the subject.

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
            # Without a password OpenSSL would ask for one on the terminal, where the key is encrypted.
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except OSError as error:
        raise AuthError(
            f"A certificate or key for the API server cannot be used ({error.strerror or error}): the CA "
            "certificate, the client certificate and its key have to be PEM, the key without a password."
        ) from None
    return context


def is_spared_by(no_proxy: str, url: str) -> bool:
    """Whether a URL is not to be asked through a proxy, by the rules of Go's httpproxy, which kubectl uses.

    :param no_proxy: comma-separated: "example.com" (it and below), ".example.com" or "*.example.com" (below
        it), each of them with a port or without, addresses, networks, or "*".
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
    """Whether a URL is this machine's own, which the environment's proxies are never asked for."""
    host = urllib.parse.urlsplit(url).hostname or ""
    return host == "localhost" or (is_ip_address(host) and ipaddress.ip_address(host).is_loopback)


def is_ip_address(host: str) -> bool:
    """Whether a host is given by its address and not by a name."""
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
