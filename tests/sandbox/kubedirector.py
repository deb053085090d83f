# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KubeDirector on the sandbox: the real one when it was given, the simulator otherwise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.sandbox import real_operator
from tests.sandbox.commands import last_lines, wait_until
from tests.sandbox.errors import SandboxError
from tests.sandbox.kubectl import Kubectl
from tests.sandbox.processes import ProcessTable, alive
from tests.sandbox.record import Operator, Record
from tests.sandbox.settings import OPERATOR_NAMESPACE, REPOSITORY, Settings

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

_NAME = "operator"
_READY_LINE = "ready"
_READY_SECONDS = 90.0


def requested_operator(settings: Settings, *, api_only: bool) -> tuple[Operator, str | None]:
    """The operator that the settings ask for, and where it comes from."""
    if api_only:
        return "none", None
    if settings.operator_image is None:
        return "simulator", None
    return "real", f"{settings.operator_image} {settings.operator_manifests}"


def start_operator(
    settings: Settings, record: Record, operator: Operator, progress: Progress
) -> Record:
    """Start the operator and wait until its CRDs are there and its webhook answers.

    Raises SandboxError when it does not get that far.
    """
    if operator == "none":
        return record.changed(operator=operator)
    _make_namespace(record)
    if operator == "real":
        deployment = real_operator.install(settings, record, progress)
        return record.changed(operator=operator, deployment=deployment)
    with progress.step("Starting the simulator"):
        _start_simulator(settings.state, record, progress)
    return record.changed(operator=operator)


def restart_operator(settings: Settings, record: Record, progress: Progress) -> None:
    """Stop the operator, start it again and wait until it answers."""
    if record.operator == "simulator":
        with progress.step("Restarting the simulator"):
            ProcessTable(settings.state).stop([_NAME], grace=10)
            _start_simulator(settings.state, record, progress)
    elif record.operator == "real" and record.deployment is not None:
        real_operator.restart(record, record.deployment, progress)
    else:
        raise SandboxError(
            f"The sandbox has no operator that it could restart (operator: {record.operator})."
        )


def _make_namespace(record: Record) -> None:
    namespace: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": OPERATOR_NAMESPACE},
    }
    Kubectl(record).apply([namespace])


def _start_simulator(state: Path, record: Record, progress: Progress) -> None:
    table = ProcessTable(state)
    log = table.log(_NAME)
    before = log.stat().st_size if log.exists() else 0
    process = table.start(
        _NAME,
        [
            sys.executable,
            *("-u", "-m", "tests.kubedirector_simulator"),
            *("--kubeconfig", record.kubeconfig),
            *("--webhook-address", record.webhook_address),
            *("--webhook-port", str(record.webhook_port)),
        ],
        directory=REPOSITORY,
    )

    def printed() -> str:
        return log.read_bytes()[before:].decode(errors="replace")

    def ready() -> bool:
        if _READY_LINE in printed().splitlines():
            return True
        if not alive(process):
            raise SandboxError(f"The simulator ended: {last_lines(printed())}.")
        return False

    wait_until(
        ready,
        timeout=_READY_SECONDS,
        what="The simulator was not ready",
        on_poll=progress.note,
    )
