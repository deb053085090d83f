# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulator runs in members, and how it reads the outcome."""

from __future__ import annotations

import pytest

from tests.kubedirector_simulator.start_script import last_lines, parse_configure_status


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("containerd://ab=", ("containerd://ab", "")),
        ("containerd://ab=3", ("containerd://ab", "3")),
        ("nonsense", None),
    ],
)
def test_configure_status(text: str, record: tuple[str, str] | None) -> None:
    assert parse_configure_status(text) == record


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("short\n", 256, "short\n"),
        ("first line\nsecond\n", 8, "second\n"),
        ("onelongline", 4, "gline"),
    ],
)
def test_last_lines_are_complete_if_there_is_a_line_break(
    text: str, size: int, expected: str
) -> None:
    assert last_lines(text, size) == expected
