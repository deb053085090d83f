# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller, as an action reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFileNotFound, AnsibleParserError

from ansible_collections.kubedirector.connections.plugins.plugin_utils._value_files import (
    FileValues,
)
from tests.harness.canaries import canary

SECRET = canary("what a file holds")


class Folder:
    """Finds files in one folder. What is "encrypted" there is beside it, decrypted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.forgotten: list[str] = []

    def find(self, name: str) -> str:
        """As on Ansible's search path."""
        if not (self.path / name).exists():
            raise AnsibleFileNotFound(file_name=name)
        return str(self.path / name)

    def decrypted(self, path: str) -> str:
        """As with ansible-vault."""
        if path.endswith(".locked"):
            raise AnsibleParserError(f"{SECRET} is around")
        return path.replace(".vault", ".plain")

    def forget(self, path: str) -> None:
        """Delete what was decrypted."""
        self.forgotten.append(path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """An empty folder, which is not the current one."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "files").mkdir()
    return Folder(tmp_path / "files")


def said(read: FileValues) -> str:
    """The only problem."""
    assert len(read.problems) == 1, read.problems
    return read.problems[0][1]
