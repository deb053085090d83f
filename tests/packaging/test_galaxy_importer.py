# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galaxy's own importer accepts the tarball."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# What Galaxy says of a collection that it would not take as it is.
COMPLAINTS = ("ERROR", "WARNING")


def test_the_importer_has_nothing_to_say(tarball: Path, tmp_path: Path) -> None:
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", str(tarball)],
        cwd=tmp_path,
        env={
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    complaints = [line for line in said.splitlines() if line.startswith(COMPLAINTS)]
    assert not complaints, said
    assert "Importer processing completed successfully" in said, said
