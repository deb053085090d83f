# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repeat a call while its errors may pass: refusals, a busy server, lost answers."""

from __future__ import annotations

import math
import time
import typing as t

from .errors import ApiError, CollectionError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_PASSING_SECONDS = 30.0

Answer = t.TypeVar("Answer")


def passing_seconds(error: CollectionError) -> float:
    """For a read after a write: a restart of the API server must not look as if the write had failed."""
    return _PASSING_SECONDS if error.passes else 0.0


def retry_transient_refusals(
    call: t.Callable[[], Answer],
    deadline: float,
    retry_seconds: t.Callable[[CollectionError], float],
    first_pause: float = _FIRST_PAUSE,
) -> Answer:
    """Call, and again after each error that may pass.

    The pauses grow from `first_pause` to 2 s, unless Retry-After says otherwise.

    :param deadline: as of time.monotonic(); no call begins after it.
    :param retry_seconds: how many seconds after the first of its kind in a row an error is worth another call; 0 if it
        lasts. Errors with the same number are of one kind: before one that passes soon, another may last minutes.
    :raises CollectionError: the last error.
    """
    pause, worth, since = first_pause, math.nan, 0.0
    while True:
        try:
            return call()
        except CollectionError as error:
            now, before = time.monotonic(), worth
            worth = retry_seconds(error)
            if worth != before:
                since = now
            asked = error.retry_after if isinstance(error, ApiError) else None
            # A gateway's 0 would ask a busy server thousands of times a second.
            seconds = asked or pause
            if not worth or now + seconds > min(deadline, since + worth):
                raise
        time.sleep(seconds)
        pause = min(2 * pause, _LONGEST_PAUSE)
