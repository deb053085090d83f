# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of the operator's webhook: which are transient, and their texts."""

from __future__ import annotations

import math

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core.server_words import (
    refusal_text,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector import (
    webhook_refusals,
)

DENIED = 'admission webhook "hard-validate-cr.kubedirector.hpe.com" denied the request: '


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Change to spec not allowed before previous spec change has been processed.", math.inf),
        (
            "Change to spec not allowed because some members have not processed notifications of "
            "previous change.",
            math.inf,
        ),
        ("spec changes not allowed while kubedirector.hpe.com/restoring label exists", 0.0),
        (
            "Role(controller) properties other than the members count cannot be modified while "
            "role members exist.",
            0.0,
        ),
        ("quota exceeded", 0.0),
        ("", 0.0),
    ],
)
def test_only_transient_refusals_are_retried(said: str, seconds: float) -> None:
    assert webhook_refusals.refusal_retry_seconds(DENIED + "\n" + said) == seconds


def test_the_refusal_that_may_be_transient_is_retried_for_a_bounded_time() -> None:
    seconds = webhook_refusals.refusal_retry_seconds(
        DENIED + "KubeDirector-related status properties are read-only"
    )
    assert 0 < seconds < 60


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (DENIED + "\nRole(x) is wrong.", "Role(x) is wrong."),
        (DENIED + "one\n two", "one two"),
        ("the server could not find the requested resource", None),
        ('configmaps "x" is forbidden', None),
    ],
)
def test_the_webhooks_own_text_is_extracted(said: str, text: str | None) -> None:
    assert refusal_text(said) == text
