# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other names under which an object of a task may be connected: its copy, and its earlier versions. Pure.

A copy stands in for an object that linked KDClusters share, while it is changed. One write of such an
object reaches all of them at once, and the operator gets stuck on linked KDClusters that change at once
(measured). So all but one of them first name a copy that already holds the new content, one settled step
after the other; then the object itself is written; then they name it again. No member is without the
object in between.

A version is an object whose name ends in a hash of its content. A change makes a new one, and each
KDCluster that names the earlier one gets one change of its connections.

A name proves nothing: only an annotation shows that an object is a copy or a version of another.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import typing as t

from .._core.errors import InvalidInputError
from .._core.json_types import JsonObject
from .._core.names import MAX_NAME
from .._core.resource import Key
from .._kubedirector import facts
from .._kubedirector.links import (
    in_dependency_order,
    linked_groups,
)
from .._kubedirector.snapshot import Connections

if t.TYPE_CHECKING:
    from .._kubedirector.links import Links
    from .._kubedirector.snapshot import (
        KDCluster,
        LiveObject,
        Snapshot,
    )
    from .desired import (
        DesiredObject,
        DesiredState,
    )


# The original's uid, or nothing where there was no original yet.
COPY_OF = "kubedirector.connections/copy-of"
# The name without the hash.
VERSION_OF = "kubedirector.connections/version-of"
# The earlier versions that it took the place of, with commas: a task that was ended before it deleted them
# leaves them to the next.
REPLACES = "kubedirector.connections/replaces"
_LABEL = {"app.kubernetes.io/managed-by": "kubedirector.connections"}
_HASH_DIGITS = 10
# Many can read a name: that makes a guess at a Secret's values dear. FIPS wants at least 1000.
_ROUNDS, _SECRET_ROUNDS = 1000, 100_000
_KEPT = ("apiVersion", "kind", "type", "data", "binaryData")


class Keyed(t.Protocol):
    """What has the kind and the name of a ConfigMap or Secret."""

    @property
    def kind(self) -> str:
        """ConfigMap or Secret."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def key(self) -> Key:
        """(kind, name)."""


def copy_name(name: str) -> str:
    """Name the copy of an object: always the same, so that a later task finds it again."""
    suffix = f".kd-{hashlib.sha256(name.encode()).hexdigest()[:_HASH_DIGITS]}"
    return f"{name[: MAX_NAME - len(suffix)].rstrip('.-')}{suffix}"


def versioned_name(
    namespace: str,
    kind: str,
    name: str,
    object_type: str | None,
    data: t.Mapping[str, str],
    binary: t.Mapping[str, str],
) -> str:
    """Name the version of an object that has this content. :raises InvalidInputError: the name is too long."""
    digest = hashlib.pbkdf2_hmac(
        "sha256",
        # Without binaryData the names are those that they were before these were known.
        json.dumps(
            [object_type, dict(data), *([dict(binary)] if binary else [])], sort_keys=True
        ).encode(),
        f"kubedirector.connections/{namespace}/{kind}/{name}".encode(),
        _SECRET_ROUNDS if kind == "Secret" else _ROUNDS,
    ).hex()[:_HASH_DIGITS]
    if len(name) + 1 + len(digest) > MAX_NAME:
        raise InvalidInputError(
            f"{kind} {namespace}/{name}: with versioned, the name has at most {MAX_NAME - 1 - len(digest)} "
            "characters, since a hash comes after it."
        )
    return f"{name}-{digest}"


def is_copy(found: LiveObject, original: LiveObject | None) -> bool:
    """Whether an object is this collection's copy of another.

    :param original: the other; where it does not exist any more, its uid cannot be compared.
    """
    uid = found.annotations.get(COPY_OF)
    ours = uid is not None and found.labels.items() >= _LABEL.items()
    return ours and (not uid or original is None or uid == original.uid)


def other_keys(desired: DesiredState, clusters: t.Mapping[str, KDCluster]) -> list[Key]:
    """Which objects to look at besides the named ones, as (kind, name): by their names they may be copies
    or versions of these, and some KDCluster names them. Of what is to be deleted the copy in any case."""
    named = {key for cluster in clusters.values() for key in cluster.connections.objects()}
    found: set[Key] = set()
    for one in desired.objects:
        if one.deleted or _copy_key(one) in named:
            found.add(_copy_key(one))
        if _has_versions(one):
            found.update(key for key in named if _may_be_version(one, key))
    return sorted(found)


def replaced_keys(desired: DesiredState, objects: t.Mapping[Key, LiveObject | None]) -> list[Key]:
    """The versions that the wanted ones took the place of, which may be left over."""
    return [
        (desired_object.kind, name)
        for desired_object in desired.objects
        if desired_object.version_of is not None
        for found in [objects.get(desired_object.key)]
        if found is not None
        for name in found.annotations.get(REPLACES, "").split(",")
        if name
    ]


def live_copy(desired_object: Keyed, snapshot: Snapshot) -> LiveObject | None:
    """The copy of an object, where there is one that was looked at."""
    found = snapshot.objects.get(_copy_key(desired_object))
    original = snapshot.objects.get(desired_object.key)
    return found if found is not None and is_copy(found, original) else None


def live_versions(desired_object: DesiredObject, snapshot: Snapshot) -> list[LiveObject]:
    """The versions of an object but the wanted one, as far as they were looked at."""
    if not _has_versions(desired_object):
        return []
    return [
        found
        for (kind, _name), found in sorted(snapshot.objects.items())
        if found is not None and kind == desired_object.kind and _is_version(desired_object, found)
    ]


def naming(desired_object: Keyed, snapshot: Snapshot) -> tuple[str, ...]:
    """The KDClusters that name an object, or its copy since an earlier task was ended half way."""
    names = set(snapshot.naming(*desired_object.key))
    if live_copy(desired_object, snapshot) is not None:
        names |= set(snapshot.naming(*_copy_key(desired_object)))
    return tuple(sorted(names))


def repoints_to_wanted(desired: DesiredState, snapshot: Snapshot) -> dict[Key, str]:
    """(kind, name) of each copy and each earlier version -> the name that KDClusters are to name.

    A name that has no object any more is a copy's if it looks like one.
    """
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


def repoints_to_copies(keys: t.Iterable[Key]) -> dict[Key, str]:
    """(kind, name) of each object -> the name of its copy."""
    return {(kind, name): copy_name(name) for kind, name in keys}


def repoints_to_originals(keys: t.Iterable[Key]) -> dict[Key, str]:
    """(kind, name) of each object's copy -> the name of the object."""
    return {(kind, copy_name(name)): name for kind, name in keys}


