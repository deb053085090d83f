# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for one KDCluster: desired KDCluster + snapshot -> what to write, or why not. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import PreconditionError
from .._kubedirector import facts
from .._kubedirector.problems import restoring
from .._kubedirector.snapshot import (
    Connections,
    parse_kdcluster,
)
from .._reconcile.connections_after import connections_after
from .._reconcile.plan import (
    connection_patch,
)
from .._reconcile.preconditions import (
    failed_preconditions,
)
from .._reconcile.shared_objects import (
    repointed,
    repoints_to_wanted,
)
from .role_form import (
    LABELS,
    changed_fields,
    role_after,
    same_field,
)

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._kubedirector.snapshot import Snapshot
    from .desired import (
        DesiredCluster,
    )

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
    :param links: every KDCluster's connected KDClusters, before and after the change taken together.
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

    @property
    def metadata_keys(self) -> list[str]:
        """The labels and annotations that the plan would change."""
        before, after = ((one or {}).get("metadata") or {} for one in (self.before, self.after))
        return [
            key
            for field in ("labels", "annotations")
            for have, want in [(before.get(field) or {}, after.get(field) or {})]
            for key in sorted(have.keys() | want.keys())
            if have.get(key) != want.get(key)
        ]


def same_wishes(one: JsonObject, other: JsonObject) -> bool:
    """Whether two states of a KDCluster have the same spec, labels and annotations."""

    def wishes(manifest: JsonObject) -> list[t.Any]:
        metadata = manifest["metadata"]
        return [
            manifest.get("spec"),
            *(metadata.get(field) or {} for field in ("labels", "annotations")),
        ]

    return wishes(one) == wishes(other)


def make_cluster_plan(
    desired: DesiredCluster,
    found: JsonObject | None,
    snapshot: Snapshot,
    held: HeldSecretKeys | None = None,
) -> ClusterPlan:
    """Decide what to write.

    :param found: the KDCluster as the API server gives it, or None.
    :param snapshot: all KDClusters of the namespace, and what this one names or is to name.
    :param held: role to its secret keys' plain values, as members hold them; None if no member can be read.
    :raises PreconditionError: all reasons why the plan is impossible; nothing was written.
    """
    if desired.absent:
        return _deletion(desired, found, snapshot)
    if found is None:
        return _creation(desired, snapshot)
    return _update(desired, found, snapshot, held)


def cluster_like(desired: DesiredCluster, found: JsonObject) -> JsonObject | None:
    """Return a new KDCluster with the desired labels and annotations of roles, to be tried dry; None if none are desired.

    Without connections and secret keys, which have nothing to do with them.
    """
    if not any(field in LABELS for role in desired.roles for field in role.fields):
        return None
    spec = {key: value for key, value in found["spec"].items() if key != "connections"}
    roles = _roles_after(desired, spec.get("roles") or [], None)
    spec["roles"] = [{k: v for k, v in role.items() if k != "secretKeys"} for role in roles]
    metadata = {"name": "kd-dry-run", "namespace": desired.namespace}
    return {
        "apiVersion": facts.API_VERSION,
        "kind": facts.KDCLUSTER_KIND,
        "metadata": metadata,
        "spec": spec,
    }


def _deletion(desired: DesiredCluster, found: JsonObject | None, snapshot: Snapshot) -> ClusterPlan:
    links = _links(snapshot)
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
    if cluster.restoring and not cluster.deletable_while_restoring and not _is_terminating(found):
        progress = f" ({cluster.restore_progress})" if cluster.restore_progress else ""
        raise PreconditionError(
            [
                f"{desired.label} is not deleted, because it carries the label {facts.RESTORING_LABEL}{progress}: "
                "the operator refuses that until it is restored. Wait for that, or set the label "
                f"{facts.DELETABLE_LABEL} (with any value) as well; resources of the restore may be left then."
            ]
        )
    action = "unchanged" if _is_terminating(found) else "deleted"
    return ClusterPlan(action, None, found, None, links)


