# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster the tests use: the one that was given, else the sandbox that is running."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.harness.kubectl import Kubectl

REPOSITORY = Path(__file__).resolve().parents[2]

# KubeDirector's own reconcile period; a given cluster is taken to run the real operator.
REAL_POLL_SECONDS = 30.0
SIMULATOR_POLL_SECONDS = 10.0


class NoClusterError(Exception):
    """No cluster was given and none is running; the message says how to give one."""


@dataclass(frozen=True)
class ClusterUnderTest:
    """A cluster with KubeDirector on it, and how often its operator polls (seconds)."""

    kubectl: Kubectl
    poll_seconds: float


def find_cluster(environment: Mapping[str, str] | None = None) -> ClusterUnderTest:
    """Return the cluster of KD_TEST_KUBECONFIG, else the running sandbox's.

    KD_OPERATOR_POLL_SECONDS says how often its operator polls, where that is neither
    KubeDirector's period nor the simulator's. KUBECONFIG is never read: it may name a
    production cluster. Raises NoClusterError.
    """
    environment = os.environ if environment is None else environment
    given = environment.get("KD_TEST_KUBECONFIG")
    status = {} if given else _sandbox_status(environment)
    kubeconfig = given or status.get("kubeconfig")
    if not kubeconfig:
        raise NoClusterError(
            "These tests need a cluster with KubeDirector on it: run `make sandbox`, or set "
            "KD_TEST_KUBECONFIG to the kubeconfig file of one."
        )
    path = Path(kubeconfig).expanduser().absolute()
    if not path.is_file():
        raise NoClusterError(f"The kubeconfig file {path} does not exist; give one that does.")
    kubectl = status.get("kubectl") or shutil.which("kubectl")
    if not kubectl:
        raise NoClusterError(
            "There is no kubectl in PATH; install one, or run `make sandbox`, which builds one."
        )
    return ClusterUnderTest(Kubectl(path, kubectl), _poll_seconds(environment, status))


def _poll_seconds(environment: Mapping[str, str], status: Mapping[str, str]) -> float:
    said = environment.get("KD_OPERATOR_POLL_SECONDS") or status.get("poll_seconds")
    if said is not None:
        return float(said)
    return SIMULATOR_POLL_SECONDS if status.get("operator") == "simulator" else REAL_POLL_SECONDS


def _sandbox_status(environment: Mapping[str, str]) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.sandbox", "status"],
        cwd=REPOSITORY,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0 or not done.stdout.strip():
        return {}
    status: dict[str, str] = json.loads(done.stdout)
    return status
