# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options, environment and kubeconfig to an address and credentials of one API server."""

from __future__ import annotations

import dataclasses
import os
import sys
import typing as t
import urllib.parse

from .._core.credential_forms import without_credentials
from .._core.errors import AuthError
from .._core.redaction import MASK
from .auth_options import (
    effective_auth,
    header_text,
)
from .config import (
    Configuration,
    basic_authentication,
    is_loopback,
    is_spared_by,
    plain_address,
)
from .kubeconfig import (
    load_kubeconfig,
)
from .library import socks_library, urllib3
from .proxy import Proxy
from .renewal import Credential

# What they are where the URL has none (source: net/http of Go).
_PROXY_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclasses.dataclass(frozen=True)
class ClientConfig:
    """Address, credentials and identity for the API server.

    :param configuration: address, TLS, proxy and token.
    :param headers: impersonation headers, as (name, value).
    :param namespace: the context's namespace, or None.
    :param verified: False when TLS certificates are not verified.
    """

    configuration: Configuration
    headers: tuple[tuple[str, str], ...] = dataclasses.field(repr=False)
    namespace: str | None
    verified: bool


def resolve_client_config(
    params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]
) -> ClientConfig:
    """Find the API server and the credentials.

    The order is: the task's own options as a group, the K8S_AUTH_* environment, KUBECONFIG or the
    default kubeconfig, the pod's own service account.

    :param params: the task's options (see _client.auth_options.AUTH_ARGUMENTS).
    :param environ: environment variables.
    :raises AuthError: nothing usable was found, or it cannot be read.
    """
    try:
        auth = effective_auth(params, environ)
    except ValueError as error:
        raise AuthError(f"Authentication: {error}.") from None
    configuration = Configuration()
    namespace = None
    if "host" not in auth or "kubeconfig" in auth:
        namespace = load_kubeconfig(
            configuration, auth.get("kubeconfig"), auth.get("context"), environ
        )
    _override_server(configuration, auth)
    _override_credentials(configuration, auth)
    _decide_proxy(configuration, auth, params, environ)
    _require_files(configuration)
    headers = tuple(_impersonation(configuration, auth))
    _require_impersonated_user(headers)
    # A plug-in or a token file that gives nothing is better known before the task begins.
    configuration.credential()
    return ClientConfig(
        configuration=configuration,
        headers=headers,
        namespace=namespace,
        verified=bool(configuration.verify_ssl),
    )


def _override_server(configuration: Configuration, auth: dict[str, t.Any]) -> None:
    if "host" in auth:
        configuration.host = str(auth["host"])
    _require_url(str(configuration.host))
    configuration.host = plain_address(str(configuration.host))
    if "ca_cert" in auth:
        configuration.ssl_ca_cert = auth["ca_cert"]
        # As with kubectl: who names a CA wants the server verified, whatever the kubeconfig says.
        configuration.verify_ssl = True
    if "validate_certs" in auth:
        configuration.verify_ssl = auth["validate_certs"]
    if not configuration.verify_ssl:
        configuration.assert_hostname = False


def _override_credentials(configuration: Configuration, auth: dict[str, t.Any]) -> None:
    """Put the chosen credentials in place of the kubeconfig's: the API server looks at a client
    certificate before a token, so one that stayed would win."""
    if "api_key" in auth or "username" in auth or "client_cert" in auth:
        configuration.cert_file = configuration.key_file = configuration.renewal = None
        configuration.fixed = Credential()
    if "api_key" in auth:
        # A token that was read from a file may still have the file's last newline.
        token = header_text("api_key", str(auth["api_key"]).strip())
        configuration.fixed = Credential(f"Bearer {token}")
    elif "username" in auth:
        configuration.fixed = Credential(
            basic_authentication(f"{auth['username']}:{auth['password']}")
        )
    if "client_cert" in auth:
        configuration.cert_file = auth["client_cert"]
    if "client_key" in auth:
        configuration.key_file = auth["client_key"]


