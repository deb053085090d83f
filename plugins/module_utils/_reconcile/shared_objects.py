# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other names under which a task's object may be connected: its copy, and its earlier versions. Pure.

A write of an object that linked KDClusters share reaches all of them at once, which makes the operator stuck
(measured). So all but one first name a copy with the new content, one settled step after the other; then the
object is written; then they name it again. No member is ever without it.

A version's name ends in a hash of its content. Only an annotation proves that an object is a copy or version.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

from .._core.errors import InvalidInputError
from .._core.json_types import JsonObject
from .._core.names import MAX_NAME
from .._core.resource import Key
from .._kubedirector import facts
from .._kubedirector.links import Links, in_dependency_order, linked_groups
from .._kubedirector.snapshot import Connections, KDCluster, LiveObject, Snapshot

if t.TYPE_CHECKING:
    from .desired import DesiredObject, DesiredState

# The original's uid, or nothing where there was no original yet.
COPY_OF = "kubedirector.connections/copy-of"
# The name without the hash.
VERSION_OF = "kubedirector.connections/version-of"
# The earlier versions, with commas: an interrupted task leaves their deletion to the next.
REPLACES = "kubedirector.connections/replaces"
_LABEL = {"app.kubernetes.io/managed-by": "kubedirector.connections"}
_HASH_DIGITS = 10
# Many can read a name, so guessing a Secret's values must be slow. FIPS wants at least 1000.
_ROUNDS, _SECRET_ROUNDS = 1000, 100_000


class Keyed(t.Protocol):
    """A ConfigMap or Secret."""

    @property
    def key(self) -> Key:
        """(kind, name)"""


def copy_name(name: str) -> str:
    """Name an object's copy: always the same, so that a later task finds it."""
    suffix = f".kd-{hashlib.sha256(name.encode()).hexdigest()[:_HASH_DIGITS]}"
    return f"{name[: MAX_NAME - len(suffix)].rstrip('.-')}{suffix}"


def versioned_name(namespace: str, one: DesiredObject) -> str:
    """Name the version with this content. :raises InvalidInputError: the name is too long."""
    content: list[t.Any] = [one.type, one.data]
    if one.binary:
        # Without it, names stay as they were before binaryData was supported.
        content.append(one.binary)
    digest = hashlib.pbkdf2_hmac(
        "sha256",
        json.dumps(content, sort_keys=True).encode(),
        f"kubedirector.connections/{namespace}/{one.kind}/{one.name}".encode(),
        _SECRET_ROUNDS if one.kind == "Secret" else _ROUNDS,
    ).hex()[:_HASH_DIGITS]
    if len(one.name) + 1 + len(digest) > MAX_NAME:
        raise InvalidInputError(
            f"{one.kind} {namespace}/{one.name}: with versioned, the name has at most "
            f"{MAX_NAME - 1 - len(digest)} characters, since a hash comes after it."
        )
    return f"{one.name}-{digest}"


def is_copy(found: LiveObject, original: LiveObject | None) -> bool:
    """Whether it is this collection's copy of `original`, whose uid counts while that exists."""
    uid = found.annotations.get(COPY_OF)
    ours = uid is not None and found.labels.items() >= _LABEL.items()
    return ours and (not uid or original is None or uid == original.uid)


def other_keys(desired: DesiredState, clusters: t.Mapping[str, KDCluster]) -> list[Key]:
    """Besides the task's objects: those that KDClusters name and may be copies or versions of them, and the copies of
    objects to delete, named or not."""
    named = {key for cluster in clusters.values() for key in cluster.connections.objects()}
    found: set[Key] = set()
    for one in desired.objects:
        if one.deleted or _copy_key(one) in named:
            found.add(_copy_key(one))
        if _has_versions(one):
            found.update(key for key in named if _may_be_version(one, key))
    return sorted(found)


def replaced_keys(desired: DesiredState, objects: t.Mapping[Key, LiveObject | None]) -> list[Key]:
    """The versions that the wanted ones replace, perhaps left over."""
    versions = (objects.get(one.key) for one in desired.objects if one.version_of is not None)
    return [
        (found.kind, name)
        for found in versions
        if found is not None
        for name in found.annotations.get(REPLACES, "").split(",")
        if name
    ]


