# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball is built once, and installed once into a clean directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.harness.cluster import NoClusterError, find_cluster
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.manifests import (
    KDCLUSTER,
    AppRole,
    AppService,
    ClusterRole,
    kdapp,
    kdcluster,
    namespace,
)
from tests.packaging.installed import Installed, ansible

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIGURE_SECONDS = 180.0


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as `ansible-galaxy collection build` makes it of the work tree."""
    home = tmp_path_factory.mktemp("build-home")
    out = tmp_path_factory.mktemp("tarball")
    done = ansible(
        "ansible-galaxy", "collection", "build", str(REPOSITORY), "--output-path", str(out),
        home=home, collections=home,
    )  # fmt: skip
    assert done.returncode == 0, done.text
    (built,) = out.glob("*.tar.gz")
    return built


@pytest.fixture(scope="session")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The collection, installed from the tarball alone with no server asked."""
    home = tmp_path_factory.mktemp("home")
    collections = tmp_path_factory.mktemp("collections")
    done = ansible(
        "ansible-galaxy", "collection", "install", "--offline", "-p", str(collections), str(tarball),
        home=home, collections=collections,
    )  # fmt: skip
    assert done.returncode == 0, done.text
    return Installed(collections, home)


@pytest.fixture(scope="session")
def kubectl() -> Kubectl:
    """The cluster under test; ends the run when there is none."""
    try:
        return find_cluster().kubectl
    except NoClusterError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="module")
def home(kubectl: Kubectl) -> Iterator[str]:
    """A namespace with one configured KDCluster named `notebook`."""
    name = f"packaging-{uuid4().hex[:8]}"
    kubectl.create(namespace(name))
    role = AppRole("controller", services=[AppService("http", 8000)])
    kubectl.create(
        kdapp("training", [role]),
        kdcluster("notebook", "training", [ClusterRole("controller")]),
        namespace=name,
    )

    def configured() -> bool:
        status = kubectl.get(KDCLUSTER, "notebook", namespace=name).get("status") or {}
        return bool(status.get("state") == "configured")

    wait_until("notebook is configured", configured, seconds=CONFIGURE_SECONDS, poll_seconds=1)
    yield name
    kubectl.delete(KDCLUSTER, "notebook", namespace=name)
    kubectl.delete("namespace", name, wait=False)
