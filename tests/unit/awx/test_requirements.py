# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment has the requirements of requirements.txt, their dependencies, and nothing else."""

from __future__ import annotations

from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.harness.awx import FOLDER
from tests.runner.paths import ROOT

REQUIREMENTS = [Requirement(line) for line in (ROOT / "requirements.txt").read_text().split()]


def pinned() -> dict[str, str]:
    """{name: version} of the execution environment's requirements."""
    lines = (FOLDER / "requirements.txt").read_text().splitlines()
    parts = [line.split(";")[0].strip().split("==") for line in lines]
    return {canonicalize_name(name): version for name, version in parts}


def needed() -> set[str]:
    """The names that the requirements need, directly or through pinned ones."""
    found: set[str] = set()
    versions = pinned()
    waiting = list(REQUIREMENTS)
    while waiting:
        name = canonicalize_name(waiting.pop().name)
        if name in versions and name not in found:
            found.add(name)
            more = map(Requirement, requires(name) or ())
            waiting += [one for one in more if "extra" not in str(one.marker)]
    return found


def test_each_requirement_is_met() -> None:
    versions = pinned()
    for requirement in REQUIREMENTS:
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)])


def test_nothing_else_is_installed() -> None:
    assert pinned().keys() - needed() == set()
