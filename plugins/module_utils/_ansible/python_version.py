# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ends a module's process if its Python is too old. Python 3.8 must be able to read this file and runner.py."""

from __future__ import annotations

import json
import sys

OLDEST = (3, 9)


def require_python() -> None:
    """End the process as a failed task if Python is older than OLDEST."""
    if sys.version_info >= OLDEST:
        return
    found = ".".join(map(str, sys.version_info[:3]))
    needed = ".".join(map(str, OLDEST))
    message = (
        f"The modules of kubedirector.connections need Python {needed} or newer, and {sys.executable} is "
        f"Python {found}. Set ansible_python_interpreter to the path of a newer one on this host."
    )
    # AnsibleModule does not work on such a Python.
    print(json.dumps({"failed": True, "msg": message}))  # pylint: disable=ansible-bad-function
    sys.exit(1)  # pylint: disable=ansible-bad-function
