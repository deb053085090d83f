# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports this collection's code from __pycache__ where that is up to date, as Python does.

Ansible's own importer compiles every file in each run (source: ansible-core,
utils/collection_loader/_collection_finder.py, get_code), a fifth of a run with one task (measured).
"""

from __future__ import annotations

import contextlib
import functools
import sys
import typing as t
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader

_OURS = "ansible_collections.kubedirector.connections.plugins."


class BytecodeFinder:
    """Finds modules below plugins/ before Ansible's importer, which finds the rest."""

    @staticmethod
    def find_spec(
        fullname: str, path: t.Sequence[str] | None, target: t.Any = None
    ) -> ModuleSpec | None:
        """Find a module in its package's folders."""
        if fullname.startswith(_OURS):
            for folder in path or ():
                spec = _finder(folder).find_spec(fullname)
                # A folder without __init__.py has no loader.
                if spec is not None and spec.loader is not None:
                    return spec
        return None


@contextlib.contextmanager
def imported_from_bytecode() -> t.Iterator[None]:
    """Import so within a block: ansible-test lets no plugin leave a finder behind."""
    sys.meta_path.insert(0, BytecodeFinder)
    try:
        yield
    finally:
        sys.meta_path.remove(BytecodeFinder)


@functools.cache
def _finder(folder: str) -> FileFinder:
    return FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES))
