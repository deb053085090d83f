# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A collection as its users have it: installed from a tarball, used from any directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "kubedirector.connections"
# A playbook waits for members; everything else takes seconds.
COMMAND_SECONDS = 300.0


@dataclass(frozen=True)
class Output:
    """What a command left: exit code and both streams as text."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Both streams, for messages of failing tests."""
        return f"{self.stdout}\n{self.stderr}"


@dataclass(frozen=True)
class Installed:
    """The collections folder that holds the collection, and a home that holds nothing else."""

    collections: Path
    home: Path

    @property
    def root(self) -> Path:
        """The installed collection's own folder."""
        return self.collections / "ansible_collections" / Path(*NAME.split("."))

    @property
    def modules(self) -> list[str]:
        """The full names of the installed modules."""
        found = sorted((self.root / "plugins" / "modules").glob("kd_*.py"))
        return [f"{NAME}.{module.stem}" for module in found]

    def run(
        self,
        *command: str,
        variables: Mapping[str, str] | None = None,
        seconds: float = COMMAND_SECONDS,
    ) -> Output:
        """Run a program of this environment from the home; see ansible()."""
        return ansible(
            *command,
            home=self.home,
            collections=self.collections,
            variables=variables,
            seconds=seconds,
        )

    def json(self, *command: str) -> Any:
        """Run a program and return what it printed as JSON; fails the test on a non-zero exit."""
        done = self.run(*command)
        assert done.returncode == 0, done.text
        return json.loads(done.stdout)


def ansible(
    *command: str,
    home: Path,
    collections: Path,
    variables: Mapping[str, str] | None = None,
    seconds: float = COMMAND_SECONDS,
) -> Output:
    """Run a program of this environment with nothing of the caller's but PATH.

    The work directory is `home`: no path leads from there to the repository.
    """
    program = Path(sys.executable).with_name(command[0])
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
        **(variables or {}),
    }
    done = subprocess.run(
        [str(program), *command[1:]],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Output(done.returncode, done.stdout, done.stderr)
