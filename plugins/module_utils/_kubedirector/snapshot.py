# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was found in a namespace, typed, and the questions that are asked of it.

Knows neither how it was read nor what is wanted.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import facts

if t.TYPE_CHECKING:
    from .._core.json_types import JsonMapping


@dataclasses.dataclass(frozen=True)
class Connections:
    """spec.connections: three lists of names; their order is what applications see."""

    clusters: tuple[str, ...] = ()
    configmaps: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    def objects(self) -> tuple[tuple[str, str], ...]:
        """The connected ConfigMaps and Secrets as (kind, name), in order."""
        return (
            *(("ConfigMap", name) for name in self.configmaps),
            *(("Secret", name) for name in self.secrets),
        )

    def as_lists(self) -> dict[str, list[str]]:
        """{clusters: [str], configmaps: [str], secrets: [str]}"""
        return {
            "clusters": list(self.clusters),
            "configmaps": list(self.configmaps),
            "secrets": list(self.secrets),
        }


@dataclasses.dataclass(frozen=True)
class Member:
    """One member of a KDCluster, from its status.

    :param config_generation: the generation of configmeta.json in it (stateDetail.lastConfigDataGeneration).
    :param setup_generation: the generation that its set-up has seen (stateDetail.lastSetupGeneration); None
        for good where the role's eventList lacks `configure`, which makes the operator run no set-up
        (source: appConfig).
    :param connection_version: for how many changes of the connections its start script ran
        (stateDetail.lastConnectionVersion; counted up with each --reconnect, source: members.go).
    :param container: ID of the container that the operator set up (stateDetail.lastConfiguredContainer).
    :param problem: what the operator says is wrong with it, or "".
    :param scheduling_error: why no node takes its pod, as the operator last saw it, or "".
    """

    pod: str
    role: str
    node_id: str
    state: str
    config_generation: int | None
    setup_generation: int | None
    connection_version: int | None
    container: str
    problem: str
    scheduling_error: str = ""

    @property
    def has_configmeta(self) -> bool:
        """Whether it ever got configmeta.json (a role without config package never does)."""
        return self.config_generation is not None


@dataclasses.dataclass(frozen=True)
class KDCluster:
    """One KubeDirectorCluster as found.

    :param secret_keys: names of its roles' secret keys, which whoever connects to it gets in the clear.
    :param role_sizes: (role, members that the spec wants, members that the status has) of each role.
    :param terminating: whether it is being deleted.
    :param restore_progress: what its restore still waits for, from its status, or "".
    :param deletable_while_restoring: whether it carries the label by which the operator lets it be deleted
        while it is being restored.
    :param annotated: whether it has any annotations.
    :param change_counter: the operator's count of connection changes, as it stands in the annotation.
    :param managed_fields: metadata.managedFields: who wrote what, and when.
    :param labels: metadata.labels.
    :param headless_service: name of the Service that its members' host names end in (status.clusterService).
    """

    namespace: str
    name: str
    uid: str
    app: str
    app_catalog: str | None
    connections: Connections
    state: str
    generation: int | None
    stored_hash: str
    members: tuple[Member, ...]
    restoring: bool
    has_connections: bool
    present_lists: frozenset[str]
    secret_keys: tuple[str, ...]
    role_sizes: tuple[tuple[str, int, int], ...]
    terminating: bool
    restore_progress: str
    deletable_while_restoring: bool
    annotated: bool
    change_counter: str | None
    managed_fields: tuple[JsonMapping, ...] = dataclasses.field(
        default=(), compare=False, repr=False
    )
    labels: t.Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)
    headless_service: str = ""

    @property
    def known_changes(self) -> int | None:
        """The most changes of the connections that a member knows of; None where no member counts them."""
        versions = (m.connection_version for m in self.members if m.has_configmeta)
        return max((version for version in versions if version is not None), default=None)

    @property
    def missing_counts(self) -> int:
        """By how much the operator's count of connection changes has fallen behind what its members know.

        The operator loses count where its write of it meets another write, and then takes the next change
        for one that the members know, and runs no start script (source: syncCluster; measured).
        """
        return max(0, (self.known_changes or 0) - facts.change_counter(self.change_counter))

    @property
    def label(self) -> str:
        """How messages call it: "KDCluster ns/name"."""
        return f"KDCluster {self.namespace}/{self.name}"

    def unfinished_roles(self) -> tuple[tuple[str, int, int], ...]:
        """The roles that do not have the wanted number of members: (role, wanted, has).

        Just after their number was edited the state is still `configured`, and so is every member that
        there is (measured).
        """
        return tuple(size for size in self.role_sizes if size[1] != size[2])

    def lagging_members(self) -> tuple[Member, ...]:
        """The members that have not taken the cluster's current generation.

        A member that never got configmeta.json counts as one that gets none only once it is
        configured; before, its configmeta is still to come (measured on restarted pods).
        """
        return tuple(member for member in self.members if not self._is_current(member))

    def _is_current(self, member: Member) -> bool:
        if member.state != facts.MEMBER_CONFIGURED:
            return False
        if member.config_generation is None:
            return True
        # A configured member without it had no set-up, and the operator does not ask for it either
        # (source: allRoleMembersReadyOrError).
        set_up = member.setup_generation in (None, self.generation)
        return set_up and member.config_generation == self.generation

    @property
    def looks_wedged(self) -> bool:
        """Whether every member has the cluster's generation, and yet the operator is not done with it (measured)."""
        return self.state != facts.STATE_CONFIGURED and not self.lagging_members()

    @property
    def gets_no_configmeta(self) -> bool:
        """Whether no role of its KDApp has a config package, so that connections have no effect."""
        return bool(self.members) and all(
            m.state == facts.MEMBER_CONFIGURED and not m.has_configmeta for m in self.members
        )

    @property
    def without_setup(self) -> bool:
        """Whether no role's eventList has `configure`, so that no change reaches a member that there is.

        The operator goes on to its members only where lastSetupGeneration of one is behind (source:
        syncCluster, allRoleMembersReadyOrError; measured: generation 2, state configured, members at 1 for good).
        """
        return all(
            m.state == facts.MEMBER_CONFIGURED and m.setup_generation is None for m in self.members
        )


