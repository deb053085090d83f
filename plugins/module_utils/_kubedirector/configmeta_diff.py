# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare configmeta of members with one another and with what is live. Pure.

Results name objects, keys and paths, never a value.
"""

from __future__ import annotations

import base64
import collections.abc
import itertools
import typing as t

from . import facts
from .configmeta import decoded

if t.TYPE_CHECKING:
    from .._core.json_types import JsonMapping
    from .snapshot import KDCluster, LiveObject, Snapshot

    # Name and reason.
    Stale = t.Iterator[tuple[str, str]]

# A file may differ everywhere; more differences do not help.
MAX_DIFFERENCES = 100
_MAX_PATHS = 10
_NOT_CONNECTED = "the member still holds it, but it is no longer connected"
_NOT_HELD = "it is connected, but the member does not hold it"


def differing_paths(one: t.Any, other: t.Any, path: str = "") -> t.Iterator[str]:
    """Where two structures differ, such as "connections.configmaps.model[0].data.path"."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}, key=str):
            inner = f"{path}.{key}" if path else str(key)
            if key not in one or key not in other:
                yield inner
            else:
                yield from differing_paths(one[key], other[key], inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other)):
            yield from differing_paths(left, right, f"{path}[{index}]")
    elif one != other:
        yield path


def member_differences(configmetas: t.Mapping[str, JsonMapping]) -> list[dict[str, str]]:
    """Compare all members with the first, except for what is a member's own.

    :param configmetas: pod to its configmeta.
    :returns: [{pod, other_pod, path}], at most MAX_DIFFERENCES.
    """
    shared = {
        pod: {
            key: _without_order(value) if key == "nodegroups" else value
            for key, value in content.items()
            # The only member-specific part (source: pkg/catalog/configmeta.go; measured).
            if key != "node"
        }
        for pod, content in configmetas.items()
    }
    first = next(iter(shared), "")
    differences = (
        {"pod": first, "other_pod": pod, "path": path}
        for pod, content in shared.items()
        if pod != first
        for path in differing_paths(shared[first], content)
    )
    return list(itertools.islice(differences, MAX_DIFFERENCES))


def _without_order(nodegroups: t.Any) -> t.Any:
    """Sort each role's lists: the operator puts members in set-up before configured ones, so the order depends on a
    member's age (source: calcMembersForRoles)."""
    if isinstance(nodegroups, dict):
        return {key: _without_order(value) for key, value in nodegroups.items()}
    if isinstance(nodegroups, list):
        return sorted(nodegroups, key=str)
    return nodegroups


def stale_parts(
    configmeta: JsonMapping, cluster: KDCluster, snapshot: Snapshot
) -> list[dict[str, str]]:
    """Say where a member's configmeta differs from what is live.

    :param snapshot: should have what the KDCluster names, with data; a named object that it lacks is not compared.
    :returns: [{kind, name, reason}]; always lists named objects that the operator skips, since they do not exist or
        have no type label.
    """
    held = configmeta.get("connections") or {}
    names = cluster.connections
    found = {
        "ConfigMap": _stale_objects(
            "ConfigMap", held.get("configmaps"), names.configmaps, snapshot
        ),
        "Secret": _stale_objects("Secret", held.get("secrets"), names.secrets, snapshot),
        "KDCluster": _stale_clusters(held.get("clusters") or {}, names.clusters, snapshot),
    }
    return [
        {"kind": kind, "name": name, "reason": reason}
        for kind, stale in found.items()
        for name, reason in stale
    ]


def differing_keys(
    configmeta: JsonMapping, kind: str, name: str, values: t.Mapping[str, str | None]
) -> list[str] | None:
    """Say which of an object's values a member does not hold.

    :param values: key to value, a Secret's in base64; None if the key must be absent.
    :returns: keys, sorted; None if it does not hold the object.
    """
    held = (configmeta.get("connections") or {}).get(f"{kind.lower()}s") or {}
    for entries in held.values():
        for entry in entries or ():
            if _name_of(kind, entry) == name:
                data = entry.get("data") or {}
                return sorted(key for key, value in values.items() if data.get(key) != value)
    return None


