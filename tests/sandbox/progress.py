# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps and elapsed time on standard error: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich import progress as bars
from rich.console import Console

_SECONDS_BETWEEN_NOTES = 15.0


def elapsed(seconds: float) -> str:
    """Seconds as people read them: '7 s', '2 min 05 s'."""
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


class Progress:
    """Shows one step after the other; use as a context manager around the whole run."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._began = time.monotonic()
        self._live = bars.Progress(
            bars.SpinnerColumn(),
            bars.TextColumn("{task.description}", markup=False),
            bars.TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task: bars.TaskID | None = None
        self._title = "Waiting"
        self._title_began = self._last_note = self._began

    def __enter__(self) -> Progress:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show `title` while the block runs, and the time it took when it succeeds."""
        self._title, self._title_began = title, time.monotonic()
        self._last_note = self._title_began
        if self._task is not None:
            self._live.remove_task(self._task)
        self._task = self._live.add_task(title)
        if not self._console.is_terminal:
            self.say(f"{title} ...")
        yield
        took = time.monotonic() - self._title_began
        self.say(f"{title}: done in {elapsed(took)}")

    def note(self, text: str = "") -> None:
        """Show the progress of the step; cheap enough for every poll."""
        line = f"{self._title} ({text})" if text else self._title
        if self._task is not None:
            self._live.update(self._task, description=line)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_note >= _SECONDS_BETWEEN_NOTES:
            self._last_note = now
            self.say(f"{line}: {elapsed(now - self._title_began)} so far")

    def say(self, text: str) -> None:
        """Print one line that stays."""
        total = elapsed(time.monotonic() - self._began)
        self._console.print(f"[{total:>10}] {text}", markup=False, soft_wrap=True)
