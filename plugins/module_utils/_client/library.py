# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that imports what comes with the Python library `kubernetes`: urllib3, websocket-client, PyYAML.

The library itself is never imported: that takes twice as long as all other imports of a module (measured with
releases 29 and 37).
"""

from __future__ import annotations

import importlib.util
import re
import sys
import typing as t

from .._core.errors import LibraryError

IMPORT_ERROR: ImportError | None = None
try:
    import urllib3
    import yaml
except ImportError as error:
    IMPORT_ERROR = error
    if not t.TYPE_CHECKING:
        urllib3 = yaml = None

OLDEST = 29
_VERSION = re.compile(r"""^__version__\s*=\s*["']([^"']+)["']""", re.MULTILINE)

__all__ = ["urllib3", "yaml"]


def websocket_library() -> t.Any:
    """websocket-client, imported only for commands in members.

    :raises LibraryError: another package of that name stands in its place.
    """
    try:
        import websocket
    except ImportError as error:
        raise LibraryError(
            f"The Python library 'websocket-client' cannot be imported by {sys.executable}: {error}. Install it "
            f"there: {sys.executable} -m pip install websocket-client."
        ) from None
    return websocket


def socks_library() -> t.Any:
    """The library for socks5 proxies. :raises ImportError:"""
    import socks

    return socks


def socks_pool_manager() -> t.Any:
    """urllib3's own use of it. :raises ImportError:"""
    from urllib3.contrib.socks import SOCKSProxyManager

    return SOCKSProxyManager


class FoundLibrary(t.NamedTuple):
    """What `import kubernetes` would import: its file, and its version or "unknown"."""

    file: str
    version: str


def find_library() -> FoundLibrary:
    """Find the library `kubernetes` without importing it. :raises ImportError:"""
    origin = _find("kubernetes")
    with open(origin, encoding="utf-8") as file:
        found = _VERSION.search(file.read())
    return FoundLibrary(origin, found.group(1) if found else "unknown")


def _find(name: str) -> str:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)
    return spec.origin


def require_library(python: str) -> None:
    """Require a usable `kubernetes` library.

    :param python: path of the module's Python, for the message.
    :raises LibraryError: it is absent, or it or its urllib3 is too old.
    """
    try:
        if IMPORT_ERROR is not None:
            raise IMPORT_ERROR
        library = find_library()
        _find("websocket")
    except ImportError as error:
        raise LibraryError(
            f"The Python library 'kubernetes' (release {OLDEST} or newer) cannot be imported by {python}: "
            f"{error}. Install it there: {python} -m pip install 'kubernetes>={OLDEST}'."
        ) from None
    major = library.version.partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST:
        raise _too_old(python, "kubernetes", library, str(OLDEST))
    if urllib3_release() < (1, 26):
        found = FoundLibrary(str(urllib3.__file__), _urllib3_version())
        raise _too_old(python, "urllib3", found, "1.26")


def urllib3_release() -> tuple[int, ...]:
    """Major and minor number."""
    return tuple(int(part) for part in re.findall(r"\d+", _urllib3_version())[:2])


def _urllib3_version() -> str:
    # Its types do not name it.
    library: t.Any = urllib3
    return str(library.__version__)


def _too_old(python: str, name: str, found: FoundLibrary, oldest: str) -> LibraryError:
    return LibraryError(
        f"The Python library '{name}' {found.version} in {found.file} is too old: release {oldest} or newer is "
        f"needed. Upgrade it: {python} -m pip install '{name}>={oldest}'."
    )
