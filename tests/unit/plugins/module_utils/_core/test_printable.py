# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that others wrote moves the cursor of a terminal."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core.printable import (
    printable,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred\x1b[0m", "a\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("over\rwritten\x08", "over\\x0dwritten\\x08"),
        ("line\r\nline\n\tend", "line\nline\n\tend"),
        ("a\u202eb\u200bc\u2028d\ufeff", "a\\u202eb\\u200bc\\u2028d\\ufeff"),
        ("half \ud83d", "half \\ud83d"),
        ("naïve 😀 日本", "naïve 😀 日本"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown
