# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kd_connection returns: plan and outcome, without secrets."""

from __future__ import annotations

import typing as t

from .._core.credential_forms import without_credentials_in
from .._core.json_types import JsonObject
from .._core.object_diff import object_diff
from .._core.redaction import HIDDEN, HIDDEN_NEW
from .._kubedirector import facts

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import KDCluster, LiveObject, Snapshot
    from .._observe.start_script import Reconnect
    from .plan import ObjectChange, Plan
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

    :param as_planned: show the plan as if it were written (check mode).
    :param reconnects: by pod, where it is known.
    """
    objects: list[JsonObject] = [
        {
            "kind": change.kind,
            "namespace": snapshot.namespace,
            "name": change.version_of or change.name,
            "type": change.type,
            "action": change.shown_action
            if as_planned
            else _action_so_far(change, snapshot, progress),
            "versioned_name": change.name if change.version_of else None,
        }
        for change in plan.objects
    ]
    kdclusters: list[JsonObject] = []
    for change in plan.clusters:
        cluster = snapshot.clusters.get(change.name)
        if cluster is None:
            continue
        written = change.changed if as_planned else change.name in progress.clusters
        stayed = ("KDCluster", change.name) not in progress.overwritten
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
    begun = bool(progress.repointed or progress.objects or progress.clusters)
    return {
        "changed": plan.changed if as_planned else begun,
        "objects": objects,
        "kdclusters": kdclusters,
    }


def _action_so_far(change: ObjectChange, snapshot: Snapshot, progress: Progress) -> str:
    """The action, if it was done and stayed; else "unchanged", or "absent" if the object does not exist."""
    if change.key in progress.objects and change.key not in progress.overwritten:
        return change.action
    return "unchanged" if snapshot.objects.get(change.key) else "absent"


def _members(cluster: KDCluster, reconnects: t.Mapping[str, Reconnect]) -> list[JsonObject]:
    return [
        {
            "pod": member.pod,
            "role": member.role,
            "node_id": member.node_id,
            "has_configmeta": member.has_configmeta,
            "reconnect": {"rc": reconnect.exit_code, "stderr": reconnect.stderr}
            if (reconnect := reconnects.get(member.pod))
            else None,
        }
        for member in cluster.members
    ]


def plan_diff(plan: Plan, namespace: str) -> list[JsonObject]:
    """Make the --diff: an entry for each object and KDCluster that changes.

    It shows no credentials, and no value of a Secret or its annotations, where kubectl apply keeps a copy.
    """
    objects = (
        object_diff(f"{one.kind} {namespace}/{one.name}", *_sides(one))
        for one in plan.object_writes
    )
    clusters = (
        object_diff(
            f"KDCluster {namespace}/{one.name}",
            *({"connections": side.as_lists()} for side in (one.before, one.after)),
        )
        for one in plan.cluster_writes
    )
    return [*objects, *clusters]


def _sides(change: ObjectChange) -> tuple[JsonObject | None, JsonObject | None]:
    old = None if change.found is None else _side(change.found)
    new = None if change.action == "deleted" else _patched(old or {}, change.body)
    sides = _hide(change.kind, old, {}), _hide(change.kind, new, old or {})
    if change.found is not None and change.found.data is None:
        for side in filter(None, sides):
            # Empty data would say that there is none.
            side.pop("data")
    return sides


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
    """A side after a merge patch; a manifest to create is a patch on nothing."""
    given = {**body.get("metadata", {}), **body}
    return {
        field: {
            key: value
            for key, value in {**side.get(field, {}), **(given.get(field) or {})}.items()
            if value is not None
        }
        for field in _FIELDS
    }


def _hide(kind: str, side: JsonObject | None, before: JsonObject) -> JsonObject | None:
    """A side without secret values; a changed one shows as another."""
    if side is None:
        return None
    hidden = dict(side)
    for field in ("data", "annotations", "binaryData"):
        known = before.get(field, {})
        # Bytes may hold a credential anywhere.
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
