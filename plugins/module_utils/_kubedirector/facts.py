# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the KubeDirector operator does, each fact once, with its source.

"source" is bluek8s/kubedirector master f404588d; "measured" is a run of it on Kubernetes 1.34, which
tests/operator_contract repeats.
"""

from __future__ import annotations

import re

# API group, version and plurals (source: pkg/apis/kubedirector/v1beta1).
API_VERSION = "kubedirector.hpe.com/v1beta1"
KDCLUSTER_KIND = "KubeDirectorCluster"
CRD_NAME = "kubedirectorclusters.kubedirector.hpe.com"

# An object without its type label is skipped silently (source: pkg/catalog/configmeta.go).
TYPE_LABELS = {
    "ConfigMap": "kubedirector.hpe.com/cmType",
    "Secret": "kubedirector.hpe.com/secretType",
}

# Makes the webhook refuse spec changes (source: pkg/validator/cluster.go).
RESTORING_LABEL = "kubedirector.hpe.com/restoring"
# Without this label too, the webhook refuses to delete a restoring KDCluster.
DELETABLE_LABEL = "kubedirector.hpe.com/allow-delete-while-restoring"

# Counts changes of the connections; a member whose lastConnectionVersion is less runs its start script with
# --reconnect (source: syncCluster and members.go).
CHANGE_COUNT = "kubedirector.hpe.com/hashChangeCounter"
# Counts events of connected objects; the finalizer holds a KDCluster until it is cleaned up (source: pkg/shared).
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
# For a shell: the app's config package names the folder (types.go).
START_SCRIPT = "/opt/guestconfig/*/startscript"

# Apps of the "system" catalog live in the operator's namespace; a connected cluster's app must be in the cluster's own,
# or the operator silently drops the connection (source: pkg/catalog/configmeta.go, genClusterConnections).
SYSTEM_CATALOG = "system"

# Set by kubectl apply; travels into configmeta (measured).
LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"

_DEPLOYMENT = (
    "its Deployment (kubectl rollout restart deployment/kubedirector in the operator's namespace)"
)
# What ends a wedge of the operator at once (measured: it lasts up to 8191 s otherwise).
WEDGE_REMEDY = (
    "the operator may be stuck on clusters that are linked to one another; "
    f"restarting {_DEPLOYMENT} helps at once"
)
DOWN_REMEDY = f"check its pod (kubectl get pods --all-namespaces, named kubedirector-...) and restart {_DEPLOYMENT}"


def change_counter(annotation: str | None) -> int:
    """Read CHANGE_COUNT as the operator does: text that is not a number is 0 (source: syncCluster)."""
    found = re.fullmatch(r"[+-]?[0-9]+", annotation or "")
    return int(found[0]) if found else 0


def start_script_exit_code(status: str) -> int | None:
    """Read configure.status: "<containerID>=<rc>", rc empty while the start script runs.

    The file is empty between its truncation and its first write. Overlapping runs append a code each, in the order
    in which they end (source: types.go).

    :returns: of the last run; None while it runs.
    :raises ValueError: another form, or several codes that are not all 0. Ends a sentence that begins with the file's
        name; quotes only such codes.
    """
    text = status.strip()
    if not text:
        return None
    _container, separator, codes = text.rpartition("=")
    if separator and not codes:
        return None
    if not separator or not re.fullmatch("[0-9]{1,60}", codes):
        raise ValueError("is not what the operator writes (delete the pod to have it set up again)")
    code = int(codes)
    if code == 0 or (codes[0] != "0" and code <= 255):
        return code
    raise ValueError(f"holds the exit codes of several runs that overlapped ({codes})")
