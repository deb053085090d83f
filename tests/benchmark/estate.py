# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many settled KDClusters without pods, on a sandbox without operator and nodes.

Four objects for each KDCluster.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from tests.harness import manifests
from tests.harness.cluster import REPOSITORY, find_cluster
from tests.harness.connection_hash import hash_of
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.measure import Measured
from tests.runner.paths import BUILD

CRDS = REPOSITORY / "tests" / "kubedirector_simulator" / "crds"
APP = manifests.kdapp("bench", [manifests.AppRole("controller")])
SECONDS = 600.0

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A line of docs/benchmarks.md.

    :ivar times: the median of the rounds' ratios to what `compared_with` names.
    """

    job: str
    by: str
    kdclusters: int
    seconds: float
    times: float | None
    compared_with: str
    mib: float
    requests: int | None
    writes: int | None

    @classmethod
    def of(
        cls, job: str, by: str, kdclusters: int, runs: Sequence[Measured],
        times: float | None, compared_with: str,
    ) -> Row:  # fmt: skip
        """Take the medians of some runs, and the largest peak."""
        return cls(
            job, by, kdclusters, statistics.median(one.seconds for one in runs), times, compared_with,
            max(one.peak_mib for one in runs), runs[-1].requests, runs[-1].writes,
        )  # fmt: skip


def save(name: str, rows: Iterable[Row]) -> None:
    """Print rows and write them into build/NAME.json, for the page."""
    found = [asdict(row) for row in rows]
    BUILD.mkdir(exist_ok=True)
    (BUILD / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


@contextmanager
def sandbox(namespaces: Iterable[str]) -> Iterator[Kubectl]:
    """A sandbox of its own that has KubeDirector's CRDs, some namespaces and no operator."""
    command = [sys.executable, "-m", "tests.sandbox"]
    environment = {**os.environ, "KD_SANDBOX_NAME": "estate"}
    environment.pop("KD_TEST_KUBECONFIG", None)
    try:
        subprocess.run([*command, "up", "--api-only"], cwd=REPOSITORY, env=environment, check=True)
        kubectl = find_cluster(environment).kubectl
        for path in sorted(CRDS.glob("*.yaml")):
            kubectl.ok("create", "-f", str(path))
        kubectl.ok("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")
        for name in namespaces:
            kubectl.create(manifests.namespace(name))
            wait_until("KDApps are served", partial(_made, kubectl, name), seconds=60)
        yield kubectl
    finally:
        subprocess.run([*command, "down"], cwd=REPOSITORY, env=environment, check=True)


def _made(kubectl: Kubectl, namespace: str) -> bool:
    return kubectl.run(
        "create", "-f", "-", namespace=namespace, stdin=json.dumps(APP)
    ).returncode == 0  # fmt: skip


def add(kubectl: Kubectl, namespace: str, numbers: Sequence[int]) -> None:
    """Make KDClusters and their objects, as a settled operator leaves them; `numbers` name them."""
    objects = [one for number in numbers for one in _objects(number)]
    kubectl.ok("create", "-f", "-", namespace=namespace, stdin=_listed(objects), seconds=SECONDS)
    versions = {
        (one["kind"], one["metadata"]["name"]): one["metadata"]["resourceVersion"]
        for kind in ("configmap", "secret")
        for one in kubectl.list(kind, namespace=namespace)
    }
    clusters = [_kdcluster(number) for number in numbers]
    # kubectl prunes nothing here, but the API server drops the status of what is created.
    kubectl.ok("create", "-f", "-", namespace=namespace, stdin=_listed(clusters), seconds=SECONDS)
    mine = {one["metadata"]["name"] for one in clusters}
    settled = [
        {**one, "status": _status(one, versions)}
        for one in kubectl.list(manifests.KDCLUSTER, namespace=namespace)
        if one["metadata"]["name"] in mine
    ]
    kubectl.ok(
        "replace", "--subresource=status", "-f", "-",
        namespace=namespace, stdin=_listed(settled), seconds=SECONDS,
    )  # fmt: skip


def _objects(number: int) -> list[Manifest]:
    value = {"path": "s3://models.example.com/model", "description": "x" * 200}
    return [
        manifests.configmap(f"{kind}-{number:04}", value, connection_type=kind)
        for kind in ("model", "info")
    ] + [
        manifests.secret(f"{kind}-{number:04}", value, connection_type=kind)
        for kind in ("login", "token")
    ]


def _kdcluster(number: int) -> Manifest:
    connections = manifests.Connections(
        configmaps=[f"{kind}-{number:04}" for kind in ("model", "info")],
        secrets=[f"{kind}-{number:04}" for kind in ("login", "token")],
    )
    return manifests.kdcluster(
        f"kd-{number:04}", "bench", [manifests.ClusterRole("controller")], connections=connections
    )


def _status(manifest: Manifest, versions: dict[tuple[str, str], str]) -> Manifest:
    name, kinds = manifest["metadata"]["name"], {"configmaps": "ConfigMap", "secrets": "Secret"}

    def find(field: str, one: str) -> Manifest:
        return {"metadata": {"resourceVersion": versions[kinds[field], one]}}

    detail = {
        "lastConfigDataGeneration": 1,
        "lastSetupGeneration": 1,
        "lastConfiguredContainer": f"containerd://{name}",
    }
    member = {"pod": f"{name}-0", "service": f"{name}-0", "nodeID": 1, "state": "configured", "stateDetail": detail}  # fmt: skip
    return {
        "state": "configured",
        "clusterService": name,
        "specGenerationToProcess": 1,
        "lastConnectionHash": hash_of(manifest["spec"], find),
        "roles": [{"id": "controller", "statefulSet": name, "members": [member]}],
    }


def _listed(items: list[Manifest]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
