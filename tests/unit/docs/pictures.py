# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every picture that a program draws, by its file; `make pictures` writes them, and the generated parts of pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.runner.paths import ROOT
from tests.unit.docs import (
    benchmarks_picture,
    change_picture,
    connected_picture,
    estate_picture,
    generated,
    rotation_picture,
    terminal_picture,
)

PICTURES: dict[str, Callable[[], str]] = {
    "benchmarks.svg": benchmarks_picture.picture,
    "connected.svg": connected_picture.picture,
    "change.svg": change_picture.picture,
    "estate.svg": estate_picture.picture,
    "rotation.svg": rotation_picture.picture,
    "terminal.svg": terminal_picture.picture,
}


def file_of(name: str) -> Path:
    """The file of a picture."""
    return ROOT / "docs" / name


def main() -> None:
    """Write them."""
    for name, draw in PICTURES.items():
        file_of(name).write_text(draw())
    for page in generated.pages():
        page.write_text(generated.with_parts(page.read_text()))


if __name__ == "__main__":
    main()
