# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tasks at once on one KDCluster."""

from __future__ import annotations

from tests.harness.kdcluster import KDCluster
from tests.harness.manifests import Connections
from tests.harness.modules import Modules, model, succeeded

WRITERS = 16


def race(kdcluster: KDCluster, modules: Modules, names: list[str]) -> None:
    """Let as many tasks as names each connect a ConfigMap of its own, all at once.

    The KDCluster has no other connections. Raises AssertionError: a task fails, or one's ConfigMap
    is not there afterwards, in the spec or in the member's configmeta.json.
    """
    running = [
        modules.start_connection(kdcluster=[kdcluster.name], configmaps=[model(name)])
        for name in names
    ]
    results = [one.result() for one in running]
    for result in results:
        assert succeeded(result).changed
    assert sorted(kdcluster.named().configmaps) == sorted(names)
    kdcluster.wait_settled()
    held = kdcluster.connections_in()["configmaps"]["model"]
    assert sorted(one["metadata"]["name"] for one in held) == sorted(names)


def clear(kdcluster: KDCluster) -> None:
    """Remove all connections and delete the ConfigMaps that were connected."""
    names = kdcluster.named().configmaps
    kdcluster.reconnect_settled(Connections())
    if names:
        kdcluster.kubectl.delete("configmap", *names, namespace=kdcluster.namespace)
