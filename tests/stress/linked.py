# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked KDClusters change again and again: by the playbook `connect`, and by plain kubectl.

    python -m tests.stress.linked [--rounds 20] [--no-kubectl]

In each round a notebook, its two engines and a Secret of all three change, in the worst order. By
`connect` all of them must be settled the moment that it ends. The same changes by kubectl show what
would become of them otherwise.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.harness.cluster import find_cluster
from tests.harness.integration_objects import WORKBENCH
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import DeadlineError, Kubectl, wait_until
from tests.harness.kubectl_proxy import proxied
from tests.harness.manifests import (
    ClusterRole,
    Connections,
    configmap,
    kdcluster,
    secret,
)
from tests.harness.playbook import run_playbook
from tests.harness.timing import Timing
from tests.harness.workspace import add_kdclusters, workspace
from tests.runner.paths import ROOT

NOTEBOOK, ENGINES = "notebook", ("engine-tf", "engine-torch")
# What connects to others comes first: the worst order.
WORST_ORDER = (NOTEBOOK, *ENGINES)
SHARED = "shared"
# An operator that has not settled by then, two polls and a half, is stuck.
STUCK_POLLS = 2.5
MOST_RESTARTS = 4


@dataclass
class Tally:
    """The outcome of the rounds of one method; `seconds` of the successful ones."""

    settled: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        done = self.settled + len(self.wrong)
        middle = sorted(self.seconds)[len(self.seconds) // 2] if self.seconds else float("nan")
        return f"{self.settled} of {done} rounds settled, {middle:.1f} s a round"


@dataclass(frozen=True)
class Lab:
    """The KDClusters, by name."""

    kubectl: Kubectl
    namespace: str
    found: Mapping[str, KDCluster]
    folder: Path

    def unsettled(self) -> list[str]:
        """Why not all of them are settled now, or whose members' files lack a connection."""
        reasons = []
        for name, one in self.found.items():
            manifest = one.get()
            reasons += [f"{name}: {reason}" for reason in one.unsettled_because(manifest)]
        return reasons

    def wait_settled(self, seconds: float) -> None:
        """Return once all of them are settled; DeadlineError else."""
        wait_until(
            "all are settled",
            lambda: not self.unsettled(),
            seconds=seconds,
            poll_seconds=0.5,
            seen=self.unsettled,
        )

    def wrong_in_members(self, turn: int) -> list[str]:
        """Whose members' own file does not hold what this round wrote."""
        wrong = []
        for name, one in self.found.items():
            held = one.configmeta_now(one.pod())
            maps = held["connections"]["configmaps"] if held else {}
            info = {each["metadata"]["name"]: each["data"] for each in maps.get("info", [])}
            if info != {own(name, turn): {"turn": f"{turn}"}}:
                wrong.append(f"{name}: its member holds {info}")
        return wrong


@contextmanager
def lab() -> Iterator[Lab]:
    """Make the KDClusters, linked and settled, in a namespace that is deleted afterwards.

    Raises NoClusterError, KubectlError, DeadlineError.
    """
    under_test = find_cluster()
    timing = Timing(under_test.poll_seconds)
    where = f"stress-linked-{uuid4().hex[:8]}"
    with (
        proxied(under_test.kubectl) as kubectl,
        tempfile.TemporaryDirectory(prefix="kd-stress-") as folder,
        workspace(kubectl, where, WORKBENCH),
    ):
        manifests = [kdcluster(n, "workbench", [ClusterRole("controller")]) for n in WORST_ORDER]
        found = add_kdclusters(kubectl, where, timing, manifests)
        found[NOTEBOOK].reconnect_settled(Connections(clusters=list(ENGINES)))
        yield Lab(kubectl, where, found, Path(folder))


def own(name: str, turn: int) -> str:
    """The ConfigMap that a KDCluster gets in a round, in place of the one of the round before."""
    return f"own-{name}-{turn % 2}"


def by_connect(made: Lab, turn: int) -> None:
    """The changes by the playbook `connect`. Raises AssertionError where it fails."""
    entries: list[dict[str, Any]] = [
        {
            "namespace": made.namespace,
            "kdcluster": [name],
            "configmaps": [{"name": own(name, turn), "type": "info", "data": {"turn": f"{turn}"}}],
            "secrets": [{"name": SHARED}],
            "clusters": list(ENGINES) if name == NOTEBOOK else [],
            "exclusive": True,
        }
        for name in WORST_ORDER
    ]
    # Last, and named by all the others.
    described = {"name": SHARED, "type": "token", "string_data": {"turn": f"{turn}"}}
    entries.append({"namespace": made.namespace, "secrets": [described]})
    variables = made.folder / "connections.input.json"
    variables.write_text(json.dumps({"kd_connections": entries}))
    done = run_playbook(
        "kubedirector.connections.connect", "-e", f"@{variables}",
        kubeconfig=made.kubectl.kubeconfig,
    )  # fmt: skip
    assert done.returncode == 0, done.output


def by_kubectl(made: Lab, turn: int) -> None:
    """The same by plain kubectl, one command after the other. Raises KubectlError."""
    where = made.namespace
    for name in WORST_ORDER:
        made.kubectl.apply(
            configmap(own(name, turn), {"turn": f"{turn}"}, connection_type="info"),
            namespace=where,
        )
    made.kubectl.apply(
        secret(SHARED, {"turn": f"{turn}"}, connection_type="token"), namespace=where
    )
    for name in WORST_ORDER:
        clusters = list(ENGINES) if name == NOTEBOOK else []
        made.found[name].connect(
            Connections(clusters=clusters, configmaps=[own(name, turn)], secrets=[SHARED])
        )


def run_round(
    made: Lab, change: Callable[[Lab, int], None], turn: int, *, timeout: float, tally: Tally
) -> bool:
    """One round; a stuck operator is restarted, so that the next one starts from rest.

    Returns whether it does.
    """
    started = time.monotonic()
    try:
        change(made, turn)
        if timeout:
            made.wait_settled(timeout)
        wrong = made.unsettled() + made.wrong_in_members(turn)
        assert not wrong, "; ".join(wrong)
    except AssertionError as error:
        # DeadlineError and KubectlError are such.
        tally.wrong.append(f"round {turn}")
        print(f"{change.__name__}, round {turn}: {error}", file=sys.stderr, flush=True)
    else:
        tally.settled += 1
        tally.seconds.append(time.monotonic() - started)
        return True
    return is_at_rest_again(made)


def is_at_rest_again(made: Lab) -> bool:
    """Free a stuck operator by restarting it, more than once where it gets stuck again."""
    if not made.unsettled():
        return True
    for _try in range(MOST_RESTARTS):
        subprocess.run(
            [sys.executable, "-m", "tests.sandbox", "restart-operator"], cwd=ROOT, check=True
        )
        try:
            made.wait_settled(made.found[NOTEBOOK].timing.unstuck_seconds)
        except DeadlineError as error:
            print(f"restarted, and stuck again: {error}", file=sys.stderr, flush=True)
        else:
            return True
    return False


def linked(rounds: int, *, compare: bool = True) -> tuple[bool, str]:
    """Run the rounds, first one way, then the other.

    Returns whether every round by `connect` left all settled, and the line of figures.
    """
    ways: Sequence[tuple[Callable[[Lab, int], None], Tally]] = [
        (by_connect, Tally()),
        *([(by_kubectl, Tally())] if compare else []),
    ]
    with lab() as made:
        stuck_after = STUCK_POLLS * made.found[NOTEBOOK].timing.poll_seconds
        # One after the other: kubectl leaves the operator stuck, which would spoil the rest.
        for change, tally in ways:
            timeout = 0 if change is by_connect else stuck_after
            for turn in range(rounds):
                if not run_round(made, change, turn, timeout=timeout, tally=tally):
                    print(f"{change.__name__}: no more rounds", file=sys.stderr, flush=True)
                    break
    figures = "; ".join(f"{change.__name__}: {tally}" for change, tally in ways)
    return ways[0][1].settled == rounds, figures


def main() -> int:
    """Run it alone; 0 when every round by `connect` left all settled."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress.linked", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--no-kubectl", action="store_true", help="leave the comparison out")
    options = parser.parse_args()
    well, figures = linked(options.rounds, compare=not options.no_kubectl)
    print(f"linked: {figures}", flush=True)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
