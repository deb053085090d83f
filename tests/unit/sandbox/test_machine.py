# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message on a machine that lacks something."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from tests.sandbox import machine
from tests.sandbox.errors import MissingPart
from tests.sandbox.progress import Progress


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("go version go1.24.3 linux/amd64", (1, 24)),
        ("go version go1.26 linux/arm64", (1, 26)),
        ("go version go1.24rc1 linux/amd64", (1, 24)),
        ("go version devel +abc", None),
        ("", None),
    ],
)
def test_the_version_of_go_is_parsed(output: str, version: tuple[int, int] | None) -> None:
    assert machine.parse_go_version(output) == version


def test_another_system_than_linux_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(MissingPart, match=r"needs Linux, and this is Darwin.*KD_TEST_KUBECONFIG"):
        machine.require_linux_root()


def test_a_user_other_than_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MissingPart, match=r"needs root.*KD_TEST_KUBECONFIG"):
        machine.require_linux_root()


def test_a_part_without_a_cluster_needs_root_and_gives_no_advice_about_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MissingPart) as caught:
        machine.require_linux_root("The execution environment")
    assert caught.value.sentence == "The execution environment needs root: run it again as root."


def test_a_missing_apt_get_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "find_program", lambda name: None)
    with pytest.raises(MissingPart) as caught:
        machine.install_packages(Progress(), tmp_path / "log", {"podman": ("podman",)})
    assert caught.value.sentence == (
        "These Debian packages are missing, and this machine has no apt-get: podman."
    )


def test_a_missing_go_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_program", lambda name: None)
    with pytest.raises(MissingPart, match=r"no `go` on PATH.*Go 1\.24 or newer.*kind"):
        machine.require_go()


def test_an_old_go_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go version go1.22.1 linux/amd64\n")
    go.chmod(0o755)
    found = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    monkeypatch.setattr("tests.sandbox.commands.environment", lambda extra=None: found)
    with pytest.raises(MissingPart, match=r"go1\.22\.1.*install a newer Go"):
        machine.require_go()


def test_every_package_is_reported_on_an_empty_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_program", lambda name: None)
    assert "containerd" in machine.missing_packages(machine.NODE_PACKAGES)
    assert "runc" in machine.missing_packages(machine.NODE_PACKAGES)
