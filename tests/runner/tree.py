# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository under its import name, ansible_collections/kubedirector/connections."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.runner.paths import COLLECTION, ROOT, TREE, CheckError


def link() -> Path:
    """Make build/tree, in which a link leads to the repository; return build/tree."""
    target = TREE / COLLECTION
    if target.is_symlink() and target.resolve() == ROOT:
        return TREE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(ROOT, target_is_directory=True)
    return TREE


def copy_to(folder: Path) -> Path:
    """Copy every file that git knows or would add into a fresh `folder`; return the collection.

    ansible-test follows no link to a collection. Raises CheckError outside a git checkout.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        raise CheckError(f"git cannot list the repository's files: {listed.stderr.strip()}")
    if folder.exists():
        shutil.rmtree(folder)
    collection = folder / COLLECTION
    for name in sorted(set(filter(None, listed.stdout.split("\0")))):
        source = ROOT / name
        # A file deleted in the work tree is still listed until the deletion is staged.
        if not source.exists():
            continue
        destination = collection / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, destination, follow_symlinks=False)
    return collection


if __name__ == "__main__":
    print(link())
