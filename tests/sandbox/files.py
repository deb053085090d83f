# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing files that only their owner may read, and locks between two runs."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sandbox.errors import SandboxError

_POLL_SECONDS = 0.2


def private_directory(path: Path) -> Path:
    """Make a folder, mode 0700, with its parents."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, content: str | bytes) -> Path:
    """Write a file, mode 0600 from its first byte on, that appears whole or not at all."""
    private_directory(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    draft.replace(path)
    return path


@contextmanager
def locked(
    path: Path, *, timeout: float, on_wait: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold a lock file that other runs wait for.

    Raises SandboxError when another run keeps it longer than `timeout` seconds. The kernel frees
    the lock when its holder ends, however it ends; the file itself stays.
    """
    private_directory(path.parent)
    deadline = time.monotonic() + timeout
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                on_wait()
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"Another run has held {path} for {timeout:g} s; wait for it or end it."
                )
            time.sleep(_POLL_SECONDS)
        yield
