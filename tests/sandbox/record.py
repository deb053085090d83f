# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a started sandbox: one JSON file in its state folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal

from tests.sandbox.errors import SandboxError
from tests.sandbox.files import write_private

Backend = Literal["node", "kind", "given"]
Operator = Literal["real", "simulator", "given", "none"]


@dataclass(frozen=True)
class Record:
    """The choices made at a start. `operator` is "none" until one answers."""

    name: str
    way: Backend
    kubeconfig: str
    kubectl: str
    apiserver: str
    complete: bool = False
    operator: Operator = "none"
    operator_source: str | None = None
    deployment: str | None = None
    audit_log: str | None = None
    bridge: str | None = None
    subnet: str | None = None
    address: str | None = None
    apiserver_port: int = 0
    etcd_port: int = 0
    etcd_peer_port: int = 0
    webhook_port: int = 0
    webhook_address: str = "127.0.0.1"

    @property
    def node_address(self) -> str:
        """The bridge's own address.

        Raises SandboxError for a cluster that has no bridge of ours.
        """
        if self.address is None:
            raise SandboxError(f"The sandbox {self.name} has no node of its own.")
        return self.address

    def changed(self, **values: str | bool | None) -> Record:
        """A copy with other values."""
        return replace(self, **values)  # type: ignore[arg-type]


def _file(state: Path) -> Path:
    return state / "sandbox.json"


def read(state: Path) -> Record | None:
    """The record in a state folder; None when there is none.

    Raises SandboxError when it is there and cannot be used.
    """
    file = _file(state)
    try:
        found = json.loads(file.read_text())
        # A sandbox that an older version of this code started can be ended by this one.
        known = {field.name for field in fields(Record)}
        return Record(**{key: value for key, value in found.items() if key in known})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError) as error:
        raise SandboxError(f"{file} cannot be read: {error}.") from error


def write(state: Path, record: Record) -> Record:
    """Write the record, whole or not at all."""
    write_private(_file(state), json.dumps(asdict(record), indent=2) + "\n")
    return record
