# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespaces, KDClusters and accounts of the benchmark, and how to reset them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.kdcluster import KDCluster, members_of
from tests.harness.kubectl import Kubectl, Manifest, wait_until
from tests.harness.manifests import (
    KDCLUSTER,
    AppRole,
    ClusterRole,
    Connections,
    kdapp,
    kdcluster,
)
from tests.harness.timing import Timing
from tests.harness.workspace import wait_configured, workspace

APP = kdapp("bench", [AppRole("controller"), AppRole("worker", cardinality="0+")])
# So many pods start at once that a node of two cores does not drown.
BATCH = 20
BATCH_SECONDS = 900.0
CONFIGMAP, SECRET = "bench-model", "bench-token"
# A name of its own: the operator matches names across namespaces, and would have much to do when the
# Secret of a single KDCluster changes.
SHARED_SECRET = "bench-shared-token"


def own_configmap(kdcluster: str) -> str:
    """The ConfigMap that a list of entries connects to this KDCluster alone."""
    return f"{CONFIGMAP}-{kdcluster}"


@dataclass(frozen=True)
class Space:
    """A namespace with KDClusters of its own."""

    kubectl: Kubectl
    name: str
    timing: Timing

    def kdcluster(self, name: str) -> KDCluster:
        """One of its KDClusters."""
        return KDCluster(self.kubectl, self.name, name, self.timing)

    def manifests(self) -> list[Manifest]:
        """All of its KDClusters as they are now."""
        return self.kubectl.list(KDCLUSTER, namespace=self.name)

    def add(self, manifests: Sequence[Manifest], say: Callable[[str], None]) -> None:
        """Make KDClusters and return once all are configured; DeadlineError else."""
        for start in range(0, len(manifests), BATCH):
            self.kubectl.create(*manifests[start : start + BATCH], namespace=self.name)
            wait_configured(self.kubectl, self.name, seconds=BATCH_SECONDS)
            say(f"{len(self.manifests())} KDClusters of {self.name} are configured")

    def pods(self) -> list[str]:
        """The pods of all members, KDCluster by KDCluster."""
        return [member.pod for one in self.manifests() for member in members_of(one)]

    def empty(self, names: Sequence[str]) -> None:
        """Disconnect everything, delete what was connected, and return once that has settled."""
        nothing = json.dumps({"spec": {"connections": Connections().spec()}})

        def disconnected() -> bool:
            # A transient refusal is retried.
            options = ["--type", "merge", "--patch", nothing]
            return (
                self.kubectl.run(
                    "patch", KDCLUSTER, *names, *options, namespace=self.name, seconds=BATCH_SECONDS
                ).returncode
                == 0
            )

        wait_until(f"{self.name} is disconnected", disconnected, seconds=BATCH_SECONDS)
        configmaps = [CONFIGMAP, *map(own_configmap, names)]
        self.kubectl.delete("configmap", *configmaps, namespace=self.name)
        self.kubectl.delete("secret", SECRET, SHARED_SECRET, namespace=self.name)
        self.wait_settled()

    def wait_settled(self) -> None:
        """Return once every change has reached every member; DeadlineError else."""

        def settled() -> bool:
            return all(
                not self.kdcluster(one["metadata"]["name"]).unsettled_because(one)
                for one in self.manifests()
            )

        wait_until(f"{self.name} has settled", settled, seconds=BATCH_SECONDS, poll_seconds=1)


def one_member(name: str) -> Manifest:
    """A KDCluster with one member."""
    return kdcluster(name, "bench", [ClusterRole("controller")])


def three_members(name: str) -> Manifest:
    """A KDCluster with members in two roles."""
    return kdcluster(name, "bench", [ClusterRole("controller"), ClusterRole("worker", 2)])


@contextmanager
def spaces(kubectl: Kubectl, timing: Timing, *names: str) -> Iterator[list[Space]]:
    """Make namespaces with the KDApp in each; deletes them afterwards."""
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(workspace(kubectl, name, APP))
        yield [Space(kubectl, name, timing) for name in names]


@dataclass(frozen=True)
class Account:
    """One account for each contender, so that the audit log distinguishes them."""

    user: str
    kubeconfig: Path


@contextmanager
def account(kubectl: Kubectl, home: str, name: str, folder: Path) -> Iterator[Account]:
    """Make a ServiceAccount that may do anything, and its kubeconfig in `folder`."""
    binding = f"{home}-{name}"
    reference = f"--serviceaccount={home}:{name}"
    kubectl.ok("create", "serviceaccount", name, namespace=home)
    kubectl.ok("create", "clusterrolebinding", binding, "--clusterrole=cluster-admin", reference)
    try:
        token = kubectl.ok("create", "token", name, "--duration=12h", namespace=home).strip()
        shown = kubectl.json("config", "view", "--raw", "--minify", "--flatten")
        shown["users"] = [{"name": "bench", "user": {"token": token}}]
        shown["contexts"][0]["context"]["user"] = "bench"
        path = folder / f"{name}.kubeconfig"
        path.touch(0o600)
        path.write_text(json.dumps(shown))
        yield Account(f"system:serviceaccount:{home}:{name}", path)
    finally:
        kubectl.delete("clusterrolebinding", binding)
