# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was found in a namespace, typed, and questions about it. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from . import facts

if t.TYPE_CHECKING:
    from .._core.json_types import JsonMapping


@dataclasses.dataclass(frozen=True)
class Connections:
    """spec.connections: names, in the order that applications see."""

    clusters: tuple[str, ...] = ()
    configmaps: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    def objects(self) -> tuple[tuple[str, str], ...]:
        """(kind, name) of each, in order."""
        return (
            *(("ConfigMap", name) for name in self.configmaps),
            *(("Secret", name) for name in self.secrets),
        )

    def as_lists(self) -> dict[str, list[str]]:
        """{clusters: [str], configmaps: [str], secrets: [str]}"""
        return {field: list(names) for field, names in vars(self).items()}


@dataclasses.dataclass(frozen=True)
class Member:
    """From the status of a KDCluster.

    :param config_generation: of its configmeta.json.
    :param setup_generation: that its set-up has seen; None for good if the role's eventList lacks `configure`, so that
        the operator runs no set-up (source: appConfig).
    :param connection_version: number of connection changes for which its start script ran (each --reconnect counts;
        source: members.go).
    :param container: ID of the one that the operator set up.
    :param problem: as the operator says, or "".
    :param scheduling_error: why no node takes its pod, as the operator last saw, or "".
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
    scheduling_error: str

    @property
    def has_configmeta(self) -> bool:
        """False until it gets configmeta.json; for good if the role has no config package."""
        return self.config_generation is not None


@dataclasses.dataclass(frozen=True)
class KDCluster:
    """One KubeDirectorCluster as found.

    :param secret_keys: names of its roles' secret keys, which KDClusters that connect to it get in the clear.
    :param role_sizes: (role, members in the spec, members in the status) of each role.
    :param restore_progress: what its restore still waits for, or "".
    :param change_counter: the annotation with the operator's count of connection changes.
    :param headless_service: the Service's name, in which its members' host names end.
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
    managed_fields: tuple[JsonMapping, ...] = dataclasses.field(compare=False, repr=False)
    labels: t.Mapping[str, str] = dataclasses.field(compare=False)
    headless_service: str

    @property
    def known_changes(self) -> int | None:
        """The most connection changes that a member knows of; None if none counts them."""
        versions = (m.connection_version for m in self.members if m.has_configmeta)
        return max((version for version in versions if version is not None), default=None)

    @property
    def missing_counts(self) -> int:
        """By how much the operator's count of connection changes is behind its members.

        The operator loses count if its write conflicts or its own webhook refuses it; then it takes the next change
        for one that members know, and runs no start script (source: syncCluster; measured: 2 of some 250 changes).
        """
        return max(0, (self.known_changes or 0) - facts.change_counter(self.change_counter))

    @property
    def label(self) -> str:
        return f"KDCluster {self.namespace}/{self.name}"

    def unfinished_roles(self) -> tuple[tuple[str, int, int], ...]:
        """Roles without the wanted number of members: (role, wanted, has).

        Just after an edit of the number, the state and all members are still `configured` (measured).
        """
        return tuple(size for size in self.role_sizes if size[1] != size[2])

    def lagging_members(self) -> tuple[Member, ...]:
        """A member without configmeta.json lags until it is configured: it may still get one (measured on restarted
        pods)."""
        return tuple(member for member in self.members if not self._is_current(member))

    def _is_current(self, member: Member) -> bool:
        if member.state != facts.MEMBER_CONFIGURED:
            return False
        if member.config_generation is None:
            return True
        # None: it had no set-up, and the operator does not ask for it (source: allRoleMembersReadyOrError).
        set_up = member.setup_generation in (None, self.generation)
        return set_up and member.config_generation == self.generation

    @property
    def looks_wedged(self) -> bool:
        """Whether every member has the cluster's generation, but the operator is not done (measured)."""
        return self.state != facts.STATE_CONFIGURED and not self.lagging_members()

    @property
    def gets_no_configmeta(self) -> bool:
        """Whether no role has a config package, so that connections have no effect."""
        return bool(self.members) and all(
            m.state == facts.MEMBER_CONFIGURED and not m.has_configmeta for m in self.members
        )

    @property
    def without_setup(self) -> bool:
        """Whether no role's eventList has `configure`, so that no change reaches existing members.

        The operator updates members only if lastSetupGeneration of one is behind (source: syncCluster,
        allRoleMembersReadyOrError; measured: generation 2, state configured, members at 1 for good).
        """
        return all(
            m.state == facts.MEMBER_CONFIGURED and m.setup_generation is None for m in self.members
        )


