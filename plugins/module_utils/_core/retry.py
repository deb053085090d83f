# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try a write again while it is refused only for the moment."""

from __future__ import annotations

import time
import typing as t

from .errors import ApiError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0

Answer = t.TypeVar("Answer")


def retry_transient_refusals(
    write: t.Callable[[], Answer], deadline: float, retry_seconds: t.Callable[[ApiError], float]
) -> Answer:
    """Write, again and again as long as a refusal is one that passes.

    :param deadline: as of time.monotonic().
    :param retry_seconds: for how many seconds after the first try an error is worth another one.
    :raises ApiError: a lasting refusal, or one that lasted longer.
    :raises UnreachableError:
    """
    started = time.monotonic()
    pause = _FIRST_PAUSE
    while True:
        try:
            return write()
        except ApiError as error:
            if time.monotonic() + pause > min(deadline, started + retry_seconds(error)):
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
