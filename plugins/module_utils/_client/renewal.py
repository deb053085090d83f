# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that change while a task works: token files and credential plug-ins."""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from .._core.errors import AuthError

# client-go reads a token file again after a minute (source: client-go transport/token_source.go).
_TOKEN_FILE_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Credential:
    """Who one is, for some time.

    :param authorization: the Authorization header.
    :param certificate: a client certificate and its key, as PEM.
    :param expires_at: as of time.time(); None where that is not known. It does not count when two are compared.
    """

    authorization: str | None = dataclasses.field(default=None, repr=False)
    certificate: tuple[bytes, bytes] | None = dataclasses.field(default=None, repr=False)
    expires_at: float | None = dataclasses.field(default=None, compare=False)


class Renewal:
    """Reads a credential when it is needed, when it has expired, and when the API server refuses it.

    Its methods may be called from several threads.

    :param read: gets a credential. :raises AuthError: there is none.
    """

    def __init__(self, read: t.Callable[[], Credential]) -> None:
        self._read = read
        self._held: Credential | None = None
        self._reading = threading.Lock()

    def current(self) -> Credential:
        """The credential of now. :raises AuthError:"""
        with self._reading:
            held = self._held
            if held is None or (held.expires_at is not None and held.expires_at <= time.time()):
                held = self._held = self._read()
            return held

    def renew(self, refused: Credential) -> bool:
        """Get another credential in place of one that the API server refused (401).

        :returns: whether there is another one now. :raises AuthError:
        """
        with self._reading:
            if self._held is None or self._held == refused:
                self._held = self._read()
            return self._held != refused


def token_file(path: str, fallback: str | None = None) -> Renewal:
    """A token file that others renew. While it cannot be read, the last token counts.

    :param fallback: the token that counts at first.
    """
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
