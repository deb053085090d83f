# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role has a molecule scenario of its name, and its README says how to run it."""

from __future__ import annotations

import pytest

from tests.harness.cluster import REPOSITORY

ROLES = sorted(path.name for path in (REPOSITORY / "roles").iterdir() if path.is_dir())


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_its_scenario(role: str) -> None:
    scenario = REPOSITORY / "extensions" / "molecule" / role
    for file in ("molecule.yml", "converge.yml", "verify.yml", "cleanup.yml"):
        assert (scenario / file).is_file(), file
    assert f"kubedirector.connections.{role}\n" in (scenario / "converge.yml").read_text()
    assert f"`molecule test -s {role}`" in (REPOSITORY / "roles" / role / "README.md").read_text()
