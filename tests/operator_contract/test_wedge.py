# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked KDClusters that change at once get the operator stuck; these tests run last for that reason."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.contract_objects import OPERATOR_NAMESPACE
from tests.harness.kdcluster import KDCluster, members_of
from tests.harness.kubectl import POLL_SECONDS, Kubectl, Manifest, holds_for, wait_until
from tests.harness.manifests import KDCLUSTER, Connections

DEPLOYMENT = "kubedirector"
TRIES = 12
EDITS = 4


def restart_operator(kubectl: Kubectl, probe: KDCluster) -> None:
    """Restart the operator's Deployment; one that runs otherwise gets unstuck by itself.

    Returns once its webhook answers for `probe`.
    """
    deployment = kubectl.find("deployment", DEPLOYMENT, namespace=OPERATOR_NAMESPACE)
    if deployment is None:
        return
    labels = deployment["spec"]["selector"]["matchLabels"]
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    # The pod goes first: on the node's own network a second one would find its ports taken.
    kubectl.ok(
        "delete", "pod", "--selector", selector, "--grace-period=1", namespace=OPERATOR_NAMESPACE
    )
    kubectl.ok(
        "rollout", "status", f"deployment/{DEPLOYMENT}", "--timeout=120s",
        namespace=OPERATOR_NAMESPACE, seconds=150,
    )  # fmt: skip

    def answers() -> bool:
        done = kubectl.run(
            "label", KDCLUSTER, probe.name, "probe=", "--dry-run=server", namespace=probe.namespace
        )
        return "failed calling webhook" not in done.stderr

    wait_until("the operator's webhook answers", answers, seconds=60)


def looks_stuck(manifest: Manifest) -> bool:
    """Whether all members are at the KDCluster's generation and its state says `updating`."""
    status = manifest["status"]
    return status["state"] == "updating" and all(
        member.config_generation == status["specGenerationToProcess"]
        for member in members_of(manifest)
    )


def wait_stuck(*suspects: KDCluster, seconds: float) -> KDCluster | None:
    """Return the first suspect that looks stuck and is not written for some seconds, or None."""
    unchanged: dict[str, tuple[str, float]] = {}
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        for suspect in suspects:
            manifest = suspect.get()
            version = manifest["metadata"]["resourceVersion"]
            if unchanged.get(suspect.name, ("", 0.0))[0] != version:
                unchanged[suspect.name] = (version, monotonic())
            since = unchanged[suspect.name][1]
            if looks_stuck(manifest) and monotonic() - since >= suspect.timing.stuck_seconds:
                return suspect
        if all(not suspect.unsettled_because(suspect.get()) for suspect in suspects):
            return None
        sleep(POLL_SECONDS)
    return None


@pytest.fixture
def pair(emptied: Named, kubectl: Kubectl) -> Iterator[tuple[KDCluster, KDCluster]]:
    """Two settled KDClusters; the fixture settles them again afterwards."""
    a, b = emptied("cycle-a"), emptied("cycle-b")
    yield a, b
    for one in (a, b):
        one.connect(Connections())
    if a.unsettled_because(a.get()) or b.unsettled_because(b.get()):
        restart_operator(kubectl, a)
    for one in (a, b):
        one.wait_settled(one.timing.unstuck_seconds)


def test_changing_linked_clusters_at_once_gets_the_operator_stuck(
    pair: tuple[KDCluster, KDCluster],
) -> None:
    notebook, engine = pair
    notebook.reconnect_settled(Connections(clusters=[engine.name]))

    def edit_notebook(turn: int) -> None:
        for edit in range(EDITS):
            named = [f"no-such-map-{turn}-{edit}"]
            notebook.connect(Connections(clusters=[engine.name], configmaps=named))

    # Whether a retry with a stale copy comes of it is a matter of milliseconds: hence the tries.
    for turn in range(TRIES):
        with ThreadPoolExecutor(max_workers=1) as beside:
            edits = beside.submit(edit_notebook, turn)
            engine.connect(Connections(configmaps=[f"no-such-map-{turn}"]))
            edits.result()
        stuck = wait_stuck(engine, notebook, seconds=engine.timing.settle_seconds)
        if stuck is not None:
            assert stuck.name == engine.name
            return
    pytest.fail(f"{TRIES} changes at once all went through")


def test_a_cycle_gets_the_operator_stuck_and_edits_are_ignored(
    pair: tuple[KDCluster, KDCluster], kubectl: Kubectl
) -> None:
    a, b = pair
    a.reconnect_settled(Connections(clusters=[b.name]))
    began_at = {one.name: one.generation() for one in (a, b)}
    b.connect(Connections(clusters=[a.name]))
    stuck = wait_stuck(a, b, seconds=a.timing.settle_seconds)
    assert stuck is not None, "the cycle came to rest"
    assert stuck.generation() > began_at[stuck.name]
    before = stuck.status()

    answered = stuck.connect(Connections())
    assert not answered["spec"]["connections"]["clusters"]
    holds_for(
        "the edit is ignored",
        lambda: stuck.status() == before,
        seconds=stuck.timing.stuck_seconds,
    )

    restart_operator(kubectl, a)
    for one in (a, b):
        one.connect(Connections())
    for one in (a, b):
        one.wait_settled(one.timing.unstuck_seconds)
        assert one.connections_in()["clusters"] == {}
