# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is there in some namespaces, read by one LIST a kind and namespace; of Secrets only the metadata."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import ApiError
from .._core.json_types import JsonObject
from .._core.resource import Key
from .._core.side_by_side import answers_side_by_side
from .._kubedirector.resources import CONFIGMAP, KDAPP, KDCLUSTER, SECRET
from .._kubedirector.snapshot import KDCluster, LiveObject, Snapshot, parse_kdcluster, parse_object
from .._observe.reader import list_manifests, read_objects

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.resource import Resource

Manifests = dict[str, list[JsonObject]]

# Kind to whether only the metadata are read.
_LISTED: dict[Resource, bool] = {KDCLUSTER: False, KDAPP: False, CONFIGMAP: True, SECRET: True}
_FORBIDDEN = 403


@dataclasses.dataclass(frozen=True)
class Space:
    """One namespace.

    :param snapshot: its KDClusters, all ConfigMaps and Secrets that may be seen, and what else KDClusters name.
    :param apps: its KDApps by name.
    :param users: the KDClusters that name an object or KDCluster, by (kind, name); each list sorted.
    """

    snapshot: Snapshot
    apps: t.Mapping[str, JsonObject]
    users: t.Mapping[Key, t.Sequence[str]]

    @property
    def namespace(self) -> str:
        """Its name."""
        return self.snapshot.namespace

    @property
    def clusters(self) -> t.Mapping[str, KDCluster]:
        """Its KDClusters by name."""
        return self.snapshot.clusters

    @property
    def objects(self) -> list[LiveObject]:
        """The ConfigMaps and Secrets that exist, for all that is known."""
        return [found for _key, found in sorted(self.snapshot.objects.items()) if found is not None]


class EstateReader:
    """Reads namespaces as far as the caller may.

    :ivar not_seen: [{namespace, kind, reason}] of what the caller may not read; namespace is None for all.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self.not_seen: list[dict[str, str | None]] = []

    def read(self, namespaces: t.Sequence[str] | None) -> list[Space]:
        """Read them side by side.

        :param namespaces: None for all, with one LIST a kind.
        :returns: those of which the KDClusters may be seen, by name.
        :raises ApiError: the KDClusters of none may be seen, or another refusal.
        :raises UnreachableError:
        """
        places: list[str | None] = list(dict.fromkeys(namespaces)) if namespaces else [None]
        wanted = [(place, resource) for place in places for resource in _LISTED]
        answers = dict(zip(wanted, answers_side_by_side(self._list, wanted)))
        spaces: list[Space] = []
        refusals = []
        for place in places:
            clusters, apps, configmaps, secrets = (answers[place, kind] for kind in _LISTED)
            if isinstance(clusters, ApiError):
                refusals.append(clusters)
                self._note(place, KDCLUSTER, clusters)
                continue
            objects = {CONFIGMAP: configmaps, SECRET: secrets}
            for resource, answer in ((KDAPP, apps), *objects.items()):
                if isinstance(answer, ApiError):
                    self._note(place, resource, answer)
            found = [place] if place else sorted({*clusters, *_names(configmaps), *_names(secrets)})
            spaces += [self._space(name, clusters, apps, objects) for name in found]
        if len(refusals) == len(places):
            raise refusals[0]
        return spaces

    def selected(
        self, namespaces: t.Sequence[str] | None, label_selectors: t.Sequence[str]
    ) -> set[Key]:
        """Ask the API server which KDClusters carry labels: (namespace, name) of each.

        :raises ApiError, UnreachableError:
        """
        found: set[Key] = set()
        places: t.Sequence[str | None] = namespaces or [None]
        for place in places:
            answer = list_manifests(
                self._api, KDCLUSTER, place, metadata_only=True, label_selectors=label_selectors
            )
            for namespace, manifests in answer.items():
                found.update((namespace, one["metadata"]["name"]) for one in manifests)
        return found

    def _list(self, wanted: tuple[str | None, Resource]) -> Manifests | ApiError:
        place, resource = wanted
        try:
            return list_manifests(self._api, resource, place, metadata_only=_LISTED[resource])
        except ApiError as error:
            if error.status != _FORBIDDEN:
                raise
            return error

    def _note(self, namespace: str | None, resource: Resource, reason: ApiError) -> None:
        self.not_seen.append({"namespace": namespace, "kind": resource.kind, "reason": str(reason)})

    def _space(
        self,
        namespace: str,
        clusters: Manifests,
        apps: Manifests | ApiError,
        objects: t.Mapping[Resource, Manifests | ApiError],
    ) -> Space:
        parsed = [parse_kdcluster(manifest) for manifest in clusters.get(namespace, ())]
        named = [key for cluster in parsed for key in cluster.connections.objects()]
        found: dict[Key, LiveObject | None] = dict.fromkeys(named)
        for resource, answer in objects.items():
            if isinstance(answer, ApiError):
                # Who may not list them often may read each.
                mine = [key for key in named if key[0] == resource.kind]
                found.update(read_objects(self._api, namespace, mine))
                continue
            for manifest in answer.get(namespace, ()):
                one = parse_object(resource.kind, manifest, with_data=False)
                found[one.kind, one.name] = one
        known = None if isinstance(apps, ApiError) else apps.get(namespace, [])
        by_name = {app["metadata"]["name"]: app for app in known or ()}
        snapshot = Snapshot(
            namespace,
            {cluster.name: cluster for cluster in parsed},
            found,
            None if known is None else frozenset(by_name),
        )
        users: dict[Key, list[str]] = {}
        for cluster in sorted(parsed, key=lambda one: one.name):
            linked = (("KDCluster", name) for name in cluster.connections.clusters)
            for key in dict.fromkeys((*linked, *cluster.connections.objects())):
                users.setdefault(key, []).append(cluster.name)
        return Space(snapshot, by_name, users)


def _names(answer: Manifests | ApiError) -> t.Collection[str]:
    return () if isinstance(answer, ApiError) else answer
