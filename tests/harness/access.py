# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach a cluster's API server, as options of the modules: address, CA certificate, token."""

from __future__ import annotations

import base64
from pathlib import Path

from tests.harness.kubectl import Kubectl


def address_of(kubectl: Kubectl, folder: Path) -> dict[str, str]:
    """The API server's URL and the path of its CA certificate, written into `folder`: options `host` and `ca_cert`."""
    shown = kubectl.json("config", "view", "--raw", "--minify", "--flatten")
    cluster = shown["clusters"][0]["cluster"]
    path = folder / "api-server-ca.crt"
    path.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return {"host": str(cluster["server"]), "ca_cert": str(path)}


def owner_token(kubectl: Kubectl, namespace: str) -> str:
    """A token of a new ServiceAccount `owner`, which may do anything in its namespace."""
    kubectl.ok("create", "serviceaccount", "owner", namespace=namespace)
    kubectl.ok(
        "create", "rolebinding", "owner", "--clusterrole=cluster-admin",
        f"--serviceaccount={namespace}:owner", namespace=namespace,
    )  # fmt: skip
    return kubectl.ok("create", "token", "owner", namespace=namespace).strip()
