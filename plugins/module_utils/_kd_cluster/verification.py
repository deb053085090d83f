# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the desired KDCluster with the live one. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import PreconditionError
from .._kubedirector.field_managers import last_writer
from .._kubedirector.snapshot import parse_kdcluster
from .._reconcile.desired import DesiredConnections, DesiredState
from .._reconcile.verification import Undone
from .plan import make_cluster_plan

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._kubedirector.snapshot import Snapshot
    from .desired import DesiredCluster


def undone_fields(
    desired: DesiredCluster, written: JsonObject | None, found: JsonObject, snapshot: Snapshot
) -> t.Iterator[Undone]:
    """Name the fields that are not as the task wants them, except connections.

    :param written: the KDCluster as the API server stored the task's write, with the changes of admission
        webhooks; None if nothing was written.
    :param found: the KDCluster as just read.
    """
    none = DesiredConnections((desired.name,), ())
    apart = DesiredState(desired.namespace, (), (none,))
    desired = dataclasses.replace(desired, connections=apart)
    try:
        paths = _paths(desired, found, snapshot)
        if written is not None:
            paths -= _paths(desired, written, snapshot)
            if _secret_keys(desired, written) != _secret_keys(desired, found):
                paths.add("/spec/roles")
    except PreconditionError as error:
        yield Undone("KDCluster", desired.name, str(error))
        return
    for path in sorted(paths):
        fields = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
        # The API server keeps no record inside of a role.
        owned = fields[:3] if fields[0] == "metadata" else fields[:2]
        who = last_writer(
            found["metadata"].get("managedFields") or (), [f"f:{field}" for field in owned]
        )
        where = ".".join(fields)
        if fields[:2] == ["spec", "roles"] and len(fields) == 4:
            role = found["spec"]["roles"][int(fields[2])]
            where = f"{fields[3]} of role {role['id']} (now {role.get(fields[3])})"
        yield Undone(
            "KDCluster",
            desired.name,
            f"{desired.label}: {where} is not what this task wants: {who}.",
        )


def _paths(desired: DesiredCluster, found: JsonObject, snapshot: Snapshot) -> set[str]:
    """The JSON pointers of what would have to be written."""
    cluster = parse_kdcluster(found)
    seen = dataclasses.replace(snapshot, clusters={**snapshot.clusters, cluster.name: cluster})
    plan = make_cluster_plan(desired, found, seen)
    return {op["path"] for op in plan.body if op["op"] != "test"}


def _secret_keys(desired: DesiredCluster, manifest: JsonObject) -> dict[str, t.Any]:
    """By role, the secret keys as they are stored: each write of a value encrypts it differently."""
    described = {role.id for role in desired.roles if role.secret_keys}
    return {
        role["id"]: [(key.get("name"), key.get("encryptedValue")) for key in role["secretKeys"]]
        for role in manifest["spec"].get("roles") or ()
        if role["id"] in described and role.get("secretKeys")
    }
