# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try a write again while the operator's webhook refuses it only for the moment."""

from __future__ import annotations

import time
import typing as t

from .._kubedirector import facts
from .errors import (
    ApiError,
    OperatorDownError,
)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0

Answer = t.TypeVar("Answer")


def retry_transient_refusals(write: t.Callable[[], Answer], deadline: float) -> Answer:
    """Write, again and again as long as a refusal is one that passes.

    :param deadline: as of time.monotonic().
    :raises ApiError: a lasting refusal, or one that outlasted its patience.
    :raises UnreachableError:
    """
    started = time.monotonic()
    pause = _FIRST_PAUSE
    while True:
        try:
            return write()
        except ApiError as error:
            patience = (
                facts.RESTART_SECONDS
                if isinstance(error, OperatorDownError)
                else facts.refusal_retry_seconds(error.server_message)
            )
            if time.monotonic() + pause > min(deadline, started + patience):
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
