# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_connection_info task from its options to its result. Knows nothing of Ansible."""

from __future__ import annotations

import time
import typing as t

from .._ansible.task import Task
from .._core.errors import PreconditionError
from .._core.printable import printable
from .._core.resource import Key
from .._observe.reader import require_namespace
from .description import (
    cluster_entry,
    edges_of,
    object_entry,
    problem_entry,
    usage_entry,
)
from .estate import EstateReader
from .member_problems import member_problems, read_members, with_configmap_data
from .problems import cluster_problems, is_left_over, object_problems
from .table import table_lines

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._kubedirector.problems import Problem
    from .._kubedirector.snapshot import KDCluster, LiveObject
    from .estate import Space

_QUESTIONS = {"configmap": "ConfigMap", "secret": "Secret", "cluster": "KDCluster"}
_ORDER = {"error": 0, "warning": 1, "info": 2}
# What a summary says of a KDCluster.
_SUMMED_UP = ("namespace", "name", "state")


class ConnectionInfoTask(Task):
    """Runs one task."""

    def __post_init__(self) -> None:
        self._result: dict[str, t.Any] = {
            "table": [], "kdclusters": [], "objects": [], "edges": [], "usage": [], "problems": [], "not_seen": [],
        }  # fmt: skip
        self._asked = [
            (kind, self.params[option])
            for option, kind in _QUESTIONS.items()
            if self.params.get(option)
        ]
        # What of that exists, or is named, in some namespace.
        self._used: set[Key] = set()

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values."""
        result = {"changed": False, "server": self.api.transport.host, **self._result}
        if not self.params["summary"]:
            return result
        clusters = [
            {key: cluster[key] for key in _SUMMED_UP} for cluster in self._result["kdclusters"]
        ]
        lines = table_lines(self._result, self._namespaces() or [])
        return {**result, "table": lines, "kdclusters": clusters, "objects": [], "edges": []}

    def run(self) -> None:
        """Read what is there and look it over.

        :raises PreconditionError: a namespace or a KDCluster that is named does not exist.
        :raises ApiError: also where the KDClusters of no namespace may be seen.
        :raises UnreachableError:
        """
        namespaces = self._namespaces()
        reader = EstateReader(self.api)
        spaces = reader.read(namespaces)
        for space in spaces:
            if namespaces and not space.clusters:
                require_namespace(self.api, space.namespace)
        self._require_kdclusters(spaces)
        labelled = None
        if self.params.get("label_selectors"):
            labelled = reader.selected(namespaces, self.params["label_selectors"])
        found: list[Problem] = []
        for space in spaces:
            usages = {
                key: usage for key in self._asked if (usage := usage_entry(space, *key)) is not None
            }
            self._used |= usages.keys()
            self._result["usage"] += usages.values()
            found += self._describe(space, self._chosen(space, labelled, usages.values()), reader)
        unique = sorted(
            dict.fromkeys(found),
            key=lambda p: (_ORDER[p.severity], p.namespace, p.kdcluster, p.object or (), p.code),
        )
        self._result["problems"] = [problem_entry(problem) for problem in unique]
        self._result["not_seen"] = [
            {**one, "reason": printable(str(one["reason"]))} for one in reader.not_seen
        ]
        self._warn(reader)

    def _namespaces(self) -> list[str] | None:
        if self.params["all_namespaces"]:
            return None
        return list(self.params.get("namespace") or [self.namespace])

    def _require_kdclusters(self, spaces: list[Space]) -> None:
        there = {name for space in spaces for name in space.clusters}
        where = ", ".join(space.namespace for space in spaces)
        missing = [name for name in self.params.get("kdcluster") or () if name not in there]
        if missing:
            place = "any namespace" if self.params["all_namespaces"] else f"namespace {where}"
            raise PreconditionError(
                [
                    f"KDCluster {name} does not exist in {place}. Correct its name or namespace."
                    for name in missing
                ]
            )

    def _chosen(
        self, space: Space, labelled: set[Key] | None, usages: t.Iterable[JsonObject]
    ) -> list[KDCluster]:
        """The KDClusters that were asked for, by name."""
        names, apps = self.params.get("kdcluster"), self.params.get("apps")
        users = {name for usage in usages for name in (*usage["used_by"], *usage["used_through"])}
        return [
            cluster
            for name, cluster in sorted(space.clusters.items())
            if (not names or name in names)
            and (not apps or cluster.app in apps)
            and (labelled is None or (space.namespace, name) in labelled)
            and (not self._asked or name in users)
        ]

    @property
    def _selects(self) -> bool:
        """Whether only a part of what is there was asked for."""
        options = ("kdcluster", "label_selectors", "apps")
        return bool(self._asked) or any(self.params.get(option) for option in options)

    def _describe(
        self, space: Space, chosen: list[KDCluster], reader: EstateReader
    ) -> list[Problem]:
        """Add a namespace to the result; return its problems."""
        snapshot, states = space.snapshot, {}
        if self.params["members"] and chosen:
            snapshot = with_configmap_data(self.api, snapshot, chosen)
            states = read_members(self.api, space.namespace, chosen)
        wanted = {*self._asked, *(key for c in chosen for key in c.connections.objects())}
        objects = [
            found
            for found in _relevant(space)
            if not self._selects or (found.kind, found.name) in wanted
        ]
        read = [snapshot.objects[found.kind, found.name] or found for found in objects]
        problems = [
            *cluster_problems(snapshot, chosen, time.time()),
            *object_problems(read, space.users),
        ]
        for cluster in chosen:
            problems += member_problems(snapshot, cluster, states.get(cluster.name, ()))
            reader.not_seen += [
                {"namespace": space.namespace, "kind": "Pod", "reason": state.error}
                for state in states.get(cluster.name, ())
                if state.error
            ]
        self._result["kdclusters"] += [cluster_entry(space, cluster) for cluster in chosen]
        self._result["objects"] += [object_entry(space, found) for found in objects]
        self._result["edges"] += [edge for cluster in chosen for edge in edges_of(cluster)]
        return problems

    def _warn(self, reader: EstateReader) -> None:
        by_kind: dict[tuple[str | None, str | None], list[str]] = {}
        for one in reader.not_seen:
            by_kind.setdefault((one["namespace"], one["kind"]), []).append(str(one["reason"]))
        for (_namespace, kind), reasons in by_kind.items():
            more = f" ({len(reasons) - 1} more in not_seen.)" if len(reasons) > 1 else ""
            self.warn(
                f"Not all {kind}s could be seen, and the rest is returned: {reasons[0]}{more}"
            )
        for kind, name in self._asked:
            if (kind, name) not in self._used:
                self.warn(
                    f"{kind} {name} does not exist in the namespaces that were read, and no KDCluster names it. "
                    "Check its name and namespace."
                )


def _relevant(space: Space) -> list[LiveObject]:
    """What has to do with connections: has a type label, is named, or was left over."""
    return [
        found
        for found in space.objects
        if found.readable
        and (
            found.type or (found.kind, found.name) in space.users or is_left_over(found) is not None
        )
    ]
