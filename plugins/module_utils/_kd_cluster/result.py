# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kd_cluster task returns, --diff included. No secrets."""

from __future__ import annotations

import typing as t

from .._core.credential_forms import without_credentials_in
from .._core.object_diff import object_diff
from .._core.redaction import HIDDEN, HIDDEN_NEW
from .._kubedirector.snapshot import (
    Connections,
    parse_connections,
)

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._kubedirector.snapshot import KDCluster
    from .desired import (
        DesiredCluster,
    )
    from .plan import (
        ClusterPlan,
    )


def cluster_result(
    desired: DesiredCluster,
    plan: ClusterPlan,
    cluster: KDCluster | None,
    *,
    done: bool,
    stayed: bool,
    as_planned: bool,
) -> JsonObject:
    """Make the return values `changed` and `kdclusters`.

    :param cluster: as last seen, None if it does not exist.
    :param done: the plan was carried out, or is reported as if it were (check mode).
    :param stayed: others did not undo it meanwhile.
    :param as_planned: return the plan's connections instead of the live ones (check mode).
    """
    action = plan.action if done and stayed else "unchanged"
    seen = None if action == "deleted" else cluster
    app = None if seen is None else seen.app
    connections = Connections() if seen is None else seen.connections
    if as_planned and plan.after is not None:
        spec = plan.after["spec"]
        app, connections = spec.get("app"), parse_connections(spec)
    return {
        "changed": done and plan.changed,
        "kdclusters": [
            {
                "name": desired.name,
                "action": action,
                "app": app,
                "connections": connections.as_lists(),
                "connection_hash": None if seen is None else seen.stored_hash,
                "spec_generation": None if seen is None else seen.generation,
                "state": None if seen is None else seen.state,
                "members": []
                if seen is None
                else [
                    {
                        "pod": member.pod,
                        "role": member.role,
                        "node_id": member.node_id,
                        "state": member.state,
                        "has_configmeta": member.has_configmeta,
                    }
                    for member in seen.members
                ],
            }
        ],
    }


def cluster_diff(desired: DesiredCluster, plan: ClusterPlan) -> list[JsonObject]:
    """Make the --diff: labels, annotations and spec, if they change.

    Of labels and annotations only those that the task names; of secret keys only names, and which of
    them get another value.
    """
    if not plan.changed:
        return []
    return [
        object_diff(desired.label, _side(desired, plan.before), _side(desired, plan.after)),
    ]


def _side(desired: DesiredCluster, manifest: JsonObject | None) -> JsonObject | None:
    if manifest is None:
        return None
    metadata, spec = manifest["metadata"], manifest["spec"]
    side: JsonObject = {
        field: {
            key: value
            for key, value in (metadata.get(field) or {}).items()
            if key in getattr(desired, field)
        }
        for field in ("labels", "annotations")
    }
    return {**side, "spec": {**spec, "roles": [_role(role) for role in spec.get("roles") or ()]}}


def _role(role: JsonObject) -> JsonObject:
    shown = dict(role)
    if "secretKeys" in role:
        shown["secretKeys"] = {
            key.get("name", ""): HIDDEN_NEW if "value" in key else HIDDEN
            for key in role["secretKeys"]
        }
    if role.get("env"):
        shown["env"] = [_variable(variable) for variable in role["env"]]
    return shown


def _variable(variable: JsonObject) -> JsonObject:
    if not variable.get("value"):
        return variable
    name, value = str(variable.get("name")), str(variable["value"])
    return {**variable, "value": without_credentials_in(name, value, HIDDEN)}
