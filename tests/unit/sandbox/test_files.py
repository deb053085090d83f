# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private files, and the lock between two runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.certificates import Authority, write_kubeconfig
from tests.sandbox.errors import SandboxError
from tests.sandbox.files import locked, private_directory, write_private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_files_and_folders_are_private(tmp_path: Path) -> None:
    file = write_private(private_directory(tmp_path / "state") / "key", "secret")
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)
    assert file.read_text() == "secret"
    assert list(file.parent.iterdir()) == [file]


def test_keys_certificates_and_kubeconfig_are_private(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    client = authority.issue("admin", "admin", group="system:masters")
    kubeconfig = write_kubeconfig(
        tmp_path / "kubeconfig",
        server="https://127.0.0.1:1",
        authority=authority.pair.certificate,
        user="admin",
        client=client,
    )
    files = [authority.pair.key, authority.pair.certificate, client.key, kubeconfig]
    assert [mode(file) for file in files] == [0o600] * 4


def test_the_second_run_waits_for_the_first(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        locked(lock, timeout=1),
        pytest.raises(SandboxError, match="Another run has held"),
        locked(lock, timeout=0.1),
    ):
        pass
    with locked(lock, timeout=1):
        pass
