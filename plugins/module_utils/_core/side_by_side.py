# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run calls at the same time. Every thread pool of the collection is made here."""

from __future__ import annotations

import concurrent.futures
import typing as t

from .errors import (
    CollectionError,
)

_THREADS = 8

Item = t.TypeVar("Item")
Answer = t.TypeVar("Answer")


def thread_pool() -> concurrent.futures.Executor:
    """Make a pool for calls that begin at different times."""
    return concurrent.futures.ThreadPoolExecutor(_THREADS)


def answers_side_by_side(ask: t.Callable[[Item], Answer], items: t.Iterable[Item]) -> list[Answer]:
    """Call `ask` for each item; return the answers in the items' order.

    :raises: what the first item that failed raised. Calls that have not begun by then are dropped.
    """
    listed = list(items)
    if len(listed) < 2:
        return [ask(item) for item in listed]
    with thread_pool() as pool:
        return list(pool.map(ask, listed))


def side_by_side(writes: t.Iterable[t.Callable[[], None]], separator: str = " ") -> None:
    """Call all of them, even if some fail; then raise their errors as one.

    :param separator: what stands between the messages of several errors.
    """
    listed = list(writes)
    if len(listed) < 2:
        for write in listed:
            write()
        return
    with thread_pool() as pool:
        done = [pool.submit(write) for write in listed]
    errors = [error for future in done if (error := future.exception()) is not None]
    expected = [error for error in errors if isinstance(error, CollectionError)]
    for error in errors:
        if error not in expected:
            raise error
    if expected:
        # The caller must learn if any of them may have been written nevertheless.
        one = next((error for error in expected if error.maybe_done), expected[0])
        one.args = (separator.join(dict.fromkeys(map(str, expected))),)
        raise one