def live_copy(one: Keyed, snapshot: Snapshot) -> LiveObject | None:
    """The object's copy, if one was read."""
    found = snapshot.objects.get(_copy_key(one))
    original = snapshot.objects.get(one.key)
    return found if found is not None and is_copy(found, original) else None


def live_versions(one: DesiredObject, snapshot: Snapshot) -> list[LiveObject]:
    """The versions that were read, without the wanted one."""
    if not _has_versions(one):
        return []
    return [
        found
        for key, found in sorted(snapshot.objects.items())
        if found is not None
        and found.annotations.get(VERSION_OF) == one.plain_name
        and key != one.key
        and _may_be_version(one, key)
    ]


def naming(one: Keyed, snapshot: Snapshot) -> tuple[str, ...]:
    """The KDClusters that name an object or its copy."""
    names = set(snapshot.naming(*one.key))
    if live_copy(one, snapshot) is not None:
        names.update(snapshot.naming(*_copy_key(one)))
    return tuple(sorted(names))


def repoints_to_wanted(desired: DesiredState, snapshot: Snapshot) -> dict[Key, str]:
    """Each copy and earlier version -> the name to use. A name without an object is a copy's if it looks like one."""
    repoints: dict[Key, str] = {}
    for one in desired.objects:
        key = _copy_key(one)
        if live_copy(one, snapshot) is not None or snapshot.objects.get(key, one) is None:
            repoints[key] = one.name
        if one.version_of is not None:
            repoints[one.kind, one.version_of] = one.name
        for version in live_versions(one, snapshot):
            repoints[version.kind, version.name] = one.name
    return repoints


def repoints_to_originals(keys: t.Iterable[Key]) -> dict[Key, str]:
    """Each object's copy -> the object's name."""
    return {(kind, copy_name(name)): name for kind, name in keys}


def repointed(connections: Connections, repoints: t.Mapping[Key, str]) -> Connections:
    """The connections under other names, each in its place and once."""

    def changed(kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
        result: list[str] = []
        for name in names:
            new = repoints.get((kind, name))
            if new is None:
                result.append(name)
            elif new not in names and new not in result:
                result.append(new)
        return tuple(result)

    return Connections(
        clusters=connections.clusters,
        configmaps=changed("ConfigMap", connections.configmaps),
        secrets=changed("Secret", connections.secrets),
    )


def kdclusters_to_repoint(links: Links, names: t.Iterable[str]) -> tuple[str, ...]:
    """Those that must name the copy while the object changes: all but one of each linked group, in dependency order."""
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
    """Make the manifest of an object's copy, with the data and type label that the object will have.

    Other labels or annotations would make Argo CD and replicators take it for theirs.

    :param found: the object as it is, if any.
    :param body: the merge patch for it, else its manifest.
    """
    base = body if found is None else found
    patch = {} if found is None else body
    manifest = {key: base[key] for key in ("apiVersion", "kind", "type") if base.get(key)}
    metadata, type_label = base["metadata"], facts.TYPE_LABELS[base["kind"]]
    labels = {**(metadata.get("labels") or {}), **(patch.get("metadata", {}).get("labels") or {})}
    manifest["metadata"] = {
        "name": copy_name(name),
        "namespace": metadata["namespace"],
        "labels": {**_LABEL, **{k: v for k, v in labels.items() if k == type_label and v}},
        "annotations": {COPY_OF: metadata.get("uid", "")},
    }
    for field in ("data", "binaryData"):
        values = {**(base.get(field) or {}), **(patch.get(field) or {})}
        if values or field == "data":
            manifest[field] = {key: value for key, value in values.items() if value is not None}
    return manifest


def _copy_key(one: Keyed) -> Key:
    kind, name = one.key
    return kind, copy_name(name)


def _has_versions(one: DesiredObject) -> bool:
    return one.version_of is not None or one.absent


def _may_be_version(one: DesiredObject, key: Key) -> bool:
    kind, name = key
    plain = re.escape(one.plain_name)
    return (
        kind == one.kind and re.fullmatch(rf"{plain}-[0-9a-f]{{{_HASH_DIGITS}}}", name) is not None
    )
