# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and certificates of one sandbox, made at its start and deleted at its end."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import trustme
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.sandbox.files import write_private


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files of mode 0600."""

    certificate: Path
    key: Path


def write_key(path: Path) -> None:
    """Make a P-256 key and write it as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    write_private(path, pem)


class Authority:
    """A certificate authority whose files lie in one folder."""

    def __init__(self, folder: Path, common_name: str) -> None:
        self._folder = folder
        self._ca = trustme.CA(organization_name=common_name)
        self.pair = self._written(common_name, self._ca.cert_pem, self._ca.private_key_pem)

    def issue(
        self, file: str, common_name: str, *, group: str | None = None, hosts: tuple[str, ...] = ()
    ) -> Pair:
        """Issue a certificate for a client and, at `hosts`, for a server.

        `group` becomes the organization, which Kubernetes reads as a group; `hosts` are IP addresses
        and DNS names.
        """
        issued = self._ca.issue_cert(
            *(hosts or ("localhost",)), common_name=common_name, organization_name=group
        )
        return self._written(file, issued.cert_chain_pems[0], issued.private_key_pem)

    def _written(self, file: str, certificate: trustme.Blob, key: trustme.Blob) -> Pair:
        pair = Pair(self._folder / f"{file}.crt", self._folder / f"{file}.key")
        write_private(pair.certificate, certificate.bytes())
        write_private(pair.key, key.bytes())
        return pair


def write_kubeconfig(path: Path, *, server: str, authority: Path, user: str, client: Pair) -> Path:
    """Write a kubeconfig that carries its certificates inside, mode 0600."""

    def inline(file: Path) -> str:
        return base64.b64encode(file.read_bytes()).decode()

    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "sandbox",
                "cluster": {"server": server, "certificate-authority-data": inline(authority)},
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": inline(client.certificate),
                    "client-key-data": inline(client.key),
                },
            }
        ],
        "contexts": [
            {
                "name": "sandbox",
                "context": {"cluster": "sandbox", "user": user, "namespace": "default"},
            }
        ],
        "current-context": "sandbox",
    }
    return write_private(path, yaml.safe_dump(content, sort_keys=False))
