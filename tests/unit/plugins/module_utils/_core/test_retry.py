# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is retried, after which pause, and for how long."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core import retry
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ConflictError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.retry import (
    retry_transient_refusals,
)


class Clock:
    """A clock that moves only during sleep()."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture(name="clock")
def make_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(retry, "time", clock)
    return clock


def refusal(retry_after: float | None = None) -> ApiError:
    error = ApiError("Busy.", status=429, reason="TooManyRequests", server_message="busy")
    error.retry_after = retry_after
    return error


def failing(*errors: CollectionError) -> Callable[[], str]:
    """A call that fails with each of these in turn, then works."""
    left: Iterator[CollectionError] = iter(errors)

    def call() -> str:
        error = next(left, None)
        if error is not None:
            raise error
        return "done"

    return call


def test_pauses_grow_up_to_two_seconds(clock: Clock) -> None:
    call = failing(*(refusal() for _time in range(7)))
    assert retry_transient_refusals(call, clock.now + 60, lambda _error: 30) == "done"
    assert clock.pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2, 2])


def test_the_server_says_how_long_the_pause_is(clock: Clock) -> None:
    # A gateway may ask for none; a busy server gets one all the same.
    call = failing(refusal(7), refusal(0))
    assert retry_transient_refusals(call, clock.now + 60, lambda _error: 30) == "done"
    assert clock.pauses == pytest.approx([7, 0.2])


def test_an_error_that_lasts_is_not_tried_again(clock: Clock) -> None:
    with pytest.raises(ApiError):
        retry_transient_refusals(failing(refusal(0)), clock.now + 60, lambda _error: 0)
    assert clock.pauses == []


@pytest.mark.parametrize(
    ("left", "worth"), [(5, 60), (60, 5)], ids=["the deadline", "the error's own time"]
)
def test_no_call_begins_after_the_limit(clock: Clock, left: float, worth: float) -> None:
    start = clock.now
    with pytest.raises(ApiError):
        retry_transient_refusals(
            failing(*(refusal() for _time in range(50))), start + left, lambda _error: worth
        )
    assert 0 < clock.now - start <= 5


def test_a_lasting_error_is_raised_at_once(clock: Clock) -> None:
    lasting = ConflictError("No.", status=409, reason="Conflict", server_message="no")
    with pytest.raises(ConflictError):
        retry_transient_refusals(
            failing(lasting), clock.now + 60, lambda error: 0 if error is lasting else 30
        )
    assert clock.pauses == []


def test_a_short_refusal_has_its_own_retry_time(clock: Clock) -> None:
    """The operator works on the previous change for a minute, then refuses once more for another reason."""
    long, short = refusal(), refusal()
    start = clock.now

    def worth(error: CollectionError) -> float:
        return 15 if error is short else math.inf

    call = failing(*[long] * 40, short, *[long] * 3, short)
    assert retry_transient_refusals(call, start + 600, worth) == "done"
    assert clock.now - start > 70
    with pytest.raises(ApiError):
        retry_transient_refusals(failing(*[long] * 40, *[short] * 20), start + 600, worth)
