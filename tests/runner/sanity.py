# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity on a copy of the repository, with nothing ignored.

usage: python -m tests.runner.sanity ENVIRONMENT
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.runner import tree
from tests.runner.paths import (
    BETWEEN,
    BUILD,
    DEVEL,
    NEWEST,
    OLDEST,
    ROOT,
    CheckError,
    Pair,
    cache_folder,
    suite_environment,
)

# ansible-test makes its environments by a pip bootstrap script that it would download from a
# host which not every machine reaches; Python's own ensurepip does the same. One name for each
# version of pip that a supported ansible-core asks for.
BOOTSTRAPS = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")
BOOTSTRAP = "import ensurepip\n\nensurepip.bootstrap(default_pip=True)\n"


def install_shellcheck() -> None:
    """Install shellcheck from Debian where it is missing: ansible-test would skip its test.

    Raises CheckError where that is not possible.
    """
    if shutil.which("shellcheck"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CheckError("shellcheck is missing; install it with your system's package manager")
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "-y", "shellcheck"],
    ):
        if subprocess.run(command, check=False).returncode != 0:
            raise CheckError(f"shellcheck cannot be installed: '{' '.join(command)}' failed")


def run(pair: Pair) -> int:
    """Run every sanity test of the pair's ansible-core; return its exit code.

    Raises CheckError for an ignore file in the repository and for a missing tool.
    """
    ignored = sorted((ROOT / "tests" / "sanity").glob("ignore*"))
    if ignored:
        raise CheckError(f"{ignored[0].relative_to(ROOT)}: this project ignores no sanity test")
    install_shellcheck()
    home = cache_folder() / "sanity" / pair.environment
    bootstraps = home / ".ansible" / "test" / "cache"
    bootstraps.mkdir(parents=True, exist_ok=True)
    for name in BOOTSTRAPS:
        (bootstraps / name).write_text(BOOTSTRAP)
    collection = tree.copy_to(BUILD / "sanity" / pair.environment)
    # Else ansible-test would walk up to this repository, where the copy is an ignored file.
    subprocess.run(["git", "init", "--quiet", str(collection)], check=True)
    environment = suite_environment(pair)
    environment.pop("ANSIBLE_COLLECTIONS_PATH")
    # Its caches belong to this run, not to the user's ~/.ansible.
    environment["HOME"] = str(home)
    command = ["ansible-test", "sanity", "--color", "no", "--python", pair.python]
    return subprocess.run(command, cwd=collection, env=environment, check=False).returncode


def main(arguments: list[str]) -> int:
    pairs = {pair.environment: pair for pair in (NEWEST, OLDEST, *BETWEEN, DEVEL)}
    if len(arguments) != 1 or arguments[0] not in pairs:
        print(f"usage: python -m tests.runner.sanity {{{','.join(pairs)}}}", file=sys.stderr)
        return 2
    try:
        return run(pairs[arguments[0]])
    except CheckError as error:
        print(f"sanity: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
