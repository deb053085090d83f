# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a kubeconfig file into the connection info that kopf and the API client share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kopf
import yaml


class KubeconfigError(Exception):
    """The kubeconfig file cannot be used; the message says why."""


def _named(document: dict[str, Any], section: str, name: str, path: Path) -> dict[str, Any]:
    for entry in document.get(section) or []:
        if entry.get("name") == name:
            body: dict[str, Any] = entry[section.removesuffix("s")]
            return body
    raise KubeconfigError(f"{path} has no entry {name!r} under {section}: choose another context.")


def _file(path: Path, entry: dict[str, Any], field: str) -> str | None:
    return str(path.parent / entry[field]) if entry.get(field) else None


def load_connection(path: Path) -> kopf.ConnectionInfo:
    """The current context of a kubeconfig file.

    Raises KubeconfigError when the file is unreadable or has no usable current context.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise KubeconfigError(f"Cannot read the kubeconfig {path}: {error}") from error
    if not isinstance(document, dict) or not document.get("current-context"):
        raise KubeconfigError(f"{path} names no current-context: set one.")
    context = _named(document, "contexts", document["current-context"], path)
    cluster = _named(document, "clusters", context["cluster"], path)
    user = _named(document, "users", context["user"], path)
    ca_data = cluster.get("certificate-authority-data")
    certificate = user.get("client-certificate-data")
    private_key = user.get("client-key-data")
    return kopf.ConnectionInfo(
        server=cluster["server"],
        ca_data=ca_data,
        ca_path=None if ca_data else _file(path, cluster, "certificate-authority"),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        token=user.get("token"),
        username=user.get("username"),
        password=user.get("password"),
        certificate_data=certificate,
        certificate_path=None if certificate else _file(path, user, "client-certificate"),
        private_key_data=private_key,
        private_key_path=None if private_key else _file(path, user, "client-key"),
    )
