# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several writes at once, and what became of them as one."""

from __future__ import annotations

import concurrent.futures
import typing as t

from .errors import (
    CollectionError,
)

_THREADS = 8


def side_by_side(writes: t.Iterable[t.Callable[[], None]], separator: str = " ") -> None:
    """Do all of them, whatever becomes of some, whose errors are raised as one in the end.

    :param separator: what stands between the messages of several errors.
    """
    listed = list(writes)
    if len(listed) < 2:
        for write in listed:
            write()
        return
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        done = [pool.submit(write) for write in listed]
    errors = [error for future in done if (error := future.exception()) is not None]
    told = [error for error in errors if isinstance(error, CollectionError)]
    for error in errors:
        if error not in told:
            raise error
    if told:
        # Whether something may have been written nevertheless is that one's to say.
        one = next((error for error in told if error.maybe_done), told[0])
        one.args = (separator.join(dict.fromkeys(map(str, told))),)
        raise one
