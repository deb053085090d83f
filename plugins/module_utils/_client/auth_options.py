# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authentication options, with the names, aliases and environment variables of kubernetes.core."""

from __future__ import annotations

import contextlib
import typing as t

from .._core.argument_spec import Secrecy, options_by_name
from .._core.credential_forms import credentials_in
from .._core.errors import AuthError
from .._core.redaction import unpacked

if t.TYPE_CHECKING:
    from .._core.argument_spec import ArgumentSpec

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

AUTH_NAMES = frozenset(options_by_name(AUTH_ARGUMENTS))

AUTH_SECRECY = {
    "kubeconfig": Secrecy.KUBECONFIG,
    "host": Secrecy.URL,
    "proxy": Secrecy.URL,
    **dict.fromkeys(("ca_cert", "client_cert", "client_key"), Secrecy.PATH),
}

NAMESPACE_ARGUMENT: ArgumentSpec = {"namespace": {"type": "str"}}


def is_file_content(given: str) -> bool:
    """Whether this is a kubeconfig, certificate, key or token, also in base64, in place of its path."""
    texts = [given]
    with contextlib.suppress(UnicodeDecodeError):
        octets = unpacked(given)
        texts += [octets.decode()] if isinstance(octets, bytes) else []
    return bool(credentials_in("", given)) or any(
        "\n" in text.strip() or text.lstrip().startswith("{") for text in texts
    )


def require_path(what: str, given: str) -> None:
    """:raises AuthError: a file's content stands in place of its path; the message never shows it: it may be a key."""
    if is_file_content(given):
        raise AuthError(f"The {what} is the content of a file. Give the file's path in its place.")


def header_text(option: str, text: str) -> str:
    """Text for an HTTP header. :raises AuthError: it fits none; the message never shows it: it may be a token."""
    if not text.isascii() or not text.isprintable():
        raise AuthError(
            f"Authentication: the {option} holds characters that cannot be sent in an HTTP header, such as "
            "a newline; check how it was read."
        )
    return text
