# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure when what happens after a change: `python -m tests.benchmark.change` writes what docs/change.svg is drawn from.

Times are those of the API server's audit log and of the member's files, so it needs the sandbox.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.harness.audit_log import AuditLog, Request
from tests.harness.cluster import NoClusterError, find_cluster
from tests.harness.cluster_fixtures import namespaces
from tests.harness.documentation import marked_blocks
from tests.harness.examples import manifests_of
from tests.harness.kubectl import DeadlineError, Kubectl, KubectlError
from tests.harness.manifests import KDCLUSTER
from tests.harness.playbook import run_playbook
from tests.harness.workspace import wait_configured
from tests.runner.paths import ROOT

RECORDED = ROOT / "tests" / "harness" / "recordings" / "change.json"
RESOURCE = KDCLUSTER.partition(".")[0]
STATUS, CONFIGMETA = "/opt/guestconfig/configure.status", "/etc/guestconfig/configmeta.json"


def main() -> int:
    """Measure one change, and write the file."""
    try:
        kubectl = find_cluster().kubectl
        with namespaces(kubectl, "change") as make:
            RECORDED.write_text(json.dumps(_measure(kubectl, make()), indent=2) + "\n")
    except (DeadlineError, KubectlError, NoClusterError) as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(kubectl: Kubectl, namespace: str) -> dict[str, Any]:
    found = manifests_of("2")
    kubectl.create(*found.values(), namespace=namespace)
    wait_configured(kubectl, namespace, seconds=180)
    (pod,) = [one["metadata"]["name"] for one in kubectl.list("pods", namespace=namespace)]
    log = AuditLog(kubectl.kubeconfig.parent / "audit.log")
    mark = log.mark()
    with tempfile.TemporaryDirectory() as folder:
        playbook = Path(folder) / "connect.yml"
        playbook.write_text(marked_blocks("README.md")["connect"].replace("team-a", namespace))
        done = run_playbook(playbook, kubeconfig=kubectl.kubeconfig)
    assert done.returncode == 0, done.output
    asked = [one for one in log.requests(mark) if one.namespace == namespace]
    (user,) = {one.user for one in asked if one.resource == "configmaps" and one.verb == "create"}
    own = [one for one in asked if one.user == user]
    others = [one for one in asked if one.user != user]
    written = next(one for one in own if one.writes and one.resource == RESOURCE)
    after = [one for one in others if one.answered > written.answered]
    events = [
        ("task", "reads what is there and checks all writes by a dry run", own[0].answered),
        ("task", "creates the ConfigMap", _first(own, "configmaps", "create").answered),
        ("task", "adds it to the connections of the KDCluster", written.answered),
        ("operator", "sees the change", _kdcluster(after)[0].answered),
        ("member", "has the new configmeta.json", _changed(kubectl, namespace, pod, CONFIGMETA)),
        ("member", "the start script has ended: --reconnect", _changed(kubectl, namespace, pod, STATUS)),
        ("operator", "is done: configured, the member has this generation", _kdcluster(after)[-1].answered),
        ("task", "reads the exit code in the member", _first(own[::-1], "pods/exec", "").answered),
        ("task", "reads again whether others undid it, and reports", own[-1].answered),
    ]  # fmt: skip
    begun = own[0].answered
    version = kubectl.json("version")["serverVersion"]["gitVersion"]
    return {
        "on": f"Kubernetes {version}",
        "events": [
            {"at": round(at - begun, 2), "who": who, "what": what}
            for who, what, at in sorted(events, key=lambda event: event[2])
        ],
    }


def _first(asked: Iterable[Request], resource: str, verb: str) -> Request:
    return next(
        one for one in asked
        if one.resource == resource and verb in ("", one.verb) and not one.dry_run
    )  # fmt: skip


def _kdcluster(asked: list[Request]) -> list[Request]:
    """The operator's writes of the KDCluster."""
    return [one for one in asked if one.writes and one.resource.startswith(RESOURCE)]


def _changed(kubectl: Kubectl, namespace: str, pod: str, path: str) -> float:
    """When a file in a member was written last, in seconds since the epoch."""
    command = ("exec", pod, "-c", "app", "--", "stat", "--format", "%.Y", path)
    return float(kubectl.ok(*command, namespace=namespace))


if __name__ == "__main__":
    sys.exit(main())
