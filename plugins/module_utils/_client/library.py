# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that imports what comes with the Python library `kubernetes`.

urllib3, websocket-client and PyYAML do the work. The library itself is never imported: its import takes
twice the time of everything else that a module imports (measured with releases 29 and 37).
"""

from __future__ import annotations

import importlib.util
import re
import typing as t

from .._core.errors import (
    LibraryError,
)

IMPORT_ERROR: ImportError | None = None
try:
    import urllib3
    import websocket
    import yaml
except ImportError as error:
    IMPORT_ERROR = error
    if not t.TYPE_CHECKING:
        urllib3 = websocket = yaml = None

OLDEST = 29
OLDEST_URLLIB3 = (1, 26)
_VERSION = re.compile(r"""^__version__\s*=\s*["']([^"']+)["']""", re.MULTILINE)

__all__ = [
    "find_library",
    "require_library",
    "socks_library",
    "socks_pool_manager",
    "urllib3",
    "websocket",
    "yaml",
]


def socks_library() -> t.Any:
    """The library for socks5 proxies, which nothing else needs. :raises ImportError: there is none."""
    import socks

    return socks


def socks_pool_manager() -> t.Any:
    """urllib3's own use of it. :raises ImportError: the library is not there."""
    from urllib3.contrib.socks import SOCKSProxyManager

    return SOCKSProxyManager


class FoundLibrary(t.NamedTuple):
    """What `import kubernetes` would import: its file, and its version or "unknown"."""

    file: str
    version: str


def find_library() -> FoundLibrary:
    """Find the library `kubernetes` without importing it.

    :raises ImportError: there is none.
    """
    spec = importlib.util.find_spec("kubernetes")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'kubernetes'", name="kubernetes")
    with open(spec.origin, encoding="utf-8") as file:
        found = _VERSION.search(file.read())
    return FoundLibrary(spec.origin, found.group(1) if found else "unknown")


def require_library(python: str) -> None:
    """Make sure that there is a usable `kubernetes` library.

    :param python: path of the Python interpreter that runs the module, for the message.
    :raises LibraryError: it is absent, or it or its urllib3 is too old; the message names the version
        that is in the way and its file.
    """
    try:
        if IMPORT_ERROR is not None:
            raise IMPORT_ERROR
        library = find_library()
    except ImportError as error:
        raise LibraryError(
            f"The Python library 'kubernetes' (release {OLDEST} or newer) cannot be imported by "
            f"{python}: {error}. Install it there: "
            f"{python} -m pip install 'kubernetes>={OLDEST}'."
        ) from None
    major = library.version.partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST:
        raise LibraryError(
            f"The Python library 'kubernetes' {library.version} in {library.file} is too old: release "
            f"{OLDEST} or newer is needed. Upgrade it: {python} -m pip install 'kubernetes>={OLDEST}'."
        )
    _require_urllib3(python, urllib3)


def urllib3_release(module: t.Any = urllib3) -> tuple[int, ...]:
    """Major and minor number."""
    return tuple(int(part) for part in re.findall(r"\d+", module.__version__)[:2])


def _require_urllib3(python: str, module: t.Any) -> None:
    version = module.__version__
    if urllib3_release(module) < OLDEST_URLLIB3:
        raise LibraryError(
            f"The Python library 'urllib3' {version} in {module.__file__} is too old: release 1.26 or "
            f"newer is needed. Upgrade it: {python} -m pip install 'urllib3>=1.26'."
        )
