# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypts and decrypts a role's secretKeys with the key of the kd-global-config object."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.kubedirector_simulator.objects import Json

_NONCE_BYTES: Final = 12


class NoEncryption(Exception):
    """There is no usable masterEncryptionKey."""


@dataclass(frozen=True)
class SecretKeys:
    """AES-GCM, the nonce before the text, all in hex; master_key is hex too, None when unset."""

    master_key: str | None

    def _cipher(self) -> AESGCM:
        if self.master_key is None:
            raise NoEncryption("masterEncryptionKey must be set in global KD config")
        try:
            return AESGCM(bytes.fromhex(self.master_key))
        except ValueError as error:
            raise NoEncryption(f"masterEncryptionKey is invalid. error: {error}.") from error

    def check(self) -> None:
        """Raises NoEncryption when nothing can be encrypted."""
        self._cipher()

    def encrypt(self, text: str) -> str:
        """Encrypts one value, differently each time. Raises NoEncryption."""
        nonce = os.urandom(_NONCE_BYTES)
        return (nonce + self._cipher().encrypt(nonce, text.encode(), None)).hex()

    def _decrypt(self, encrypted: str) -> str | None:
        try:
            data = bytes.fromhex(encrypted)
            plain = self._cipher().decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)
        except (ValueError, InvalidTag, NoEncryption):
            return None
        return plain.decode()

    def decrypt_all(self, keys: Iterable[Json]) -> dict[str, str]:
        """The plain values by name; one that cannot be decrypted is left out, as upstream."""
        plain = {key["name"]: self._decrypt(key.get("encryptedValue", "")) for key in keys}
        return {name: value for name, value in plain.items() if value is not None}


def new_master_key() -> str:
    """A fresh 32-byte key in hex."""
    return os.urandom(32).hex()
