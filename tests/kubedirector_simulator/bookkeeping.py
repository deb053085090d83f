# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the running operator remembers between passes, besides the objects themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.kubedirector_simulator.objects import Json, ObjectKey, connected_names, key_of


@dataclass
class StatusGeneration:
    """The status.generationUID last written for an object, and whether a write showed it since."""

    uid: str
    validated: bool = False


@dataclass
class StatusGenerations:
    """One-time codes by which the webhook distinguishes the operator's status from others.

    Keyed by the UID of the KDCluster. Source: pkg/shared/statusgen.go.
    """

    _known: dict[str, StatusGeneration] = field(default_factory=dict)

    def read(self, object_uid: str) -> StatusGeneration | None:
        """The code expected for this object; None when the operator has not met it yet."""
        return self._known.get(object_uid)

    def write(self, object_uid: str, generation_uid: str, validated: bool = False) -> None:
        """Expect this code from now on."""
        self._known[object_uid] = StatusGeneration(generation_uid, validated)

    def validate(self, object_uid: str) -> None:
        """The code has been shown: from now on it allows no further change of the status."""
        known = self._known.get(object_uid)
        if known is not None:
            known.validated = True

    def forget(self, object_uid: str) -> None:
        """The object was deleted."""
        self._known.pop(object_uid, None)


@dataclass
class AppUsers:
    """Which KDClusters use which KubeDirectorApp. Source: pkg/shared/apptypes.go."""

    operator_namespace: str
    _users: dict[ObjectKey, set[ObjectKey]] = field(default_factory=dict)

    def _app(self, cluster: Json) -> ObjectKey:
        local = cluster["spec"].get("appCatalog") == "local"
        namespace = key_of(cluster).namespace if local else self.operator_namespace
        return ObjectKey(namespace, cluster["spec"]["app"])

    def add(self, cluster: Json) -> None:
        """The cluster uses its app."""
        self._users.setdefault(self._app(cluster), set()).add(key_of(cluster))

    def remove(self, cluster: Json) -> None:
        """The cluster no longer uses its app."""
        app = self._app(cluster)
        users = self._users.get(app, set())
        users.discard(key_of(cluster))
        if not users:
            self._users.pop(app, None)

    def of(self, namespace: str, name: str) -> list[str]:
        """The users of an app as namespace/name, in order."""
        return sorted(str(user) for user in self._users.get(ObjectKey(namespace, name), ()))

    def any(self) -> bool:
        """Whether any cluster uses any app."""
        return bool(self._users)


@dataclass
class ClusterCache:
    """The KDClusters as their watch last showed them, which may be behind the API server.

    The operator notifies connecting clusters from such copies, as the real one does from its
    informer: a copy that is behind is what makes it wedge.
    """

    _clusters: dict[ObjectKey, Json] = field(default_factory=dict)

    def put(self, cluster: Json) -> None:
        """The watch showed a new version."""
        self._clusters[key_of(cluster)] = cluster

    def drop(self, cluster: Json) -> None:
        """The watch showed the deletion."""
        self._clusters.pop(key_of(cluster), None)

    def get(self, key: ObjectKey) -> Json | None:
        """The last version seen of one cluster."""
        return self._clusters.get(key)

    def connecting(self, kind: str, name: str) -> list[Json]:
        """The clusters with this name in spec.connections[kind], in whatever namespace."""
        clusters = (self._clusters[key] for key in sorted(self._clusters))
        return [cluster for cluster in clusters if name in connected_names(cluster, kind)]
