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

FOLDER = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True)
class Setup:
    """One set-up: its KDApps and KDClusters, what to connect, and what the members are to read."""

    name: str
    folder: Path
    namespace: str
    kdapps: tuple[dict[str, Any], ...]
    kdclusters: tuple[dict[str, Any], ...]
    expected: dict[str, dict[str, Any]]

    @property
    def manifests(self) -> list[dict[str, Any]]:
        """The KDApps and the KDClusters, for tests that begin with both."""
        return [*self.kdapps, *self.kdclusters]

    @property
    def kdclusters_file(self) -> Path:
        """Variables for the playbook demo, beside those for connect and configmeta."""
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


def manifests_of(numbers: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The KDApps and KDClusters of the set-ups of these numbers, by kind and name, each once."""
    return {
        (manifest["kind"], manifest["metadata"]["name"]): manifest
        for setup in all_setups()
        if setup.name[0] in numbers
        for manifest in setup.manifests
    }


def _read(folder: Path) -> Setup:
    connections = yaml.safe_load((folder / "connections.yml").read_text())
    return Setup(
        name=folder.name,
        folder=folder,
        namespace=connections["kd_connections"][0]["namespace"],
        kdapps=tuple(yaml.safe_load((folder / "kdapps.yml").read_text())["items"]),
        kdclusters=tuple(
            _manifest(one)
            for one in yaml.safe_load((folder / "kdclusters.yml").read_text())["kd_clusters"]
        ),
        expected=yaml.safe_load((folder / "expected.yml").read_text()),
    )


def _manifest(arguments: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a KDCluster that is given as kd_cluster's arguments."""
    return {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorCluster",
        "metadata": {"name": arguments["name"]},
        "spec": {
            "app": arguments["app"],
            "namingScheme": arguments["naming_scheme"],
            "serviceType": arguments["service_type"],
            "roles": arguments["roles"],
        },
    }


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
