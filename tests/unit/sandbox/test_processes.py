# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our programs are identified by pid and start time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sandbox.commands import attempt, wait_until
from tests.sandbox.errors import SandboxError
from tests.sandbox.processes import ProcessTable, alive, identify


def test_a_process_is_started_found_again_and_ended(tmp_path: Path) -> None:
    table = ProcessTable(tmp_path)
    started = table.start("sleeper", ["sleep", "60"])
    assert ProcessTable(tmp_path).get("sleeper") == started
    assert alive(started)
    assert os.getsid(started.pid) == started.pid
    table.stop(["sleeper", "never-started"], grace=5)
    assert not alive(started)
    assert table.all() == []


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    table = ProcessTable(tmp_path)
    stubborn = table.start("stubborn", ["sh", "-c", "trap '' TERM; echo set; while :; do :; done"])
    log = table.log("stubborn")
    wait_until(lambda: "set" in log.read_text(), timeout=10, what="It set no trap")
    table.stop(["stubborn"], grace=0.1)
    assert not alive(stubborn)


def test_a_pid_that_another_process_has_now_is_not_ours() -> None:
    myself = identify("myself", os.getpid())
    assert myself is not None
    assert alive(myself)
    assert not alive(replace(myself, start=myself.start + 1))
    assert not alive(replace(myself, boot="another boot"))


def test_the_end_of_the_log_is_in_the_message(tmp_path: Path) -> None:
    table = ProcessTable(tmp_path)
    process = table.start("brief", ["sh", "-c", "echo no such flag >&2; exit 1"])
    wait_until(lambda: not alive(process), timeout=10, what="It did not end")
    with pytest.raises(SandboxError, match=r"brief ended \(no such flag\)"):
        table.require("brief")


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="The program no-such-program is not installed"):
        ProcessTable(tmp_path).start("none", ["no-such-program"])
    with pytest.raises(SandboxError, match="The program no-such-program is not installed"):
        attempt(["no-such-program"], timeout=1)


def test_proxies_are_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://192.0.2.1:3128")
    monkeypatch.setenv("KUBECONFIG", "/someone/else")
    table = ProcessTable(tmp_path)
    table.start("printer", ["sh", "-c", "env && echo printed && exec sleep 60"])
    log = table.log("printer")
    wait_until(lambda: "printed\n" in log.read_text(), timeout=10, what="It printed nothing")
    table.stop(["printer"], grace=5)
    printed = log.read_text()
    assert "PATH=" in printed
    assert "PROXY" not in printed
    assert "KUBECONFIG" not in printed
