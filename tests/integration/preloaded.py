# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the processes that module_runner forks begin with: the libraries and the collection.

Imported by the server that they are forked from, which does not have the path of the tests' own process.
"""

from __future__ import annotations

import importlib
import sys

from tests.runner.paths import TREE

MODULES = "ansible_collections.kubedirector.connections.plugins.modules"
NAMES = (
    "kd_access",
    "kd_cluster",
    "kd_configmeta_info",
    "kd_connection",
    "kd_connection_info",
    "kd_export_info",
    "kd_rotate",
)
LIBRARIES = (
    "ansible.module_utils.basic",
    "kubernetes.client",
    "kubernetes.config",
    "kubernetes.stream.ws_client",
    "yaml",
)

sys.path.insert(0, str(TREE))
for library in (*LIBRARIES, *(f"{MODULES}.{name}" for name in NAMES)):
    importlib.import_module(library)
