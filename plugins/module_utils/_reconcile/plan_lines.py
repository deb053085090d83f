# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as lines for people. Pure; names and counts only, never a value."""

from __future__ import annotations

import typing as t

from .._kubedirector import facts
from .merged_connections import CONNECTION_KINDS

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import KDCluster, Snapshot
    from .plan import ClusterChange, ObjectChange, Plan

_SIGNS = {"created": "+", "updated": "~", "unchanged": "=", "deleted": "-"}
_VERBS = {"created": "create", "updated": "update", "deleted": "delete"}
_COLUMN = 40


def plan_lines(plan: Plan, snapshot: Snapshot) -> list[str]:
    """The namespace, then lines such as "  + Secret git-login (source-control)      create, 7 keys"."""
    return [
        snapshot.namespace,
        *(_object_line(change) for change in plan.objects),
        *(_cluster_line(change, snapshot) for change in plan.clusters),
    ]


def rotation_lines(
    plan: Plan, snapshot: Snapshot, keys: t.Sequence[str], twice: t.Container[str]
) -> list[str]:
    """The same for a rotation.

    :param keys: those that get another value.
    :param twice: KDClusters that name a copy meanwhile, so their start scripts run twice.
    """
    lines = [snapshot.namespace]
    for change in plan.objects:
        if keys:
            does = f"update {'key' if len(keys) == 1 else 'keys'} {', '.join(keys)}"
            lines.append(_line("~", _object_words(change), does))
        else:
            lines.append(_object_line(change))
    for one in plan.clusters:
        if keys or one.changed:
            runs = "twice" if one.name in twice else "once"
            lines.append(_line("~", one.name, _member_words(snapshot.clusters[one.name], runs)))
        else:
            lines.append(_cluster_line(one, snapshot))
    return lines


def _line(sign: str, what: str, does: str) -> str:
    return f"  {sign} {what:<{_COLUMN}} {does}"


def _object_line(change: ObjectChange) -> str:
    parts = [_VERBS.get(change.action, change.shown_action)]
    if keys := sum(len(change.body.get(field) or ()) for field in ("data", "binaryData")):
        parts.append(_count(keys, "key"))
    if change.action == "updated":
        metadata = change.body.get("metadata", {})
        parts += (field for field in ("labels", "annotations") if field in metadata)
    return _line(_SIGNS[change.action], _object_words(change), ", ".join(parts))


def _cluster_line(change: ClusterChange, snapshot: Snapshot) -> str:
    if not change.changed:
        return _line("=", change.name, "unchanged")
    parts = []
    for field, kind in CONNECTION_KINDS.items():
        before, after = getattr(change.before, field), getattr(change.after, field)
        parts += [f"+ {kind} {name}" for name in after if name not in before]
        parts += [f"- {kind} {name}" for name in before if name not in after]
    words = _member_words(snapshot.clusters[change.name])
    return _line("~", change.name, f"{', '.join(parts) or 'another order'}; {words}")


def _object_words(change: ObjectChange) -> str:
    type_label = f" ({change.type})" if change.type else ""
    return f"{change.kind} {change.version_of or change.name}{type_label}"


def _member_words(cluster: KDCluster, runs: str = "once") -> str:
    running = any(
        member.state == facts.MEMBER_CONFIGURED and member.has_configmeta
        for member in cluster.members
    )
    script = f"start script runs {runs}" if running else "no start script runs"
    return f"{_count(len(cluster.members), 'member')}, {script}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
