# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the KDClusters of all namespaces by the collection's own client."""

import os

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import (
    resolve_client_config,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.resources import (
    KDCLUSTER,
)

found, _version = Api(resolve_client_config({}, os.environ)).list_all(KDCLUSTER, None)
print(len(found))
