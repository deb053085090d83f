# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the admission webhook says when it refuses; users and code match on these texts."""

from __future__ import annotations

from typing import Final

from tests.kubedirector_simulator import facts

# Of every change of a KDCluster.
PREVIOUS_CHANGE_UNPROCESSED: Final = (
    "Change to spec not allowed before previous spec change has been processed."
)
NOTIFIES_PENDING: Final = (
    "Change to spec not allowed because some members have not processed notifications "
    "of previous change."
)
STATUS_READ_ONLY: Final = "KubeDirector-related status properties are read-only"
RESTORING_NO_SPEC_CHANGE: Final = (
    f"spec changes not allowed while {facts.RESTORING_LABEL} label exists"
)
RESTORING_NO_DELETE: Final = (
    f"delete not allowed while {facts.RESTORING_LABEL} label exists, "
    f"unless {facts.ALLOW_DELETE_LABEL} label also exists"
)
ROLE_READ_ONLY: Final = (
    "Role({}) properties other than the members count cannot be modified while role members exist."
)
PROPERTY_READ_ONLY: Final = "The {} property is read-only."

# Of what a KDCluster refers to.
APP_UNKNOWN: Final = "Invalid app({}). This app resource ID has not been registered."
ROLE_UNKNOWN: Final = 'Invalid role({}) in app({}) specified. Valid roles: "{}"'
ROLE_MISSING: Final = (
    "Active role({}) in app({}) must have its configuration included in the roles array."
)
ROLES_NOT_UNIQUE: Final = "Each id in the roles array must be unique."
MEMBER_COUNT: Final = (
    "Invalid member count for role({}). Specified member count:{} Role cardinality:{}"
)
TOO_MANY_MEMBERS: Final = "Maximum number of total members per KD cluster supported is {}."
STORAGE_CLASS_UNKNOWN: Final = "Unable to fetch storageClassName({}) for role({})."
STORAGE_CLASS_MISSING: Final = (
    "storageClassName is not specified for one or more roles, "
    "and no default storage class is available."
)
CLAIM_UNKNOWN: Final = (
    "Unable to find persistentvolumeclaim({}) in namespace({}) as specified for role({})."
)
SERVICE_ACCOUNT_UNKNOWN: Final = "service account {} requested by role {} does not exist"
URL_UNREACHABLE: Final = (
    'Unable to access the specified URL("{}") in file injection spec for the role ({}). error: {}.'
)
ENCRYPTION_FAILED: Final = "cannot encrypt secret key {}"
ENCRYPTED_BY_HAND: Final = "manually setting secret key ({}) encrypted value is forbidden"

# Of a KubeDirectorApp and of kd-global-config.
APP_IN_USE: Final = (
    "KubeDirectorApp resource cannot be deleted or modified while referenced by "
    "the following KubeDirectorCluster resources: {}"
)
SERVICES_NOT_UNIQUE: Final = "Each id in the services array must be unique."
SELECTED_NOT_UNIQUE: Final = "Each element of selectedRoles array in config section must be unique."
SERVICE_ROLES_NOT_UNIQUE: Final = (
    "Each roleID in roleServices array in config section must be unique."
)
ROLE_ID_UNKNOWN: Final = (
    'Invalid roleID({}) in roleServices array in config section. Valid roles: "{}"'
)
SERVICE_ID_UNKNOWN: Final = (
    'Invalid service_id({}) in roleServices array in config section. Valid services: "{}"'
)
SELECTED_UNKNOWN: Final = (
    'Invalid element({}) in selectedRoles array in config section. Valid roles: "{}"'
)
NO_IMAGE: Final = "Role({}) has no specified image, and no top-level default image is specified."
CONFIG_IN_USE: Final = f"{facts.GLOBAL_CONFIG_NAME} cannot be deleted while kdclusters exist"
CONFIG_NAMESPACE: Final = "Invalid namespace '{}', must be '{}'."
MASTER_KEY_IN_USE: Final = "masterEncryptionKey value cannot be changed while kdclusters exist"
