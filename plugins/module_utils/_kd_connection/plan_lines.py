# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as lines for people. Pure; names and counts only, never a value."""

from __future__ import annotations

import typing as t

from .._kubedirector import facts
from .._reconcile.connections_after import CONNECTION_KINDS

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import Snapshot
    from .._reconcile.plan import ClusterChange, ObjectChange, Plan

_SIGNS = {"created": "+", "updated": "~", "unchanged": "=", "deleted": "-"}
_VERBS = {"created": "create", "updated": "update", "unchanged": "unchanged", "deleted": "delete"}
_COLUMN = 40


def plan_lines(plan: Plan, snapshot: Snapshot) -> list[str]:
    """Write a plan: the namespace, then a line for each object and each KDCluster.

    :returns: lines such as "  + Secret git-login (source-control)      create, 7 keys".
    """
    lines = [snapshot.namespace]
    lines += (_line(*_object_parts(change)) for change in plan.objects)
    lines += (_line(*_cluster_parts(change, snapshot)) for change in plan.clusters)
    return lines


def _line(sign: str, what: str, does: str) -> str:
    return f"  {sign} {what:<{_COLUMN}} {does}"


def _object_parts(change: ObjectChange) -> tuple[str, str, str]:
    type_label = f" ({change.type})" if change.type else ""
    what = f"{change.kind} {change.version_of or change.name}{type_label}"
    does = _VERBS[change.action]
    if change.action == "unchanged" and change.found is None:
        does = "absent"
    keys = [key for field in ("data", "binaryData") for key in change.body.get(field) or ()]
    if change.action in ("created", "updated"):
        fields = [
            name for name in ("labels", "annotations") if name in change.body.get("metadata", {})
        ]
        parts = [_count(len(keys), "key")] if keys else []
        if change.action == "updated":
            parts += fields
        does = ", ".join([does, *parts])
    return _SIGNS[change.action], what, does


def _cluster_parts(change: ClusterChange, snapshot: Snapshot) -> tuple[str, str, str]:
    if not change.changed:
        return "=", change.name, "unchanged"
    parts = []
    for field, kind in CONNECTION_KINDS.items():
        before, after = getattr(change.before, field), getattr(change.after, field)
        parts += [f"+ {kind} {name}" for name in after if name not in before]
        parts += [f"- {kind} {name}" for name in before if name not in after]
    members = snapshot.clusters[change.name].members
    running = [
        member
        for member in members
        if member.state == facts.MEMBER_CONFIGURED and member.has_configmeta
    ]
    runs = "start script runs once" if running else "no start script runs"
    return (
        "~",
        change.name,
        f"{', '.join(parts) or 'another order'}; {_count(len(members), 'member')}, {runs}",
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
