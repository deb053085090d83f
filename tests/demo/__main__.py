# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a cluster up where none is given, run the five set-ups, show what the members read."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.demo.playbooks import PlaybookFailed, command, run_playbook
from tests.harness.cluster import NoClusterError, find_cluster
from tests.harness.examples import Setup, all_setups, matches
from tests.harness.kubectl import Kubectl, KubectlError
from tests.harness.manifests import namespace
from tests.runner.paths import ROOT, CheckError

_MEMBER_LABEL = "kubedirector.hpe.com/kdcluster"


class WrongReading(Exception):
    """A member read other values than expected."""


def main() -> int:
    """Run the demo; 0 only when every value that the members read is the expected one."""
    console = Console(highlight=False, soft_wrap=True)
    if subprocess.run(
        [sys.executable, "-m", "tests.sandbox", "up"], cwd=ROOT, check=False
    ).returncode:
        return 1
    try:
        kubectl = find_cluster().kubectl
        setups = all_setups()
        for setup in setups:
            kubectl.apply(namespace(setup.namespace))
            kubectl.apply(*setup.kdapps, namespace=setup.namespace)
        changed = {setup.name: _show(console, kubectl, setup) for setup in setups}
    except (CheckError, KubectlError, NoClusterError, PlaybookFailed, WrongReading) as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    table = Table("set-up", "changed", "members read")
    for name, count in changed.items():
        table.add_row(name, f"changed={count}", "what was expected")
    console.print(table)
    return 0


def _show(console: Console, kubectl: Kubectl, setup: Setup) -> int:
    """Make one set-up from nothing by data, and once more by its role; ask every member.

    Returns how many tasks of the playbook demo changed something.
    """
    console.rule(f"Set-up {setup.name}", align="left")
    changed = _run(
        console, kubectl, "demo",
        setup.kdclusters_file, setup.connections_file, setup.configmeta_file,
    )  # fmt: skip
    if _run(console, kubectl, setup.role, setup.role_file):
        raise WrongReading(
            f"{setup.folder.name}/{setup.role_file.name} changed something after "
            "connections.yml, although both describe the same."
        )
    for kdcluster, expected in setup.expected.items():
        for pod in _members(kubectl, setup.namespace, kdcluster):
            console.print(
                f"$ kubectl exec -n {setup.namespace} {pod} -- python3 /opt/member/ask.py",
                markup=False,
            )
            answer = kubectl.ok(
                "exec", pod, "-c", "app", "--", "python3", "/opt/member/ask.py", namespace=setup.namespace
            )  # fmt: skip
            console.print(answer.strip(), markup=False)
            read = json.loads(answer)
            if not matches(expected, {key: read[key] for key in expected}):
                raise WrongReading(
                    f"member {setup.namespace}/{pod} of KDCluster {kdcluster} did not read what "
                    f"{setup.folder.name}/expected.yml says."
                )
    return changed


def _run(console: Console, kubectl: Kubectl, playbook: str, *variables: Path) -> int:
    console.print("$ " + shlex.join(command(playbook, variables)), markup=False)
    changed = run_playbook(playbook, variables, kubectl.kubeconfig)
    console.print(f"  changed={changed}")
    return changed


def _members(kubectl: Kubectl, where: str, kdcluster: str) -> Iterator[str]:
    pods = kubectl.list("pods", namespace=where, selector=f"{_MEMBER_LABEL}={kdcluster}")
    if not pods:
        raise WrongReading(f"KDCluster {where}/{kdcluster} has no members.")
    for pod in pods:
        yield pod["metadata"]["name"]


if __name__ == "__main__":
    sys.exit(main())