def repointed(connections: Connections, repoints: t.Mapping[Key, str]) -> Connections:
    """The same connections under other names, each in its place; what is named already is not named twice."""

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
    """Which of the KDClusters that name an object must name its copy while it is changed.

    :returns: all but one of those that are linked to one another, either way and through others;
        in dependency order; none where no two are linked.
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
    """Make the manifest of an object's copy: the data and the type label that the object itself will have.

    Other labels and annotations stay behind: by them Argo CD, replicators and the like would take the copy
    for theirs.

    :param found: the object as it is; None where there is none yet.
    :param body: the object's manifest where there is none, else the merge patch for it.
    """
    base = body if found is None else found
    manifest = {key: copy.deepcopy(base[key]) for key in _KEPT if base.get(key) is not None}
    patch = {} if found is None else body
    type_label = facts.TYPE_LABELS[base["kind"]]
    labels = {
        **(base["metadata"].get("labels") or {}),
        **((patch.get("metadata") or {}).get("labels") or {}),
    }
    manifest["metadata"] = {
        "name": copy_name(name),
        "namespace": base["metadata"]["namespace"],
        "labels": {
            **({type_label: labels[type_label]} if labels.get(type_label) else {}),
            **_LABEL,
        },
        "annotations": {COPY_OF: base["metadata"].get("uid", "")},
    }
    for field in ("data", "binaryData"):
        values = {**(manifest.get(field) or {}), **(patch.get(field) or {})}
        if values or field == "data":
            manifest[field] = {key: value for key, value in values.items() if value is not None}
    return manifest


def _copy_key(desired_object: Keyed) -> Key:
    return desired_object.kind, copy_name(desired_object.name)


def _has_versions(desired_object: DesiredObject) -> bool:
    """Whether versions of an object matter to the task."""
    return desired_object.version_of is not None or desired_object.absent


def _may_be_version(desired_object: DesiredObject, key: Key) -> bool:
    """Whether an object may be a version of another, by its name."""
    kind, name = key
    plain = re.escape(desired_object.plain_name)
    return (
        kind == desired_object.kind
        and re.fullmatch(rf"{plain}-[0-9a-f]{{{_HASH_DIGITS}}}", name) is not None
    )


def _is_version(desired_object: DesiredObject, found: LiveObject) -> bool:
    return (
        found.annotations.get(VERSION_OF) == desired_object.plain_name
        and found.name != desired_object.name
        and _may_be_version(desired_object, (found.kind, found.name))
    )
