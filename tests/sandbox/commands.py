# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short commands that are run to their end, and waiting for something to become true."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.sandbox.errors import SandboxError

# Debian keeps iptables, debootstrap and the like where a plain user's PATH does not look.
_SEARCH_PATH = ":".join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/bin", "/bin"])
_POLL_SECONDS = 0.1


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment with the system folders on PATH and without KUBECONFIG."""
    clean = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
    return {**clean, "PATH": _SEARCH_PATH, "LC_ALL": "C.UTF-8", **(extra or {})}


def find_program(name: str) -> str | None:
    """The path of a program, looked for in the system folders too."""
    return shutil.which(name, path=environment()["PATH"])


def require_program(name: str) -> None:
    """Raise SandboxError when a program is not there."""
    if find_program(name) is None:
        raise SandboxError(f"The program {name} is not installed.")


def last_lines(text: str, count: int = 3) -> str:
    """The end of a command's output, on one line, for an error sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-count:]) or "it printed nothing"


def attempt(
    command: Sequence[str | Path], *, timeout: float, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command whose exit code the caller judges.

    Raises SandboxError when the program is not there or does not end in `timeout` seconds.
    """
    words = [str(word) for word in command]
    require_program(words[0])
    try:
        return subprocess.run(
            words,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"`{' '.join(words[:4])}` did not end within {timeout:g} s.") from error


def run(command: Sequence[str | Path], *, timeout: float, stdin: str | None = None) -> str:
    """Run a command that must succeed, and return its standard output.

    Raises SandboxError with the end of its output otherwise.
    """
    done = attempt(command, timeout=timeout, stdin=stdin)
    if done.returncode != 0:
        words = " ".join(str(word) for word in command[:5])
        said = last_lines(done.stderr or done.stdout)
        raise SandboxError(f"`{words}` ended with {done.returncode}: {said}.")
    return done.stdout


def run_logged(
    command: Sequence[str | Path],
    *,
    log: Path,
    timeout: float,
    extra: Mapping[str, str] | None = None,
    directory: Path | None = None,
    on_poll: Callable[[], None] = lambda: None,
) -> None:
    """Run a long command with its output in `log`, calling `on_poll` while it runs.

    Raises SandboxError, naming the log, when it fails or does not end in `timeout` seconds.
    """
    words = [str(word) for word in command]
    require_program(words[0])
    with log.open("ab") as output:
        output.write(f"$ {' '.join(words)}\n".encode())
        output.flush()
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(extra),
            cwd=directory,
            umask=0o022,
        )
    deadline = time.monotonic() + timeout
    try:
        while True:
            try:
                code = process.wait(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                on_poll()
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"`{' '.join(words[:3])}` did not end within {timeout:g} s; see {log}."
                )
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)
    if code != 0:
        said = last_lines(log.read_text(errors="replace"))
        raise SandboxError(f"`{' '.join(words[:3])}` ended with {code} ({said}); see {log}.")


def wait_until(
    ready: Callable[[], bool],
    *,
    timeout: float,
    what: str,
    on_poll: Callable[[], None] = lambda: None,
) -> None:
    """Poll `ready` until it is true.

    Raises SandboxError, saying `what` did not come, after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > deadline:
            raise SandboxError(f"{what} within {timeout:g} s.")
        on_poll()
        time.sleep(_POLL_SECONDS)
