# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No test leaves a secret in its folder, but in files that it wrote for Ansible to read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.canaries import INPUTS, needles, search


@pytest.fixture(autouse=True)
def no_secret_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test itself, where the search at a run's end would name a file only."""
    folder: Path | None = (
        request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    )
    yield
    if folder is not None:
        hits = search([folder], needles(), INPUTS).hits
        assert not hits, f"These files hold a secret of the tests: {', '.join(map(str, hits))}"
