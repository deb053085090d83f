# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy stands in for an object that linked KDClusters share, while it is changed. Pure.

One write of such an object reaches all of them at once, and the operator gets stuck on linked
KDClusters that change at once (measured). So all but one of them are first made to name a copy that
already holds what is wanted, one settled step after the other; then the object itself is written;
then they are made to name it again. No member is without the object in between.
"""

from __future__ import annotations

import copy
import typing as t

from .._kubedirector import facts
from .._kubedirector.links import (
    in_dependency_order,
    linked_groups,
)
from .._kubedirector.snapshot import Connections

if t.TYPE_CHECKING:
    from .._kubedirector.links import Links

JsonObject = dict[str, t.Any]
Key = tuple[str, str]

_SUFFIX = ".kd-next"
_MAX_NAME = 253
_KEPT = ("apiVersion", "kind", "type", "data", "binaryData")


def copy_name(name: str) -> str:
    """How the copy of an object is called: always the same, so that a later task finds it again."""
    return f"{name[: _MAX_NAME - len(_SUFFIX)].rstrip('.-')}{_SUFFIX}"


def repoints_to_copies(keys: t.Iterable[Key]) -> dict[Key, str]:
    """(kind, name) of each object -> the name of its copy."""
    return {(kind, name): copy_name(name) for kind, name in keys}


def repoints_to_originals(keys: t.Iterable[Key]) -> dict[Key, str]:
    """(kind, name) of each object's copy -> the name of the object."""
    return {(kind, copy_name(name)): name for kind, name in keys}


def repointed(connections: Connections, repoints: t.Mapping[Key, str]) -> Connections:
    """The same connections under other names, each in its place."""

    def changed(kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(repoints.get((kind, name), name) for name in names))

    return Connections(
        clusters=connections.clusters,
        configmaps=changed("ConfigMap", connections.configmaps),
        secrets=changed("Secret", connections.secrets),
    )


def kdclusters_to_repoint(links: Links, names: t.Iterable[str]) -> tuple[str, ...]:
    """Which of the KDClusters that name an object must name its copy while it is changed.

    :returns: all but one of those that are linked to one another, either way and through others;
        in dependency order. Where none is linked to another that is nobody.
    """
    groups = linked_groups(links)
    seen: set[frozenset[str]] = set()
    moved: list[str] = []
    for name in in_dependency_order(links, names):
        group = groups.get(name, frozenset([name]))
        if group in seen:
            moved.append(name)
        seen.add(group)
    return tuple(moved)


def copy_manifest(found: JsonObject | None, name: str, body: JsonObject) -> JsonObject:
    """Make the manifest of an object's copy as the object itself will be.

    :param found: the object as it is; None where there is none yet.
    :param body: the object's manifest where there is none, else the merge patch for it.
    """
    base = body if found is None else found
    manifest = {key: copy.deepcopy(base[key]) for key in _KEPT if base.get(key) is not None}
    metadata: JsonObject = {"name": copy_name(name), "namespace": base["metadata"]["namespace"]}
    patch = {} if found is None else body
    for field in ("labels", "annotations"):
        entries = {
            **(base["metadata"].get(field) or {}),
            **((patch.get("metadata") or {}).get(field) or {}),
        }
        entries.pop(facts.LAST_APPLIED_ANNOTATION, None)
        if entries:
            metadata[field] = entries
    manifest["metadata"] = metadata
    data = {**(manifest.get("data") or {}), **(patch.get("data") or {})}
    manifest["data"] = {key: value for key, value in data.items() if value is not None}
    return manifest
