# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files for what Python's ssl takes from files only: certificates and keys."""

from __future__ import annotations

import os
import tempfile
import typing as t
import weakref


def private_file(content: bytes) -> tuple[t.Any, str]:
    """Put content into a file that lasts as long as the open file that is returned, and its path."""
    file, path = _file_in_memory() or _file_on_disk()
    file.write(content)
    file.flush()
    return file, path


def _file_in_memory() -> tuple[t.Any, str] | None:
    """A file that a killed process, too, takes with it; None where the system has none such."""
    try:
        file = os.fdopen(os.memfd_create("kubedirector-connections"), "wb")
    except (AttributeError, OSError):
        # Not Linux, or a system call that a sandbox forbids.
        return None
    path = f"/proc/self/fd/{file.fileno()}"
    return (file, path) if os.path.exists(path) else None


def _file_on_disk() -> tuple[t.Any, str]:
    descriptor, path = tempfile.mkstemp(prefix="kubedirector-connections-")
    file = os.fdopen(descriptor, "wb")
    weakref.finalize(file, _remove, path)
    return file, path


def _remove(path: str) -> None:
    # A cleaner of temporary files may have been quicker.
    if os.path.exists(path):
        os.remove(path)
