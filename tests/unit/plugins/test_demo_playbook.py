# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook demo names kd_cluster's options twice: those that it accepts, and those that it passes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.modules import kd_cluster

PLAYBOOK = Path(__file__).parents[3] / "playbooks" / "demo.yml"
# The playbook itself sets state and wait options; connections are in kd_connections; a manifest needs no
# playbook.
ITS_OWN = {"wait", "state", "force", "connections", "definition", "src"}


@pytest.fixture(scope="module")
def tasks() -> list[dict[str, Any]]:
    """The tasks of the play that creates KDClusters."""
    found: list[dict[str, Any]] = yaml.safe_load(PLAYBOOK.read_text())[0]["tasks"]
    return found


def test_every_option_of_kd_cluster_is_accepted_and_passed_on(tasks: list[dict[str, Any]]) -> None:
    options = {"namespace", *kd_cluster.arguments()} - ITS_OWN
    (accepted,) = [
        task["vars"]["kd_arguments"] for task in tasks if "kd_arguments" in task.get("vars", {})
    ]
    (passed_on,) = [
        task["kubedirector.connections.kd_cluster"]
        for task in tasks
        if "kubedirector.connections.kd_cluster" in task
    ]
    assert set(accepted) == options
    assert set(passed_on) - ITS_OWN == options
    assert {name for name in options if f"kd_entry.{name}" in passed_on[name]} == options
