# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the KubeDirector operator does, each fact once, with its source.

Sources: "source" is bluek8s/kubedirector master f404588d; "measured" is a run of that operator on
Kubernetes 1.34, repeated by every test in tests/operator_contract.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

# API group, version and plurals (source: pkg/apis/kubedirector/v1beta1).
API_VERSION = "kubedirector.hpe.com/v1beta1"
KDCLUSTER_KIND = "KubeDirectorCluster"
CRD_NAME = "kubedirectorclusters.kubedirector.hpe.com"

# An object without its type label is skipped silently (source: pkg/catalog/configmeta.go).
TYPE_LABELS = {
    "ConfigMap": "kubedirector.hpe.com/cmType",
    "Secret": "kubedirector.hpe.com/secretType",
}

# While this label is there the webhook refuses spec changes (source: pkg/validator/cluster.go).
RESTORING_LABEL = "kubedirector.hpe.com/restoring"
# With this one besides, it lets the KDCluster be deleted.
DELETABLE_LABEL = "kubedirector.hpe.com/allow-delete-while-restoring"

# How many changes of the connections there were; a member whose lastConnectionVersion is less runs its
# start script with --reconnect (source: syncCluster and members.go).
CHANGE_COUNT = "kubedirector.hpe.com/hashChangeCounter"
# Counts the events of connected objects; and what holds a KDCluster until the operator has cleaned up
# (source: pkg/shared).
EVENT_COUNT = "kubedirector.hpe.com/connUpdateCounter"
FINALIZER = "kubedirector.hpe.com/cleanup"

# States (source: pkg/controller/kubedirectorcluster/types.go).
STATE_CONFIGURED = "configured"
MEMBER_CONFIGURED = "configured"
MEMBER_CONFIG_ERROR = "config error"
MEMBER_STATES_WITHOUT_CONTAINER = frozenset({"create pending", "creating"})

# Inside a member (source: pkg/executor/types.go, pkg/controller/kubedirectorcluster/types.go).
APP_CONTAINER = "app"
CONFIGMETA_PATH = "/etc/guestconfig/configmeta.json"
START_SCRIPT_STATUS_PATH = "/opt/guestconfig/configure.status"
START_SCRIPT_STDERR_PATH = "/opt/guestconfig/configure.stderr"
_EXIT_CODES, _LAST_EXIT_CODE = re.compile("[0-9]{1,60}"), 255
# A pattern for a shell: the folder has the name that the app's config package gives it (types.go).
START_SCRIPT = "/opt/guestconfig/*/startscript"

# An app of the "system" catalog lives in the operator's namespace; one that a connected cluster uses
# must be in the cluster's own namespace, or the operator drops the connection silently
# (source: pkg/catalog/configmeta.go, genClusterConnections).
SYSTEM_CATALOG = "system"

# kubectl apply leaves this on objects; it travels into configmeta (measured).
LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"

# What ends a wedge of the operator at once (measured: it lasts up to 8191 s otherwise).
WEDGE_REMEDY = (
    "the operator may be stuck on clusters that are linked to one another; restarting its Deployment "
    "(kubectl rollout restart deployment/kubedirector in the operator's namespace) helps at once"
)

DOWN_REMEDY = (
    "check its pod (kubectl get pods --all-namespaces, named kubedirector-...) and restart its Deployment "
    "(kubectl rollout restart deployment/kubedirector in the operator's namespace)"
)


def change_counter(annotation: str | None) -> int:
    """Read the annotation CHANGE_COUNT as the operator does: other text than a number counts as 0 (source: syncCluster)."""
    found = re.fullmatch(r"[+-]?[0-9]+", annotation or "")
    return int(found[0]) if found else 0


def start_script_exit_code(status: str) -> int | None:
    """Read configure.status: "<containerID>=<rc>", rc empty while the start script runs.

    The file itself is empty for the moment between its truncation and its first write. Runs that overlap
    append one code each, in the order in which they end (source: types.go).

    :returns: the exit code of the last run, or None while it runs.
    :raises ValueError: the text is not of that form, or holds several codes of which not all are 0. Ends a
        sentence that begins with the file's name, and quotes nothing of it but such codes.
    """
    text = status.strip()
    if not text:
        return None
    _container, separator, codes = text.rpartition("=")
    if separator and not codes:
        return None
    if not separator or not _EXIT_CODES.fullmatch(codes):
        raise ValueError("is not what the operator writes (delete the pod to have it set up again)")
    code = int(codes)
    if code == 0 or (codes[0] != "0" and code <= _LAST_EXIT_CODE):
        return code
    raise ValueError(f"holds the exit codes of several runs that overlapped ({codes})")
