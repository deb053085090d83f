# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: desired KDCluster + snapshot -> what to write. Pure.

What it would write at the end of a task was undone by others.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.credential_forms import without_credentials_in
from .._core.errors import PreconditionError
from .._core.object_diff import object_diff
from .._core.redaction import HIDDEN, HIDDEN_NEW
from .._kubedirector import facts
from .._kubedirector.field_managers import last_writer
from .._kubedirector.links import union
from .._kubedirector.problems import restoring
from .._kubedirector.snapshot import Connections, parse_kdcluster
from .._reconcile.desired import DesiredConnections, DesiredState
from .._reconcile.merged_connections import connections_after
from .._reconcile.plan import connection_patch
from .._reconcile.preconditions import failed_preconditions
from .._reconcile.shared_objects import repointed, repoints_to_wanted
from .._reconcile.verification import Undone
from .role_form import LABELS, changed_fields, role_after, same_field

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._kubedirector.snapshot import Snapshot
    from .desired import DesiredCluster

# By role: its secret keys' plain values in members.
HeldSecretKeys = t.Mapping[str, t.Mapping[str, str]]

# May never change (source: validateGeneralClusterChanges).
_FIXED = ("app", "appCatalog")


@dataclasses.dataclass(frozen=True)
class ClusterPlan:
    """What happens to the KDCluster.

    :param action: created, updated, unchanged or deleted.
    :param body: the manifest to create, or the JSON patch.
    :param before: the object as found, None if it does not exist; holds encrypted secret keys.
    :param after: the desired object, None if it is to be deleted; holds plain secret keys.
    :param links: the links before and after the change, together.
    """

    action: str
    body: t.Any = dataclasses.field(repr=False)
    before: JsonObject | None = dataclasses.field(repr=False)
    after: JsonObject | None = dataclasses.field(repr=False)
    links: t.Mapping[str, tuple[str, ...]]

    @property
    def changed(self) -> bool:
        """Whether there is something to write."""
        return self.action != "unchanged"

    def removed_by_webhook(self, stored: JsonObject) -> list[str]:
        """The planned labels and annotations, if the write stored no change."""
        if self.before is None or self.after is None:
            return []
        before, after, now = map(_wishes, (self.before, self.after, stored))
        if now != before:
            return []
        return [
            key
            for have, want in zip(before[1:], after[1:])
            for key in sorted(have.keys() | want.keys())
            if have.get(key) != want.get(key)
        ]


def make_cluster_plan(
    desired: DesiredCluster,
    found: JsonObject | None,
    snapshot: Snapshot,
    held: HeldSecretKeys | None = None,
) -> ClusterPlan:
    """Decide what to write.

    :param snapshot: the namespace's KDClusters, and what this one names or is to name.
    :param held: None if no member can be read.
    :raises PreconditionError: all reasons.
    """
    if desired.absent:
        return _deletion(desired, found, snapshot)
    if found is None:
        return _creation(desired, snapshot)
    return _update(desired, found, snapshot, held)


def cluster_like(desired: DesiredCluster, found: JsonObject) -> JsonObject | None:
    """A KDCluster for a dry run with the roles' desired labels and annotations; None if there are none."""
    if not any(field in LABELS for role in desired.roles for field in role.fields):
        return None
    spec = {key: value for key, value in found["spec"].items() if key != "connections"}
    roles = _roles_after(desired, spec.get("roles") or [], None)
    spec["roles"] = [{k: v for k, v in role.items() if k != "secretKeys"} for role in roles]
    return _manifest({"name": "kd-dry-run", "namespace": desired.namespace}, spec)


