# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown while a module runs, and when."""

from __future__ import annotations

import time

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._core import display


def test_nothing_is_shown_outside_of_shown_by() -> None:
    shown: list[str] = []
    display.show("lost")
    with display.shown_by(shown.append), display.shown_through(str.upper):
        display.show("first")
    display.show("lost, too")
    assert shown == ["FIRST"]


def test_a_wait_is_shown_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    shown: list[str] = []
    described = []

    def describe() -> str:
        described.append(now)
        return "KDCluster team-a/lab is updating."

    wait = display.WaitDisplay(deadline=130.0)
    with display.shown_by(shown.append):
        for moment in (101.0, 109.9, 110.2, 115.0, 120.1, 120.3, 131.0):
            now = moment
            wait.show(describe)
    assert shown == [
        "Waiting for 10 s, 20 s left: KDCluster team-a/lab is updating.",
        "Waiting for 20 s, 10 s left: KDCluster team-a/lab is updating.",
        "Waiting for 31 s, 0 s left: KDCluster team-a/lab is updating.",
    ]
    assert len(described) == len(shown)
