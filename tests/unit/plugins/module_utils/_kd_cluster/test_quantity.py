# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which quantities are the same amount."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.role_form import (
    same_quantity,
)


@pytest.mark.parametrize(
    ("left", "right"),
    [("0.5", "500m"), ("1Gi", "1024Mi"), ("1e3", "1k"), (2, "2"), ("1E3", "1000"), ("+1", "1")],
)
def test_one_amount_in_two_spellings_is_equal(left: object, right: object) -> None:
    assert same_quantity(left, right)


@pytest.mark.parametrize(
    "text",
    [
        "1e1000000", "1e-1000000000", f"1e{'9' * 30}", f"1e{'9' * 5000}",
        "9" * 5000 + "E", "1.2.3", ".", "much", "",
    ],
)  # fmt: skip
def test_text_that_is_not_a_quantity_equals_only_itself(text: str) -> None:
    assert same_quantity(text, text)
    assert not same_quantity(text, "1")
    assert not same_quantity("1", text)