def undone_fields(
    desired: DesiredCluster, written: JsonObject | None, found: JsonObject, snapshot: Snapshot
) -> t.Iterator[Undone]:
    """Name the fields, except connections, that are not as the task wants them.

    :param written: as stored after the task's write and admission webhooks; None if nothing was written.
    """
    none = DesiredState(desired.namespace, (), (DesiredConnections((desired.name,), ()),))
    desired = dataclasses.replace(desired, connections=none)
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
        # managedFields has no record inside a role.
        owned = fields[:3] if fields[0] == "metadata" else fields[:2]
        managed = found["metadata"].get("managedFields") or ()
        who = last_writer(managed, [f"f:{field}" for field in owned])
        where = ".".join(fields)
        if fields[:2] == ["spec", "roles"] and len(fields) == 4:
            role = found["spec"]["roles"][int(fields[2])]
            where = f"{fields[3]} of role {role['id']} (now {role.get(fields[3])})"
        sentence = f"{desired.label}: {where} is not what this task wants: {who}."
        yield Undone("KDCluster", desired.name, sentence)


def cluster_diff(desired: DesiredCluster, plan: ClusterPlan) -> list[JsonObject]:
    """Make the --diff of the spec, and of the labels and annotations that the task names.

    Secret keys show only names, and which get another value.
    """
    if not plan.changed:
        return []
    return [object_diff(desired.label, _side(desired, plan.before), _side(desired, plan.after))]


def _deletion(desired: DesiredCluster, found: JsonObject | None, snapshot: Snapshot) -> ClusterPlan:
    links = snapshot.links
    if found is None:
        return ClusterPlan("unchanged", None, None, None, links)
    connecting = [name for name, targets in sorted(links.items()) if desired.name in targets]
    if connecting and not desired.force:
        raise PreconditionError(
            [
                f"{desired.label} is not deleted, because "
                f"{', '.join(f'KDCluster {desired.namespace}/{name}' for name in connecting)} "
                f"connect{'s' if len(connecting) == 1 else ''} to it. Disconnect it there first, or set force."
            ]
        )
    cluster = snapshot.clusters[desired.name]
    if cluster.terminating:
        return ClusterPlan("unchanged", None, found, None, links)
    if cluster.restoring and not cluster.deletable_while_restoring:
        progress = f" ({cluster.restore_progress})" if cluster.restore_progress else ""
        raise PreconditionError(
            [
                f"{desired.label} is not deleted, because it carries the label {facts.RESTORING_LABEL}{progress}: "
                "the operator refuses that until it is restored. Wait for that, or set the label "
                f"{facts.DELETABLE_LABEL} (with any value) as well; resources of the restore may be left then."
            ]
        )
    return ClusterPlan("deleted", None, found, None, links)


def _creation(desired: DesiredCluster, snapshot: Snapshot) -> ClusterPlan:
    problems = []
    lacks = f"{desired.label} does not exist and cannot be created without"
    if not desired.fields.get("app"):
        problems.append(f"{lacks} the name of its KDApp. Give app.")
    if not desired.roles:
        problems.append(f"{lacks} roles. Give roles.")
    problems += [
        f"{desired.label}: role {role.id} cannot be created without limits of memory and cpu. Give resources."
        for role in desired.roles
        if not {"memory", "cpu"} <= role.fields.get("resources", {}).get("limits", {}).keys()
    ]
    connections = connections_after(desired.connections, desired.name, Connections())
    metadata: JsonObject = {"name": desired.name, "namespace": desired.namespace}
    for field in ("labels", "annotations"):
        given = {k: v for k, v in getattr(desired, field).items() if v is not None}
        if given:
            metadata[field] = given
    spec: JsonObject = {
        **desired.fields,
        "roles": [role_after(role, {}, None) for role in desired.roles],
        "connections": connections.as_lists(),
    }
    manifest = _manifest(metadata, spec)
    # Without a catalog the operator looks into both; only it can see its own namespace.
    looked_for = {"app": "", "appCatalog": facts.SYSTEM_CATALOG, **spec}
    planned = parse_kdcluster({**manifest, "spec": looked_for})
    snapshot = dataclasses.replace(snapshot, clusters={**snapshot.clusters, desired.name: planned})
    problems += failed_preconditions(desired.connections, snapshot, {desired.name: connections})
    if problems:
        raise PreconditionError(problems)
    return ClusterPlan("created", manifest, None, manifest, snapshot.links)


