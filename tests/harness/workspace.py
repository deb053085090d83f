# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace with a KDApp, for as long as benchmarks and soaks need it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tests.harness.contract_objects import OPERATOR_NAMESPACE, global_config
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, KubectlError, Manifest, wait_until
from tests.harness.manifests import KDCLUSTER, namespace
from tests.harness.timing import Timing

# All members of a large one may take so long to end.
_END_SECONDS = 900.0
_SEEN_SECONDS = 60.0


@contextmanager
def workspace(kubectl: Kubectl, name: str, app: Manifest) -> Iterator[None]:
    """Make a namespace with this KDApp in it; deletes both afterwards. Raises KubectlError."""
    kubectl.ensure(global_config(), namespace=OPERATOR_NAMESPACE)
    kubectl.create(namespace(name))
    try:
        kubectl.create(app, namespace=name)
        yield
    finally:
        end_namespace(kubectl, name, seconds=_END_SECONDS)


def end_namespace(kubectl: Kubectl, name: str, *, seconds: float) -> None:
    """Delete a namespace, its KDClusters first, which may take `seconds`. Raises KubectlError."""
    # Their finalizers need the operator, which needs the namespace.
    kubectl.ok("delete", KDCLUSTER, "--all", namespace=name, seconds=seconds)
    kubectl.delete("namespace", name, wait=False)


def create_kdclusters(kubectl: Kubectl, where: str, manifests: Sequence[Manifest]) -> None:
    """Create KDClusters. Raises KubectlError, DeadlineError.

    An operator that has just got its KubeDirectorConfig may not know its key for secret keys yet, and
    KubeDirector crashes over a KDCluster that connects to one without status (measured).
    """
    made: set[str] = set()

    def created(manifest: Manifest) -> bool:
        try:
            kubectl.create(manifest, namespace=where)
        except KubectlError as error:
            if "cannot encrypt secret key" in str(error):
                return False
            raise
        return True

    def has_status(name: str) -> bool:
        return bool(kubectl.get(KDCLUSTER, name, namespace=where).get("status"))

    for manifest in manifests:
        name = manifest["metadata"]["name"]
        connections = manifest["spec"].get("connections") or {}
        for other in made.intersection(connections.get("clusters") or []):
            wait_until(
                f"KDCluster {where}/{other} has a status",
                partial(has_status, other),
                seconds=_SEEN_SECONDS,
            )
        wait_until(
            f"KDCluster {where}/{name} is taken", partial(created, manifest), seconds=_SEEN_SECONDS
        )
        made.add(name)


def add_kdclusters(
    kubectl: Kubectl, where: str, timing: Timing, manifests: Sequence[Manifest]
) -> dict[str, KDCluster]:
    """Make KDClusters and return them by name once all are configured; DeadlineError else."""
    create_kdclusters(kubectl, where, manifests)
    names = [manifest["metadata"]["name"] for manifest in manifests]
    found = {name: KDCluster(kubectl, where, name, timing) for name in names}
    wait_configured(kubectl, where, seconds=timing.configure_seconds * max(1, len(names) // 3))
    return found


def wait_configured(kubectl: Kubectl, where: str, *, seconds: float) -> None:
    """Return once all KDClusters of a namespace are configured; DeadlineError else."""

    def states() -> dict[str, str]:
        found = kubectl.list(KDCLUSTER, namespace=where)
        return {
            one["metadata"]["name"]: (one.get("status") or {}).get("state", "new") for one in found
        }

    wait_until(
        f"all KDClusters of {where} are configured",
        lambda: set(states().values()) == {"configured"},
        seconds=seconds,
        poll_seconds=1,
        seen=states,
    )
