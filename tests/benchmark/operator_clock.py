# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the operator itself takes for a change, as `kubectl get --watch` sees its status."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.manifests import KDCLUSTER

_DETAIL = ".status.roles[*].members[*].stateDetail"
_LINE = (
    "{.metadata.name} {.status.state} {.status.lastConnectionHash} {.status.specGenerationToProcess} "
    f"{{{_DETAIL}.lastConfigDataGeneration}} {{{_DETAIL}.lastSetupGeneration}}{{'\\n'}}"
)
CATCH_UP_SECONDS = 60.0


@dataclass
class OperatorClock:
    """Every state of every KDCluster of a namespace with the moment at which it was seen."""

    kubectl: Kubectl
    namespace: str
    seen: list[tuple[float, str]] = field(default_factory=list)

    def span(self, began: float) -> tuple[float, float]:
        """Return when the first state after `began` and when the last KDCluster's final one came.

        `began` and the result are seconds as of time.time(). Call it once everything has settled.
        """
        final = set(self._now())
        wait_until(
            "the watch has seen the final states",
            lambda: final <= {line for _moment, line in self.seen},
            seconds=CATCH_UP_SECONDS,
        )
        after = [(moment, line) for moment, line in self.seen if moment >= began]
        reached = [min(moment for moment, seen in after if seen == line) for line in final]
        return after[0][0], max(reached)

    def _now(self) -> list[str]:
        text = self.kubectl.ok(
            "get", KDCLUSTER, "--output", f"jsonpath={{range .items[*]}}{_LINE}{{end}}",
            namespace=self.namespace,
        )  # fmt: skip
        return text.splitlines()

    def follow(self, lines: Iterator[str]) -> None:
        """Take down each line as it comes."""
        for line in lines:
            self.seen.append((time.time(), line.rstrip("\n")))


@contextmanager
def operator_clock(kubectl: Kubectl, namespace: str) -> Iterator[OperatorClock]:
    """Watch a namespace's KDClusters as long as the context lasts."""
    clock = OperatorClock(kubectl, namespace)
    process = subprocess.Popen(
        [
            kubectl.binary, "--kubeconfig", str(kubectl.kubeconfig), "--namespace", namespace,
            "get", KDCLUSTER, "--watch", "--output", f"jsonpath={_LINE}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    reader = threading.Thread(target=clock.follow, args=(iter(process.stdout),))
    reader.start()
    try:
        # Before the first state has come the watch does not run yet.
        wait_until("the watch runs", lambda: bool(clock.seen), seconds=CATCH_UP_SECONDS)
        yield clock
    finally:
        process.terminate()
        process.wait()
        reader.join()