@dataclasses.dataclass(frozen=True)
class LiveObject:
    """A ConfigMap or Secret as found.

    :param data: key to value (a Secret's values still in base64); None when only the metadata were read.
    :param terminating: whether it is being deleted; then `finalizers` say who holds it.
    :param managed_fields: metadata.managedFields: who wrote what, and when.
    :param immutable: whether its data may not change. If only the metadata were read: whether that field was ever
        written, which nearly always means true.
    :param secret_type: a Secret's type in Kubernetes; None when only the metadata were read.
    :param binary_data: binaryData, key to value in base64; None when only the metadata were read.
    :param binary_keys: keys of binaryData, which the operator leaves out.
    :param data_keys: keys of its data, as far as the metadata show them.
    :param owner: the object that controls it, such as "ExternalSecret/git-login", or "".
    :param readable: whether the caller may read it. If not, nothing else is known, not even that it exists.
    """

    kind: str
    namespace: str
    name: str
    resource_version: str
    labels: t.Mapping[str, str]
    annotations: t.Mapping[str, str]
    data: t.Mapping[str, str] | None = None
    terminating: bool = False
    finalizers: tuple[str, ...] = ()
    managed_fields: tuple[JsonMapping, ...] = dataclasses.field(
        default=(), compare=False, repr=False
    )
    immutable: bool = False
    secret_type: str | None = None
    binary_keys: tuple[str, ...] = ()
    readable: bool = True
    uid: str = ""
    data_keys: tuple[str, ...] = ()
    owner: str = ""
    binary_data: t.Mapping[str, str] | None = dataclasses.field(default=None, repr=False)

    @property
    def label(self) -> str:
        """How messages call it: "Secret ns/name"."""
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def content(self) -> dict[str, t.Mapping[str, str]]:
        """Its data and binaryData, by field; empty where only the metadata were read."""
        return {"data": self.data or {}, "binaryData": self.binary_data or {}}

    @property
    def type(self) -> str | None:
        """Its type label's value; None if the operator would skip it silently."""
        return self.labels.get(facts.TYPE_LABELS[self.kind])


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The KDClusters of one namespace and those objects that were read.

    :param objects: (kind, name) to what was found there; None where nothing exists.
    :param apps: names of the KDApps in the namespace; None when they were not asked for.
    :param hashes_before: KDCluster to the connection hash that it had before a change that is known to have
        been made; all that can be gone by where it names what the caller may not read.
    """

    namespace: str
    clusters: t.Mapping[str, KDCluster]
    objects: t.Mapping[tuple[str, str], LiveObject | None]
    apps: frozenset[str] | None = None
    hashes_before: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def naming(self, kind: str, name: str) -> tuple[str, ...]:
        """The KDClusters whose connections name this ConfigMap or Secret."""
        return tuple(
            sorted(
                c.name for c in self.clusters.values() if (kind, name) in c.connections.objects()
            )
        )

    def lacks_app(self, cluster: KDCluster, *, local_only: bool) -> bool:
        """Whether a KDCluster's KDApp is missing, as far as it was read.

        :param local_only: it counts only in the KDCluster's own namespace, as for a connection to it.
        """
        if self.apps is None or (cluster.app_catalog == facts.SYSTEM_CATALOG and not local_only):
            return False
        return cluster.app not in self.apps

    @property
    def links(self) -> dict[str, tuple[str, ...]]:
        """Who connects to which KDClusters (see links)."""
        return {name: cluster.connections.clusters for name, cluster in self.clusters.items()}

    def unreadable(self, cluster: KDCluster) -> list[LiveObject]:
        """What the cluster names and the caller may not read."""
        found = (self.objects.get(key) for key in cluster.connections.objects())
        return [one for one in found if one is not None and not one.readable]


def parse_connections(spec: JsonMapping) -> Connections:
    """Read spec.connections, where any list may be missing or null."""
    found = spec.get("connections") or {}
    return Connections(
        clusters=tuple(found.get("clusters") or ()),
        configmaps=tuple(found.get("configmaps") or ()),
        secrets=tuple(found.get("secrets") or ()),
    )


def parse_kdcluster(manifest: JsonMapping) -> KDCluster:
    """Read a KubeDirectorCluster manifest as the API server gives it."""
    metadata = manifest["metadata"]
    spec = manifest.get("spec") or {}
    status = manifest.get("status") or {}
    lists = spec.get("connections")
    return KDCluster(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        app=spec.get("app", ""),
        app_catalog=spec.get("appCatalog"),
        connections=parse_connections(spec),
        state=status.get("state", ""),
        generation=status.get("specGenerationToProcess"),
        stored_hash=status.get("lastConnectionHash", ""),
        members=tuple(_members(status)),
        restoring=facts.RESTORING_LABEL in (metadata.get("labels") or {}),
        has_connections=lists is not None,
        present_lists=frozenset(key for key, value in (lists or {}).items() if value is not None),
        secret_keys=tuple(
            dict.fromkeys(
                key.get("name", "")
                for role in spec.get("roles") or ()
                for key in role.get("secretKeys") or ()
            )
        ),
        role_sizes=tuple(_role_sizes(spec, status)),
        terminating=bool(metadata.get("deletionTimestamp")),
        restore_progress=_restore_progress(status.get("restoreProgress") or {}),
        deletable_while_restoring=facts.DELETABLE_LABEL in (metadata.get("labels") or {}),
        annotated=bool(metadata.get("annotations")),
        change_counter=(metadata.get("annotations") or {}).get(facts.CHANGE_COUNT),
        managed_fields=tuple(metadata.get("managedFields") or ()),
        labels=metadata.get("labels") or {},
        headless_service=status.get("clusterService") or "",
    )


def _restore_progress(progress: JsonMapping) -> str:
    awaited = {"awaitingApp": "its KDApp", "awaitingStatus": "its KubeDirectorStatusBackup",
               "awaitingResources": "its resources"}  # fmt: skip
    names = [what for field, what in awaited.items() if progress.get(field)]
    parts = [f"it waits for {', '.join(names)}"] if names else []
    if progress.get("error"):
        parts.append(f"its error is: {str(progress['error']).rstrip('. ')}")
    return "; ".join(parts)


def _role_sizes(spec: JsonMapping, status: JsonMapping) -> t.Iterator[tuple[str, int, int]]:
    has = {role.get("id"): len(role.get("members") or ()) for role in status.get("roles") or ()}
    for role in spec.get("roles") or ():
        # The webhook fills the number in (source: validateCardinality).
        if role.get("members") is not None:
            yield role["id"], role["members"], has.get(role["id"], 0)


def _members(status: JsonMapping) -> t.Iterator[Member]:
    for role in status.get("roles") or ():
        for member in role.get("members") or ():
            detail = member.get("stateDetail") or {}
            yield Member(
                pod=member.get("pod", ""),
                role=role.get("id", ""),
                node_id=str(member.get("nodeID", "")),
                state=member.get("state", ""),
                config_generation=detail.get("lastConfigDataGeneration"),
                setup_generation=detail.get("lastSetupGeneration"),
                connection_version=detail.get("lastConnectionVersion"),
                container=detail.get("lastConfiguredContainer", ""),
                problem=str(
                    detail.get("configErrorDetail") or detail.get("schedulingErrorMessage") or ""
                ).rstrip(". \n"),
                scheduling_error=str(detail.get("schedulingErrorMessage") or ""),
            )


def parse_object(kind: str, manifest: JsonMapping, *, with_data: bool) -> LiveObject:
    """Read a ConfigMap or Secret, or the metadata of one."""
    metadata = manifest["metadata"]
    return LiveObject(
        kind=kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        # What a dry run would create has none.
        resource_version=metadata.get("resourceVersion", ""),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        data=(manifest.get("data") or {}) if with_data else None,
        binary_data=(manifest.get("binaryData") or {}) if with_data else None,
        terminating=bool(metadata.get("deletionTimestamp")),
        finalizers=tuple(metadata.get("finalizers") or ()),
        managed_fields=tuple(metadata.get("managedFields") or ()),
        immutable=manifest.get("immutable") is True
        or (not with_data and _written(metadata, "f:immutable") is not None),
        secret_type=manifest.get("type") if kind == "Secret" and with_data else None,
        binary_keys=tuple(
            sorted(manifest.get("binaryData") or _written(metadata, "f:binaryData") or ())
        ),
        uid=metadata.get("uid", ""),
        data_keys=tuple(sorted(manifest.get("data") or _written(metadata, "f:data") or ())),
        owner=next(
            (
                f"{owner.get('kind')}/{owner.get('name')}"
                for owner in metadata.get("ownerReferences") or ()
                if owner.get("controller")
            ),
            "",
        ),
    )


def _written(metadata: JsonMapping, field: str) -> set[str] | None:
    """Keys of a field, from managedFields alone; None if the field was never written."""
    found = [
        entry["fieldsV1"][field]
        for entry in metadata.get("managedFields") or ()
        if field in (entry.get("fieldsV1") or {})
    ]
    if not found:
        return None
    return {key[len("f:") :] for keys in found for key in keys if key.startswith("f:")}
