# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KubeDirector's connection hash, computed anew from what kubectl sees.

The rule was read off the operator and confirmed by the contract suite; it is written here a second
time on purpose, so that neither the collection nor the stand-in can agree with itself by mistake.
"""

from __future__ import annotations

from hashlib import md5
from typing import Any

from tests.harness.kubectl import Kubectl, Manifest
from tests.harness.manifests import KDCLUSTER


def connection_hash(kubectl: Kubectl, namespace: str, spec: dict[str, Any]) -> str:
    """Return the md5 hex of a KDCluster's spec.connections as the objects are now.

    In spec order and with no separators: each connected cluster's name and generation, each
    ConfigMap's name and resourceVersion, each Secret's. Missing objects add their name alone.
    Raises KubectlError.
    """
    connections = spec.get("connections") or {}
    text = ""
    for kind, field, version in (
        (KDCLUSTER, "clusters", _generation),
        ("configmap", "configmaps", _resource_version),
        ("secret", "secrets", _resource_version),
    ):
        names = connections.get(field) or []
        found = kubectl.find_all(kind, *dict.fromkeys(names), namespace=namespace)
        text += "".join(name + (version(found[name]) if name in found else "") for name in names)
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _generation(found: Manifest) -> str:
    generation = (found.get("status") or {}).get("specGenerationToProcess")
    return "nil" if generation is None else str(generation)


def _resource_version(found: Manifest) -> str:
    return str(found["metadata"]["resourceVersion"])
