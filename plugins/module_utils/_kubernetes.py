# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that imports the Python library `kubernetes`, and what is used of it.

Only kubernetes.config, its Configuration and its connection pool are used: they are the same from
release 29 to 37, and the generated API classes cost a second of import (measured). urllib3,
websocket-client and PyYAML come with it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._errors import (
    LibraryMissing,
)

IMPORT_ERROR: ImportError | None = None
try:
    import kubernetes
    import urllib3
    import websocket
    import yaml
    from kubernetes import config as kubernetes_config
    from kubernetes.client.configuration import Configuration
    from kubernetes.client.rest import RESTClientObject, should_bypass_proxies
except ImportError as error:
    IMPORT_ERROR = error
    if not t.TYPE_CHECKING:
        kubernetes = urllib3 = websocket = yaml = kubernetes_config = None
        Configuration = RESTClientObject = should_bypass_proxies = None

OLDEST = 29

__all__ = [
    "Configuration",
    "RESTClientObject",
    "kubernetes_config",
    "require_library",
    "should_bypass_proxies",
    "urllib3",
    "websocket",
    "yaml",
]


def require_library(python: str) -> None:
    """Make sure that a usable `kubernetes` library was imported.

    :param python: path of the Python interpreter that runs the module, for the message.
    :raises LibraryMissing: it is absent, or older than release 29; the message names the version
        that is in the way and its file.
    """
    if IMPORT_ERROR is not None:
        raise LibraryMissing(
            f"The Python library 'kubernetes' (release {OLDEST} or newer) cannot be imported by "
            f"{python}: {IMPORT_ERROR}. Install it there: "
            f"{python} -m pip install 'kubernetes>={OLDEST}'."
        )
    version = str(getattr(kubernetes, "__version__", "unknown"))
    major = version.partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST:
        raise LibraryMissing(
            f"The Python library 'kubernetes' {version} in {kubernetes.__file__} is too old: release "
            f"{OLDEST} or newer is needed. Upgrade it: {python} -m pip install 'kubernetes>={OLDEST}'."
        )
