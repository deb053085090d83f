# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook overview of many KDClusters without pods, compared with a playbook that does nothing.

    python -m tests.benchmark.overview [--sizes 50 200 500 1000] [--runs 5]

A sandbox without operator and nodes holds them: five namespaces, and four objects for each KDCluster.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.harness import benchmark_objects, manifests
from tests.harness.audit_log import AuditLog
from tests.harness.cluster import REPOSITORY, find_cluster
from tests.harness.connection_hash import hash_of
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.measure import Measured, Meter
from tests.runner.paths import NEWEST, suite_environment
from tests.runner.tree import link

CRDS = REPOSITORY / "tests" / "kubedirector_simulator" / "crds"
EMPTY = Path(__file__).parent / "jobs" / "ansible-empty.yml"
NAMESPACES = [f"bench-{number}" for number in range(5)]
APP = manifests.kdapp("bench", [manifests.AppRole("controller")])
# At this size it takes at most so many times as long as an empty playbook, and so many MiB.
SIZE, MOST_TIMES, MOST_MIB = 500, 2.0, 150.0
SECONDS = 600.0

Manifest = dict[str, Any]


def main() -> int:
    """Measure all sizes; 0 when the limits are met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.overview", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, SIZE, 1000])
    parser.add_argument("--runs", type=int, default=5, help="runs at each size (default: 5)")
    options = parser.parse_args()
    met = True
    with (
        sandbox() as kubectl,
        tempfile.TemporaryDirectory(prefix="kd-overview-") as folder,
        benchmark_objects.account(kubectl, "default", "overview", Path(folder)) as account,
    ):
        environment = {
            **suite_environment(NEWEST, Path(kubectl.binary).parent),
            "ANSIBLE_COLLECTIONS_PATH": str(link()),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        log = AuditLog(kubectl.kubeconfig.parent / "audit.log")
        meter = Meter(account, log, environment)
        there = 0
        for size in sorted(options.sizes):
            add(kubectl, there, size)
            there = size
            times, mib = measure(meter, size, options.runs)
            met &= size != SIZE or (times <= MOST_TIMES and mib <= MOST_MIB)
    return 0 if met else 1


def measure(meter: Meter, size: int, runs: int) -> tuple[float, float]:
    """Run both playbooks by turns; print and return the median ratio and the largest peak."""
    program = str(NEWEST.folder() / "bin" / "ansible-playbook")
    given = json.dumps({"kd_overview": {"all_namespaces": True}})
    pairs: list[tuple[Measured, Measured]] = []
    for _run in range(runs + 1):
        empty = meter.run(program, str(EMPTY))
        found = meter.run(program, "kubedirector.connections.overview", "-e", given)
        if f"kd-{size - 1:04}" not in found.output or "0 problems" not in found.output:
            raise AssertionError(found.output[-4000:])
        pairs.append((empty, found))
    # The first one compiles.
    pairs = pairs[1:]
    times = statistics.median(found.seconds / empty.seconds for empty, found in pairs)
    mib = max(found.peak_mib for _empty, found in pairs)
    seconds = statistics.median(found.seconds for _empty, found in pairs)
    print(
        f"{size} KDClusters, {4 * size} objects: {seconds:.2f} s, {times:.2f} x an empty playbook, {mib:.0f} MiB, "
        f"{pairs[-1][1].requests} requests, {pairs[-1][1].writes} writes",
        flush=True,
    )
    return times, mib


@contextmanager
def sandbox() -> Iterator[Kubectl]:
    """A sandbox of its own that has KubeDirector's CRDs and no operator."""
    command = [sys.executable, "-m", "tests.sandbox"]
    environment = {**os.environ, "KD_SANDBOX_NAME": "overview"}
    environment.pop("KD_TEST_KUBECONFIG", None)
    try:
        subprocess.run([*command, "up", "--api-only"], cwd=REPOSITORY, env=environment, check=True)
        kubectl = find_cluster(environment).kubectl
        for path in sorted(CRDS.glob("*.yaml")):
            kubectl.ok("create", "-f", str(path))
        kubectl.ok("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")
        for name in NAMESPACES:
            kubectl.create(manifests.namespace(name))
            wait_until("KDApps are served", partial(_made, kubectl, name), seconds=60)
        yield kubectl
    finally:
        subprocess.run([*command, "down"], cwd=REPOSITORY, env=environment, check=True)


def _made(kubectl: Kubectl, namespace: str) -> bool:
    return kubectl.run(
        "create", "-f", "-", namespace=namespace, stdin=json.dumps(APP)
    ).returncode == 0  # fmt: skip


def add(kubectl: Kubectl, start: int, end: int) -> None:
    """Make KDClusters and their objects, as a settled operator leaves them."""
    for place, namespace in enumerate(NAMESPACES):
        numbers = [number for number in range(start, end) if number % len(NAMESPACES) == place]
        objects = [one for number in numbers for one in _objects(number)]
        kubectl.ok(
            "create", "-f", "-", namespace=namespace, stdin=_listed(objects), seconds=SECONDS
        )
        versions = {
            (one["kind"], one["metadata"]["name"]): one["metadata"]["resourceVersion"]
            for kind in ("configmap", "secret")
            for one in kubectl.list(kind, namespace=namespace)
        }
        clusters = [_kdcluster(number) for number in numbers]
        # kubectl prunes nothing here, but the API server drops the status of what is created.
        kubectl.ok(
            "create", "-f", "-", namespace=namespace, stdin=_listed(clusters), seconds=SECONDS
        )
        found = kubectl.list(manifests.KDCLUSTER, namespace=namespace)
        mine = {one["metadata"]["name"] for one in clusters}
        settled = [
            {**one, "status": _status(one, versions)}
            for one in found
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


if __name__ == "__main__":
    sys.exit(main())
