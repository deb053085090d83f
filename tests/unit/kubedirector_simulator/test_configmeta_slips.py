# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator reproduces the slips of upstream's configmeta.json."""

from __future__ import annotations

import base64
import json

from tests.kubedirector_simulator.configmeta import ConfigmetaSource, compose
from tests.kubedirector_simulator.connected_objects import Connected, NamedObject
from tests.kubedirector_simulator.objects import Json
from tests.kubedirector_simulator.secret_keys import SecretKeys, new_master_key

KEYS = SecretKeys(new_master_key())


def _app(name: str) -> Json:
    return {
        "metadata": {"name": name, "namespace": "ns"},
        "spec": {
            "distroID": f"example/{name}",
            "version": "1",
            "configSchemaVersion": 8,
            "services": [
                {
                    "id": "rest",
                    "label": {"name": "R"},
                    "endpoint": {"port": 80, "urlScheme": "http"},
                }
            ],
            "roles": [{"id": "server", "cardinality": "1+"}],
            "config": {"roleServices": [{"roleID": "server", "serviceIDs": ["rest"]}]},
        },
    }


def _member(pod: str, node_id: int) -> Json:
    return {"pod": pod, "nodeID": node_id, "service": f"s-{pod}", "state": "configured"}


def _cluster(name: str, members: list[Json]) -> Json:
    role: Json = {"id": "server", "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}}}
    role["secretKeys"] = [{"name": "password", "encryptedValue": KEYS.encrypt("plain")}]
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": f"uid-{name}"},
        "spec": {"app": name, "roles": [role]},
        "status": {"clusterService": "kdhs-x", "roles": [{"id": "server", "members": members}]},
    }


def _compose(connected: Connected) -> Json:
    members = [_member("a-0", 1)]
    source = ConfigmetaSource(
        cluster=_cluster("notebook", members),
        app=_app("notebook"),
        members_for_role={"server": members},
        connected=connected,
        apps_of_connected={"engine": _app("engine")},
        secret_keys=KEYS,
        service_domain=".svc.cluster.local",
    )
    parsed: Json = json.loads(compose(source)["a-0"])
    return parsed


def test_a_connected_cluster() -> None:
    engine = _cluster("engine", [_member("b-0", 1), _member("b-1", 2)])
    found = _compose(Connected([NamedObject("engine", engine)], [], []))
    inner = found["connections"]["clusters"]["engine"]
    assert inner["node"] is None
    assert inner["connections"] == {"clusters": None, "configmaps": None, "secrets": None}
    role = inner["nodegroups"]["1"]["roles"]["server"]
    assert role["node_ids"] == ["2", "2"]
    assert role["secret_keys"] == {"password": "plain"}
    assert role["services"]["rest"]["fqdns"]["bdvlibrefkey"][0] == "nodegroups"
    assert inner["services"]["rest"]["1"]["server"]["bdvlibrefkey"][:3] == [
        "connections",
        "clusters",
        "engine",
    ]


def test_unlabelled_and_missing_objects_are_skipped_and_secrets_are_base64() -> None:
    secret: Json = {
        "metadata": {"name": "s", "labels": {"kubedirector.hpe.com/secretType": "token"}},
        "data": {"key": base64.b64encode(b"value").decode()},
    }
    plain: Json = {"metadata": {"name": "plain"}, "data": {"a": "b"}}
    found = _compose(
        Connected(
            [],
            [NamedObject("plain", plain), NamedObject("missing", None)],
            [NamedObject("s", secret)],
        )
    )
    assert found["connections"]["configmaps"] == {}
    (entry,) = found["connections"]["secrets"]["token"]
    assert base64.b64decode(entry["metadata"]["name"]) == b"s"
    assert base64.b64decode(entry["data"]["key"]) == b"value"
    assert entry["annotations"] == {}


def test_flavor_rounds_cores_up() -> None:
    role = _compose(Connected([], [], []))["nodegroups"]["1"]["roles"]["server"]
    assert (role["flavor"]["cores"], role["flavor"]["memory"]) == ("2", "1024")
