# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as lines for people. Pure; names and counts only, never a value."""

from __future__ import annotations

import typing as t

from .._kubedirector import facts
from .connections_after import CONNECTION_KINDS

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import KDCluster, Snapshot
    from .plan import ClusterChange, ObjectChange, Plan

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


def rotation_lines(
    plan: Plan, snapshot: Snapshot, keys: t.Sequence[str], twice: t.Container[str]
) -> list[str]:
    """Write a rotation: the namespace, then a line for the object and each KDCluster that names it.

    :param keys: those that get another value.
    :param twice: KDClusters that name a copy meanwhile, so that their start scripts run twice.
    :returns: lines such as "  ~ Secret git-login (source-control)      update key token".
    """
    lines = [snapshot.namespace]
    for change in plan.objects:
        if keys:
            does = f"update {'key' if len(keys) == 1 else 'keys'} {', '.join(keys)}"
            lines.append(_line("~", _object_words(change), does))
        else:
            lines.append(_line(*_object_parts(change)))
    for one in plan.clusters:
        if keys or one.changed:
            runs = "twice" if one.name in twice else "once"
            lines.append(_line("~", one.name, _member_words(snapshot.clusters[one.name], runs)))
        else:
            lines.append(_line(*_cluster_parts(one, snapshot)))
    return lines


def _line(sign: str, what: str, does: str) -> str:
    return f"  {sign} {what:<{_COLUMN}} {does}"


def _object_parts(change: ObjectChange) -> tuple[str, str, str]:
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
    return _SIGNS[change.action], _object_words(change), does


def _cluster_parts(change: ClusterChange, snapshot: Snapshot) -> tuple[str, str, str]:
    if not change.changed:
        return "=", change.name, "unchanged"
    parts = []
    for field, kind in CONNECTION_KINDS.items():
        before, after = getattr(change.before, field), getattr(change.after, field)
        parts += [f"+ {kind} {name}" for name in after if name not in before]
        parts += [f"- {kind} {name}" for name in before if name not in after]
    words = _member_words(snapshot.clusters[change.name])
    return "~", change.name, f"{', '.join(parts) or 'another order'}; {words}"


def _object_words(change: ObjectChange) -> str:
    type_label = f" ({change.type})" if change.type else ""
    return f"{change.kind} {change.version_of or change.name}{type_label}"


def _member_words(cluster: KDCluster, runs: str = "once") -> str:
    running = [
        member
        for member in cluster.members
        if member.state == facts.MEMBER_CONFIGURED and member.has_configmeta
    ]
    script = f"start script runs {runs}" if running else "no start script runs"
    return f"{_count(len(cluster.members), 'member')}, {script}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
