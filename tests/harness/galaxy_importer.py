# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galaxy's own importer, as Galaxy and Automation Hub run it on a tarball."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# What Galaxy says of a collection that it would not take as it is.
_COMPLAINTS = ("ERROR", "WARNING")
_SUCCESS = "Importer processing completed successfully"


def complaints(tarball: Path, folder: Path) -> list[str]:
    """What the importer of this environment complains of; it works in an empty `folder`."""
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", str(tarball)],
        cwd=folder,
        env={
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = f"{done.stdout}\n{done.stderr}".splitlines()
    found = [line for line in said if line.startswith(_COMPLAINTS)]
    if not found and (done.returncode != 0 or not any(_SUCCESS in line for line in said)):
        found = said[-5:] or [f"it ended with {done.returncode}"]
    return found