def _decide_proxy(
    configuration: Configuration,
    auth: dict[str, t.Any],
    params: t.Mapping[str, t.Any],
    environ: t.Mapping[str, str],
) -> None:
    """Decide on a proxy once, for requests and for commands in members: the option, then the kubeconfig's,
    then the environment's. As with kubectl, NO_PROXY is about the environment's proxy only."""
    proxy, source, spared = _chosen_proxy(configuration, auth, params, environ)
    if not proxy or is_spared_by(spared, configuration.host):
        return
    if not _is_url(proxy, *_PROXY_PORTS):
        raise AuthError(
            f"The proxy of {source} must be a URL like http://proxy.example.com:3128, which may begin with http, "
            "https, socks5 or socks5h."
        )
    parts = urllib.parse.urlsplit(proxy)
    if parts.scheme.startswith("socks5"):
        _require_socks(source, parts.scheme)
    name = urllib.parse.unquote(parts.username) if parts.username else None
    password = urllib.parse.unquote(parts.password or "") if parts.username else None
    headers = {}
    if name:
        headers["Proxy-Authorization"] = basic_authentication(f"{name}:{password}")
    configuration.proxy = Proxy(
        scheme="socks5h" if parts.scheme == "socks5" else parts.scheme,
        host=str(parts.hostname), port=parts.port or _PROXY_PORTS[parts.scheme],
        source=source, username=name, password=password, headers=headers,
    )  # fmt: skip


def _require_socks(source: str, scheme: str) -> None:
    try:
        socks_library()
    except ImportError:
        raise AuthError(
            f"The proxy of {source} begins with {scheme}://, which needs the Python library PySocks. Install it: "
            f"{sys.executable} -m pip install PySocks."
        ) from None


def _chosen_proxy(
    configuration: Configuration,
    auth: dict[str, t.Any],
    params: t.Mapping[str, t.Any],
    environ: t.Mapping[str, str],
) -> tuple[str, str, str]:
    """The proxy, where it was set, and which hosts it is not asked for."""
    own = params.get("proxy")
    # The environment's K8S_AUTH_NO_PROXY says nothing about a proxy that the task itself gives.
    spared = (params if own else auth).get("no_proxy") or ""
    if auth.get("proxy"):
        return str(auth["proxy"]), "option proxy" if own else "K8S_AUTH_PROXY", spared
    if configuration.proxy_url:
        return str(configuration.proxy_url), "the kubeconfig (proxy-url)", spared
    scheme = configuration.host.partition(":")[0]
    for name in (f"{scheme}_proxy".upper(), f"{scheme}_proxy"):
        proxy = environ.get(name)
        if proxy:
            if is_loopback(configuration.host):
                return "", name, ""
            spared = spared or environ.get("NO_PROXY") or environ.get("no_proxy") or ""
            return proxy if "://" in proxy else f"http://{proxy}", name, spared
    return "", "", ""


def _is_url(text: str, *schemes: str) -> bool:
    """Whether this is the address of a server, for Python and for urllib3."""
    try:
        parts = urllib.parse.urlsplit(text)
        urllib3.util.parse_url(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _require_url(host: str) -> None:
    # Also of an address that cannot be parsed, which no message may show then.
    if "@" in host.partition("://")[2].partition("/")[0]:
        raise AuthError(
            f"The API server's address {without_credentials(host, MASK)} holds a user and password. Give the "
            "address without them, and the options username and password."
        )
    if not _is_url(host, "http", "https"):
        raise AuthError(
            f"The API server's address {host!r} is not a URL. Write it like https://api.example.com:6443."
        )


def _require_files(configuration: Configuration) -> None:
    for what, path in (
        ("CA certificate", configuration.ssl_ca_cert),
        ("client certificate", configuration.cert_file),
        ("client key", configuration.key_file),
    ):
        if path and not os.path.isfile(path):
            raise AuthError(f"The {what} file {path} does not exist.")


def _impersonation(
    configuration: Configuration, auth: dict[str, t.Any]
) -> t.Iterator[tuple[str, str]]:
    """The impersonation headers. Each of the task's options replaces the kubeconfig's field."""
    user, groups = auth.get("impersonate_user"), auth.get("impersonate_groups", ())
    if user:
        yield "Impersonate-User", header_text("impersonate_user", user)
    for group in groups:
        yield "Impersonate-Group", header_text("impersonate_groups", group)
    for name, value in configuration.impersonation:
        replaced = (name == "Impersonate-User" and user) or (name == "Impersonate-Group" and groups)
        if not replaced:
            yield name, value


def _require_impersonated_user(headers: t.Iterable[tuple[str, str]]) -> None:
    names = {name for name, _value in headers}
    if names and "Impersonate-User" not in names:
        raise AuthError(
            "Authentication: groups, a uid or extra values are impersonated without a user. Give "
            "impersonate_user, or `as` in the kubeconfig."
        )
