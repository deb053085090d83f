# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several writers at once: no connection is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import TRANSIENT_REFUSALS
from tests.harness.kubectl import Kubectl, KubectlError, wait_until
from tests.harness.manifests import KDCLUSTER, Connections, configmap
from tests.harness.modules import Fresh, Modules, model, succeeded
from tests.integration.test_connect import connections_of

WRITERS = 4


def test_tasks_that_add_at_once_lose_nothing(tenant: Modules, emptied: Named, fresh: Fresh) -> None:
    race = emptied("race")
    names = [fresh("writer") for _number in range(WRITERS)]
    running = [
        tenant.start_connection(kdcluster=["race"], configmaps=[model(name)]) for name in names
    ]
    for one in running:
        assert succeeded(one.result()).changed
    assert sorted(connections_of(race)["configmaps"]) == sorted(names)
    race.wait_settled()
    # Not the application: of changes in quick succession the operator may miss a --reconnect, because
    # its own webhook refuses the annotation that counts them.
    held = race.connections_in()["configmaps"]["model"]
    assert sorted(one["metadata"]["name"] for one in held) == sorted(names)


def test_tasks_that_add_and_remove_at_once_lose_nothing(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    race = emptied("race")
    old = [fresh("old") for _number in range(2)]
    tenant.connected(kdcluster=["race"], configmaps=[model(name) for name in old])
    new = [fresh("new") for _number in range(2)]
    running = [
        tenant.start_connection(kdcluster=["race"], configmaps=[model(name)]) for name in new
    ]
    running += [
        tenant.start_connection(kdcluster=["race"], configmaps=[{"name": name}], state="absent")
        for name in old
    ]
    for one in running:
        assert succeeded(one.result()).changed
    assert sorted(connections_of(race)["configmaps"]) == sorted(new)


def test_the_same_task_twice_at_once_connects_once(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    race = emptied("race")
    name = fresh("same")
    running = [
        tenant.start_connection(kdcluster=["race"], configmaps=[model(name)]) for _n in range(2)
    ]
    for one in running:
        succeeded(one.result())
    assert connections_of(race)["configmaps"] == [name]


def test_a_task_and_kubectl_at_once_lose_nothing(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    race = emptied("race")
    theirs = [fresh("by-kubectl") for _number in range(4)]
    kubectl.create(
        *(configmap(name, {"k": "v"}, connection_type="theirs") for name in theirs),
        namespace=race.namespace,
    )
    race.reconnect_settled(Connections(configmaps=theirs[:1]))

    def append(name: str) -> bool | None:
        """Whether kubectl's patch went through; None when the webhook refuses it for the moment."""
        entry = {"op": "add", "path": "/spec/connections/configmaps/-", "value": name}
        try:
            kubectl.patch(KDCLUSTER, "race", [entry], namespace=race.namespace, patch_type="json")
        except KubectlError as error:
            if not any(text in error.stderr for text in TRANSIENT_REFUSALS):
                raise
            return None
        return True

    def append_all() -> None:
        for name in theirs[1:]:
            wait_until(f"kubectl added {name}", partial(append, name), seconds=60)

    mine: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(append_all)
        while not writing.done() or not mine:
            mine.append(fresh("by-module"))
            tenant.connected(kdcluster=["race"], configmaps=[model(mine[-1])], wait=False)
        writing.result()
    assert sorted(connections_of(race)["configmaps"]) == sorted([*theirs, *mine])
