# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the KDClusters of all namespaces by lightkube."""

from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource

KDCluster = create_namespaced_resource(
    "kubedirector.hpe.com", "v1beta1", "KubeDirectorCluster", "kubedirectorclusters"
)
print(sum(1 for _one in Client().list(KDCluster, namespace="*")))
