# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials, also of token files and plug-ins, which change while a task works."""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from .._core.errors import AuthError
from .._core.redaction import unpacked

# As client-go (source: transport/token_source.go).
_TOKEN_FILE_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Credential:
    """Who one is, for some time.

    :param certificate: a client certificate and its key, as PEM.
    :param expires_at: as of time.time(), if known; ignored when two are compared.
    """

    authorization: str | None = dataclasses.field(default=None, repr=False)
    certificate: tuple[bytes, bytes] | None = dataclasses.field(default=None, repr=False)
    expires_at: float | None = dataclasses.field(default=None, compare=False)

    @property
    def secrets(self) -> list[str | bytes]:
        """The token, or user and password, as sent and plain."""
        sent = (self.authorization or "").partition(" ")[2]
        plain = unpacked(sent)
        return [sent, plain, plain.partition(b":")[2]] if isinstance(plain, bytes) else [sent]


class Renewal:
    """Reads a credential when it is needed, expired or refused. Thread-safe; raises what `read` raises: AuthError.

    :ivar on_read: called with each credential.
    """

    def __init__(self, read: t.Callable[[], Credential]) -> None:
        self._read = read
        self._held: Credential | None = None
        self._reading = threading.Lock()
        self.on_read: t.Callable[[Credential], None] | None = None

    def current(self) -> Credential:
        with self._reading:
            held = self._held
            if held is None or (held.expires_at is not None and held.expires_at <= time.time()):
                held = self._read_again()
            return held

    def renew(self, refused: Credential) -> bool:
        """Whether another credential replaces one that the API server refused (401)."""
        with self._reading:
            if self._held is None or self._held == refused:
                self._read_again()
            return self._held != refused

    def _read_again(self) -> Credential:
        held = self._held = self._read()
        if self.on_read is not None:
            self.on_read(held)
        return held


def fixed(authorization: str) -> Renewal:
    return Renewal(lambda: Credential(authorization))


def token_file(path: str, fallback: str | None = None) -> Renewal:
    """A token file that others renew. While it cannot be read, the last token counts, at first the fallback."""
    last = fallback

    def read() -> Credential:
        nonlocal last
        why: str | None = "it is empty"
        try:
            with open(path, encoding="utf-8") as file:
                last = file.read().strip() or last
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
        if last is None:
            raise AuthError(f"The token file {path} cannot be used: {why}.")
        return Credential(f"Bearer {last}", expires_at=time.time() + _TOKEN_FILE_SECONDS)

    return Renewal(read)
