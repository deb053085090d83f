# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop a sandbox by any means that this machine allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox import given, kind, machine, node, teardown
from tests.sandbox.errors import SandboxError
from tests.sandbox.files import locked
from tests.sandbox.kubedirector import requested_operator, restart_operator, start_operator
from tests.sandbox.processes import ProcessTable, alive
from tests.sandbox.record import Record, read, write
from tests.sandbox.settings import Settings

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

_LOCK_SECONDS = 3600.0


def _running(settings: Settings, record: Record) -> bool:
    """Whether all parts of a started sandbox still run."""
    if not record.complete:
        return False
    table = ProcessTable(settings.state)
    if not all(alive(process) for process in table.all()):
        return False
    if record.operator == "simulator" and table.get("operator") is None:
        return False
    return record.way == "node" or kind.answers(record)


def up(settings: Settings, progress: Progress, *, api_only: bool) -> str:
    """Bring the sandbox up, or reuse the running one. Returns its kubeconfig's path.

    Raises SandboxError, with nothing left behind, when it cannot be brought up.
    """
    if settings.given_kubeconfig is not None:
        with progress.step("Checking the cluster of KD_TEST_KUBECONFIG"):
            return given.check(settings, progress).kubeconfig
    with locked(
        settings.lock,
        timeout=_LOCK_SECONDS,
        on_wait=lambda: progress.note("another run has the sandbox"),
    ):
        record = read(settings.state)
        if record is not None and _running(settings, record):
            _require_same_operator(settings, record, api_only=api_only)
            return record.kubeconfig
        if settings.state.exists():
            progress.say("An earlier sandbox is incomplete: removing it first.")
            _tear_down(settings, record, progress)
        return _start(settings, progress, api_only=api_only)


def _start(settings: Settings, progress: Progress, *, api_only: bool) -> str:
    operator, source = requested_operator(settings, api_only=api_only)
    record: Record | None = None
    try:
        if machine.docker_answers():
            record = kind.start(settings, progress)
        else:
            programs, archives = node.prepare(settings, progress)
            record = node.plan(settings, programs)
            node.start(settings, record, programs, None if api_only else archives, progress)
        record = start_operator(settings, record, operator, progress)
        record = record.changed(operator_source=source, complete=True)
        return write(settings.state, record).kubeconfig
    except BaseException as error:
        if settings.state.exists():
            kept = teardown.keep_logs(settings)
            _tear_down(settings, record or read(settings.state), progress)
            if isinstance(error, SandboxError):
                raise SandboxError(f"{error} The logs of this start are in {kept}.") from error
        raise


def _require_same_operator(settings: Settings, record: Record, *, api_only: bool) -> None:
    operator, source = requested_operator(settings, api_only=api_only)
    if (operator, source) == (record.operator, record.operator_source):
        return
    has = f"the operator {record.operator!r}" + (
        f" from {record.operator_source}" if record.operator_source else ""
    )
    raise SandboxError(
        f"The sandbox {settings.name!r} runs with {has}, and {operator!r}"
        + (f" from {source}" if source else "")
        + " was asked for: run `down` first, or set another KD_SANDBOX_NAME."
    )


def down(settings: Settings, progress: Progress) -> None:
    """Stop the sandbox and remove every trace of it; fine when there is none.

    A cluster given by KD_TEST_KUBECONFIG is left alone.
    """
    if settings.given_kubeconfig is not None:
        progress.say("The cluster of KD_TEST_KUBECONFIG is not ours: leaving it as it is.")
        return
    with locked(
        settings.lock,
        timeout=_LOCK_SECONDS,
        on_wait=lambda: progress.note("another run has the sandbox"),
    ):
        if not settings.state.exists():
            progress.say(f"There is no sandbox {settings.name!r}: nothing to do.")
            return
        _tear_down(settings, read(settings.state), progress)


def _tear_down(settings: Settings, record: Record | None, progress: Progress) -> None:
    if record is not None and record.way == "kind":
        kind.stop(settings)
    teardown.tear_down(settings, record, progress)


def _found(settings: Settings) -> Record:
    record = read(settings.state)
    if record is None or not _running(settings, record):
        raise _not_up(settings)
    return record


def _not_up(settings: Settings) -> SandboxError:
    return SandboxError(
        f"No sandbox {settings.name!r} is up; `python -m tests.sandbox up` starts one."
    )


def status(settings: Settings, progress: Progress) -> dict[str, str | None]:
    """How to reach the sandbox.

    Raises SandboxError when there is none.
    """
    if settings.given_kubeconfig is not None:
        record = given.check(settings, progress)
    else:
        record = _found(settings)
    own = record.way != "given"
    return {
        "name": record.name,
        "way": record.way,
        "kubeconfig": record.kubeconfig,
        "apiserver": record.apiserver,
        "kubectl": record.kubectl,
        "operator": record.operator,
        "state_dir": str(settings.state) if own else None,
        "audit_log": record.audit_log,
    }


def restart(settings: Settings, progress: Progress) -> None:
    """Restart the operator of a running sandbox.

    Raises SandboxError if no sandbox runs, or if the sandbox did not start its operator.
    """
    if settings.given_kubeconfig is not None:
        raise SandboxError("The cluster of KD_TEST_KUBECONFIG is not ours: restart it yourself.")
    with locked(settings.lock, timeout=_LOCK_SECONDS):
        record = read(settings.state)
        if record is None or not record.complete:
            raise _not_up(settings)
        # An operator that has ended is fine: this starts it again.
        restart_operator(settings, record, progress)