def _update(
    desired: DesiredCluster, found: JsonObject, snapshot: Snapshot, held: HeldSecretKeys | None
) -> ClusterPlan:
    cluster = snapshot.clusters[desired.name]
    if cluster.terminating:
        raise PreconditionError(
            [f"{desired.label} is being deleted. Wait until it is gone, then run the task again."]
        )
    connections = connections_after(
        desired.connections,
        desired.name,
        repointed(cluster.connections, repoints_to_wanted(desired.connections, snapshot)),
    )
    problems = list(
        failed_preconditions(desired.connections, snapshot, {desired.name: connections})
    )
    spec = found["spec"]
    after: JsonObject = dict(spec)
    patch: list[JsonObject] = []
    for field, value in desired.fields.items():
        if same_field(field, value, spec.get(field)):
            continue
        after[field] = value
        op = "replace" if field in spec else "add"
        patch += _guarded(f"/spec/{field}", spec.get(field), value, op)
        if field in _FIXED:
            problems.append(
                f"{desired.label} has {field} {spec.get(field)!r}, which cannot be changed. Leave it as it is, or "
                "delete the KDCluster and create it again."
            )
    roles = spec.get("roles") or []
    after["roles"] = _roles_after(desired, roles, held)
    problems += _role_problems(desired, found, after["roles"])
    patch += _role_patch(roles, after["roles"])
    if patch and cluster.restoring and connections == cluster.connections:
        problems.append(restoring(cluster).sentence)
    if problems:
        raise PreconditionError(problems)
    if connections != cluster.connections:
        patch += connection_patch(cluster, connections)
        after["connections"] = connections.as_lists()
    metadata = dict(found["metadata"])
    for field in ("labels", "annotations"):
        patch += _metadata_patch(field, getattr(desired, field), metadata)
    planned = {**found, "metadata": metadata, "spec": after}
    links = union(snapshot.links, {desired.name: connections.clusters})
    return ClusterPlan("updated" if patch else "unchanged", patch, found, planned, links)


def _roles_after(
    desired: DesiredCluster, found: list[JsonObject], held: HeldSecretKeys | None
) -> list[JsonObject]:
    """All roles: existing ones in their order, then new ones."""
    described = {role.id: role for role in desired.roles}
    there = {role["id"] for role in found}
    return [
        *(
            role_after(described[role["id"]], role, (held or {}).get(role["id"]))
            if role["id"] in described
            else role
            for role in found
        ),
        *(role_after(role, {}, None) for role in desired.roles if role.id not in there),
    ]


def _role_problems(
    desired: DesiredCluster, found: JsonObject, after: list[JsonObject]
) -> t.Iterator[str]:
    before = {role["id"]: role for role in found["spec"].get("roles") or []}
    # To the operator, a role in the status has members (source: validateRoleChanges).
    populated = {role.get("id") for role in (found.get("status") or {}).get("roles") or ()}
    for role in after:
        old = before.get(role["id"])
        fields = changed_fields(old, role) if old is not None else []
        if fields and role["id"] in populated:
            yield (
                f"{desired.label}: role {role['id']} has members, so only their number can be changed, but this "
                f"would change {', '.join(fields)}. Leave that as it is, scale the role to 0 members first if its "
                "KDApp allows that, or delete the KDCluster and create it again."
            )
        if old is None and "resources" not in role:
            yield f"{desired.label}: role {role['id']} is new and needs resources. Give resources."


