# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates made for one test run."""

from __future__ import annotations

import dataclasses
import ssl
from pathlib import Path

import trustme


@dataclasses.dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path

    def server_context(self, client_ca: Path | None = None) -> ssl.SSLContext:
        """How a server shows this identity; with `client_ca` it asks for one in return."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
        return context


class Authority:
    """A CA that issues any certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.ca = trustme.CA(organization_name=name)
        self.certificate = folder / f"{name}.crt"
        self.ca.cert_pem.write_to_path(self.certificate)

    def identity(self, name: str, address: str | None = "127.0.0.1") -> Identity:
        """Make a certificate for an IP address; without one, for the name alone, which is obsolete."""
        addresses = () if address is None else (address,)
        issued = self.ca.issue_cert(*addresses, common_name=name)
        found = Identity(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(found.certificate)
        found.key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(found.key)
        return found
