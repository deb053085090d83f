# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small helpers over Kubernetes objects in their JSON form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from typing import Any, NamedTuple, TypeAlias

from tests.kubedirector_simulator import facts

Json: TypeAlias = dict[str, Any]

_QUANTITY = re.compile(r"^([0-9.]+)(?:[eE]([-+]?[0-9]+)|([numkKMGTPE]i?))?$")
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "K": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


class ObjectKey(NamedTuple):
    """Namespace and name of an object."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def key_of(obj: Json) -> ObjectKey:
    """The key of a namespaced object."""
    return ObjectKey(obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def labels_of(obj: Json) -> dict[str, str]:
    """The object's labels, empty when it has none."""
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Json) -> dict[str, str]:
    """The object's annotations, made (and attached) when it has none."""
    metadata = obj["metadata"]
    if not metadata.get("annotations"):
        metadata["annotations"] = {}
    annotations: dict[str, str] = metadata["annotations"]
    return annotations


def bump_counter(annotations: dict[str, str], name: str) -> None:
    """Count an annotation up by one, from "1"; a value that is not a number counts as 0."""
    value = annotations.get(name, "0")
    annotations[name] = str((int(value) if re.fullmatch(r"-?\d+", value) else 0) + 1)


def connected_names(cluster: Json, kind: str) -> list[str]:
    """The names under spec.connections[kind], kind being clusters, configmaps or secrets."""
    connections = cluster.get("spec", {}).get("connections") or {}
    return list(connections.get(kind) or [])


def without_empty_connections(cluster: Json) -> Json:
    """The cluster as the real operator writes a whole one: empty lists of connections left out.

    spec.connections itself is always written. Its Go struct says omitempty for the lists only.
    """
    lists = {
        kind: names for kind, names in (cluster["spec"].get("connections") or {}).items() if names
    }
    return {**cluster, "spec": {**cluster["spec"], "connections": lists}}


def owner_references(cluster: Json) -> list[Json]:
    """The owner reference that every object made for a KDCluster carries."""
    metadata = cluster["metadata"]
    return [
        {
            "apiVersion": facts.API_VERSION,
            "kind": "KubeDirectorCluster",
            "name": metadata["name"],
            "uid": metadata["uid"],
            "controller": True,
            "blockOwnerDeletion": False,
        }
    ]


def without_empty(value: Any) -> Any:
    """The value with null, {} and [] left out of its mappings, at every depth."""
    if isinstance(value, dict):
        cleaned = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in cleaned.items() if item not in (None, {}, [])}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value


def same_meaning(left: Any, right: Any) -> bool:
    """Whether two values are equal when an absent, a null and an empty member are one.

    That is how the real operator compares (apimachinery's equality.Semantic on typed structs).
    """
    return bool(without_empty(left) == without_empty(right))


def quantity(text: str | int | float) -> Decimal:
    """A Kubernetes quantity as a number of its base unit.

    Raises ValueError when the text is not a quantity.
    """
    match = _QUANTITY.match(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a Kubernetes quantity")
    number, exponent, suffix = match.groups()
    value = Decimal(number)
    if exponent:
        return value.scaleb(int(exponent))
    return value * _SUFFIXES[suffix] if suffix else value


def quantity_up(text: str | int | float) -> int:
    """A Kubernetes quantity rounded up to a whole number of its base unit."""
    return int(quantity(text).to_integral_value(rounding=ROUND_CEILING))


def by_name(items: Iterable[Json], name: str, field: str = "id") -> Json | None:
    """The first item whose field has this value."""
    return next((item for item in items if item.get(field) == name), None)
