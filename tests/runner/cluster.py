# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one cluster that all suites of a run share."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.cluster import ClusterUnderTest, NoClusterError, find_cluster
from tests.runner.paths import LOGS, NEWEST, ROOT, CheckError, Pair, suite_environment
from tests.runner.processes import Processes

VARIABLE = "KD_TEST_KUBECONFIG"


def is_given() -> bool:
    """Whether the caller gave a cluster, of which there is only one."""
    return bool(os.environ.get(VARIABLE))


@dataclass
class Cluster:
    """The cluster of KD_TEST_KUBECONFIG or a sandbox; a cluster that was already up stays up.

    `suffix` is added to the sandbox's name, so that there can be several.
    """

    suffix: str = ""
    ours: bool = field(default=False, init=False)

    def bring_up(self, processes: Processes) -> ClusterUnderTest:
        """Return the cluster. Raises CheckError saying how else to give one."""
        if not is_given():
            self.ours = self._sandbox(processes, "status") != 0
            if self._sandbox(processes, "up") != 0:
                raise CheckError(
                    f"the sandbox did not come up: {self._last_line('up')} "
                    f"(build/logs/{self._log('up')}); "
                    f"{VARIABLE}=<kubeconfig> takes another cluster with KubeDirector on it"
                )
        try:
            return find_cluster({**os.environ, **self._name()})
        except NoClusterError as error:
            raise CheckError(str(error)) from error

    def take_down(self) -> None:
        """End the sandbox where this run brought it up. Raises CheckError where that fails."""
        if not self.ours:
            return
        self.ours = False
        # Programs of its own: the run's may have been stopped by an interrupt.
        if self._sandbox(Processes(), "down") != 0:
            raise CheckError(
                f"the sandbox did not end cleanly: {self._last_line('down')} "
                f"(build/logs/{self._log('down')})"
            )

    def _name(self) -> dict[str, str]:
        return {"KD_SANDBOX_NAME": (os.environ.get("KD_SANDBOX_NAME") or "default") + self.suffix}

    def _sandbox(self, processes: Processes, verb: str) -> int:
        command = (str(NEWEST.python_path()), "-m", "tests.sandbox", verb)
        environment = {**suite_environment(NEWEST), **self._name()}
        return processes.run(command, LOGS / self._log(verb), ROOT, environment)

    def _log(self, verb: str) -> str:
        return f"sandbox{self.suffix}-{verb}.log"

    def _last_line(self, verb: str) -> str:
        lines = (LOGS / self._log(verb)).read_text(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "it said nothing"


def cluster_environment(pair: Pair, cluster: ClusterUnderTest) -> dict[str, str]:
    """Return the variables for a suite on the cluster.

    They spare the oldest environment the libraries that asking the sandbox takes.
    """
    return {
        **suite_environment(pair, Path(cluster.kubectl.binary).parent),
        VARIABLE: str(cluster.kubectl.kubeconfig),
        "KD_OPERATOR_POLL_SECONDS": f"{cluster.poll_seconds:g}",
    }
