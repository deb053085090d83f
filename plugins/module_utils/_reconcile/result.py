# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kd_connection task returns: plan and outcome in the words of its documentation. No secrets."""

from __future__ import annotations

import typing as t

from .._core.credential_forms import without_credentials_in
from .._core.json_types import JsonObject
from .._core.object_diff import object_diff
from .._core.redaction import HIDDEN, HIDDEN_NEW
from .._kubedirector import facts

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import (
        KDCluster,
        LiveObject,
        Snapshot,
    )
    from .._observe.start_script import (
        Reconnect,
    )
    from .plan import (
        ObjectChange,
        Plan,
    )
    from .writer import Progress

_FIELDS = ("labels", "annotations", "data", "binaryData")


def connection_result(
    plan: Plan,
    snapshot: Snapshot,
    progress: Progress,
    reconnects: t.Mapping[str, Reconnect],
    *,
    as_planned: bool,
) -> JsonObject:
    """Make the return values `changed`, `objects` and `kdclusters`.

    :param snapshot: as last seen.
    :param progress: what was written.
    :param as_planned: tell the plan as if it were written (check mode).
    :param reconnects: by pod, where it is known.
    """
    objects: list[JsonObject] = [
        {
            "kind": change.kind,
            "namespace": snapshot.namespace,
            "name": change.version_of or change.name,
            "type": change.type,
            "action": _action_as_planned(change)
            if as_planned
            else _action_so_far(change, snapshot, progress),
            "versioned_name": change.name if change.version_of else None,
        }
        for change in plan.objects
    ]
    kdclusters: list[JsonObject] = []
    for change in plan.clusters:
        written = change.changed if as_planned else change.name in progress.clusters
        stayed = ("KDCluster", change.name) not in progress.overwritten
        cluster = snapshot.clusters.get(change.name)
        if cluster is None:
            continue
        connections = change.after if as_planned else cluster.connections
        kdclusters.append(
            {
                "namespace": snapshot.namespace,
                "name": change.name,
                "action": "updated" if written and stayed else "unchanged",
                "connections": connections.as_lists(),
                "connection_hash": cluster.stored_hash,
                "spec_generation": cluster.generation,
                "state": cluster.state,
                "members": _members(cluster, reconnects),
            }
        )
    begun = progress.repointed or progress.objects or progress.clusters
    changed = plan.changed if as_planned else bool(begun)
    return {"changed": changed, "objects": objects, "kdclusters": kdclusters}


def _action_as_planned(change: ObjectChange) -> str:
    return "absent" if change.action == "unchanged" and change.found is None else change.action


def _action_so_far(change: ObjectChange, snapshot: Snapshot, progress: Progress) -> str:
    """What was done to an object and stayed, or "absent" where there is none that this task deleted."""
    key = (change.kind, change.name)
    if key in progress.objects and key not in progress.overwritten:
        return change.action
    return "unchanged" if snapshot.objects.get(key) else "absent"


def _members(cluster: KDCluster, reconnects: t.Mapping[str, Reconnect]) -> list[JsonObject]:
    members = []
    for member in cluster.members:
        reconnect = reconnects.get(member.pod)
        members.append(
            {
                "pod": member.pod,
                "role": member.role,
                "node_id": member.node_id,
                "has_configmeta": member.has_configmeta,
                "reconnect": {"rc": reconnect.exit_code, "stderr": reconnect.stderr}
                if reconnect
                else None,
            }
        )
    return members


def plan_diff(plan: Plan, namespace: str) -> list[JsonObject]:
    """Make the --diff of a plan: an entry for each object and KDCluster that changes.

    Of a Secret it shows which keys change, and never a value; nor its annotations' values, where
    kubectl apply keeps a copy of the values. Of a ConfigMap it shows no credentials.
    """
    objects = (
        object_diff(f"{one.kind} {namespace}/{one.name}", *_sides(one))
        for one in plan.objects
        if one.action != "unchanged"
    )
    clusters = (
        object_diff(
            f"KDCluster {namespace}/{one.name}",
            *({"connections": side.as_lists()} for side in (one.before, one.after)),
        )
        for one in plan.clusters
        if one.changed
    )
    return [*objects, *clusters]


def _sides(change: ObjectChange) -> tuple[JsonObject | None, JsonObject | None]:
    old = None if change.found is None else _side(change.found)
    if change.action == "deleted":
        new = None
    else:
        new = _patched(old or {field: {} for field in _FIELDS}, change.body)
    return _hide(change.kind, old, None), _hide(change.kind, new, old)


def _side(found: LiveObject) -> JsonObject:
    return {
        "labels": dict(found.labels),
        "annotations": {
            key: value
            for key, value in found.annotations.items()
            if key != facts.LAST_APPLIED_ANNOTATION
        },
        **found.content,
    }


def _patched(side: JsonObject, body: JsonObject) -> JsonObject:
    """A side of the diff after a merge patch; a manifest to create is a patch on nothing."""
    metadata = body.get("metadata", {})
    given = {**{field: metadata.get(field) for field in _FIELDS}, **body}
    return {
        field: {
            key: value
            for key, value in {**side[field], **(given[field] or {})}.items()
            if value is not None
        }
        for field in _FIELDS
    }


def _hide(kind: str, side: JsonObject | None, other: JsonObject | None) -> JsonObject | None:
    """A side of the diff without secret values.

    :param other: what was before, so that another value shows as one.
    """
    if side is None:
        return None
    hidden = dict(side)
    for field in ("data", "annotations", "binaryData"):
        known = (other or {}).get(field, {})
        # Bytes may hold a credential anywhere, and are not for people to read.
        hides_all = kind == "Secret" or field == "binaryData"
        hidden[field] = {
            key: _hidden(key, value, known.get(key), hides_all=hides_all)
            for key, value in side[field].items()
        }
    if not hidden["binaryData"]:
        del hidden["binaryData"]
    return hidden


def _hidden(key: str, value: str, before: str | None, *, hides_all: bool) -> str:
    def hide(text: str, mask: str) -> str:
        return mask if hides_all else without_credentials_in(key, text, mask)

    shown = hide(value, HIDDEN)
    is_other = before not in (None, value) and shown == hide(str(before), HIDDEN)
    return hide(value, HIDDEN_NEW) if is_other else shown
