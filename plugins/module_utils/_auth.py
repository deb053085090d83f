# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options, environment and kubeconfig to an address and credentials of one API server."""

from __future__ import annotations

import base64
import dataclasses
import os
import typing as t
import urllib.parse

from ansible_collections.kubedirector.connections.plugins.module_utils._auth_options import (
    effective_auth,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._errors import AuthError
from ansible_collections.kubedirector.connections.plugins.module_utils._kubernetes import (
    Configuration,
    kubernetes_config,
    yaml,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._secrecy import (
    is_kubeconfig_text,
)

_NAMESPACE_IN_POD = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


@dataclasses.dataclass(frozen=True)
class Access:
    """Where and as whom to talk.

    :param configuration: the kubernetes library's own Configuration (address, TLS, proxy, token).
    :param headers: extra HTTP headers (impersonation, basic authentication), name to value or values.
    :param namespace: the context's namespace, or None.
    :param verified: False when TLS certificates are not verified.
    """

    configuration: Configuration
    headers: tuple[tuple[str, str], ...]
    namespace: str | None
    verified: bool


def resolve_access(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Access:
    """Find the API server and the credentials.

    The order is: the task's own options as a group, the K8S_AUTH_* environment, KUBECONFIG or the
    default kubeconfig, the pod's own service account.

    :param params: the task's options (see _auth_options.AUTH_ARGUMENTS).
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
        namespace = _load(configuration, auth, environ)
    _override(configuration, auth)
    _check_host(str(configuration.host))
    _check_files(configuration)
    return Access(
        configuration=configuration,
        headers=tuple(_headers(auth)),
        namespace=namespace,
        verified=bool(configuration.verify_ssl),
    )


def _load(
    configuration: Configuration, auth: dict[str, t.Any], environ: t.Mapping[str, str]
) -> str | None:
    """Fill the configuration from a kubeconfig or the pod, and return the context's namespace."""
    kubeconfig = auth.get("kubeconfig")
    context = auth.get("context")
    try:
        if isinstance(kubeconfig, dict):
            kubernetes_config.load_kube_config_from_dict(
                kubeconfig,
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
            return _context_namespace(kubeconfig, context)
        if kubeconfig is not None and (
            not isinstance(kubeconfig, str) or is_kubeconfig_text(kubeconfig)
        ):
            raise AuthError(
                "Option kubeconfig must be a path or a dictionary; from the text of a kubeconfig make "
                "one with from_yaml."
            )
        path = os.path.expanduser(kubeconfig) if kubeconfig else None
        if path is not None and not os.path.exists(path):
            raise AuthError(f"The kubeconfig {path} does not exist.")
        if path is None and not _default_kubeconfig_exists(environ):
            return _load_in_cluster(configuration, environ)
        kubernetes_config.load_kube_config(
            config_file=path,
            context=context,
            client_configuration=configuration,
            persist_config=False,
        )
        _contexts, active = kubernetes_config.list_kube_config_contexts(config_file=path)
        if context:
            active = next((entry for entry in _contexts if entry["name"] == context), active)
        return (active.get("context") or {}).get("namespace")
    except kubernetes_config.ConfigException as error:
        where = (
            "the kubeconfig given as a dictionary"
            if isinstance(kubeconfig, dict)
            else "the kubeconfig"
        )
        if isinstance(kubeconfig, str):
            where = f"the kubeconfig {kubeconfig}"
        raise AuthError(f"{where[0].upper()}{where[1:]} cannot be used: {error}.") from None
    except OSError as error:
        raise AuthError(f"The kubeconfig cannot be read: {error}.") from None
    except (yaml.YAMLError, ValueError):
        raise AuthError(
            "The kubeconfig is not valid: it is not YAML, or holds data that is not base64. "
            "Check it with: kubectl config view."
        ) from None


def _default_kubeconfig_exists(environ: t.Mapping[str, str]) -> bool:
    listed = environ.get("KUBECONFIG") or "~/.kube/config"
    return any(
        os.path.exists(os.path.expanduser(path)) for path in listed.split(os.pathsep) if path
    )


def _load_in_cluster(configuration: Configuration, environ: t.Mapping[str, str]) -> str | None:
    if "KUBERNETES_SERVICE_HOST" not in environ:
        raise AuthError(
            "No API server is known: give kubeconfig or host (as options, or as K8S_AUTH_* in the "
            "environment), set KUBECONFIG, or run inside a pod."
        )
    kubernetes_config.load_incluster_config(client_configuration=configuration)
    if not os.path.exists(_NAMESPACE_IN_POD):
        return None
    with open(_NAMESPACE_IN_POD, encoding="utf-8") as file:
        return file.read(256).strip() or None


def _context_namespace(kubeconfig: dict[str, t.Any], context: str | None) -> str | None:
    name = context or kubeconfig.get("current-context")
    for entry in kubeconfig.get("contexts") or []:
        if entry.get("name") == name:
            namespace = (entry.get("context") or {}).get("namespace")
            return str(namespace) if namespace else None
    return None


def _override(configuration: Configuration, auth: dict[str, t.Any]) -> None:
    """Put single options over what the kubeconfig said."""
    if "host" in auth:
        _check_host(str(auth["host"]))
        configuration.host = str(auth["host"]).rstrip("/")
    if "api_key" in auth:
        configuration.refresh_api_key_hook = None
        # A token that was read from a file may still have the file's last newline.
        token = _header_text("api_key", str(auth["api_key"]).strip())
        configuration.api_key = {"authorization": f"Bearer {token}"}
        configuration.api_key_prefix = {}
    for option, attribute in (
        ("ca_cert", "ssl_ca_cert"),
        ("client_cert", "cert_file"),
        ("client_key", "key_file"),
        ("proxy", "proxy"),
        ("no_proxy", "no_proxy"),
        ("validate_certs", "verify_ssl"),
    ):
        if option in auth:
            setattr(configuration, attribute, auth[option])
    if not configuration.verify_ssl:
        configuration.assert_hostname = False


def _check_host(host: str) -> None:
    try:
        parts = urllib.parse.urlsplit(host)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise AuthError(
            f"The API server's address {host!r} is no URL: it has to be like https://api.example.com:6443."
        )


def _header_text(option: str, text: str) -> str:
    """Text that goes into an HTTP header. The message never holds it: it may be a token."""
    if not text.isascii() or not text.isprintable():
        raise AuthError(
            f"Option {option} holds characters that cannot be sent in an HTTP header, such as a newline: "
            "check how it was read."
        )
    return text


def _check_files(configuration: Configuration) -> None:
    for what, path in (
        ("CA certificate", configuration.ssl_ca_cert),
        ("client certificate", configuration.cert_file),
        ("client key", configuration.key_file),
    ):
        if path and not os.path.isfile(path):
            raise AuthError(f"The {what} file {path} does not exist.")


def _headers(auth: dict[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    if "username" in auth and "password" in auth and "api_key" not in auth:
        credentials = f"{auth['username']}:{auth['password']}".encode()
        yield "Authorization", f"Basic {base64.b64encode(credentials).decode()}"
    if "impersonate_user" in auth:
        yield "Impersonate-User", _header_text("impersonate_user", auth["impersonate_user"])
    for group in auth.get("impersonate_groups", ()):
        yield "Impersonate-Group", _header_text("impersonate_groups", group)
