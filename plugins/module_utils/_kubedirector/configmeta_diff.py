# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare configmeta: of members with one another, and of a member with what is live. Pure.

What comes out names objects, keys and paths, never a value.
"""

from __future__ import annotations

import base64
import itertools
import typing as t

from . import facts
from .configmeta import decoded

if t.TYPE_CHECKING:
    from .._core.json_types import JsonMapping
    from .snapshot import (
        KDCluster,
        LiveObject,
        Snapshot,
    )


# The only part that is a member's own (source: pkg/catalog/configmeta.go; measured).
OWN_PART = "node"
# A member's file may differ everywhere; more differences than these do not help.
MAX_DIFFERENCES = 100
_MAX_PATHS = 10


def differing_paths(one: t.Any, other: t.Any, path: str = "") -> t.Iterator[str]:
    """Say where two structures differ, as dotted paths ("connections.configmaps.model[0].data.path")."""
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
    """Compare all members with the first one, leaving out what is a member's own.

    :param configmetas: pod to its configmeta.
    :returns: [{pod, other_pod, path}], the first MAX_DIFFERENCES of them; empty when all agree.
    """
    shared = {
        pod: {
            key: _without_order(value) if key == "nodegroups" else value
            for key, value in content.items()
            if key != OWN_PART
        }
        for pod, content in configmetas.items()
    }
    first = next(iter(shared), None)
    if first is None:
        return []
    differences = (
        {"pod": first, "other_pod": pod, "path": path}
        for pod, content in shared.items()
        if pod != first
        for path in differing_paths(shared[first], content)
    )
    return list(itertools.islice(differences, MAX_DIFFERENCES))


def _without_order(nodegroups: t.Any) -> t.Any:
    """Nodegroups with each role's lists sorted: the operator lists the members that it is setting up
    before those that are configured, so that members of different ages hold another order (source:
    calcMembersForRoles)."""
    if isinstance(nodegroups, dict):
        return {key: _without_order(value) for key, value in nodegroups.items()}
    if isinstance(nodegroups, list):
        return sorted(nodegroups, key=str)
    return nodegroups


def stale_parts(
    configmeta: JsonMapping, cluster: KDCluster, snapshot: Snapshot
) -> list[dict[str, str]]:
    """Say what in a member's configmeta does not equal what is live.

    :param snapshot: holds with data what the KDCluster names; what it does not hold is not compared.
    :returns: [{kind, name, reason}]; empty when nothing differs. What the KDCluster names and the operator
        skips, since it does not exist or has no type label, is never as it should be.
    """
    held = configmeta.get("connections") or {}
    return [
        *_stale_objects(
            "ConfigMap", held.get("configmaps"), cluster.connections.configmaps, snapshot
        ),
        *_stale_objects("Secret", held.get("secrets"), cluster.connections.secrets, snapshot),
        *_stale_clusters(held.get("clusters"), cluster, snapshot),
    ]


def differing_keys(
    configmeta: JsonMapping, kind: str, name: str, values: t.Mapping[str, str | None]
) -> list[str] | None:
    """Say which of an object's values a member does not hold.

    :param values: key to value, a Secret's in base64; None where there is to be no such key.
    :returns: keys, sorted; None when it does not hold the object at all.
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
) -> t.Iterator[dict[str, str]]:
    live: dict[str, list[JsonMapping]] = {}
    live_names: dict[str, str] = {}
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
            live.setdefault(found.type, []).append(_as_held(kind, found))
            live_names[name] = found.type
    held = held or {}
    held_names = {
        _name_of(kind, entry): object_type
        for object_type, entries in held.items()
        for entry in entries or ()
    }
    for name, why in skipped.items():
        yield _skipped(kind, name, why, held=name in held_names)
    for name in held_names:
        if name not in names:
            yield _stale(kind, name, "the member still holds it, but it is no longer connected")
    for name, object_type in live_names.items():
        if name not in held_names:
            yield _stale(kind, name, "it is connected, but the member does not hold it")
        elif held_names[name] != object_type:
            yield _stale(kind, name, f"its type is now {object_type}")
    for object_type, entries in live.items():
        held_entries = {_name_of(kind, entry): entry for entry in held.get(object_type) or ()}
        for entry in entries:
            name = _name_of(kind, entry)
            if name in held_entries:
                # Data that were not read cannot be compared.
                parts = [part for part in held_entries[name] if entry.get(part, {}) is not None]
                mine = {part: held_entries[name][part] for part in parts}
                different = differing_paths(_normal(mine), _normal(entry))
                paths = list(itertools.islice(different, _MAX_PATHS + 1))
                if paths:
                    shown = ", ".join(paths[:_MAX_PATHS])
                    more = " and more" if len(paths) > _MAX_PATHS else ""
                    yield _stale(kind, name, f"differs in {shown}{more}")
        order = [name for name in held_entries if live_names.get(name) == object_type]
        if sorted(order) == sorted(_name_of(kind, e) for e in entries) and order != [
            _name_of(kind, e) for e in entries
        ]:
            yield _stale(
                kind, order[0], f"the {kind}s of type {object_type} stand in another order"
            )


