# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read all of some namespaces, with one LIST a kind and namespace; of Secrets only the metadata."""

from __future__ import annotations

import functools
import typing as t

from .._core.errors import ApiError
from .._core.json_types import JsonObject
from .._core.side_by_side import answers_side_by_side
from .._kubedirector.resources import CONFIGMAP, KDAPP, KDCLUSTER, SECRET
from .._kubedirector.snapshot import KDCluster, LiveObject, Snapshot, parse_kdcluster, parse_object
from .._observe.reader import list_manifests, read_objects

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.resource import Key, Resource

# By namespace.
Manifests = dict[str, list[JsonObject]]

_OBJECTS = (CONFIGMAP, SECRET)
_LISTED = (KDCLUSTER, KDAPP, *_OBJECTS)
_FORBIDDEN = 403


class Space(t.NamedTuple):
    """One namespace.

    :param snapshot: its KDClusters, all visible ConfigMaps and Secrets, and what else KDClusters name.
    :param apps: its KDApps by name.
    :param users: (kind, name) to the KDClusters that name it, sorted.
    """

    snapshot: Snapshot
    apps: t.Mapping[str, JsonObject]
    users: t.Mapping[Key, t.Sequence[str]]


def read_spaces(
    api: Api, namespaces: t.Sequence[str] | None
) -> tuple[list[Space], list[JsonObject]]:
    """Read namespaces side by side, as far as the caller may.

    :param namespaces: None for all, with one LIST a kind.
    :returns: those whose KDClusters the caller may read, by name; and [{namespace, kind, reason}] of what the caller
        may not read, where namespace is None for all.
    :raises ApiError: the caller may read KDClusters in none, or another refusal.
    :raises UnreachableError:
    """
    places: list[str | None] = list(dict.fromkeys(namespaces)) if namespaces else [None]
    wanted = [(place, resource) for place in places for resource in _LISTED]
    answers = dict(zip(wanted, answers_side_by_side(functools.partial(_listed, api), wanted)))
    spaces: list[Space] = []
    not_seen: list[JsonObject] = []
    refusals = []
    for place in places:
        listed: dict[Resource, Manifests] = {}
        for resource in _LISTED:
            answer = answers[place, resource]
            if not isinstance(answer, ApiError):
                listed[resource] = answer
                continue
            not_seen.append({"namespace": place, "kind": resource.kind, "reason": str(answer)})
            if resource is KDCLUSTER:
                refusals.append(answer)
                break
        if KDCLUSTER in listed:
            names = {
                name for kind, answer in listed.items() if kind is not KDAPP for name in answer
            }
            spaces += (_space(api, name, listed) for name in ([place] if place else sorted(names)))
    if len(refusals) == len(places):
        raise refusals[0]
    return spaces, not_seen


def read_labelled(
    api: Api, namespaces: t.Sequence[str] | None, label_selectors: t.Sequence[str]
) -> set[Key]:
    """Find KDClusters by labels: (namespace, name) of each. :raises ApiError, UnreachableError:"""
    found: set[Key] = set()
    places: t.Sequence[str | None] = namespaces or [None]
    for place in places:
        answer = list_manifests(
            api, KDCLUSTER, place, metadata_only=True, label_selectors=label_selectors
        )
        for namespace, manifests in answer.items():
            found.update((namespace, one["metadata"]["name"]) for one in manifests)
    return found


def named_by(cluster: KDCluster) -> list[Key]:
    """What a KDCluster connects to, in spec order."""
    linked = (("KDCluster", name) for name in cluster.connections.clusters)
    return [*linked, *cluster.connections.objects()]


def _listed(api: Api, wanted: tuple[str | None, Resource]) -> Manifests | ApiError:
    place, resource = wanted
    try:
        return list_manifests(api, resource, place, metadata_only=resource in _OBJECTS)
    except ApiError as error:
        if error.status != _FORBIDDEN:
            raise
        return error


def _space(api: Api, namespace: str, listed: t.Mapping[Resource, Manifests]) -> Space:
    clusters = [parse_kdcluster(manifest) for manifest in listed[KDCLUSTER].get(namespace, ())]
    named = [key for cluster in clusters for key in cluster.connections.objects()]
    objects: dict[Key, LiveObject | None] = dict.fromkeys(named)
    for resource in _OBJECTS:
        if resource not in listed:
            # Callers without the right to list may often get each.
            mine = [key for key in named if key[0] == resource.kind]
            objects.update(read_objects(api, namespace, mine))
        for manifest in listed.get(resource, {}).get(namespace, ()):
            one = parse_object(resource.kind, manifest, with_data=False)
            objects[one.kind, one.name] = one
    apps = {app["metadata"]["name"]: app for app in listed.get(KDAPP, {}).get(namespace, ())}
    snapshot = Snapshot(
        namespace,
        {cluster.name: cluster for cluster in clusters},
        objects,
        frozenset(apps) if KDAPP in listed else None,
    )
    users: dict[Key, list[str]] = {}
    for name, cluster in sorted(snapshot.clusters.items()):
        for key in dict.fromkeys(named_by(cluster)):
            users.setdefault(key, []).append(name)
    return Space(snapshot, apps, users)
