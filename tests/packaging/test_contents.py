# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the tarball, and what is not."""

from __future__ import annotations

import fnmatch
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.packaging.conftest import REPOSITORY
from tests.runner.release_check import LARGEST_TARBALL

SHIPPED = {
    # galaxy-importer lints with it.
    ".ansible-lint",
    "CHANGELOG.rst", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "docs",
    "extensions", "meta", "playbooks", "plugins", "requirements.txt", "roles", "tests",
}  # fmt: skip
REQUIRED = SHIPPED - {"roles"}
WASTE = (
    "*.pyc",
    "*/__pycache__*",
    "*/.*cache*",
    "*.log",
    "*.tar.gz",
    "*.pem",
    "*.key",
    "*kubeconfig",
)


@pytest.fixture(scope="module")
def names(tarball: Path) -> list[str]:
    """The paths of every file and folder in the tarball."""
    with tarfile.open(tarball) as archive:
        return archive.getnames()


def test_only_what_users_need_is_shipped(names: list[str]) -> None:
    top = {name.split("/")[0] for name in names}
    assert top <= SHIPPED
    assert top >= REQUIRED


def test_of_the_tests_only_their_python_versions_are_shipped(names: list[str]) -> None:
    assert {name for name in names if name.startswith("tests")} == {"tests", "tests/config.yml"}


def test_no_files_of_builds_and_runs_are_shipped(names: list[str]) -> None:
    waste = [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in WASTE)]
    assert not waste


def test_only_files_that_git_knows_or_would_add_are_shipped(tarball: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    known = set(listed.stdout.splitlines())
    with tarfile.open(tarball) as archive:
        files = {member.name for member in archive.getmembers() if member.isfile()}
    assert files - known == {"MANIFEST.json", "FILES.json"}


def test_it_is_small(tarball: Path) -> None:
    assert tarball.stat().st_size < LARGEST_TARBALL
