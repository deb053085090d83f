# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge options, environment and kubeconfig into one API server's address and credentials."""

from __future__ import annotations

import dataclasses
import os
import sys
import typing as t
import urllib.parse

from .._core.credential_forms import without_credentials
from .._core.errors import AuthError
from .._core.redaction import MASK
from .auth_options import AUTH_ARGUMENTS, header_text, require_path
from .config import (
    Configuration,
    Proxy,
    basic_authentication,
    is_loopback,
    is_spared_by,
    plain_address,
)
from .kubeconfig import load_kubeconfig
from .library import socks_library, urllib3
from .renewal import Credential, Renewal, fixed

# Defaults (source: net/http of Go).
_PROXY_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
# If a task names the API server or the user, the environment gives none of these: its HOST must not beat the
# task's kubeconfig.
_GROUP = AUTH_ARGUMENTS.keys() - {"proxy", "no_proxy", "impersonate_user", "impersonate_groups"}
_IDENTITY = _GROUP - {"ca_cert", "validate_certs"}
_TRUE = {"1", "true", "yes", "on", "y", "t"}
_FALSE = {"0", "false", "no", "off", "n", "f"}


@dataclasses.dataclass(frozen=True)
class ClientConfig:
    """Address, credentials and identity for the API server.

    :param headers: impersonation headers, as (name, value).
    :param namespace: the context's.
    :param verified: whether TLS certificates are verified.
    """

    configuration: Configuration
    headers: tuple[tuple[str, str], ...] = dataclasses.field(repr=False)
    namespace: str | None
    verified: bool


def resolve_client_config(
    params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]
) -> ClientConfig:
    """Find the API server and the credentials: the task's options as a group, K8S_AUTH_*, KUBECONFIG or the default
    kubeconfig, then the pod's service account.

    :raises AuthError: nothing usable was found.
    """
    try:
        auth = _with_environment(params, environ)
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
    if headers and "Impersonate-User" not in dict(headers):
        raise AuthError(
            "Authentication: groups, a uid or extra values are impersonated without a user. Give "
            "impersonate_user, or `as` in the kubeconfig."
        )
    # Fail before the task begins if a plug-in or token file gives nothing.
    configuration.credential()
    return ClientConfig(configuration, headers, namespace, bool(configuration.verify_ssl))


def _with_environment(
    params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]
) -> dict[str, t.Any]:
    """Merge a task's authentication options with the environment.

    :returns: option name to value, if set; validate_certs is a bool, impersonate_groups a list of str.
    :raises ValueError: a variable for a boolean holds none, or one of user name and password is missing.
    """
    chosen = {
        option: params[option]
        for option in AUTH_ARGUMENTS
        if params.get(option) not in (None, "", [], {})
    }
    own = _IDENTITY & chosen.keys()
    shut_out = _GROUP if own else set()
    if own == {"context"}:
        # A context alone still needs a kubeconfig.
        shut_out = _GROUP - {"kubeconfig"}
    for option, spec in AUTH_ARGUMENTS.items():
        names = (*spec.get("aliases", ()), option)
        variables = (f"K8S_AUTH_{name.upper()}" for name in names)
        variable = next((variable for variable in variables if environ.get(variable)), None)
        if variable and option not in chosen and option not in shut_out:
            chosen[option] = _from_environment(option, variable, environ[variable])
    if "api_key" not in chosen and ("username" in chosen) != ("password" in chosen):
        # Without it the request would be from system:anonymous.
        missing = "password" if "username" in chosen else "username"
        raise ValueError(f"username and password go together, but {missing} is missing")
    return chosen


def _from_environment(name: str, variable: str, text: str) -> t.Any:
    if name == "validate_certs":
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise ValueError(f"environment variable {variable} must be true or false")
    if AUTH_ARGUMENTS[name]["type"] == "path":
        return os.path.expanduser(text)
    if name == "impersonate_groups":
        return [group.strip() for group in text.split(",") if group.strip()]
    return text


