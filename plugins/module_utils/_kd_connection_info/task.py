# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_connection_info task, from options to result."""

from __future__ import annotations

import time
import typing as t

from .._ansible.task import Task
from .._core.errors import PreconditionError
from .._core.printable import printable
from .._observe.reader import require_namespace
from .description import (
    cluster_entry,
    edges_of,
    object_entry,
    problem_entry,
    table_lines,
    usage_entry,
)
from .estate import read_labelled, read_spaces
from .problems import (
    cluster_problems,
    is_left_over,
    member_problems,
    object_problems,
    read_members,
    with_configmap_data,
)

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._core.resource import Key
    from .._kubedirector.problems import Problem
    from .._kubedirector.snapshot import KDCluster, LiveObject
    from .estate import Space

_QUESTIONS = {"configmap": "ConfigMap", "secret": "Secret", "cluster": "KDCluster"}
_ORDER = {"error": 0, "warning": 1, "info": 2}
# A KDCluster's fields in a summary.
_SUMMED_UP = ("namespace", "name", "state")


class ConnectionInfoTask(Task):
    def __post_init__(self) -> None:
        self._result: dict[str, t.Any] = {
            "table": [], "kdclusters": [], "objects": [], "edges": [], "usage": [], "problems": [], "not_seen": [],
        }  # fmt: skip
        self._asked = [
            (kind, self.params[option])
            for option, kind in _QUESTIONS.items()
            if self.params.get(option)
        ]

    @property
    def result(self) -> dict[str, t.Any]:
        result = {"changed": False, "server": self.api.transport.host, **self._result}
        if not self.params["summary"]:
            return result
        clusters = [
            {key: cluster[key] for key in _SUMMED_UP} for cluster in self._result["kdclusters"]
        ]
        lines = table_lines(self._result, self._namespaces() or [])
        return {**result, "table": lines, "kdclusters": clusters, "objects": [], "edges": []}

    def run(self) -> None:
        """Read and check what is there.

        :raises PreconditionError: a named namespace or KDCluster does not exist.
        :raises ApiError: also if the caller may read KDClusters in no namespace.
        :raises UnreachableError:
        """
        namespaces = self._namespaces()
        spaces, not_seen = read_spaces(self.api, namespaces)
        for space in spaces:
            if namespaces and not space.snapshot.clusters:
                require_namespace(self.api, space.snapshot.namespace)
        self._require_kdclusters(spaces)
        labelled = None
        if self.params.get("label_selectors"):
            labelled = read_labelled(self.api, namespaces, self.params["label_selectors"])
        found: list[Problem] = []
        for space in spaces:
            usages = [usage for key in self._asked if (usage := usage_entry(space, *key))]
            self._result["usage"] += usages
            chosen = self._chosen(space, labelled, usages)
            found += self._describe(space, chosen, not_seen)
        unique = sorted(
            dict.fromkeys(found),
            key=lambda p: (_ORDER[p.severity], p.namespace, p.kdcluster, p.object or (), p.code),
        )
        self._result["problems"] = [problem_entry(problem) for problem in unique]
        self._result["not_seen"] = [{**one, "reason": printable(one["reason"])} for one in not_seen]
        self._warn(not_seen)

    def _namespaces(self) -> list[str] | None:
        if self.params["all_namespaces"]:
            return None
        return list(self.params.get("namespace") or [self.namespace])

    def _require_kdclusters(self, spaces: list[Space]) -> None:
        there = {name for space in spaces for name in space.snapshot.clusters}
        missing = [name for name in self.params.get("kdcluster") or () if name not in there]
        if missing:
            where = ", ".join(space.snapshot.namespace for space in spaces)
            place = "any namespace" if self.params["all_namespaces"] else f"namespace {where}"
            raise PreconditionError(
                [
                    f"KDCluster {name} does not exist in {place}. Correct its name or namespace."
                    for name in missing
                ]
            )

    def _chosen(
        self, space: Space, labelled: set[Key] | None, usages: list[JsonObject]
    ) -> list[KDCluster]:
        """The requested KDClusters, by name."""
        names, apps = self.params.get("kdcluster"), self.params.get("apps")
        users = {name for usage in usages for name in (*usage["used_by"], *usage["used_through"])}
        return [
            cluster
            for name, cluster in sorted(space.snapshot.clusters.items())
            if (not names or name in names)
            and (not apps or cluster.app in apps)
            and (labelled is None or (cluster.namespace, name) in labelled)
            and (not self._asked or name in users)
        ]

    def _describe(
        self, space: Space, chosen: list[KDCluster], not_seen: list[JsonObject]
    ) -> list[Problem]:
        """Add a namespace to the result; return its problems."""
        snapshot, states = space.snapshot, {}
        if self.params["members"] and chosen:
            snapshot = with_configmap_data(self.api, snapshot, chosen)
            states = read_members(self.api, snapshot.namespace, chosen)
        objects = _relevant(space)
        if self._asked or any(self.params.get(o) for o in ("kdcluster", "label_selectors", "apps")):
            wanted = {*self._asked, *(key for c in chosen for key in c.connections.objects())}
            objects = {key: found for key, found in objects.items() if key in wanted}
        problems = [
            *cluster_problems(snapshot, chosen, time.time()),
            *object_problems(
                [snapshot.objects[key] or found for key, found in objects.items()], space.users
            ),
        ]
        for cluster in chosen:
            found = states.get(cluster.name, [])
            problems += member_problems(snapshot, cluster, found)
            not_seen += (
                {"namespace": cluster.namespace, "kind": "Pod", "reason": state.error}
                for state in found
                if state.error
            )
        self._result["kdclusters"] += [cluster_entry(space, cluster) for cluster in chosen]
        self._result["objects"] += [object_entry(space, found) for found in objects.values()]
        self._result["edges"] += [edge for cluster in chosen for edge in edges_of(cluster)]
        return problems

    def _warn(self, not_seen: list[JsonObject]) -> None:
        reasons: dict[tuple[str | None, str], list[str]] = {}
        for one in not_seen:
            reasons.setdefault((one["namespace"], one["kind"]), []).append(one["reason"])
        for (_namespace, kind), found in reasons.items():
            more = f" ({len(found) - 1} more in not_seen.)" if len(found) > 1 else ""
            self.warn(f"Not all {kind}s could be seen, and the rest is returned: {found[0]}{more}")
        used = {(usage["kind"], usage["name"]) for usage in self._result["usage"]}
        for kind, name in self._asked:
            if (kind, name) not in used:
                self.warn(
                    f"{kind} {name} does not exist in the namespaces that were read, and no KDCluster names it. "
                    "Check its name and namespace."
                )


def _relevant(space: Space) -> dict[Key, LiveObject]:
    """Objects with a type label, named by a KDCluster, or left over."""
    return {
        key: found
        for key, found in sorted(space.snapshot.objects.items())
        if found is not None
        and found.readable
        and (found.type or key in space.users or is_left_over(found))
    }
