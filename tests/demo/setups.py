# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The five set-ups of the demo, as files below setups/."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "setups"


@dataclass(frozen=True)
class Setup:
    """One set-up: its KDApps and KDClusters, what to connect, and what the members are to read."""

    name: str
    folder: Path
    namespace: str
    manifests: tuple[dict[str, Any], ...]
    expected: dict[str, dict[str, Any]]

    @property
    def apps(self) -> list[dict[str, Any]]:
        """The KDApps among the manifests."""
        return [one for one in self.manifests if one["kind"] == "KubeDirectorApp"]

    @property
    def kdclusters_file(self) -> Path:
        """KDApps and KDClusters, as a List."""
        return self.folder / "kdclusters.yml"

    @property
    def connections_file(self) -> Path:
        """Variables for the playbook connect."""
        return self.folder / "connections.yml"

    @property
    def role_file(self) -> Path:
        """The same for the playbook of a role."""
        (found,) = self.folder.glob("role-*.yml")
        return found

    @property
    def role(self) -> str:
        """The role whose playbook sets this up, too."""
        return self.role_file.stem.removeprefix("role-")

    @property
    def configmeta_file(self) -> Path:
        """Variables for the playbook configmeta."""
        return self.folder / "configmeta.yml"


def all_setups() -> list[Setup]:
    """Read all set-ups, in order."""
    return [_read(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir()]


def _read(folder: Path) -> Setup:
    connections = yaml.safe_load((folder / "connections.yml").read_text())
    return Setup(
        name=folder.name,
        folder=folder,
        namespace=connections["kd_connections"][0]["namespace"],
        manifests=tuple(yaml.safe_load((folder / "kdclusters.yml").read_text())["items"]),
        expected=yaml.safe_load((folder / "expected.yml").read_text()),
    )


def matches(expected: Any, read: Any) -> bool:
    """Whether what was read is what is expected; a "*" in an expected text stands for anything."""
    if isinstance(expected, dict):
        return (
            isinstance(read, dict)
            and expected.keys() == read.keys()
            and all(matches(value, read[key]) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(read, list)
            and len(expected) == len(read)
            and all(matches(*pair) for pair in zip(expected, read, strict=True))
        )
    if isinstance(expected, str) and "*" in expected:
        return isinstance(read, str) and fnmatchcase(read, expected)
    return bool(expected == read)
