# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galaxy's own importer accepts the tarball."""

from __future__ import annotations

from pathlib import Path

from tests.harness.galaxy_importer import complaints


def test_the_importer_reports_nothing(tarball: Path, tmp_path: Path) -> None:
    assert complaints(tarball, tmp_path) == []
