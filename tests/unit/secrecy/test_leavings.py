# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step of a run fails if a secret is in something that the run left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.canaries import canary
from tests.harness.cluster import ClusterUnderTest
from tests.harness.kubectl import Kubectl
from tests.runner import leavings
from tests.runner.leavings import SECRECY, Leavings


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Leavings:
    """A run with a build folder and temporary files of its own, and a sandbox."""
    for name in ("build", "temporary", "sandbox/logs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "build" / "unit.log").write_text("1 passed")
    kubeconfig = tmp_path / "sandbox" / "kubeconfig"
    kubeconfig.write_text("users: [{user: {token: a-token-of-the-sandbox}}]")
    monkeypatch.setattr(leavings, "LOGS", tmp_path / "build" / "logs")
    monkeypatch.setattr(leavings, "is_given", lambda: False)
    found = Leavings(tmp_path / "temporary", [tmp_path / "build"])
    found.add_cluster(ClusterUnderTest(Kubectl(kubeconfig, "kubectl"), 5.0))
    return found


def test_a_clean_run_passes(left: Leavings, tmp_path: Path) -> None:
    (tmp_path / "temporary" / "play.yml").write_text(canary("input"))
    outcome = left.outcome()
    assert outcome.good and outcome.suite is SECRECY
    assert "0 hits in 1 files" in outcome.reason
    left.remove()
    assert not (tmp_path / "temporary").exists()


@pytest.mark.parametrize("place", ["build", "temporary", "sandbox/logs"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_leak_fails_the_run_and_its_file_is_named(
    left: Leavings, tmp_path: Path, place: str, number: int
) -> None:
    secret = (canary("leaked"), "a-token-of-the-sandbox")[number]
    leak = tmp_path / place / "leak.txt"
    leak.write_text(f"token: {secret}")
    outcome = left.outcome()
    assert not outcome.good and outcome.failed == 1
    log = (tmp_path / "build" / "logs" / SECRECY.log).read_text()
    assert str(leak) in log and secret not in log
