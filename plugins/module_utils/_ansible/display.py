# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines for people while a module works: shown where it runs in Ansible's worker process, else dropped.

Ansible reads a module's output only once the module has ended.
"""

from __future__ import annotations

import contextlib
import typing as t

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
