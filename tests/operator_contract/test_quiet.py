# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where nothing changes, nothing is written."""

from __future__ import annotations

from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import Kubectl, holds_for
from tests.harness.manifests import KDCLUSTER, Connections


def test_settled_clusters_are_left_alone_over_a_poll(
    kubectl: Kubectl, kdcluster: Named, emptied: Named
) -> None:
    emptied("engine")
    notebook = emptied("notebook")
    notebook.reconnect_settled(Connections(clusters=["engine"]))
    quiet = {"born-connected", "engine", "notebook", "bare", "files", "broken"}
    for name in quiet:
        kdcluster(name).wait_settled()
    read = kdcluster("born-connected").read_by_script()

    def versions() -> dict[str, str]:
        return {
            one["metadata"]["name"]: one["metadata"]["resourceVersion"]
            for one in kubectl.list(KDCLUSTER, namespace=notebook.namespace)
            if one["metadata"]["name"] in quiet
        }

    before = versions()
    holds_for(
        "no settled KDCluster is written",
        lambda: versions() == before,
        seconds=notebook.timing.quiet_seconds,
    )
    assert set(before) == quiet
    assert kdcluster("born-connected").read_by_script() == read
