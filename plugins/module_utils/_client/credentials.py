# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kubeconfig's cluster and user say, into a Configuration: all but credential plug-ins."""

from __future__ import annotations

import base64
import os
import tempfile
import typing as t
import weakref

from .config import (
    Configuration,
    basic_authentication,
    plain_address,
)

_PLUGINS = ("auth-provider", "exec")


class Entry(t.NamedTuple):
    """One cluster or user of a kubeconfig, and the folder that its relative paths start from."""

    content: dict[str, t.Any]
    folder: str


def needs_plugin(user: dict[str, t.Any]) -> bool:
    """Whether the credentials come from elsewhere, which the kubernetes library sees to."""
    return any(user.get(plugin) for plugin in _PLUGINS)


def fill_in(configuration: Configuration, cluster: Entry, user: Entry) -> None:
    """Put address, TLS and credentials of a kubeconfig's context into a configuration.

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
    configuration.verify_ssl = not there.get("insecure-skip-tls-verify", False)
    configuration.tls_server_name = there.get("tls-server-name")
    configuration.proxy = there.get("proxy-url")
    authorization = _authorization_of(user)
    if authorization:
        configuration.api_key = {"authorization": authorization}


def _authorization_of(user: Entry) -> str | None:
    who = user.content
    token = who.get("token")
    if not token and who.get("tokenFile"):
        with open(os.path.join(user.folder, who["tokenFile"]), encoding="utf-8") as file:
            token = file.read().strip()
    if token:
        return f"Bearer {token}"
    if "username" in who and "password" in who:
        return basic_authentication(f"{who['username']}:{who['password']}")
    return None


def _file_of(entry: Entry, key: str, held: list[t.Any]) -> str | None:
    """The path of what is given as a path, or as data in base64; data win, as with kubectl.

    :param held: gets the open file that such data are put into.
    """
    data = entry.content.get(f"{key}-data")
    if data:
        # It may be wrapped into lines.
        content = base64.b64decode("".join(data.split()), validate=True)
        file, path = _file_in_memory() or _file_on_disk()
        file.write(content)
        file.flush()
        held.append(file)
        return path
    given = entry.content.get(key)
    return os.path.normpath(os.path.join(entry.folder, given)) if given else None


def _file_in_memory() -> tuple[t.Any, str] | None:
    """A file that a killed process, too, takes with it; None where the system has none such."""
    try:
        file = os.fdopen(os.memfd_create("kubedirector-connections"), "wb")
    except (AttributeError, OSError):
        # Not Linux, or a system call that a sandbox forbids.
        return None
    path = f"/proc/self/fd/{file.fileno()}"
    return (file, path) if os.path.exists(path) else None


def _file_on_disk() -> tuple[t.Any, str]:
    descriptor, path = tempfile.mkstemp(prefix="kubedirector-connections-")
    file = os.fdopen(descriptor, "wb")
    weakref.finalize(file, _remove, path)
    return file, path


def _remove(path: str) -> None:
    # A cleaner of temporary files may have been quicker.
    if os.path.exists(path):
        os.remove(path)