def _creation(desired: DesiredCluster, snapshot: Snapshot) -> ClusterPlan:
    problems = [
        f"{desired.label} does not exist and cannot be created without {what}. Give {option}."
        for option, what, given in (
            ("app", "the name of its KDApp", desired.fields.get("app")),
            ("roles", "roles", desired.roles),
        )
        if not given
    ]
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
    manifest = {
        "apiVersion": facts.API_VERSION,
        "kind": facts.KDCLUSTER_KIND,
        "metadata": metadata,
        "spec": spec,
    }
    # With no catalog given the operator looks into both, and only it can see its own namespace.
    looked_for = {"app": "", "appCatalog": facts.SYSTEM_CATALOG, **spec}
    planned = parse_kdcluster({**manifest, "spec": looked_for})
    snapshot = dataclasses.replace(snapshot, clusters={**snapshot.clusters, desired.name: planned})
    problems += failed_preconditions(desired.connections, snapshot, {desired.name: connections})
    if problems:
        raise PreconditionError(problems)
    return ClusterPlan("created", manifest, None, manifest, _links(snapshot))


def _update(
    desired: DesiredCluster, found: JsonObject, snapshot: Snapshot, held: HeldSecretKeys | None
) -> ClusterPlan:
    if _is_terminating(found):
        raise PreconditionError(
            [f"{desired.label} is being deleted. Wait until it is gone, then run the task again."]
        )
    cluster = snapshot.clusters[desired.name]
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
        patch.append({"op": "test", "path": f"/spec/{field}", "value": spec.get(field)})
        patch.append(
            {"op": "replace" if field in spec else "add", "path": f"/spec/{field}", "value": value}
        )
        if field in _FIXED:
            problems.append(
                f"{desired.label} has {field} {spec.get(field)!r}, which cannot be changed. Leave it as it is, or "
                "delete the KDCluster and create it again."
            )
    after["roles"] = _roles_after(desired, spec.get("roles") or [], held)
    problems += _role_problems(desired, found, after["roles"])
    patch += _role_patch(spec.get("roles") or [], after["roles"])
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
    both = (*cluster.connections.clusters, *connections.clusters)
    links = {**_links(snapshot), desired.name: tuple(dict.fromkeys(both))}
    return ClusterPlan("updated" if patch else "unchanged", patch, found, planned, links)


def _roles_after(
    desired: DesiredCluster, found: list[JsonObject], held: HeldSecretKeys | None
) -> list[JsonObject]:
    """All roles: those that are there, in their order, then new ones. Roles not named are left alone."""
    described = {role.id: role for role in desired.roles}
    there = {role["id"] for role in found}

    def held_of(role_id: str) -> t.Mapping[str, str] | None:
        return None if held is None else held.get(role_id)

    return [
        *(
            role_after(described[role["id"]], role, held_of(role["id"]))
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
    # The operator's own rule: a role that the status knows has members (source: validateRoleChanges).
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
    """The JSON patch of the roles, guarded by tests of what they were."""
    if before == after:
        return []
    only_sizes = len(before) == len(after) and not any(
        changed_fields(old, new) for old, new in zip(before, after)
    )
    if not only_sizes:
        return [
            {"op": "test", "path": "/spec/roles", "value": before},
            {"op": "replace", "path": "/spec/roles", "value": after},
        ]
    patch: list[JsonObject] = []
    for index, (old, new) in enumerate(zip(before, after)):
        if old == new:
            continue
        path = f"/spec/roles/{index}"
        patch += [
            {"op": "test", "path": f"{path}/id", "value": old["id"]},
            {"op": "test", "path": f"{path}/members", "value": old.get("members")},
            {"op": "add", "path": f"{path}/members", "value": new["members"]},
        ]
    return patch


def _metadata_patch(
    field: str, desired: t.Mapping[str, str | None], metadata: JsonObject
) -> list[JsonObject]:
    """The JSON patch that sets or removes labels or annotations; `metadata` is brought up to date."""
    have = metadata.get(field) or {}
    differing = {key: value for key, value in desired.items() if have.get(key) != value}
    if not differing:
        return []
    metadata[field] = {k: v for k, v in {**have, **differing}.items() if v is not None}
    if not have:
        return [
            {"op": "test", "path": f"/metadata/{field}", "value": None},
            {"op": "add", "path": f"/metadata/{field}", "value": differing},
        ]
    paths = {
        key: f"/metadata/{field}/{key.replace('~', '~0').replace('/', '~1')}" for key in differing
    }
    return [
        {"op": "remove", "path": paths[key]}
        if value is None
        else {"op": "add", "path": paths[key], "value": value}
        for key, value in differing.items()
    ]


def _is_terminating(found: JsonObject) -> bool:
    return bool(found["metadata"].get("deletionTimestamp"))


def _links(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    return {name: cluster.connections.clusters for name, cluster in snapshot.clusters.items()}
