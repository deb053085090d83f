# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls at the same time: every answer in its place, every error reported."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    CollectionError,
    UnreachableError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.side_by_side import (
    answers_side_by_side,
    side_by_side,
)


def test_answers_come_in_the_order_of_the_items() -> None:
    # Each waits for the others, so they run at the same time.
    together = threading.Barrier(3, timeout=10)

    def ask(number: int) -> int:
        together.wait()
        return number * number

    assert answers_side_by_side(ask, [3, 1, 2]) == [9, 1, 4]
    assert answers_side_by_side(str, []) == []


def test_one_item_needs_no_thread() -> None:
    assert answers_side_by_side(lambda _item: threading.get_ident(), [1]) == [threading.get_ident()]


def test_the_error_of_one_item_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        answers_side_by_side(lambda number: 1 // number, [1, 0, 2])


def test_all_writes_are_made_and_their_errors_raised_as_one() -> None:
    done = []

    def failing(error: Exception) -> Callable[[], None]:
        def write() -> None:
            raise error

        return write

    lost = UnreachableError("Second.", maybe_done=True)
    with pytest.raises(UnreachableError) as caught:
        side_by_side(
            [failing(CollectionError("First.")), failing(lost), lambda: done.append("third")]
        )
    assert str(caught.value) == "First. Second."
    assert caught.value.maybe_done
    assert done == ["third"]