@dataclasses.dataclass(frozen=True)
class LiveObject:
    """A ConfigMap or Secret as found.

    :param data: key to value (a Secret's in base64). As secret_type and binary_data, None if only metadata was read.
    :param terminating: `finalizers` then say who holds it.
    :param immutable: if only metadata was read: the field was ever written, which nearly always means true.
    :param binary_keys: of binaryData, which the operator leaves out.
    :param data_keys: as far as the metadata shows them.
    :param owner: the object that controls it, such as "ExternalSecret/git-login", or "".
    :param readable: if not, nothing else is known, not even that it exists.
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
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def content(self) -> dict[str, t.Mapping[str, str]]:
        """Its data and binaryData, by field; empty if only metadata was read."""
        return {"data": self.data or {}, "binaryData": self.binary_data or {}}

    @property
    def type(self) -> str | None:
        """None if the operator silently skips it."""
        return self.labels.get(facts.TYPE_LABELS[self.kind])


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The KDClusters of one namespace and the objects that were read.

    :param objects: by (kind, name); None if it does not exist.
    :param apps: names of the KDApps; None if not read.
    :param hashes_before: KDCluster to its connection hash before a known change; the only evidence if it names what
        the caller may not read.
    """

    namespace: str
    clusters: t.Mapping[str, KDCluster]
    objects: t.Mapping[tuple[str, str], LiveObject | None]
    apps: frozenset[str] | None = None
    hashes_before: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def naming(self, kind: str, name: str) -> tuple[str, ...]:
        key = (kind, name)
        return tuple(
            sorted(c.name for c in self.clusters.values() if key in c.connections.objects())
        )

    def lacks_app(self, cluster: KDCluster, *, local_only: bool) -> bool:
        """Whether a KDCluster's KDApp is missing, as far as read.

        :param local_only: only the own namespace counts, as for a connection to the KDCluster.
        """
        if self.apps is None or (cluster.app_catalog == facts.SYSTEM_CATALOG and not local_only):
            return False
        return cluster.app not in self.apps

    @property
    def links(self) -> dict[str, tuple[str, ...]]:
        return {name: cluster.connections.clusters for name, cluster in self.clusters.items()}

    def unreadable(self, cluster: KDCluster) -> list[LiveObject]:
        """Named objects that the caller may not read."""
        found = (self.objects.get(key) for key in cluster.connections.objects())
        return [one for one in found if one is not None and not one.readable]


def parse_connections(spec: JsonMapping) -> Connections:
    """Any list may be missing or null."""
    found = spec.get("connections") or {}
    return Connections(
        clusters=tuple(found.get("clusters") or ()),
        configmaps=tuple(found.get("configmaps") or ()),
        secrets=tuple(found.get("secrets") or ()),
    )


def parse_kdcluster(manifest: JsonMapping) -> KDCluster:
    metadata = manifest["metadata"]
    spec = manifest.get("spec") or {}
    status = manifest.get("status") or {}
    lists = spec.get("connections")
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
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
        restoring=facts.RESTORING_LABEL in labels,
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
        deletable_while_restoring=facts.DELETABLE_LABEL in labels,
        annotated=bool(annotations),
        change_counter=annotations.get(facts.CHANGE_COUNT),
        managed_fields=tuple(metadata.get("managedFields") or ()),
        labels=labels,
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
    metadata = manifest["metadata"]
    return LiveObject(
        kind=kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        # Absent after a dry run of a create.
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
    """Keys of a field, by managedFields; None if it was never written."""
    found = [
        entry["fieldsV1"][field]
        for entry in metadata.get("managedFields") or ()
        if field in (entry.get("fieldsV1") or {})
    ]
    if not found:
        return None
    return {key[len("f:") :] for keys in found for key in keys if key.startswith("f:")}


def services_of(cluster: KDCluster, app: JsonMapping | None) -> list[dict[str, t.Any]]:
    """List services with their endpoints, as in configmeta.json (source: servicesForRole).

    :param app: the KDApp's manifest, if known.
    :returns: [{name, endpoints}]; hosts end in ".svc", which pods resolve in any cluster domain.
    """
    spec = (app or {}).get("spec") or {}
    endpoints = {
        service.get("id"): service.get("endpoint") or {} for service in spec.get("services") or ()
    }
    found: dict[str, list[str]] = {}
    for role in (spec.get("config") or {}).get("roleServices") or ():
        pods = [m.pod for m in cluster.members if m.pod and m.role == role.get("roleID")]
        for name in role.get("serviceIDs") or () if pods else ():
            endpoint = endpoints.get(name) or {}
            scheme, port = endpoint.get("urlScheme") or "", endpoint.get("port")
            urls = found.setdefault(name, [])
            if port is not None:
                host = f"{cluster.headless_service}.{cluster.namespace}.svc"
                urls += [f"{scheme}://{pod}.{host}:{port}" for pod in pods]
    return [{"name": name, "endpoints": urls} for name, urls in found.items()]
