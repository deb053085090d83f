# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make stress`: races, faults, kills, rotations, linked KDClusters and growth in numbers; prints one line of figures for each of them.

Everything random comes from --seed and the run's number. A broken promise is reported on standard
error with both; `--only faults --first NUMBER --faults 1` repeats it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from tests.harness.cluster import NoClusterError
from tests.harness.faults.race import WRITERS, clear, race
from tests.harness.kubectl import DeadlineError, KubectlError
from tests.harness.measure import RunFailedError
from tests.harness.modules import Modules
from tests.runner.paths import ROOT, CheckError
from tests.runner.tree import link
from tests.stress.growth import SIZES, growth
from tests.stress.linked import linked
from tests.stress.place import place
from tests.stress.rotation_kills import rotation_kills
from tests.stress.series import Run, fault_run, kill_run, run_series

# Takes the options; returns whether all is well, and the line of figures.
Soak = Callable[[argparse.Namespace], tuple[bool, str]]


def races(options: argparse.Namespace) -> tuple[bool, str]:
    """Many tasks at once on one KDCluster."""
    deadline = time.monotonic() + options.seconds
    done = whole = 0
    with place() as where:
        modules = Modules({**where.address, "api_key": where.token}, where.kdcluster.namespace)
        while done < options.races and time.monotonic() < deadline:
            names = [f"racer-{done}-{number}" for number in range(WRITERS)]
            try:
                race(where.kdcluster, modules, names)
            except AssertionError as error:
                print(f"races, run {done}: {error}", file=sys.stderr, flush=True)
            else:
                whole += 1
            clear(where.kdcluster)
            done += 1
    figures = f"{done} of {options.races} runs, {WRITERS} tasks at once, nothing lost in {whole}"
    return whole == options.races, figures


def faults(options: argparse.Namespace) -> tuple[bool, str]:
    """Faults of the network between module and API server."""
    return _series("faults", fault_run, options.faults, options, "ended with an error")


def kills(options: argparse.Namespace) -> tuple[bool, str]:
    """SIGKILL of the module at a random moment."""
    return _series("kills", kill_run, options.kills, options, "killed before the end")


def _series(
    kind: str, run: Run, count: int, options: argparse.Namespace, ended: str
) -> tuple[bool, str]:
    numbers = range(options.first, options.first + count)
    found = run_series(
        kind, run, numbers, seed=options.seed, lanes=options.lanes, seconds=options.seconds
    )
    figures = (
        f"{found.done} of {count} runs, seed {options.seed}, {found.met} met a request, {found.failed} "
        f"{ended}, right after the second run {found.done - len(found.wrong)}, wrong {len(found.wrong)}"
    )
    return found.done == count and not found.wrong, figures


def growing(options: argparse.Namespace) -> tuple[bool, str]:
    """Tasks over more and more members."""
    return growth(options.sizes)


def linking(options: argparse.Namespace) -> tuple[bool, str]:
    """Linked KDClusters change again and again, by `connect` and by kubectl."""
    return linked(options.rounds)


def rotations(options: argparse.Namespace) -> tuple[bool, str]:
    """SIGKILL of kd_rotate at a random moment, half of them with values that are refused."""
    numbers = range(options.first, options.first + options.rotation_kills)
    return rotation_kills(numbers, seed=options.seed, lanes=options.lanes, seconds=options.seconds)


SOAKS: Mapping[str, Soak] = {
    "races": races,
    "faults": faults,
    "kills": kills,
    "rotation-kills": rotations,
    "linked": linking,
    "growth": growing,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=list(SOAKS), help="only this; may be repeated"
    )
    parser.add_argument("--races", type=int, default=20, help="races of 16 tasks (20)")
    parser.add_argument("--faults", type=int, default=500, help="runs with a fault (500)")
    parser.add_argument("--kills", type=int, default=50, help="runs with a SIGKILL (50)")
    parser.add_argument(
        "--rotation-kills", type=int, default=100, help="rotations with a SIGKILL (100)"
    )
    parser.add_argument("--rounds", type=int, default=20, help="rounds of linked changes (20)")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=list(SIZES), help="members (10 20 40 60 100)"
    )
    parser.add_argument("--seed", type=int, default=1, help="what all random is drawn from (1)")
    parser.add_argument("--first", type=int, default=0, help="number of the first run (0)")
    parser.add_argument("--lanes", type=int, default=3, help="runs side by side (3)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=3600,
        help="bound on races, faults, kills and rotations each (3600)",
    )
    return parser.parse_args()


def main() -> int:
    """Run the stress tests; 0 when every promise held in every run."""
    options = _options()
    sys.path.insert(0, str(link()))
    if subprocess.run(
        [sys.executable, "-m", "tests.sandbox", "up"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=False,
    ).returncode:
        return 1
    good = True
    try:
        for name in options.only or SOAKS:
            started = time.monotonic()
            well, figures = SOAKS[name](options)
            print(f"{name}: {figures}; {time.monotonic() - started:.0f} s", flush=True)
            good = good and well
    except (CheckError, DeadlineError, KubectlError, NoClusterError, RunFailedError) as error:
        print(f"The stress test failed: {error}", file=sys.stderr)
        return 1
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