def _override_server(configuration: Configuration, auth: dict[str, t.Any]) -> None:
    host = str(auth.get("host", configuration.host))
    _require_url(host)
    configuration.host = plain_address(host)
    if "host" in auth:
        # As with kubectl: the kubeconfig's name is of its own server.
        configuration.tls_server_name = None
    if "ca_cert" in auth:
        configuration.ssl_ca_cert = auth["ca_cert"]
        # As with kubectl, a named CA means verification, whatever the kubeconfig says.
        configuration.verify_ssl = True
    if "validate_certs" in auth:
        configuration.verify_ssl = auth["validate_certs"]


def _override_credentials(configuration: Configuration, auth: dict[str, t.Any]) -> None:
    """Put chosen credentials in place of all the kubeconfig's: the API server prefers a certificate to a token."""
    if auth.keys() & {"api_key", "username", "client_cert"}:
        configuration.cert_file = configuration.key_file = None
        configuration.renewal = Renewal(Credential)
    if "api_key" in auth:
        # A token read from a file may end with its newline.
        token = header_text("api_key", str(auth["api_key"]).strip())
        configuration.renewal = fixed(f"Bearer {token}")
    elif "username" in auth:
        user = f"{auth['username']}:{auth['password']}"
        configuration.renewal = fixed(basic_authentication(user))
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
    """Choose the proxy of requests and commands: the option's, the kubeconfig's, then the environment's. As with
    kubectl, NO_PROXY is about the last only."""
    proxy, source, spared = _chosen_proxy(configuration, auth, params, environ)
    if not proxy or is_spared_by(spared, configuration.host):
        return
    if not _is_url(proxy, *_PROXY_PORTS):
        raise AuthError(
            f"The proxy of {source} must be a URL like http://proxy.example.com:3128, which may begin with http, "
            "https, socks5 or socks5h."
        )
    parts = urllib.parse.urlsplit(proxy)
    scheme = parts.scheme
    if scheme.startswith("socks5"):
        try:
            socks_library()
        except ImportError:
            raise AuthError(
                f"The proxy of {source} begins with {scheme}://, which needs the Python library PySocks. Install "
                f"it: {sys.executable} -m pip install PySocks."
            ) from None
    user, password, headers = None, None, {}
    if parts.username:
        user = urllib.parse.unquote(parts.username)
        password = urllib.parse.unquote(parts.password or "")
        headers = {"Proxy-Authorization": basic_authentication(f"{user}:{password}")}
    configuration.proxy = Proxy(
        scheme="socks5h" if scheme == "socks5" else scheme,
        host=str(parts.hostname), port=parts.port or _PROXY_PORTS[scheme],
        source=source, username=user, password=password, headers=headers,
    )  # fmt: skip


def _chosen_proxy(
    configuration: Configuration,
    auth: dict[str, t.Any],
    params: t.Mapping[str, t.Any],
    environ: t.Mapping[str, str],
) -> tuple[str, str, str]:
    """The proxy, what set it, and the hosts that bypass it."""
    own = params.get("proxy")
    # K8S_AUTH_NO_PROXY is not about the task's own proxy.
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
    """Whether Python and urllib3 take this for a server's address."""
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
            require_path(what, path)
            raise AuthError(f"The {what} file {path} does not exist.")


def _impersonation(
    configuration: Configuration, auth: dict[str, t.Any]
) -> t.Iterator[tuple[str, str]]:
    """The impersonation headers: each option replaces the kubeconfig's field."""
    user, groups = auth.get("impersonate_user"), auth.get("impersonate_groups", ())
    if user:
        yield "Impersonate-User", header_text("impersonate_user", user)
    for group in groups:
        yield "Impersonate-Group", header_text("impersonate_groups", group)
    for name, value in configuration.impersonation:
        replaced = (name == "Impersonate-User" and user) or (name == "Impersonate-Group" and groups)
        if not replaced:
            yield name, value
