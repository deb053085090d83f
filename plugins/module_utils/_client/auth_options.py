# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authentication options: their argument spec and their environment variables.

Names, aliases and both spellings of the environment variables are those of kubernetes.core.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._core.errors import AuthError
from .._core.secrecy import Secrecy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.secrecy import ArgumentSpec

AUTH_ARGUMENTS: ArgumentSpec = {
    "kubeconfig": {"type": "raw", "no_log": True},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"]},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"]},
    "client_cert": {"type": "path", "aliases": ["cert_file"]},
    "client_key": {"type": "path", "aliases": ["key_file"], "no_log": False},
    "proxy": {"type": "str"},
    "no_proxy": {"type": "str"},
    "impersonate_user": {"type": "str"},
    "impersonate_groups": {"type": "list", "elements": "str"},
}

# With their other names.
AUTH_NAMES = frozenset(
    name for option, spec in AUTH_ARGUMENTS.items() for name in (option, *spec.get("aliases", ()))
)

AUTH_SECRECY = {
    "kubeconfig": Secrecy.KUBECONFIG,
    "host": Secrecy.URL,
    "proxy": Secrecy.URL,
}

NAMESPACE_ARGUMENT: ArgumentSpec = {"namespace": {"type": "str"}}

# The first spelling that is set counts.
ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "kubeconfig": ("K8S_AUTH_KUBECONFIG",),
    "context": ("K8S_AUTH_CONTEXT",),
    "host": ("K8S_AUTH_HOST",),
    "api_key": ("K8S_AUTH_API_KEY",),
    "username": ("K8S_AUTH_USERNAME",),
    "password": ("K8S_AUTH_PASSWORD",),
    "validate_certs": ("K8S_AUTH_VERIFY_SSL", "K8S_AUTH_VALIDATE_CERTS"),
    "ca_cert": ("K8S_AUTH_SSL_CA_CERT", "K8S_AUTH_CA_CERT"),
    "client_cert": ("K8S_AUTH_CERT_FILE", "K8S_AUTH_CLIENT_CERT"),
    "client_key": ("K8S_AUTH_KEY_FILE", "K8S_AUTH_CLIENT_KEY"),
    "proxy": ("K8S_AUTH_PROXY",),
    "no_proxy": ("K8S_AUTH_NO_PROXY",),
    "impersonate_user": ("K8S_AUTH_IMPERSONATE_USER",),
    "impersonate_groups": ("K8S_AUTH_IMPERSONATE_GROUPS",),
}

# Options that name the API server and the user. If a task gives one of them, nothing of that group is
# taken from the environment: a HOST that is set there must not beat the task's own kubeconfig.
_IDENTITY = frozenset(
    {
        "kubeconfig",
        "context",
        "host",
        "api_key",
        "username",
        "password",
        "client_cert",
        "client_key",
    }
)
_GROUP = _IDENTITY | {"ca_cert", "validate_certs"}
_TRUE = {"1", "true", "yes", "on", "y", "t"}
_FALSE = {"0", "false", "no", "off", "n", "f"}


def effective_auth(params: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Merge a task's own authentication options with the environment.

    :param params: the task's options; only those in AUTH_ARGUMENTS count.
    :param environ: environment variables.
    :returns: option name to value, only those that are set; validate_certs is a bool,
        impersonate_groups a list of str.
    :raises ValueError: an environment variable holds no boolean where one is needed, or of user name and
        password there is only one.
    """
    chosen = {name: params[name] for name in AUTH_ARGUMENTS if _is_set(params.get(name))}
    shut_out = _shut_out(set(chosen))
    for name, variables in ENVIRONMENT.items():
        if name in chosen or name in shut_out:
            continue
        for variable in variables:
            text = environ.get(variable, "")
            if text:
                chosen[name] = _from_environment(name, variable, text)
                break
    if "api_key" not in chosen and ("username" in chosen) != ("password" in chosen):
        # Without the other one the request would be anonymous (system:anonymous).
        missing = "password" if "username" in chosen else "username"
        raise ValueError(f"username and password go together, but {missing} is missing")
    return chosen


def is_kubeconfig_text(kubeconfig: str) -> bool:
    """Whether a kubeconfig's content was given where its path belongs."""
    return "\n" in kubeconfig.strip() or kubeconfig.lstrip().startswith("{")


def header_text(option: str, text: str) -> str:
    """Text that goes into an HTTP header.

    :raises AuthError: it cannot be sent in one. The message never holds it: it may be a token.
    """
    if not text.isascii() or not text.isprintable():
        raise AuthError(
            f"Authentication: the {option} holds characters that cannot be sent in an HTTP header, such as "
            "a newline; check how it was read."
        )
    return text


def _shut_out(chosen: set[str]) -> frozenset[str]:
    """Options that the environment may not give any more. A context alone still needs a kubeconfig."""
    own = chosen & _IDENTITY
    if not own:
        return frozenset()
    if own == {"context"}:
        return _GROUP - {"kubeconfig"}
    return _GROUP


def _is_set(value: object) -> bool:
    return value is not None and value not in ("", [], {})


def _from_environment(name: str, variable: str, text: str) -> Any:
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
