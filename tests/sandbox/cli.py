# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands `up`, `down`, `status` and `restart-operator`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from tests.sandbox import lifecycle
from tests.sandbox.errors import SandboxError
from tests.sandbox.progress import Progress
from tests.sandbox.settings import read_settings

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m tests.sandbox",
        description="A disposable Kubernetes with KubeDirector on it.",
    )
    commands = top.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start it, and print its kubeconfig's path")
    up.add_argument(
        "--api-only", action="store_true", help="the API server alone: no pods, no KubeDirector"
    )
    commands.add_parser("down", help="stop it and remove every trace of it")
    commands.add_parser("status", help="print how to reach it, as JSON")
    commands.add_parser("restart-operator", help="restart KubeDirector, and wait until it answers")
    return top


def _end_politely(number: int, _frame: FrameType | None) -> None:
    # As an exception, so that an interrupted start cleans up after itself; once only,
    # so that the clean-up is not interrupted too.
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    if number == signal.SIGHUP:
        # The terminal is closed: a write to it would end the clean-up.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
    raise SandboxError(f"Ended by {signal.Signals(number).name}.")


def _run(command: str, *, api_only: bool) -> None:
    settings = read_settings()
    answer = ""
    with Progress() as progress:
        if command == "up":
            answer = lifecycle.up(settings, progress, api_only=api_only)
        elif command == "down":
            lifecycle.down(settings, progress)
        elif command == "status":
            answer = json.dumps(lifecycle.status(settings, progress), indent=2)
        else:
            lifecycle.restart(settings, progress)
    if answer:
        sys.stdout.write(f"{answer}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, or 1 after one sentence on standard error."""
    chosen = parser().parse_args(arguments)
    os.umask(0o077)
    for number in _ENDING:
        signal.signal(number, _end_politely)
    try:
        _run(chosen.command, api_only=getattr(chosen, "api_only", False))
    except SandboxError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0
