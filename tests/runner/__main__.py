# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs suites by name: `python -m tests.runner NAME...`, where a group's name means all of it."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from tests.runner.paths import CheckError
from tests.runner.run import Run
from tests.runner.suites import ON_REQUEST, SUITES

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupted(number: int, _frame: FrameType | None) -> None:
    """Leave by the way that ends the sandbox and every program that was started."""
    for other in ENDING:
        # A second one must not interrupt the cleaning up.
        signal.signal(other, signal.SIG_IGN)
    print("checks: interrupted; ending what was started", file=sys.stderr)
    raise SystemExit(128 + number)


def main(arguments: list[str]) -> int:
    known = sorted({name for suite in (*SUITES, *ON_REQUEST) for name in (suite.group, suite.name)})
    parser = argparse.ArgumentParser(prog="python -m tests.runner", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)}")
    names = set(parser.parse_args(arguments).names)
    if unknown := sorted(names.difference(known)):
        parser.error(f"no such suite: {', '.join(unknown)}; known are {', '.join(known)}")
    named = [one for one in (*SUITES, *ON_REQUEST) if names.intersection((one.group, one.name))]
    for number in ENDING:
        signal.signal(number, interrupted)
    try:
        return Run(named or SUITES).go()
    except CheckError as error:
        print(f"checks: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
