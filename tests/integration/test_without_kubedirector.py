# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes on which KubeDirector is not installed: a sandbox without its CRDs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.cluster import REPOSITORY
from tests.harness.kubectl import Kubectl
from tests.harness.modules import Fresh, Modules, model

NAME = "bare"
MINUTES = 60.0


def sandbox(*arguments: str) -> str:
    """Run the sandbox's own command in the environment that has what it takes; its stdout."""
    script = REPOSITORY / "tests" / "runner" / "python-env.sh"
    made = subprocess.run([str(script), "py313"], capture_output=True, text=True, check=True)
    foreign = ("KD_TEST_KUBECONFIG", "KD_OPERATOR_IMAGE", "KD_OPERATOR_MANIFESTS")
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    # Each environment its own, so that both may run at once.
    environment["KD_SANDBOX_NAME"] = f"{NAME}-{sys.version_info.minor}"
    done = subprocess.run(
        [str(Path(made.stdout.strip()) / "bin" / "python"), "-m", "tests.sandbox", *arguments],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=10 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def plain(kubectl: Kubectl) -> Iterator[Kubectl]:
    """kubectl for a cluster without KubeDirector; it ends with this module."""
    try:
        kubeconfig = sandbox("up", "--api-only").strip().splitlines()[-1]
        yield Kubectl(Path(kubeconfig), kubectl.binary)
    finally:
        sandbox("down")


@pytest.mark.parametrize("check_mode", [True, False])
def test_kd_connection_says_that_kubedirector_is_missing(
    plain: Kubectl, fresh: Fresh, check_mode: bool
) -> None:
    modules = Modules({"kubeconfig": str(plain.kubeconfig)}, "default")
    name = fresh("never")
    result = modules.connection(check_mode=check_mode, kdcluster=["lab"], configmaps=[model(name)])
    assert "KubeDirector" in result.message and "installed" in result.message
    assert "kubedirectorclusters.kubedirector.hpe.com" in result.message
    assert plain.find("configmap", name, namespace="default") is None


def test_kd_configmeta_info_says_that_kubedirector_is_missing(plain: Kubectl) -> None:
    modules = Modules({"kubeconfig": str(plain.kubeconfig)}, "default")
    message = modules.configmeta(kdcluster=["lab"]).message
    assert "KubeDirector" in message and "installed" in message
