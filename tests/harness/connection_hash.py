# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KubeDirector's connection hash: the oracle of every test.

The rule was read off the operator and confirmed by the contract suite. It is written again on purpose, so
that neither the collection nor the simulator can agree with itself by mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5
from typing import Any

from tests.harness.kubectl import Kubectl, Manifest
from tests.harness.manifests import KDCLUSTER

# By the field of spec.connections, in the order of the hash.
KINDS = {"clusters": KDCLUSTER, "configmaps": "configmap", "secrets": "secret"}


def connection_hash(kubectl: Kubectl, namespace: str, spec: dict[str, Any]) -> str:
    """Return the hash of a KDCluster's spec.connections as the objects are now. Raises KubectlError."""
    connections = spec.get("connections") or {}
    found = {
        field: kubectl.find_all(
            kind, *dict.fromkeys(connections.get(field) or []), namespace=namespace
        )
        for field, kind in KINDS.items()
    }
    return hash_of(spec, lambda field, name: found[field].get(name))


def hash_of(spec: dict[str, Any], find: Callable[[str, str], Manifest | None]) -> str:
    """Return the md5 hex of a KDCluster's spec.connections.

    In spec order and with no separators: each connected cluster's name and generation, each
    ConfigMap's name and resourceVersion, each Secret's. Missing objects add their name alone.

    `find` takes a field of the connections and a name, and returns the object, or None if it is missing.
    """
    text = ""
    for field in KINDS:
        for name in (spec.get("connections") or {}).get(field) or []:
            found = find(field, name)
            text += name + ("" if found is None else _version(field, found))
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _version(field: str, found: Manifest) -> str:
    if field != "clusters":
        return str(found["metadata"]["resourceVersion"])
    generation = (found.get("status") or {}).get("specGenerationToProcess")
    return "nil" if generation is None else str(generation)
