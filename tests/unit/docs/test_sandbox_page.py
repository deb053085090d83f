# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of docs/sandbox.md exist, and their output is what it shows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from tests.runner.paths import ROOT
from tests.sandbox import lifecycle, record
from tests.sandbox.cli import parser
from tests.sandbox.progress import Progress
from tests.sandbox.record import Record
from tests.sandbox.settings import read_settings

PAGE = (ROOT / "docs" / "sandbox.md").read_text()


@pytest.fixture(autouse=True)
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty cache, whose path is shorter than pytest's: a socket's path has at most 107 characters."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("KD_CACHE_DIR", folder)
        for name in ("KD_TEST_KUBECONFIG", "KD_SANDBOX_NAME"):
            monkeypatch.delenv(name, raising=False)
        yield


def titles() -> set[str]:
    """The steps that the sandbox shows; {} stands for a part that differs."""
    return {
        re.sub(r"\{.*?\}", "{}", ast.unparse(call.args[0]).removeprefix("f").strip("'"))
        for file in (ROOT / "tests" / "sandbox").glob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "step"
    }


def test_commands_exist() -> None:
    commands = re.findall(r"tests\.sandbox ([a-z -]+[a-z])", PAGE)
    assert {"up", "up --api-only", "status", "restart-operator", "down"} <= set(commands)
    for command in commands:
        parser().parse_args(command.split())


def test_the_steps_are_those_of_the_code() -> None:
    shown = re.findall(r"^\[ {1,8}\d+ s\] (.+): done in \d+ s$", PAGE, re.MULTILINE)
    assert shown
    for title in shown:
        assert any(
            re.fullmatch(re.escape(known).replace(r"\{\}", ".+"), title) for known in titles()
        ), title


def test_down_is_safe_to_run_twice() -> None:
    for _time in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "tests.sandbox", "down"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "There is no sandbox 'default': nothing to do." in done.stderr


def test_status_has_the_keys_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Record("default", "node", "/kubeconfig", "/kubectl", "https://127.0.0.1:1")
    settings = read_settings()
    record.write(settings.state, found.changed(complete=True, operator="simulator"))
    monkeypatch.setattr(lifecycle, "_running", lambda _settings, _record: True)
    documented = re.search(r"status +# JSON: ([\w, ]+) \.\.\.", PAGE)
    assert documented
    assert {*documented[1].split(", "), "state_dir"} <= set(lifecycle.status(settings, Progress()))
