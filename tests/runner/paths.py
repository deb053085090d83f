# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the checks read and write, and the environments that they run in."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
REPORTS = BUILD / "reports"
TREE = BUILD / "tree"
COLLECTION = Path("ansible_collections/kubedirector/connections")

# A user's settings for their own clusters and playbooks must not steer the tests.
FOREIGN_PREFIXES = ("ANSIBLE_", "K8S_AUTH_", "MOLECULE_", "PYTEST_")
# Without bytecode each of thousands of programs compiles the collection, and each worker the tests.
FOREIGN_NAMES = frozenset(
    {
        "KUBECONFIG",
        "MYPYPATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "PYTHONPATH",
        "VIRTUAL_ENV",
    }
)


class CheckError(Exception):
    """Something that the checks need is missing; the message says what to do."""


def environment_folder(name: str) -> Path:
    """Return the folder of an environment of tests/requirements, made first where it is not there yet.

    Raises CheckError with the reason where it cannot be made.
    """
    script = ROOT / "tests" / "runner" / "python-env.sh"
    made = subprocess.run([str(script), name], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        raise CheckError(f"the environment {name} cannot be made (reason above)")
    return Path(made.stdout.strip().splitlines()[-1])


@dataclass(frozen=True)
class Pair:
    """A supported pair of ansible-core and Python, and the environment that holds it."""

    environment: str
    ansible: str
    python: str

    def folder(self) -> Path:
        """Return the environment's folder; raises CheckError as environment_folder() does."""
        return environment_folder(self.environment)

    def python_path(self) -> Path:
        """Return the environment's interpreter; raises CheckError as folder() does."""
        return self.folder() / "bin" / "python"


NEWEST = Pair(environment="py313", ansible="2.21", python="3.13")
OLDEST = Pair(environment="py311", ansible="2.16", python="3.11")
# Every Python that a controller can have is in one of the pairs.
BETWEEN = (
    Pair(environment="core217", ansible="2.17", python="3.10"),
    Pair(environment="core218", ansible="2.18", python="3.12"),
    Pair(environment="core219", ansible="2.19", python="3.12"),
    Pair(environment="core220", ansible="2.20", python="3.12"),
)
# The newest pre-release of ansible-core, where there is one.
DEVEL = Pair(environment="coredevel", ansible="devel", python="3.13")
# The oldest Python that modules run on; a controller is newer.
OLDEST_FOR_MODULES = "py39"
# What the docs site is made with; ansible-doc is asked for the reference.
DOCS = Pair(environment="docs", ansible="2.21", python="3.13")


def suite_environment(pair: Pair, *tools: Path) -> dict[str, str]:
    """Return the variables for a suite: the caller's, less what is theirs alone, plus ours.

    `tools` are folders of further programs; the environment's own win.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN_NAMES and not name.startswith(FOREIGN_PREFIXES)
    }
    folders = [str(pair.folder() / "bin"), *map(str, tools), kept.get("PATH", os.defpath)]
    kept["PATH"] = os.pathsep.join(folders)
    kept["ANSIBLE_COLLECTIONS_PATH"] = str(TREE)
    kept["ANSIBLE_CONFIG"] = str(ROOT / "tests" / "runner" / "ansible.cfg")
    kept["ANSIBLE_HOME"] = str(BUILD / "ansible" / pair.ansible)
    kept["ANSIBLE_NOCOLOR"] = kept["NO_COLOR"] = "1"
    kept["PY_COLORS"] = "0"
    kept["KD_CACHE_DIR"] = str(cache_folder())
    return kept


def cache_folder() -> Path:
    """Return the project's cache, outside the repository (see CONTRIBUTING.md)."""
    given = os.environ.get("KD_CACHE_DIR")
    if given:
        return Path(given).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "kubedirector-connections"
