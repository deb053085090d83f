# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terminal sessions of the pages are what their commands print. test_rotate.py has those of a rotation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.documentation import marked_blocks
from tests.harness.kubectl import Kubectl
from tests.harness.sessions import replayed, session

PAGE = "docs/rbac.md"


@pytest.mark.parametrize("name", ["by playbook", "by hand"])
def test_an_account(
    name: str, kubectl: Kubectl, new_namespace: Callable[[], str], tmp_path: Path
) -> None:
    place = new_namespace()
    blocks = marked_blocks(PAGE)
    (tmp_path / "access.yml").write_text(blocks["access"].replace("team-a", place))
    (tmp_path / "role.yml").write_text(blocks["role"])
    text = session(PAGE, name)
    assert replayed(text, place, kubectl, tmp_path) == text
    if name == "by playbook":
        awx = session("docs/awx.md", "token")
        assert replayed(awx, place, kubectl, tmp_path) == awx
