# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last sandbox restores the settings that a kubelet changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox import cgroups, host_settings
from tests.sandbox.settings import Settings, read_settings


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of files: one kernel setting, one folder that does not exist yet, one cgroup."""
    (tmp_path / "panic").write_text("1\n")
    monkeypatch.setattr(host_settings, "_FILE", tmp_path / "noted.json")
    monkeypatch.setattr(host_settings, "_LOCK", tmp_path / "noted.lock")
    monkeypatch.setattr(host_settings, "_KERNEL_SETTINGS", (tmp_path / "panic",))
    monkeypatch.setattr(host_settings, "_FOLDERS", (tmp_path / "containerd",))
    monkeypatch.setattr(host_settings, "_DEVICE_MANAGER_FILES", ())
    monkeypatch.setattr(cgroups, "parents", lambda: [tmp_path / "k8s.io"])
    return tmp_path


def sandbox(name: str) -> Settings:
    return read_settings({"KD_CACHE_DIR": "/c", "KD_SANDBOX_NAME": name})


def a_kubelet_starts(machine: Path) -> None:
    (machine / "panic").write_text("10\n")
    (machine / "containerd" / "s").mkdir(parents=True, exist_ok=True)
    (machine / "k8s.io").mkdir(exist_ok=True)


def test_only_the_last_sandbox_restores_settings(machine: Path) -> None:
    for name in ("one", "two"):
        host_settings.remember_host_settings(sandbox(name))
        a_kubelet_starts(machine)
    host_settings.restore_host_settings(sandbox("one"))
    assert (machine / "panic").read_text() == "10\n"
    host_settings.restore_host_settings(sandbox("two"))
    host_settings.restore_host_settings(sandbox("two"))
    assert (machine / "panic").read_text() == "1"
    assert {file.name for file in machine.iterdir()} == {"panic", "noted.lock"}


def test_a_setting_that_others_use_now_stays(machine: Path) -> None:
    host_settings.remember_host_settings(sandbox("one"))
    a_kubelet_starts(machine)
    foreign = machine / "containerd" / "containerd.sock"
    foreign.touch()
    host_settings.restore_host_settings(sandbox("one"))
    assert foreign.exists()
    assert not (machine / "containerd" / "s").exists()
