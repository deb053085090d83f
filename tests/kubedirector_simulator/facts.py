# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real operator calls things: names, labels, states, paths and refusals.

Every value here was read from the source of bluek8s/kubedirector (master, 0.11.0-unstable). The
simulator keeps its own copy on purpose: if it shared one with the collection, a mistake in it would
pass every test.
"""

from __future__ import annotations

from typing import Final

GROUP: Final = "kubedirector.hpe.com"
API_VERSION: Final = f"{GROUP}/v1beta1"
FINALIZER: Final = f"{GROUP}/cleanup"
DEFAULT_OPERATOR_NAMESPACE: Final = "kubedirector"
GLOBAL_CONFIG_NAME: Final = "kd-global-config"

# Labels and annotations.
CLUSTER_LABEL: Final = f"{GROUP}/kdcluster"
APP_LABEL: Final = f"{GROUP}/kdapp"
APP_CATALOG_LABEL: Final = f"{GROUP}/appCatalog"
ROLE_LABEL: Final = f"{GROUP}/role"
HEADLESS_LABEL: Final = f"{GROUP}/headless"
RESTORING_LABEL: Final = f"{GROUP}/restoring"
ALLOW_DELETE_LABEL: Final = f"{GROUP}/allow-delete-while-restoring"
CONFIGMAP_TYPE_LABEL: Final = f"{GROUP}/cmType"
SECRET_TYPE_LABEL: Final = f"{GROUP}/secretType"
POD_NAME_LABEL: Final = "statefulset.kubernetes.io/pod-name"
PRETTY_NAME_ANNOTATION: Final = f"{GROUP}/kdapp-prettyName"
AUTH_TOKEN_ANNOTATION: Final = f"{GROUP}/kd-auth-token"
STATUS_BACKUP_ANNOTATION: Final = f"{GROUP}/status-backup-exists"
CONN_UPDATE_COUNTER: Final = f"{GROUP}/connUpdateCounter"
HASH_CHANGE_COUNTER: Final = f"{GROUP}/hashChangeCounter"

# Object names.
APP_CONTAINER: Final = "app"
HEADLESS_SERVICE_PREFIX: Final = "kdhs-"
STATEFUL_SET_PREFIX: Final = "kdss-"
MEMBER_SERVICE_PREFIX: Final = "s-"
NO_SERVICE: Final = "n/a"
NAME_LENGTH_LIMIT: Final = 46
DEFAULT_SERVICE_TYPE: Final = "LoadBalancer"
DEFAULT_NAMING_SCHEME: Final = "UID"
DEFAULT_SERVICE_DOMAIN: Final = ".svc.cluster.local"
DEFAULT_MAX_LOG_SIZE: Final = 256
MAX_MEMBERS: Final = 1000

# States of a cluster.
CREATING: Final = "creating"
UPDATING: Final = "updating"
CONFIGURED: Final = "configured"
SPEC_MODIFIED: Final = "spec modified"

# States of a member ("creating" and "configured" are spelt as those of a cluster).
MEMBER_CREATE_PENDING: Final = "create pending"
MEMBER_CREATING: Final = "creating"
MEMBER_READY: Final = "configured"
MEMBER_DELETE_PENDING: Final = "delete pending"
MEMBER_DELETING: Final = "deleting"
MEMBER_CONFIG_ERROR: Final = "config error"

# States of a member's container.
CONTAINER_RUNNING: Final = "running"
CONTAINER_WAITING: Final = "waiting"
CONTAINER_INITIALIZING: Final = "initializing"
CONTAINER_UNRESPONSIVE: Final = "unresponsive"
CONTAINER_TERMINATED: Final = "terminated"
CONTAINER_MISSING: Final = "absent"
CONTAINER_UNKNOWN: Final = "unknown"

# Paths inside a member.
CONFIGMETA_FILE: Final = "/etc/guestconfig/configmeta.json"
APP_CONFIG_DIR: Final = "/opt/guestconfig"
START_SCRIPT: Final = f"{APP_CONFIG_DIR}/*/startscript"
CONFIGURE_STATUS: Final = f"{APP_CONFIG_DIR}/configure.status"
CONFIGURE_STDOUT: Final = f"{APP_CONFIG_DIR}/configure.stdout"
CONFIGURE_STDERR: Final = f"{APP_CONFIG_DIR}/configure.stderr"

# The admission webhook.
WEBHOOK_CONFIGURATION: Final = "kubedirector-webhook"
HARD_WEBHOOK: Final = f"hard-validate-cr.{GROUP}"
