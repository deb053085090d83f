# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines for people while a module works, if it runs in Ansible's worker process.

Else they are dropped: Ansible reads a module's output only at its end.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

# How long a wait lasts before it is first shown, and between two lines about it.
_EVERY_SECONDS = 10.0

Show = t.Callable[[str], None]


def _drop(text: str) -> None:
    """Show nothing."""


_show: Show = _drop


def show(text: str) -> None:
    """Show a text at once, where that is possible."""
    _show(text)


@contextlib.contextmanager
def shown_by(function: Show) -> t.Iterator[None]:
    """Have show() call a function."""
    global _show
    before, _show = _show, function
    try:
        yield
    finally:
        _show = before


def shown_through(change: t.Callable[[str], str]) -> t.ContextManager[None]:
    """Have each text changed before it is shown, for example redacted."""
    before = _show
    return shown_by(lambda text: before(change(text)))


class WaitDisplay:
    """Shows what one wait is for, every 10 seconds. :param deadline: as of time.monotonic()."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._began = self._shown = time.monotonic()

    def show(self, describe: t.Callable[[], str]) -> None:
        """Show it if it is time. :param describe: says what the task waits for, in sentences."""
        now = time.monotonic()
        if now - self._shown < _EVERY_SECONDS:
            return
        self._shown = now
        left = max(0.0, self._deadline - now)
        show(f"Waiting for {now - self._began:.0f} s, {left:.0f} s left: {describe()}")
