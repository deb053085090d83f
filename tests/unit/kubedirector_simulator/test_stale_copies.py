# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the simulator keeps a copy that will be stale, and when it does not."""

from __future__ import annotations

from tests.kubedirector_simulator.bookkeeping import ClusterCache
from tests.kubedirector_simulator.objects import Json
from tests.kubedirector_simulator.stale_copies import StaleCopies


def _notebook(version: str, configmap: str, generation: int, setup: int, state: str) -> Json:
    member: Json = {"stateDetail": {"lastSetupGeneration": setup}}
    return {
        "metadata": {"name": "notebook", "namespace": "ns", "resourceVersion": version},
        "spec": {"roles": [], "connections": {"clusters": ["engine"], "configmaps": [configmap]}},
        "status": {
            "state": state,
            "specGenerationToProcess": generation,
            "roles": [{"members": [member]}],
        },
    }


ENGINE: Json = {"metadata": {"name": "engine", "namespace": "ns"}, "spec": {}}
SETTLED = _notebook("1", "a", 3, 3, "configured")
EDITED = _notebook("2", "b", 3, 3, "configured")
NOTICED = _notebook("3", "b", 4, 3, "configured")
DONE = _notebook("4", "b", 4, 4, "configured")


def _watch(*versions: Json) -> StaleCopies:
    copies = StaleCopies(ClusterCache())
    for version in versions:
        _show(copies, version)
    return copies


def _show(copies: StaleCopies, version: Json) -> None:
    copies.observe(version)
    copies.clusters.put(version)


def _version(copies: StaleCopies) -> str:
    (copy,) = copies.take(ENGINE)
    version: str = copy["metadata"]["resourceVersion"]
    return version


def test_a_copy_taken_during_a_change_is_kept_and_used_once() -> None:
    copies = _watch(SETTLED, EDITED)
    copies.hold(ENGINE)
    _show(copies, NOTICED)
    _show(copies, DONE)
    assert _version(copies) == "2"
    assert _version(copies) == "4"


def test_no_copy_is_kept_once_the_change_has_settled() -> None:
    copies = _watch(SETTLED, EDITED, NOTICED, DONE)
    copies.hold(ENGINE)
    _show(copies, _notebook("5", "b", 5, 5, "configured"))
    assert _version(copies) == "5"


def test_a_cluster_that_only_follows_its_connections_is_not_in_change() -> None:
    copies = _watch(SETTLED)
    _show(copies, _notebook("2", "a", 4, 3, "updating"))
    copies.hold(ENGINE)
    _show(copies, _notebook("3", "a", 4, 4, "configured"))
    assert _version(copies) == "3"
