# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_configmeta_info task, from options to result."""

from __future__ import annotations

import functools
import typing as t

from .._ansible.task import Task
from .._core.errors import InvalidInputError, MemberError, PreconditionError
from .._kubedirector.configmeta import with_references_resolved, with_secrets_as
from .._kubedirector.configmeta_diff import member_differences, stale_parts
from .._kubedirector.snapshot import Snapshot
from .._observe.members import Reading, read_configmetas
from .._observe.reader import (
    read_allowed_objects,
    read_kdclusters,
    read_selected,
    require_namespace,
    with_selected,
)

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import KDCluster, Member


class ConfigmetaTask(Task):
    def __post_init__(self) -> None:
        self._kdclusters: list[dict[str, t.Any]] = []

    @property
    def result(self) -> dict[str, t.Any]:
        return {"changed": False, "kdclusters": self._kdclusters}

    def run(self) -> None:
        """Read and compare the members' configmeta.json.

        :raises PreconditionError: a KDCluster, role or pod does not exist.
        :raises MemberError: a member is unreadable and on_member_error is fail.
        :raises ApiError, UnreachableError:
        """
        read = functools.partial(read_selected, self.api)
        chosen_names = with_selected(read, self.namespace, self.params).get("kdcluster")
        if chosen_names is None:
            raise InvalidInputError(
                "Name KDClusters in kdcluster, or select them by label_selectors or apps."
            )
        names = list(dict.fromkeys(chosen_names))
        clusters, _version = read_kdclusters(self.api, self.namespace)
        if not clusters:
            require_namespace(self.api, self.namespace)
        problems = [
            f"KDCluster {self.namespace}/{name} does not exist. Correct its name or namespace."
            for name in names
            if name not in clusters
        ]
        if problems:
            raise PreconditionError(problems)
        chosen = [clusters[name] for name in names]
        readings = read_configmetas(self.api, self.namespace, self._chosen_members(chosen))
        self._require_fields(readings)
        keys = [key for cluster in chosen for key in cluster.connections.objects()]
        objects, refused = read_allowed_objects(self.api, self.namespace, keys)
        if refused:
            self.warn(
                f"Whether the members are current is not known for all that is connected. {' '.join(dict.fromkeys(refused.values()))}"
            )
        snapshot = Snapshot(self.namespace, clusters, objects)
        for cluster in chosen:
            mine = [reading for reading in readings if reading.member in cluster.members]
            self._kdclusters.append(self._describe(cluster, mine, snapshot))
        failures = [r.error for r in readings if r.error is not None and not r.expected]
        if failures and self.params["on_member_error"] == "fail":
            raise MemberError(" ".join(failures))

    def _require_fields(self, readings: list[Reading]) -> None:
        known = sorted({part for r in readings for part in r.configmeta or ()})
        unknown = [field for field in self.params.get("fields") or () if field not in known]
        if known and unknown:
            raise PreconditionError(
                [
                    f"Option fields: configmeta.json has no part {', '.join(map(repr, unknown))}; it has "
                    f"{', '.join(known)}. Correct fields."
                ]
            )

    def _chosen_members(self, clusters: list[KDCluster]) -> list[Member]:
        roles, pods = self.params.get("roles") or (), self.params.get("pods") or ()
        members = [member for cluster in clusters for member in cluster.members]
        labels = ", ".join(cluster.label for cluster in clusters)
        for role in roles:
            if all(member.role != role for member in members):
                raise PreconditionError(
                    [f"{labels} has no role {role!r} with members. Correct roles."]
                )
        for pod in pods:
            if all(member.pod != pod for member in members):
                raise PreconditionError([f"{labels} has no member {pod!r}. Correct pods."])
        return [
            member
            for member in members
            if (not roles or member.role in roles) and (not pods or member.pod in pods)
        ]

    def _describe(
        self, cluster: KDCluster, readings: list[Reading], snapshot: Snapshot
    ) -> dict[str, t.Any]:
        differences = member_differences(
            {r.member.pod: r.configmeta for r in readings if r.configmeta is not None}
        )
        all_read = all(r.configmeta is not None or r.expected for r in readings)
        not_compared = [
            {"kind": kind, "name": name}
            for kind, name in cluster.connections.objects()
            if (kind, name) not in snapshot.objects
        ]
        members = []
        for reading in readings:
            held = reading.configmeta
            stale = [] if held is None else stale_parts(held, cluster, snapshot)
            known = held is not None and not not_compared
            members.append(
                {
                    "pod": reading.member.pod,
                    "role": reading.member.role,
                    "node_id": reading.member.node_id,
                    "configmeta": None if held is None else self._shown(held),
                    "error": reading.error,
                    "current": False if stale else True if known else None,
                    "stale": stale,
                    "not_compared": not_compared,
                }
            )
        return {
            "name": cluster.name,
            "state": cluster.state,
            "consistent": False if differences else True if all_read else None,
            "differences": differences,
            "members": members,
        }

    def _shown(self, configmeta: dict[str, t.Any]) -> dict[str, t.Any]:
        shown = with_secrets_as(self.params["secrets"], configmeta)
        if self.params["resolve_refs"]:
            shown = with_references_resolved(shown)
        fields = self.params.get("fields")
        return {key: value for key, value in shown.items() if not fields or key in fields}
