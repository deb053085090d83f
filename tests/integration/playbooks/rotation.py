# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KDClusters that share objects, and what their pods hold of them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from uuid import uuid4

from tests.harness.canaries import canary, forms
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, Manifest
from tests.harness.manifests import (
    ClusterRole,
    Connections,
    configmap,
    kdcluster,
    secret,
    start_script,
)

SECRET, STEERING, SHARED = "source-control-secret", "steering", "shared"
MODEL = "convolutional-nn-model"
NAMING = ("lab", "second")
LINKED = ("engine", "study")
KEPT = canary("rotate-kept")
EXIT = 3


def fresh_value() -> str:
    """A value that no other test uses."""
    return canary(f"rotate-{uuid4().hex}")


Find = Callable[[str], KDCluster]


def objects() -> list[Manifest]:
    """What the KDClusters share, and a Secret that none of them names."""
    return [
        secret(
            SECRET,
            {"token": fresh_value(), "username": KEPT},
            connection_type="source-control",
            labels={"team": "a"},
            annotations={"example.com/owner": "team-a"},
        ),
        secret("alone", {"token": fresh_value()}, connection_type="source-control"),
        configmap(MODEL, {"path": "s3://x/1", "model-version": "1"}, connection_type="model"),
        *(start_script(one) for one in (STEERING, "calm", SHARED)),
    ]


def kdclusters() -> list[Manifest]:
    """Two that share objects, and two that are linked besides.

    Of lab the object `steering` steers the start script; second obeys another one, which comes first.
    """
    connections = {
        "lab": Connections(configmaps=[STEERING, MODEL], secrets=[SECRET]),
        "second": Connections(configmaps=["calm", STEERING], secrets=[SECRET]),
        "engine": Connections(configmaps=[SHARED]),
        "study": Connections(clusters=["engine"], configmaps=[SHARED]),
    }
    role = [ClusterRole("controller")]
    return [
        kdcluster(name, "workbench", role, connections=one) for name, one in connections.items()
    ]


def secret_values(kubectl: Kubectl, place: str, name: str = SECRET) -> dict[str, str]:
    """A Secret's values in plain text."""
    data = kubectl.get("secret", name, namespace=place)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def read_by_application(found: KDCluster, kind: str, name: str) -> dict[str, str]:
    """An object's values as the start script in the pod understands them."""
    read = found.application()
    (data,) = [
        one["data"] for listed in read[kind].values() for one in listed if one["name"] == name
    ]
    assert isinstance(data, dict)
    return data


def held_by_member(found: KDCluster, kind: str, name: str) -> dict[str, str]:
    """An object's values in the pod's configmeta.json; a Secret's decoded."""
    entries = [e for listed in (found.connections_in()[kind] or {}).values() for e in listed]
    plain = (lambda text: base64.b64decode(text).decode()) if kind == "secrets" else str
    (data,) = [one["data"] for one in entries if plain(one["metadata"]["name"]) == name]
    return {key: plain(value) for key, value in data.items()}


def assert_everywhere(
    find: Find, names: tuple[str, ...], kind: str, name: str, **want: str
) -> None:
    """The pod of each KDCluster holds these values, its application read them, and it is settled."""
    for one in names:
        found = find(one)
        assert found.unsettled_because(found.get()) == []
        assert held_by_member(found, kind, name).items() >= want.items(), one
        assert read_by_application(found, kind, name).items() >= want.items(), one


def assert_absent(text: str, *secrets: str) -> None:
    """Fail, without showing the text, where a value is in it in any form."""
    raw = text.encode(errors="replace")
    assert not [form for value in secrets for form in forms(value) if form in raw]


def steer(kubectl: Kubectl, find: Find, exit_code: int, seconds: float = 0) -> None:
    """Let every later run of lab's start script end like this."""
    data = {"exit": str(exit_code), "seconds": f"{seconds:g}"}
    kubectl.patch("configmap", STEERING, {"data": data}, namespace=find("lab").namespace)
    for one in NAMING:
        find(one).wait_settled()
