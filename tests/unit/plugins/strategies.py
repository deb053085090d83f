# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated namespaces and tasks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.snapshot import (
    Snapshot,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    DesiredState,
    parse_desired,
)
from tests.unit.plugins.manifests import (
    TYPE_LABELS,
    JsonObject,
    encoded,
    kdcluster_manifest,
    object_manifest,
    snapshot_of,
    task,
)

CLUSTERS = ("engine", "registry", "notebook", "store", "deployer")
OBJECTS = ("one", "two", "three")
KINDS = ("ConfigMap", "Secret")
LIST_OF = {"ConfigMap": "configmaps", "Secret": "secrets"}


@dataclasses.dataclass
class World:
    """A namespace as raw manifests, and a task on it."""

    clusters: dict[str, JsonObject]
    objects: dict[tuple[str, str], JsonObject | None]
    options: JsonObject

    @property
    def desired(self) -> DesiredState:
        """The task, parsed."""
        return parse_desired(self.options, "team-a")

    @property
    def snapshot(self) -> Snapshot:
        """The namespace, read."""
        return snapshot_of(self.clusters.values(), self.objects)

    def lists(self, name: str) -> dict[str, list[str]]:
        """A KDCluster's connections in its manifest."""
        given = self.clusters[name]["spec"].get("connections") or {}
        return {field: list(given.get(field) or ()) for field in ("clusters", *LIST_OF.values())}


def subsets(names: Iterable[str]) -> st.SearchStrategy[list[str]]:
    """Some of these names, each once, in any order."""
    return st.lists(st.sampled_from(sorted(names)), unique=True)


_DATA = st.sampled_from(
    (
        {},
        {"path": "/x"},
        {"path": "/y", "port": "8080"},
        {"name": "grün"},
        {"path": "", "name": "x"},
    )
)
_DATA_MODE = st.sampled_from(("replace", "replace", "merge", "create_only"))
_LABELS = st.sampled_from(({}, {"a": "x"}, {"a": "y", "b": "x"}))
_LIST_FORM = st.sampled_from(("list", "list", "list", "null", "absent"))
_ENTRY_FORM = st.sampled_from(("", "t", "d", "td", "tdl", "l"))
_TYPE = st.sampled_from(("model", "source-control"))
_LIVE_FORM = st.sampled_from(("typed", "typed", "typed", "untyped", "missing"))


@st.composite
def connections(draw: st.DrawFn, earlier: list[str]) -> Any:
    """spec.connections in every form: lists, nulls, or left out."""
    lists: dict[str, Any] = {}
    pools = {"clusters": [*earlier, "nowhere"], "configmaps": OBJECTS, "secrets": OBJECTS}
    for field, pool in pools.items():
        form = draw(_LIST_FORM)
        if form == "list":
            lists[field] = draw(subsets(pool))
        elif form == "null":
            lists[field] = None
    return lists


@st.composite
def entries(draw: st.DrawFn, kind: str) -> list[JsonObject]:
    """Objects as a task names them: by name alone, or described."""
    named = []
    for name in draw(subsets(OBJECTS)):
        entry: JsonObject = {"name": name}
        form = draw(_ENTRY_FORM)
        if "t" in form:
            entry["type"] = draw(_TYPE)
        if "d" in form:
            entry["data" if kind == "ConfigMap" else "string_data"] = dict(draw(_DATA))
            entry["data_mode"] = draw(_DATA_MODE)
        if "l" in form:
            entry["labels"] = dict(draw(_LABELS))
        named.append(entry)
    return named


@st.composite
def live_objects(draw: st.DrawFn, kind: str, name: str) -> JsonObject | None:
    """One object of the namespace: typed, without type label, or missing."""
    form = draw(_LIVE_FORM)
    if form == "missing":
        return None
    data = dict(draw(_DATA))
    if kind == "Secret":
        data = {key: encoded(value) for key, value in data.items()}
    return object_manifest(
        kind,
        name,
        object_type=draw(_TYPE) if form == "typed" else None,
        data=data,
        labels=draw(_LABELS),
    )


@st.composite
def worlds(draw: st.DrawFn, *, state: str | None = None, possible: bool = True) -> World:
    """A namespace without cycles, and a task on it.

    :param possible: only tasks that are not refused.
    """
    # By default, Hypothesis draws mostly short lists.
    names = draw(st.permutations(CLUSTERS))[: draw(st.sampled_from((5, 3, 4, 1)))]
    clusters = {}
    for index, name in enumerate(names):
        if draw(st.integers(0, 4)) == 0:
            clusters[name] = kdcluster_manifest(name, no_connections=True)
        else:
            clusters[name] = kdcluster_manifest(name, connections=draw(connections(names[:index])))
    objects = {(kind, name): draw(live_objects(kind, name)) for kind in KINDS for name in OBJECTS}
    chosen = state or draw(st.sampled_from(("present", "present", "absent")))
    # Connecting only to earlier ones closes no cycle.
    first = draw(st.integers(0, len(names) - 1)) if possible else 0
    pool = names[first:] if possible else [*names, "missing"]
    targets = draw(st.lists(st.sampled_from(pool), unique=True, min_size=1))
    if chosen == "absent":
        others = [*names, "nowhere"]
    else:
        others = names[:first] if possible else [n for n in pool if n not in targets]
    options = task(
        kdcluster=targets,
        configmaps=draw(entries("ConfigMap")),
        secrets=draw(entries("Secret")),
        clusters=draw(subsets(others)) if others else [],
        state=chosen,
        exclusive=chosen == "present" and draw(st.booleans()),
        delete_objects=chosen == "absent" and draw(st.booleans()),
    )
    world = World(clusters, objects, options)
    if possible:
        _make_possible(world)
    return world


def _make_possible(world: World) -> None:
    """Add a type where the task would be refused without it, and delete no shared object."""
    others = set(world.clusters) - set(world.options["kdcluster"])
    for kind, field in LIST_OF.items():
        for entry in world.options[field]:
            found = world.objects[kind, entry["name"]]
            if found is None or TYPE_LABELS[kind] not in found["metadata"]["labels"]:
                entry.setdefault("type", "model")
            if any(entry["name"] in world.lists(name)[field] for name in others):
                world.options["delete_objects"] = False


def links_maps() -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    """Links between KDClusters, cycles among them."""
    names = "abcdef"
    targets = st.sampled_from((0, 1, 1, 2)).flatmap(
        lambda size: st.lists(
            st.sampled_from([*names, "z"]), unique=True, min_size=size, max_size=size
        )
    )
    return st.fixed_dictionaries({name: targets.map(tuple) for name in names})


@st.composite
def acyclic_links(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Links without a cycle: each KDCluster connects to some of those before it, in any order."""
    names = draw(st.permutations("abcdef"))
    links = {
        name: tuple(
            draw(st.lists(st.sampled_from(names[:index]), unique=True, min_size=1, max_size=2))
        )
        for index, name in enumerate(names)
        if index
    }
    return {name: links[name] for name in draw(st.permutations(sorted(links)))}
