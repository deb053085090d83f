# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook demo creates a set-up from its KDApps; a second run changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.canaries import canary
from tests.harness.contract_objects import OPERATOR_NAMESPACE, global_config
from tests.harness.examples import all_setups, matches
from tests.harness.kdcluster import application_in
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import KDCLUSTER, encoded
from tests.harness.playbook import PlaybookRun, run_playbook

(SETUP,) = (setup for setup in all_setups() if setup.name.startswith("2-"))
((KDCLUSTER_NAME, EXPECTED),) = SETUP.expected.items()
KEY = canary("demo-key")


@pytest.fixture
def team(kubectl: Kubectl, new_namespace: Callable[[], str]) -> str:
    """A namespace with the set-up's KDApps alone."""
    name = new_namespace()
    # Without it the operator encrypts no secret key.
    kubectl.ensure(global_config(), namespace=OPERATOR_NAMESPACE)
    kubectl.create(*SETUP.kdapps, namespace=name)
    return name


@pytest.fixture
def demo(team: str, tmp_path: Path, kubectl: Kubectl) -> Callable[..., PlaybookRun]:
    """Run the playbook with the set-up's own files, the KDCluster changed; no output shows its secret key."""

    def run(*options: str, **changed: Any) -> PlaybookRun:
        files = []
        for path in (SETUP.kdclusters_file, SETUP.connections_file, SETUP.configmeta_file):
            content = yaml.safe_load(path.read_text().replace(SETUP.namespace, team))
            for one in content.get("kd_clusters", []):
                one["roles"][0]["secret_keys"] = [{"name": "key", "value": KEY}]
                one.update(changed)
            copied = tmp_path / f"{path.stem}.input.json"
            copied.write_text(json.dumps(content))
            files += ["-e", f"@{copied}"]
        done = run_playbook(
            "kubedirector.connections.demo",
            "-vvv",
            "--diff",
            *files,
            *options,
            kubeconfig=kubectl.kubeconfig,
        )
        assert KEY not in done.output and encoded(KEY) not in done.output
        return done

    return run


def test_it_creates_a_set_up_and_a_second_run_changes_nothing(
    demo: Callable[..., PlaybookRun], kubectl: Kubectl, team: str
) -> None:
    first = demo()
    assert first.returncode == 0, first.output
    pods = kubectl.list(
        "pods", namespace=team, selector=f"kubedirector.hpe.com/kdcluster={KDCLUSTER_NAME}"
    )
    assert len(pods) == 1
    read = application_in(kubectl, team, pods[0]["metadata"]["name"])
    assert matches(EXPECTED, {key: read[key] for key in EXPECTED}), read
    again = demo("-e", "kd_in_worker=false")
    assert again.returncode == 0, again.output
    assert "in Ansible's worker process" not in again.output
    assert again.counts["changed"] == 0


def test_an_argument_that_kd_cluster_does_not_take_is_named(
    demo: Callable[..., PlaybookRun], kubectl: Kubectl, team: str
) -> None:
    done = demo(state="absent")
    assert done.returncode != 0
    assert "kd_clusters has state, which this playbook does not hand to kd_cluster." in done.output
    assert kubectl.list(KDCLUSTER, namespace=team) == []
