# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kubeconfig's cluster and user say, into a Configuration."""

from __future__ import annotations

import base64
import os
import typing as t

from .._core.errors import AuthError
from .auth_options import header_text
from .config import (
    Configuration,
    basic_authentication,
    plain_address,
)
from .exec_plugin import ExecPlugin
from .private_files import private_file
from .renewal import (
    Credential,
    Renewal,
    token_file,
)

_EXTENSION = "client.authentication.k8s.io/exec"
# What a plug-in hears of its cluster under the names that the kubeconfig uses.
_CLUSTER_KEYS = ("server", "tls-server-name", "proxy-url", "disable-compression")
_INSECURE = "insecure-skip-tls-verify"
# What a header's name may hold (source: RFC 7230); the API server decodes the rest.
_PLAIN_IN_KEY = frozenset(
    b"!#$&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)


class Entry(t.NamedTuple):
    """One cluster or user of a kubeconfig, and the folder that its relative paths start from."""

    content: dict[str, t.Any]
    folder: str


def fill_in(
    configuration: Configuration,
    cluster: Entry,
    user: Entry,
    environ: t.Mapping[str, str],
    what: str,
) -> None:
    """Put address, TLS and credentials of a kubeconfig's context into a configuration. Runs nothing.

    :param what: which kubeconfig, for messages.
    :raises AuthError: something in it cannot be used; the message says what.
    :raises ValueError, TypeError, KeyError: something in it is not of the right form.
    :raises OSError: a file that it names cannot be read.
    """
    there = cluster.content
    configuration.host = plain_address(there["server"])
    if configuration.host.startswith("https"):
        held = configuration.private_files
        configuration.ssl_ca_cert = _file_of(cluster, "certificate-authority", held)
        configuration.cert_file = _file_of(user, "client-certificate", held)
        configuration.key_file = _file_of(user, "client-key", held)
    configuration.verify_ssl = not _boolean(there, _INSECURE, what)
    configuration.tls_server_name = there.get("tls-server-name")
    configuration.proxy_url = there.get("proxy-url")
    configuration.impersonation = tuple(_impersonation(user.content, what))
    _fill_in_credentials(configuration, cluster, user, environ, what)


def _fill_in_credentials(
    configuration: Configuration,
    cluster: Entry,
    user: Entry,
    environ: t.Mapping[str, str],
    what: str,
) -> None:
    """In client-go's order: a token file, a token, a password; only without these a plug-in."""
    who = user.content
    if who.get("tokenFile"):
        path = os.path.join(user.folder, who["tokenFile"])
        configuration.renewal = token_file(path, who.get("token"))
    elif who.get("token"):
        configuration.fixed = Credential(f"Bearer {who['token']}")
    elif "username" in who and "password" in who:
        configuration.fixed = Credential(
            basic_authentication(f"{who['username']}:{who['password']}")
        )
    elif who.get("exec"):
        configuration.renewal = Renewal(lambda: _run_plugin(cluster, user, environ, what))
    elif who.get("auth-provider"):
        configuration.renewal = Renewal(lambda: _refuse_auth_provider(who, what))


def _run_plugin(cluster: Entry, user: Entry, environ: t.Mapping[str, str], what: str) -> Credential:
    spec = user.content["exec"]
    if not isinstance(spec, dict) or not spec.get("command"):
        raise AuthError(f"The user's exec in {what} names no command.")
    cluster_info = (
        _for_plugin(cluster, what) if _boolean(spec, "provideClusterInfo", what) else None
    )
    try:
        plugin = ExecPlugin(spec, user.folder, cluster_info, environ, what)
    except (TypeError, KeyError, AttributeError):
        raise AuthError(
            f"The user's exec in {what} is not of the right form. Check it with: kubectl config view."
        ) from None
    return plugin.run()


def _refuse_auth_provider(who: t.Mapping[str, t.Any], what: str) -> Credential:
    provider = who["auth-provider"]
    name = provider.get("name") if isinstance(provider, dict) else None
    raise AuthError(
        f"The user in {what} has the auth-provider {name!r}. Kubernetes removed auth-providers in release "
        "1.26: use a credential plug-in (exec) or a token."
    )


def _for_plugin(cluster: Entry, what: str) -> dict[str, t.Any]:
    there = cluster.content
    cluster_info = {key: there[key] for key in _CLUSTER_KEYS if there.get(key)}
    if _boolean(there, _INSECURE, what):
        cluster_info[_INSECURE] = True
    data = there.get("certificate-authority-data")
    if not data and there.get("certificate-authority"):
        with open(os.path.join(cluster.folder, there["certificate-authority"]), "rb") as file:
            data = base64.b64encode(file.read()).decode()
    if data:
        cluster_info["certificate-authority-data"] = data
    for extension in there.get("extensions") or ():
        if extension.get("name") == _EXTENSION:
            cluster_info["config"] = extension.get("extension")
    return cluster_info


def _impersonation(who: t.Mapping[str, t.Any], what: str) -> t.Iterator[tuple[str, str]]:
    """The headers of `as` and the like, as client-go makes them (source: client-go transport/round_trippers.go)."""
    if who.get("as"):
        yield "Impersonate-User", header_text("kubeconfig's as", str(who["as"]))
    for group in who.get("as-groups") or ():
        yield "Impersonate-Group", header_text("kubeconfig's as-groups", str(group))
    if who.get("as-uid"):
        yield "Impersonate-Uid", header_text("kubeconfig's as-uid", str(who["as-uid"]))
    for key, values in (who.get("as-user-extra") or {}).items():
        for value in values:
            yield (
                f"Impersonate-Extra-{_header_key(key)}",
                header_text("kubeconfig's as-user-extra", str(value)),
            )


def _header_key(key: str) -> str:
    return "".join(chr(byte) if byte in _PLAIN_IN_KEY else f"%{byte:02X}" for byte in key.encode())


def _boolean(holder: t.Mapping[str, t.Any], key: str, what: str) -> bool:
    """A boolean. kubectl refuses the text "false", which Python would take for true."""
    value = holder.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise AuthError(f"{key} in {what} is {value!r}; it must be true or false, without quotes.")
    return value


def _file_of(entry: Entry, key: str, held: list[t.Any]) -> str | None:
    """The path of what is given as a path, or as data in base64; data win, as with kubectl.

    :param held: gets the open file that such data are put into.
    """
    data = entry.content.get(f"{key}-data")
    if data:
        # It may be wrapped into lines.
        content = base64.b64decode("".join(data.split()), validate=True)
        file, path = private_file(content)
        held.append(file)
        return path
    given = entry.content.get(key)
    return os.path.normpath(os.path.join(entry.folder, given)) if given else None
