# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run calls at the same time; makes every thread pool of the collection."""

from __future__ import annotations

import concurrent.futures
import typing as t

from .errors import CollectionError

_THREADS = 8

Item = t.TypeVar("Item")
Answer = t.TypeVar("Answer")


def thread_pool() -> concurrent.futures.Executor:
    """Make a pool for calls that begin at different times."""
    return concurrent.futures.ThreadPoolExecutor(_THREADS)


def answers_side_by_side(ask: t.Callable[[Item], Answer], items: t.Iterable[Item]) -> list[Answer]:
    """Call `ask` for each item; return the answers in order.

    :raises: what the first failed item raised; calls not begun by then are dropped.
    """
    listed = list(items)
    if len(listed) < 2:
        return [ask(item) for item in listed]
    with thread_pool() as pool:
        return list(pool.map(ask, listed))


def side_by_side(writes: t.Iterable[t.Callable[[], None]], separator: str = " ") -> None:
    """Call all, even if some fail; then raise their errors as one, messages joined by `separator`."""
    listed = list(writes)
    if len(listed) < 2:
        for write in listed:
            write()
        return
    with thread_pool() as pool:
        done = [pool.submit(write) for write in listed]
    errors: list[CollectionError] = []
    for future in done:
        try:
            future.result()
        except CollectionError as error:
            errors.append(error)
    if errors:
        # The caller must learn if any may have been written.
        one = next((error for error in errors if error.maybe_done), errors[0])
        one.args = (separator.join(dict.fromkeys(map(str, errors))),)
        raise one
