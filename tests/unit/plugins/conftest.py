# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the property tests, and the fixtures that several files share."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, settings

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate import task
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile import (
    change_counter,
    executor,
)
from tests.unit.plugins import kubeconfigs
from tests.unit.plugins.clients import api, server
from tests.unit.plugins.module_runs import plain_run, run, space
from tests.unit.plugins.rotation_runs import members, quick

__all__ = ["api", "members", "plain_run", "quick", "run", "server", "space"]

# No deadlines: the machine is shared. Derandomised: a red run is red everywhere.
settings.register_profile(
    "unit",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pauses that the operator needs and the scripted server does not."""
    monkeypatch.setattr(executor, "_BREATH_SECONDS", 0.0)
    monkeypatch.setattr(executor, "_HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(change_counter, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(task, "_NOTICED_SECONDS", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A kubeconfig's path."""
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(kubeconfigs.kubeconfig()), encoding="utf-8")
    return str(path)
