# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kd_connection_info and kd_export_info found, as entries of kd_connections. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.links import (
    find_cycle,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.connections_after import (
    CONNECTION_KINDS,
)

Entry = t.Mapping[str, t.Any]
# What kd_connections refuses of a connection, even where nothing would change.
_REFUSED = frozenset({"missing_object", "unlabelled_object", "foreign_app"})


def exported(found: Entry, content: t.Sequence[Entry] = ()) -> list[dict[str, t.Any]]:
    """Describe each namespace by the entries that change nothing there.

    :param found: what kd_connection_info returned.
    :param content: what kd_export_info read. An entry of its own describes the ConfigMaps; others name them.
    :returns: [{namespace, kd_connections, left_out}] by namespace, of those with KDClusters. `left_out`
        has what kd_connections would refuse: [{kdcluster, clusters, configmaps, secrets, problems}], in which
        `problems` are sentences and empty lists are missing; and without `kdcluster`, objects without content.
    """
    exporter = _Exporter(found)
    spaces: dict[str, dict[str, t.Any]] = {}
    for cluster in found["kdclusters"]:
        space = spaces.setdefault(
            cluster["namespace"],
            {"namespace": cluster["namespace"], "kd_connections": [], "left_out": []},
        )
        entry, left_out = exporter.divided(cluster)
        space["kd_connections"] += [entry] if entry else []
        space["left_out"] += [left_out] if left_out else []
    for namespace, space in spaces.items():
        mine = [one for one in content if one["namespace"] == namespace]
        entry, unread = described("ConfigMap", mine)
        space["kd_connections"][:0] = [entry] if entry else []
        space["left_out"] += unread
    return [space for _name, space in sorted(spaces.items())]


def described(
    kind: str, content: t.Sequence[Entry]
) -> tuple[dict[str, t.Any] | None, list[dict[str, t.Any]]]:
    """Make the entry that describes objects of a kind in a namespace, and what is left out of it.

    :param content: what kd_export_info read in the namespace.
    :returns: None where there is nothing to describe; [{configmaps or secrets, problems}].
    """
    part = next(part for part, one in CONNECTION_KINDS.items() if one == kind)
    content = [one for one in content if one["kind"] == kind]
    objects = [
        {
            option: value
            for option, value in one.items()
            # A ConfigMap seldom has binary_data.
            if option not in ("namespace", "kind") and (value or option == "data")
        }
        for one in content
        if "problem" not in one
    ]
    left_out = [
        {
            part: [one["name"]],
            "problems": [
                f"{kind} {one['namespace']}/{one['name']} is without its content. {one['problem']}"
            ],
        }
        for one in content
        if "problem" in one
    ]
    return ({"namespace": content[0]["namespace"], part: objects} if objects else None), left_out


class _Exporter:
    """Divides each KDCluster's connections into what kd_connections takes, and the rest."""

    def __init__(self, found: Entry) -> None:
        self._objects = {
            (one["namespace"], one["kind"], one["name"]): one for one in found["objects"]
        }
        self._clusters = {(one["namespace"], one["name"]): one for one in found["kdclusters"]}
        # By namespace: what each KDCluster connects to.
        self._links: dict[str, dict[str, list[str]]] = {}
        for (namespace, name), one in self._clusters.items():
            self._links.setdefault(namespace, {})[name] = one["connections"]["clusters"]
        # By KDCluster: what is wrong with "Kind/name".
        self._refused: dict[tuple[str, str], dict[str, str]] = {}
        for one in found["problems"]:
            if one["code"] in _REFUSED and one["kdcluster"]:
                refused = self._refused.setdefault((one["namespace"], one["kdcluster"]), {})
                refused[one["object"]] = f"{one['message']} {one['hint']}"

    def divided(self, cluster: Entry) -> tuple[dict[str, t.Any] | None, dict[str, t.Any] | None]:
        """Make the entry of a KDCluster, and what is left out of it; either may be None."""
        namespace, name = cluster["namespace"], cluster["name"]
        whole = self._problem_of(cluster)
        if whole:
            lists = {part: names for part, names in cluster["connections"].items() if names}
            return None, {"kdcluster": name, **lists, "problems": [whole]}
        kept: dict[str, list[str]] = {}
        rest: dict[str, list[str]] = {}
        problems: list[str] = []
        for part, kind in CONNECTION_KINDS.items():
            for target in cluster["connections"][part]:
                problem = self._problem_with(cluster, kind, target)
                if target in kept.get(part, ()):
                    problem = f"KDCluster {namespace}/{name} names {kind} {target} twice."
                (rest if problem else kept).setdefault(part, []).append(target)
                problems += [problem] if problem else []
        entry = {"namespace": namespace, "kdcluster": [name], **kept}
        if not problems:
            # What is live is all of it.
            return {**entry, "exclusive": True}, None
        left_out = {"kdcluster": name, **rest, "problems": list(dict.fromkeys(problems))}
        return (entry if kept else None), left_out

    def _problem_of(self, cluster: Entry) -> str:
        """Why kd_connections would refuse the KDCluster itself."""
        namespace, name = cluster["namespace"], cluster["name"]
        if cluster["terminating"]:
            return f"KDCluster {namespace}/{name} is being deleted."
        app = self._refused.get((namespace, name), {}).get(f"KDApp/{cluster['app']}")
        if app:
            return app
        cycle = find_cycle(self._links[namespace], name)
        if cycle:
            return (
                f"KDCluster {namespace}/{name} is connected to itself through a cycle ({' -> '.join(cycle)}). "
                "Take one of these connections out."
            )
        return ""

    def _problem_with(self, cluster: Entry, kind: str, target: str) -> str:
        """Why kd_connections would refuse one of its connections."""
        namespace = cluster["namespace"]
        refused = self._refused.get((namespace, cluster["name"]), {}).get(f"{kind}/{target}")
        if refused:
            return refused
        label = f"{kind} {namespace}/{target}"
        found = (
            self._clusters.get((namespace, target))
            if kind == "KDCluster"
            else self._objects.get((namespace, kind, target))
        )
        if found is None:
            # Not seen: kd_connections takes it as it is.
            return ""
        if found["terminating"]:
            return f"{label} is being deleted."
        if kind != "KDCluster" and not found["type"]:
            return f"{label} has an empty type label: the operator skips it silently. Give its type, or disconnect it."
        return ""
