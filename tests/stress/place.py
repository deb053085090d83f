# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace for one series of runs, with a KDCluster that is configured."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.harness.access import address_of
from tests.harness.cluster import find_cluster
from tests.harness.faults.lane import Lane, lane
from tests.harness.integration_objects import WORKBENCH
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl_proxy import proxied
from tests.harness.manifests import ClusterRole, kdcluster
from tests.harness.modules import Modules, succeeded
from tests.harness.timing import Timing
from tests.harness.workspace import add_kdclusters, workspace

_ACCOUNT = "stress"
_NAME = "stressed"


@dataclass(frozen=True)
class Place:
    """The KDCluster, options `host` and `ca_cert` of its API server, and a tenant's token."""

    kdcluster: KDCluster
    address: dict[str, str]
    token: str
    folder: Path

    @contextmanager
    def lane(self) -> Iterator[Lane]:
        """A faulty network before it."""
        with lane(self.kdcluster, self.address, self.token, self.folder) as found:
            yield found


@contextmanager
def place() -> Iterator[Place]:
    """Make a namespace; deletes it afterwards. Raises NoClusterError, KubectlError."""
    under_test = find_cluster()
    timing = Timing(under_test.poll_seconds)
    where = f"stress-{uuid4().hex[:8]}"
    with (
        proxied(under_test.kubectl) as kubectl,
        tempfile.TemporaryDirectory(prefix="kd-stress-") as folder,
        workspace(kubectl, where, WORKBENCH),
    ):
        made = kdcluster(_NAME, "workbench", [ClusterRole("controller")])
        found = add_kdclusters(kubectl, where, timing, [made])[_NAME]
        succeeded(Modules({"kubeconfig": str(kubectl.kubeconfig)}, where).access(name=_ACCOUNT))
        token = kubectl.ok("create", "token", _ACCOUNT, "--duration=6h", namespace=where)
        yield Place(found, address_of(kubectl, Path(folder)), token.strip(), Path(folder))
