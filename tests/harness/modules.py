# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as tests call them: bound to a cluster, a namespace and credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.harness.module_runner import ModuleResult, RunningModule, start_module

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Modules:
    """Runs the collection's modules with `auth` and `namespace`, unless a call says otherwise."""

    auth: Mapping[str, Any] = field(repr=False)
    namespace: str | None
    environment: Mapping[str, str] = field(default_factory=dict)

    def start_connection(
        self, *, check_mode: bool = False, diff: bool = False, **arguments: Any
    ) -> RunningModule:
        """Start kd_connection; an argument that is None is left out."""
        return self._start("kd_connection", arguments, check_mode=check_mode, diff=diff)

    def connection(
        self, *, check_mode: bool = False, diff: bool = False, **arguments: Any
    ) -> ModuleResult:
        """Run kd_connection and return its result, failed or not."""
        return self.start_connection(check_mode=check_mode, diff=diff, **arguments).result()

    def connected(self, **arguments: Any) -> ModuleResult:
        """Run kd_connection; AssertionError where it fails."""
        return succeeded(self.connection(**arguments))

    def cluster(
        self, *, check_mode: bool = False, diff: bool = False, **arguments: Any
    ) -> ModuleResult:
        """Run kd_cluster and return its result, failed or not."""
        return self._start("kd_cluster", arguments, check_mode=check_mode, diff=diff).result()

    def configmeta(self, **arguments: Any) -> ModuleResult:
        """Run kd_configmeta_info and return its result, failed or not."""
        return self._start("kd_configmeta_info", arguments, check_mode=False, diff=False).result()

    def read(self, **arguments: Any) -> ModuleResult:
        """Run kd_configmeta_info; AssertionError where it fails."""
        return succeeded(self.configmeta(**arguments))

    def connections(self, **arguments: Any) -> ModuleResult:
        """Run kd_connection_info and return its result, failed or not."""
        return self.start("kd_connection_info", **arguments).result()

    def access(
        self, *, check_mode: bool = False, diff: bool = False, **arguments: Any
    ) -> ModuleResult:
        """Run kd_access and return its result, failed or not."""
        return self._start("kd_access", arguments, check_mode=check_mode, diff=diff).result()

    def rotation(
        self, *, check_mode: bool = False, diff: bool = False, **arguments: Any
    ) -> ModuleResult:
        """Run kd_rotate and return its result, failed or not."""
        return self._start("kd_rotate", arguments, check_mode=check_mode, diff=diff).result()

    def start(self, module: str, **arguments: Any) -> RunningModule:
        """Start a module by its name."""
        return self._start(module, arguments, check_mode=False, diff=False)

    def acting(self, **auth: Any) -> Modules:
        """The same with further options for authentication."""
        return Modules({**self.auth, **auth}, self.namespace, self.environment)

    def _start(
        self, module: str, arguments: Arguments, *, check_mode: bool, diff: bool
    ) -> RunningModule:
        merged = {**self.auth, "namespace": self.namespace, **arguments}
        given = {name: value for name, value in merged.items() if value is not None}
        return start_module(
            module, given, check_mode=check_mode, diff=diff, environment=self.environment
        )


def succeeded(result: ModuleResult) -> ModuleResult:
    """The result itself; AssertionError with its message where the module failed."""
    assert not result.failed, result.json.get("msg", result.output)
    return result


def model(name: str, **data: Any) -> Arguments:
    """A ConfigMap of type model, as kd_connection takes it."""
    filled = {"name": name, "model-version": "1", "path": f"s3://models.example.com/{name}"}
    return {"name": name, "type": "model", "data": {**filled, **data}}


def steering(name: str, *, exit_code: int = 0, seconds: float = 0) -> Arguments:
    """A ConfigMap that steers the member's start script, as kd_connection takes it."""
    data = {"exit": str(exit_code), "seconds": f"{seconds:g}"}
    return {"name": name, "type": "sandbox-start-script", "data": data}


def token(name: str, **values: str) -> Arguments:
    """A Secret of type token in plain text, as kd_connection takes it."""
    return {"name": name, "type": "token", "string_data": values}


Fresh = Callable[[str], str]
