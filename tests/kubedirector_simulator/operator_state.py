# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all parts of the running operator share, and what one pass over one KDCluster works on."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.kubedirector_simulator import app_catalog, facts
from tests.kubedirector_simulator.bookkeeping import AppUsers, ClusterCache, StatusGenerations
from tests.kubedirector_simulator.cluster_api import ClusterApi
from tests.kubedirector_simulator.global_config import GlobalConfig
from tests.kubedirector_simulator.member_shell import MemberShell
from tests.kubedirector_simulator.object_cache import ObjectCache
from tests.kubedirector_simulator.objects import Json, key_of
from tests.kubedirector_simulator.stale_copies import StaleCopies


@dataclass(frozen=True)
class Options:
    """The command line's settings; times in seconds."""

    operator_namespace: str = facts.DEFAULT_OPERATOR_NAMESPACE
    poll_seconds: float = 10.0
    wedge_seconds: float = 20.0


@dataclass
class Operator:
    """The parts that every pass, the webhook and the watches share."""

    api: ClusterApi
    options: Options
    app_users: AppUsers
    config: GlobalConfig = field(default_factory=GlobalConfig)
    generations: StatusGenerations = field(default_factory=StatusGenerations)
    clusters: ClusterCache = field(default_factory=ClusterCache)
    objects: ObjectCache = field(init=False)
    stale_copies: StaleCopies = field(init=False)
    made_directories: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.objects = ObjectCache(self.api)
        self.stale_copies = StaleCopies(self.clusters)


@dataclass
class Role:
    """One role during a pass: what is desired, what is recorded, what runs.

    by_state groups the member statuses as they were when the pass looked at the role.
    """

    name: str
    spec: Json | None
    status: Json | None = None
    stateful_set: Json | None = None
    by_state: dict[str, list[Json]] = field(default_factory=dict)

    @property
    def desired(self) -> int:
        """The number of members in the spec."""
        return 0 if self.spec is None else int(self.spec["members"])

    def members(self, *states: str) -> list[Json]:
        """The members in any of these states, in the order in which the states are given."""
        return [member for state in states for member in self.by_state.get(state, [])]

    def regroup(self) -> None:
        """Groups the members again."""
        self.by_state = {}
        for member in (self.status or {}).get("members") or []:
            self.by_state.setdefault(member["state"], []).append(member)


@dataclass
class Pass:
    """One pass over one KDCluster; cluster is this pass's own copy and has a status."""

    operator: Operator
    cluster: Json
    roles: list[Role] = field(default_factory=list)
    _app: Json | None = None

    @property
    def api(self) -> ClusterApi:
        """The API client."""
        return self.operator.api

    @property
    def objects(self) -> ObjectCache:
        """What the watches have shown."""
        return self.operator.objects

    @property
    def namespace(self) -> str:
        """The cluster's namespace."""
        return key_of(self.cluster).namespace

    @property
    def status(self) -> Json:
        """The cluster's status, as this pass is changing it."""
        status: Json = self.cluster["status"]
        return status

    @property
    def generation(self) -> int:
        """status.specGenerationToProcess."""
        return int(self.status["specGenerationToProcess"])

    async def app(self) -> Json:
        """The cluster's KubeDirectorApp, read once per pass. Raises AppMissing."""
        if self._app is None:
            namespace = self.operator.options.operator_namespace
            self._app = await app_catalog.find_app(self.objects, self.cluster, namespace)
        return self._app

    def shell(self, member: Json, container_id: str) -> MemberShell:
        """Commands for a member's container."""
        made = self.operator.made_directories
        return MemberShell(self.objects, self.namespace, member["pod"], container_id, made)
