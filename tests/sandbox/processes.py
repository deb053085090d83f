# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that run on after `up` has ended, known by pid and start time, never by name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.sandbox.commands import environment, last_lines, require_program
from tests.sandbox.errors import SandboxError

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Started:
    """A process that we started. `start` is in clock ticks since boot, as the kernel reports it."""

    name: str
    pid: int
    start: int
    boot: str


def _stat(pid: int) -> tuple[str, int] | None:
    """State letter and start time of a process; None when there is none of that pid."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold spaces and parentheses itself: fields follow the last one.
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def identify(name: str, pid: int) -> Started | None:
    """The record of a running process; None when it does not run."""
    found = _stat(pid)
    if found is None:
        return None
    return Started(name, pid, found[1], _BOOT_ID.read_text().strip())


def alive(process: Started) -> bool:
    """Whether that very process still runs (another one may have got its pid since)."""
    found = _stat(process.pid)
    if found is None or found[0] in "ZX" or found[1] != process.start:
        return False
    return _BOOT_ID.read_text().strip() == process.boot


# Most of what is started here is written in Go, and a sandbox lives for minutes: at Go's own 100 a few
# more percent of them go into collecting garbage (measured with 300 and 500).
_GARBAGE_COLLECTION = {"GOGC": "300"}


def _for_programs(variables: Mapping[str, str]) -> dict[str, str]:
    """All that these programs talk to is on this machine, where no proxy can reach it."""
    direct = {key: value for key, value in variables.items() if not key.lower().endswith("_proxy")}
    return {**_GARBAGE_COLLECTION, **direct}


class ProcessTable:
    """The pid files and logs of one sandbox."""

    def __init__(self, state: Path) -> None:
        self._pids = state / "pids"
        self._logs = state / "logs"

    def log(self, name: str) -> Path:
        """The file that takes the process's standard output and error."""
        return self._logs / f"{name}.log"

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        extra: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> Started:
        """Start a program in a session of its own and write its pid file."""
        require_program(str(command[0]))
        for folder in (self._pids, self._logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log(name).open("ab") as output:
            child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_for_programs(environment(extra)),
                cwd=directory,
                start_new_session=True,
                # The pods' files must be readable in the pods, whatever our own umask is.
                umask=0o022,
            )
        started = identify(name, child.pid)
        if started is None:
            raise SandboxError(f"{name} ended as soon as it was started; see {self.log(name)}.")
        (self._pids / f"{name}.json").write_text(json.dumps(asdict(started)))
        return started

    def restart(self, name: str, *, grace: float) -> Started:
        """End a process and start it again with the command line that it had.

        Raises SandboxError when it does not run.
        """
        self.require(name)
        process = self.get(name)
        if process is None:
            raise SandboxError(f"{name} has no pid file.")
        words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")[:-1]
        self.stop([name], grace=grace)
        return self.start(name, [os.fsdecode(word) for word in words])

    def all(self) -> list[Started]:
        """Every process that has a pid file, running or not."""
        found = []
        for file in sorted(self._pids.glob("*.json")):
            try:
                found.append(Started(**json.loads(file.read_text())))
            except (ValueError, TypeError) as error:
                raise SandboxError(f"The pid file {file} cannot be read: {error}.") from error
        return found

    def get(self, name: str) -> Started | None:
        """The process of that name, if it has a pid file."""
        return next((process for process in self.all() if process.name == name), None)

    def require(self, name: str) -> None:
        """Raise SandboxError, with the end of its log, when that process has ended."""
        process = self.get(name)
        if process is None or not alive(process):
            log = self.log(name)
            said = last_lines(log.read_text(errors="replace"), 1) if log.exists() else "no log"
            raise SandboxError(f"{name} ended ({said}).")

    def stop(self, names: Iterable[str], *, grace: float) -> None:
        """Stop processes side by side, politely first; one without a pid file has already ended."""
        chosen = [process for name in names if (process := self.get(name)) is not None]
        end_processes(chosen, grace=grace)
        for process in chosen:
            (self._pids / f"{process.name}.json").unlink(missing_ok=True)


def end_processes(processes: Sequence[Started], *, grace: float) -> None:
    """SIGTERM, then SIGKILL after `grace` seconds.

    Raises SandboxError when one is still there 10 s after SIGKILL.
    """
    for number, timeout in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        left = [process for process in processes if alive(process)]
        for process in left:
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + timeout
        while any(alive(process) for process in left) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    stuck = [process.name for process in processes if alive(process)]
    if stuck:
        raise SandboxError(f"{', '.join(stuck)} could not be stopped, not even by SIGKILL.")
