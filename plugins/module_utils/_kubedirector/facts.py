# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the KubeDirector operator does, each fact once, with its source.

Sources: "source" is bluek8s/kubedirector master f404588d; "measured" is a run of that operator on
Kubernetes 1.34, repeated by every test in tests/operator_contract.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# API group, version and plurals (source: pkg/apis/kubedirector/v1beta1).
API_VERSION = "kubedirector.hpe.com/v1beta1"
KDCLUSTER_KIND = "KubeDirectorCluster"
CRD_NAME = "kubedirectorclusters.kubedirector.hpe.com"

# An object without its type label is skipped in silence (source: pkg/catalog/configmeta.go).
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
# A pattern for a shell: the folder has the name that the app's config package gives it (types.go).
START_SCRIPT = "/opt/guestconfig/*/startscript"

# An app of the "system" catalog lives in the operator's namespace; one that a connected cluster uses
# must be in the cluster's own namespace, or the operator drops the connection in silence
# (source: pkg/catalog/configmeta.go, genClusterConnections).
SYSTEM_CATALOG = "system"

# kubectl apply leaves this on objects; it travels into configmeta (measured).
LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"

# Refusals of the admission webhook that pass by themselves, and for how many seconds it is worth to
# try again. The last one comes when a write meets the moment between the operator's note of a new
# status generation and its write of it (source: syncCluster and admitClusterCR): this collection
# never writes a status, so for it this refusal is that moment.
_TRANSIENT_REFUSALS = {
    "Change to spec not allowed before previous spec change has been processed": math.inf,
    "Change to spec not allowed because some members have not processed notifications": math.inf,
    "KubeDirector-related status properties are read-only": 15.0,
}
# What to do about a refusal that does not pass. Any edit of a spec makes the operator check the whole
# of it (source: pkg/validator/cluster.go), so most refusals are about something else than connections.
_LASTING_REFUSALS = {
    "restoring label exists": (
        f"Wait until the restore has ended, or take the label {RESTORING_LABEL} off the KDCluster"
    ),
    "cannot be modified while role members exist": (
        "The live KDCluster differs from what its members were made with: put that role back as it was"
    ),
    "Unable to ": "Bring back what is missing, or correct the KDCluster's spec",
    "Invalid app": "Bring the KDApp back",
}
_OTHER_REFUSALS = "The operator checks the whole KDCluster at each change: correct its spec, then run the task again"
_WEBHOOK_PREFIX = re.compile(r'admission webhook "[^"]*" denied the request:\s*')
_OWN_REFUSAL = re.compile(r'admission webhook "[^"]*kubedirector\.hpe\.com" denied')
_SILENT_WEBHOOK = re.compile(r'failed calling webhook "[^"]*kubedirector\.hpe\.com"')
# For how many seconds an operator that does not answer may be one that just restarts.
RESTART_SECONDS = 10.0

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
    """Read the annotation CHANGE_COUNT as the operator does: what is no number counts as 0 (source: syncCluster)."""
    found = re.fullmatch(r"[+-]?[0-9]+", annotation or "")
    return int(found[0]) if found else 0


def connection_hash(
    clusters: Iterable[tuple[str, int | None, bool]],
    configmaps: Iterable[tuple[str, str | None]],
    secrets: Iterable[tuple[str, str | None]],
) -> str:
    """Compute what the operator will store as status.lastConnectionHash.

    :param clusters: (name, status.specGenerationToProcess or None, exists) of each connected
        KDCluster, in the order of the spec.
    :param configmaps: (name, resourceVersion, or None where it is missing), in the order of the spec.
    :param secrets: the same for Secrets.
    :returns: an MD5 in hex. Order counts and there are no separators (source: calcConnectionsHash;
        measured equal on live clusters, missing objects included).
    """
    text: list[str] = []
    for name, generation, exists in clusters:
        text.append(name)
        if exists:
            text.append("nil" if generation is None else str(generation))
    for name, resource_version in (*configmaps, *secrets):
        text.append(name)
        text.append(resource_version or "")
    return hashlib.md5("".join(text).encode(), usedforsecurity=False).hexdigest()


def refusal_retry_seconds(message: str) -> float:
    """For how many seconds a refused write is worth another try: 0 when the refusal is lasting."""
    return max((s for text, s in _TRANSIENT_REFUSALS.items() if text in message), default=0.0)


def refusal_advice(message: str) -> str:
    """Say what to do about a refusal: the operator's own words seldom do."""
    if refusal_retry_seconds(message):
        return "It passes by itself: run the task again, or give a longer wait_timeout"
    return next(
        (advice for text, advice in _LASTING_REFUSALS.items() if text in message), _OTHER_REFUSALS
    )


def is_own_refusal(message: str) -> bool:
    """Whether the operator's own webhook, and no other of the cluster, refused a request."""
    return _OWN_REFUSAL.search(message) is not None


def is_webhook_silent(message: str) -> bool:
    """Whether the API server says that the operator's webhook does not answer it."""
    return _SILENT_WEBHOOK.search(message) is not None


def refusal_text(message: str) -> str | None:
    """Give the webhook's own words out of an API server message, or None if no webhook spoke."""
    found = _WEBHOOK_PREFIX.search(message)
    if found is None:
        return None
    return " ".join(message[found.end() :].split())


def start_script_exit_code(status: str) -> int | None:
    """Read configure.status: "<containerID>=<rc>", rc empty while the start script runs.

    The file itself is empty for the moment between its truncation and its first write.

    :returns: the exit code, or None while it runs.
    :raises ValueError: the text is not of that form.
    """
    if not status.strip():
        return None
    _container, separator, code = status.strip().rpartition("=")
    if not separator:
        raise ValueError("no '=' in it")
    return int(code) if code else None