def _as_held(kind: str, found: LiveObject) -> JsonMapping:
    """A live object in the form in which the operator puts it into configmeta.json."""
    if kind == "ConfigMap":
        return {
            "metadata": {"name": found.name},
            "data": found.data,
            "labels": found.labels,
            "annotations": found.annotations,
        }
    return {
        "metadata": {"name": _encoded(found.name)},
        "data": found.data,
        "labels": {key: _encoded(value) for key, value in found.labels.items()},
        "annotations": {key: _encoded(value) for key, value in found.annotations.items()},
    }


def _normal(entry: JsonMapping) -> dict[str, t.Any]:
    """Empty maps come as null, {} or not at all."""
    return {part: dict(values) for part, values in entry.items() if values}


def _name_of(kind: str, entry: JsonMapping) -> str:
    name = str((entry.get("metadata") or {}).get("name", ""))
    return decoded(name) if kind == "Secret" else name


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _stale(kind: str, name: str, reason: str) -> dict[str, str]:
    return {"kind": kind, "name": name, "reason": reason}


def _skipped(kind: str, name: str, why: str, *, held: bool) -> dict[str, str]:
    holds = "still holds it" if held else "does not hold it"
    return _stale(kind, name, f"the KDCluster names it, but {why}; the member {holds}")


def _stale_clusters(
    held: JsonMapping | None, cluster: KDCluster, snapshot: Snapshot
) -> t.Iterator[dict[str, str]]:
    held = held or {}
    for name in held:
        if name not in cluster.connections.clusters:
            yield _stale(
                "KDCluster", name, "the member still holds it, but it is no longer connected"
            )
    for name in cluster.connections.clusters:
        live = snapshot.clusters.get(name)
        entry = held.get(name)
        if live is None:
            yield _skipped("KDCluster", name, "it does not exist", held=entry is not None)
        elif entry is None:
            yield _stale("KDCluster", name, "it is connected, but the member does not hold it")
        elif (entry.get("cluster") or {}).get("id") != live.uid:
            yield _stale("KDCluster", name, "the member holds a former KDCluster of this name")
        else:
            reason = _members_differ(entry, live)
            if reason:
                yield _stale("KDCluster", name, reason)


def _members_differ(entry: JsonMapping, live: KDCluster) -> str | None:
    """Compare a connected KDCluster's members by role.

    The operator repeats the last member of a role for each of them (measured; upstream bug), so it
    is compared how many there are, and that each of them is one that lives.
    """
    nodegroup = (entry.get("nodegroups") or {}).get("1") or {}
    held = {
        role: list(content.get("node_ids") or ())
        for role, content in (nodegroup.get("roles") or {}).items()
    }
    alive: dict[str, list[str]] = {}
    for member in live.members:
        alive.setdefault(member.role, []).append(member.node_id)
    held = {role: node_ids for role, node_ids in held.items() if node_ids}
    if {role: len(ids) for role, ids in held.items()} != {r: len(i) for r, i in alive.items()}:
        return "the number of its members has changed"
    if any(not set(ids) <= set(alive[role]) for role, ids in held.items()):
        return "its members have been replaced"
    return None
