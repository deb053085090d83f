# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the KDClusters of all namespaces by kubernetes.client."""

from kubernetes import config
from kubernetes.client import CustomObjectsApi

config.load_kube_config()
found = CustomObjectsApi().list_cluster_custom_object(
    "kubedirector.hpe.com", "v1beta1", "kubedirectorclusters"
)
print(len(found["items"]))
