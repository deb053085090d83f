# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the docs site: the pages of docs/ and the reference of every plugin, playbook and role.

Every warning is an error. The site's first page is build/docs/html/index.html.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.runner import tree
from tests.runner.paths import BUILD, COLLECTION, DOCS, ROOT, TREE, CheckError, suite_environment

NAME = "kubedirector.connections"
FOLDER = BUILD / "docs"


def build() -> Path:
    """Build the site and return its first page.

    Raises CheckError naming the step that did not end well; it has printed why.
    """
    source, html = FOLDER / "source", FOLDER / "html"
    for folder in (source, html):
        shutil.rmtree(folder, ignore_errors=True)
    reference = source / "reference"
    reference.mkdir(parents=True)
    for page in sorted((ROOT / "docs").iterdir()):
        if page.is_file():
            shutil.copy(page, source)
    for page in (ROOT / "docs" / "site").iterdir():
        shutil.copy(page, source)
    tree.link()
    _step("antsibull-docs", "lint-collection-docs", "--plugin-docs", ".", folder=TREE / COLLECTION)
    _step(
        "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error",
        "--dest-dir", str(reference), NAME,
    )  # fmt: skip
    _step("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", str(source), str(html))
    return html / "index.html"


def _step(*command: str, folder: Path = ROOT) -> None:
    program = DOCS.folder() / "bin" / command[0]
    # antsibull-docs adds to a log file in the home folder at each run.
    environment = {**suite_environment(DOCS), "HOME": str(FOLDER)}
    done = subprocess.run([str(program), *command[1:]], cwd=folder, env=environment, check=False)
    if done.returncode != 0:
        raise CheckError(f"{' '.join(command[:2])} ended with {done.returncode} (reason above)")


def main() -> int:
    """Build the site; 0 and its path where that went without a warning."""
    try:
        page = build()
    except CheckError as error:
        print(f"The docs could not be built: {error}", file=sys.stderr)
        return 1
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
