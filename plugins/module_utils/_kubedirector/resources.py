# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resources that this collection reads and writes, and the marks on its own objects."""

from __future__ import annotations

from .._core.resource import Resource
from . import facts
from .webhook_refusals import explain_refusal

CONFIGMAP = Resource("ConfigMap", "api/v1", "configmaps")
SECRET = Resource("Secret", "api/v1", "secrets")
POD = Resource("Pod", "api/v1", "pods")
NAMESPACE = Resource("Namespace", "api/v1", "namespaces")
KDCLUSTER = Resource(
    "KDCluster", f"apis/{facts.API_VERSION}", "kubedirectorclusters", explain_refusal
)
KDAPP = Resource("KDApp", f"apis/{facts.API_VERSION}", "kubedirectorapps", explain_refusal)
SERVICE_ACCOUNT = Resource("ServiceAccount", "api/v1", "serviceaccounts")
LEASE = Resource("Lease", "apis/coordination.k8s.io/v1", "leases")
ROLE = Resource("Role", "apis/rbac.authorization.k8s.io/v1", "roles")
ROLE_BINDING = Resource("RoleBinding", "apis/rbac.authorization.k8s.io/v1", "rolebindings")
BY_KIND = {resource.kind: resource for resource in (CONFIGMAP, SECRET)}

# On the Secret that keeps an object's old values until kd_rotate ends.
OLD_VALUES_LABELS = {
    "app.kubernetes.io/managed-by": "kubedirector.connections",
    "kubedirector.connections/keeps": "old-values",
}
# An annotation there: the kept object's kind/name.
OLD_VALUES_OF = "kubedirector.connections/old-values-of"
