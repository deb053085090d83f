# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Return values and their types are as documented."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any

from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.connection_hash import connection_hash
from tests.harness.integration_objects import READER_BORN_WITH
from tests.harness.modules import Fresh, Modules, model, succeeded, token

TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "bool": bool,
    "dict": dict,
    "list": list,
}
# Ansible's own, which no module documents.
ANSIBLES = {"changed", "invocation", "warnings", "diff", "failed", "msg", "exception"}
# The documentation says that these are null if there is no value.
NULLABLE = {
    "versioned_name",
    "reconnect",
    "configmeta",
    "error",
    "current",
    "connection_hash",
    "spec_generation",
}


@cache
def documented(module: str) -> dict[str, Any]:
    """The RETURN documentation of a module."""
    name = f"kubedirector.connections.{module}"
    done = subprocess.run(
        ["ansible-doc", "--type", "module", "--json", name],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: dict[str, Any] = json.loads(done.stdout)[name]["return"]
    return found


def assert_fits(value: Any, what: dict[str, Any], where: str) -> None:
    """The value has the documented type, and below it exactly the documented keys."""
    if value is None and where.rsplit(".", 1)[-1] in NULLABLE:
        return
    kind = TYPES[what["type"]]
    assert isinstance(value, kind) and not (kind is int and value is True), f"{where}: {value!r}"
    if "contains" not in what:
        return
    items: list[Any] = value if isinstance(value, list) else [value]
    for item in items:
        assert set(item) == set(what["contains"]), where
        for key, inner in what["contains"].items():
            assert_fits(item[key], inner, f"{where}.{key}")


def assert_documented(module: str, result: dict[str, Any]) -> None:
    """The whole result is as documented."""
    assert set(result) - ANSIBLES == set(documented(module))
    for key, what in documented(module).items():
        assert_fits(result[key], what, key)


def test_kd_connection_returns_what_it_documents(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    wide = emptied("wide")
    name = fresh("returned")
    arguments: dict[str, Any] = {
        "kdcluster": ["wide"],
        "configmaps": [model(name)],
        "secrets": [token(name, key=canary("sorrel"))],
    }
    first = tenant.connected(**arguments)
    for result in (
        first,
        tenant.connected(**arguments),
        tenant.connection(check_mode=True, **arguments),
    ):
        assert_documented("kd_connection", result.json)
    assert first.json["objects"] == [
        {
            "kind": "ConfigMap",
            "namespace": wide.namespace,
            "name": name,
            "versioned_name": None,
            "type": "model",
            "action": "created",
        },
        {
            "kind": "Secret",
            "namespace": wide.namespace,
            "name": name,
            "versioned_name": None,
            "type": "token",
            "action": "created",
        },
    ]
    (returned,) = first.json["kdclusters"]
    manifest = wide.get()
    assert returned["name"] == "wide"
    assert returned["connections"] == {"clusters": [], "configmaps": [name], "secrets": [name]}
    assert returned["connection_hash"] == manifest["status"]["lastConnectionHash"]
    assert returned["connection_hash"] == connection_hash(
        wide.kubectl, wide.namespace, manifest["spec"]
    )
    assert returned["spec_generation"] == wide.generation()
    assert [(one["pod"], one["role"], one["node_id"]) for one in returned["members"]] == [
        (one.pod, one.role, str(one.node_id)) for one in wide.members()
    ]


def test_kd_connection_returns_the_same_keys_when_it_fails(
    tenant: Modules, kdcluster: Named, fresh: Fresh
) -> None:
    result = tenant.connection(
        kdcluster=["lab"], configmaps=[{"name": fresh("missing")}, model(fresh("new"))]
    )
    assert result.failed
    assert_documented("kd_connection", result.json)
    assert result.json["changed"] is False
    assert all(one["action"] == "unchanged" for one in result.json["objects"])


def test_kd_configmeta_info_returns_what_it_documents(tenant: Modules, kdcluster: Named) -> None:
    kdcluster("reader").wait_settled()
    result = tenant.read(kdclusters=["reader", "backend"])
    assert_documented("kd_configmeta_info", result.json)
    assert not result.changed
    assert [one["name"] for one in result.json["kdclusters"]] == ["reader", "backend"]
    (returned, _backend) = result.json["kdclusters"]
    assert [(one["pod"], one["role"], one["node_id"]) for one in returned["members"]] == [
        (one.pod, one.role, str(one.node_id)) for one in kdcluster("reader").members()
    ]


def test_kd_cluster_returns_what_it_documents(tenant: Modules, kdcluster: Named) -> None:
    reader = kdcluster("reader")
    reader.wait_settled()
    result = succeeded(tenant.cluster(name="reader"))
    assert_documented("kd_cluster", result.json)
    assert not result.changed
    manifest, named = reader.get(), READER_BORN_WITH
    assert result.json["kdclusters"] == [
        {
            "name": "reader",
            "action": "unchanged",
            "app": "workbench",
            "connections": {
                "clusters": named.clusters, "configmaps": named.configmaps, "secrets": named.secrets,
            },
            "connection_hash": connection_hash(reader.kubectl, reader.namespace, manifest["spec"]),
            "spec_generation": reader.generation(),
            "state": manifest["status"]["state"],
            "members": [
                {
                    "pod": one.pod,
                    "role": one.role,
                    "node_id": str(one.node_id),
                    "state": one.state,
                    "has_configmeta": one.role == "controller",
                }
                for one in reader.members()
            ],
        }
    ]  # fmt: skip