def _stale_objects(
    kind: str, held: JsonMapping | None, names: t.Sequence[str], snapshot: Snapshot
) -> Stale:
    live: dict[str, LiveObject] = {}
    by_type: dict[str, list[LiveObject]] = {}
    skipped: dict[str, str] = {}
    for name in names:
        if (kind, name) not in snapshot.objects:
            continue
        found = snapshot.objects[(kind, name)]
        if found is None:
            skipped[name] = "it does not exist"
        elif found.type is None:
            skipped[name] = f"it has no type label {facts.TYPE_LABELS[kind]}"
        else:
            live[name] = found
            by_type.setdefault(found.type, []).append(found)
    held = held or {}
    held_types = {
        _name_of(kind, entry): object_type
        for object_type, entries in held.items()
        for entry in entries or ()
    }
    for name, why in skipped.items():
        yield name, _skipped(why, held=name in held_types)
    for name in held_types:
        if name not in names:
            yield name, _NOT_CONNECTED
    for name, found in live.items():
        if name not in held_types:
            yield name, _NOT_HELD
        elif held_types[name] != found.type:
            yield name, f"its type is now {found.type}"
    for object_type, objects in by_type.items():
        held_entries = {_name_of(kind, entry): entry for entry in held.get(object_type) or ()}
        for found in objects:
            paths = _different_parts(held_entries.get(found.name), found)
            if paths:
                shown = ", ".join(paths[:_MAX_PATHS])
                more = " and more" if len(paths) > _MAX_PATHS else ""
                yield found.name, f"differs in {shown}{more}"
        order = [name for name in held_entries if name in live and live[name].type == object_type]
        wanted = [found.name for found in objects]
        if sorted(order) == sorted(wanted) and order != wanted:
            yield order[0], f"the {kind}s of type {object_type} stand in another order"


def _different_parts(held: JsonMapping | None, found: LiveObject) -> list[str]:
    """Paths at which a member's object differs from the live one; at most one more than is shown."""
    if held is None:
        return []
    # The operator writes a Secret's strings in base64.
    written: t.Callable[[str], str] = _encoded if found.kind == "Secret" else str
    live: dict[str, t.Any] = {
        "metadata": {"name": written(found.name)},
        "data": found.data,
        "labels": {key: written(value) for key, value in found.labels.items()},
        "annotations": {key: written(value) for key, value in found.annotations.items()},
    }
    # Compare only data that was read.
    comparable = {part: held[part] for part in held if live.get(part, {}) is not None}
    different = differing_paths(_normal(comparable), _normal(live))
    return list(itertools.islice(different, _MAX_PATHS + 1))


def _normal(entry: JsonMapping) -> dict[str, t.Any]:
    """Empty maps come as null, {} or not at all; users of a member may add parts of any form."""
    return {
        part: dict(values) if isinstance(values, collections.abc.Mapping) else values
        for part, values in entry.items()
        if values
    }


def _name_of(kind: str, entry: JsonMapping) -> str:
    name = str((entry.get("metadata") or {}).get("name", ""))
    return decoded(name) if kind == "Secret" else name


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _skipped(why: str, *, held: bool) -> str:
    holds = "still holds it" if held else "does not hold it"
    return f"the KDCluster names it, but {why}; the member {holds}"


def _stale_clusters(held: JsonMapping, names: t.Sequence[str], snapshot: Snapshot) -> Stale:
    for name in held:
        if name not in names:
            yield name, _NOT_CONNECTED
    for name in names:
        live = snapshot.clusters.get(name)
        entry = held.get(name)
        if live is None:
            yield name, _skipped("it does not exist", held=entry is not None)
        elif entry is None:
            yield name, _NOT_HELD
        elif (entry.get("cluster") or {}).get("id") != live.uid:
            yield name, "the member holds a former KDCluster of this name"
        elif reason := _members_differ(entry, live):
            yield name, reason


def _members_differ(entry: JsonMapping, live: KDCluster) -> str | None:
    """Compare the numbers of members, and that each is alive: the operator repeats a role's last member in place of
    each (measured; upstream bug)."""
    nodegroup = (entry.get("nodegroups") or {}).get("1") or {}
    held = {
        role: node_ids
        for role, content in (nodegroup.get("roles") or {}).items()
        if (node_ids := content.get("node_ids"))
    }
    alive: dict[str, list[str]] = {}
    for member in live.members:
        alive.setdefault(member.role, []).append(member.node_id)
    if {role: len(ids) for role, ids in held.items()} != {r: len(i) for r, i in alive.items()}:
        return "the number of its members has changed"
    if any(not set(ids) <= set(alive[role]) for role, ids in held.items()):
        return "its members have been replaced"
    return None