def _role_patch(before: list[JsonObject], after: list[JsonObject]) -> list[JsonObject]:
    pairs = list(zip(before, after))
    if len(before) != len(after) or any(changed_fields(old, new) for old, new in pairs):
        return _guarded("/spec/roles", before, after, "replace")
    patch: list[JsonObject] = []
    for index, (old, new) in enumerate(pairs):
        if old != new:
            path = f"/spec/roles/{index}"
            patch.append({"op": "test", "path": f"{path}/id", "value": old["id"]})
            patch += _guarded(f"{path}/members", old.get("members"), new["members"])
    return patch


def _metadata_patch(
    field: str, desired: t.Mapping[str, str | None], metadata: JsonObject
) -> list[JsonObject]:
    """The JSON patch of labels or annotations; updates `metadata`."""
    have = metadata.get(field) or {}
    differing = {key: value for key, value in desired.items() if have.get(key) != value}
    if not differing:
        return []
    metadata[field] = {k: v for k, v in {**have, **differing}.items() if v is not None}
    if not have:
        return _guarded(f"/metadata/{field}", None, differing)
    patch: list[JsonObject] = []
    for key, value in differing.items():
        path = f"/metadata/{field}/{key.replace('~', '~0').replace('/', '~1')}"
        if value is None:
            patch.append({"op": "remove", "path": path})
        else:
            patch.append({"op": "add", "path": path, "value": value})
    return patch


def _guarded(path: str, old: t.Any, new: t.Any, op: str = "add") -> list[JsonObject]:
    return [{"op": "test", "path": path, "value": old}, {"op": op, "path": path, "value": new}]


def _manifest(metadata: JsonObject, spec: JsonObject) -> JsonObject:
    return {
        "apiVersion": facts.API_VERSION,
        "kind": facts.KDCLUSTER_KIND,
        "metadata": metadata,
        "spec": spec,
    }


def _wishes(manifest: JsonObject) -> list[JsonObject]:
    metadata = manifest["metadata"]
    return [manifest["spec"], *(metadata.get(field) or {} for field in ("labels", "annotations"))]


def _paths(desired: DesiredCluster, found: JsonObject, snapshot: Snapshot) -> set[str]:
    """The paths to write."""
    cluster = parse_kdcluster(found)
    seen = dataclasses.replace(snapshot, clusters={**snapshot.clusters, cluster.name: cluster})
    plan = make_cluster_plan(desired, found, seen)
    return {op["path"] for op in plan.body if op["op"] != "test"}


def _secret_keys(desired: DesiredCluster, manifest: JsonObject) -> dict[str, t.Any]:
    """Stored secret keys by role: each write encrypts differently."""
    described = {role.id for role in desired.roles if role.secret_keys}
    return {
        role["id"]: [(key.get("name"), key.get("encryptedValue")) for key in role["secretKeys"]]
        for role in manifest["spec"].get("roles") or ()
        if role["id"] in described and role.get("secretKeys")
    }


def _side(desired: DesiredCluster, manifest: JsonObject | None) -> JsonObject | None:
    if manifest is None:
        return None
    metadata, spec = manifest["metadata"], manifest["spec"]
    side: JsonObject = {
        field: {
            k: v for k, v in (metadata.get(field) or {}).items() if k in getattr(desired, field)
        }
        for field in ("labels", "annotations")
    }
    return {
        **side,
        "spec": {**spec, "roles": [_shown_role(role) for role in spec.get("roles") or ()]},
    }


def _shown_role(role: JsonObject) -> JsonObject:
    shown = dict(role)
    if "secretKeys" in role:
        shown["secretKeys"] = {
            key.get("name", ""): HIDDEN_NEW if "value" in key else HIDDEN
            for key in role["secretKeys"]
        }
    if role.get("env"):
        shown["env"] = [_shown_variable(variable) for variable in role["env"]]
    return shown


def _shown_variable(variable: JsonObject) -> JsonObject:
    if not variable.get("value"):
        return variable
    name, value = str(variable.get("name")), str(variable["value"])
    return {**variable, "value": without_credentials_in(name, value, HIDDEN)}
