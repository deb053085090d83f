# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_configmeta_info: the content of the members, with secrets and references in every form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.integration_objects import READER_TOKEN, SECRET_KEY
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Manifest
from tests.harness.manifests import SECRET_TYPE_LABEL, encoded
from tests.harness.module_runner import ModuleResult
from tests.harness.modules import Fresh, Modules, model

REFERENCE = "bdvlibrefkey"


@pytest.fixture
def reader(kdcluster: Named) -> KDCluster:
    """A settled KDCluster of three members, connected to a ConfigMap, a Secret and a KDCluster."""
    found = kdcluster("reader")
    kdcluster("backend").wait_settled()
    found.wait_settled()
    return found


def controllers(result: ModuleResult) -> list[Manifest]:
    """What was read of the controllers: the operator lists the roles in any order."""
    members = result.json["kdclusters"][0]["members"]
    return [one for one in members if one["role"] == "controller"]


def controller(result: ModuleResult) -> Manifest:
    """The configmeta of the first controller."""
    found: Manifest = controllers(result)[0]["configmeta"]
    assert found is not None
    return found


def tokens(found: Any) -> Iterator[str]:
    """All values of authToken anywhere below."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key == "authToken" and value:
                yield value
            yield from tokens(value)
    elif isinstance(found, list):
        for value in found:
            yield from tokens(value)


def test_it_returns_what_the_file_has(tenant: Modules, reader: KDCluster) -> None:
    result = tenant.read(kdcluster=["reader"], secrets="decoded")
    (reported,) = result.json["kdclusters"]
    assert (reported["state"], reported["consistent"], reported["differences"]) == (
        "configured",
        True,
        [],
    )
    for member in controllers(result):
        file = reader.configmeta(member["pod"])
        assert {key: member["configmeta"][key] for key in file if key != "connections"} == {
            key: value for key, value in file.items() if key != "connections"
        }
        for kind in ("clusters", "configmaps"):
            assert member["configmeta"]["connections"][kind] == file["connections"][kind]
        assert (member["error"], member["current"], member["stale"]) == (None, True, [])


def test_masked_keeps_names_labels_and_keys(tenant: Modules, reader: KDCluster) -> None:
    result = tenant.read(kdcluster=["reader"])
    (secret,) = controller(result)["connections"]["secrets"]["token"]
    assert secret["metadata"]["name"] == "reader-token"
    assert secret["labels"] == {SECRET_TYPE_LABEL: "token"}
    assert set(secret["data"]) == {"token"}
    file = reader.configmeta()
    hidden = [READER_TOKEN, SECRET_KEY["value"], *tokens(file)]
    assert len(hidden) > 2, "the connected KDCluster has no service token"
    for value in hidden:
        assert value not in result.output and encoded(value) not in result.output
    assert SECRET_KEY["name"] in result.output


def test_decoded_is_plain(tenant: Modules, reader: KDCluster) -> None:
    meta = controller(tenant.read(kdcluster=["reader"], secrets="decoded"))
    (secret,) = meta["connections"]["secrets"]["token"]
    assert secret["metadata"]["name"] == "reader-token"
    assert secret["labels"] == {SECRET_TYPE_LABEL: "token"}
    assert secret["data"] == {"token": READER_TOKEN}
    backend = meta["connections"]["clusters"]["backend"]
    keys = backend["nodegroups"]["1"]["roles"]["restserver"]["secret_keys"]
    assert keys == {SECRET_KEY["name"]: SECRET_KEY["value"]}
    assert sorted(tokens(meta)) == sorted(tokens(reader.configmeta()))


def test_encoded_is_base64_throughout(tenant: Modules, reader: KDCluster) -> None:
    result = tenant.read(kdcluster=["reader"], secrets="encoded")
    meta, file = controller(result), reader.configmeta()
    assert meta["connections"]["secrets"] == file["connections"]["secrets"]
    assert READER_TOKEN not in result.output and SECRET_KEY["value"] not in result.output
    keys = meta["connections"]["clusters"]["backend"]["nodegroups"]["1"]["roles"]["restserver"]
    assert keys["secret_keys"] == {SECRET_KEY["name"]: encoded(SECRET_KEY["value"])}
    assert sorted(tokens(meta)) == sorted(encoded(value) for value in tokens(file))


def test_own_tokens_and_secret_keys_are_redacted_too(tenant: Modules, kdcluster: Named) -> None:
    backend = kdcluster("backend")
    backend.wait_settled()
    result = tenant.read(kdcluster=["backend"])
    for value in (
        SECRET_KEY["value"],
        *tokens(backend.configmeta(backend.members("restserver")[0].pod)),
    ):
        assert value not in result.output and encoded(value) not in result.output


def test_fields_are_those_asked_for(tenant: Modules, reader: KDCluster) -> None:
    result = tenant.read(kdcluster=["reader"], fields=["node", "cluster"])
    file = reader.configmeta()
    assert controller(result) == {"node": file["node"], "cluster": file["cluster"]}
    # The comparisons are of the whole, whatever is shown of it.
    assert controllers(result)[0]["current"] is True


def test_a_field_that_does_not_exist_is_an_error(tenant: Modules, reader: KDCluster) -> None:
    message = tenant.configmeta(kdcluster=["reader"], fields=["node", "nodez"]).message
    assert "nodez" in message and "fields" in message


def test_roles_choose_members(tenant: Modules, reader: KDCluster) -> None:
    result = tenant.read(kdcluster=["reader"], roles=["controller"])
    members = result.json["kdclusters"][0]["members"]
    assert [one["pod"] for one in members] == [one.pod for one in reader.members("controller")]


def test_pods_choose_members(tenant: Modules, reader: KDCluster) -> None:
    pod = reader.members("controller")[1].pod
    members = tenant.read(kdcluster=["reader"], pods=[pod]).json["kdclusters"][0]["members"]
    assert [one["pod"] for one in members] == [pod]
    node_id = reader.members("controller")[1].node_id
    assert members[0]["configmeta"]["node"]["id"] == str(node_id)


@pytest.mark.parametrize("option", ["roles", "pods"])
def test_a_member_that_does_not_exist_is_an_error(
    tenant: Modules, reader: KDCluster, option: str
) -> None:
    message = tenant.configmeta(kdcluster=["reader"], **{option: ["no-such-one"]}).message
    assert "no-such-one" in message and f"{reader.namespace}/reader" in message


def test_references_are_followed_inside_a_connected_cluster_too(
    tenant: Modules, reader: KDCluster, kdcluster: Named
) -> None:
    backend = kdcluster("backend")
    assert REFERENCE in json.dumps(reader.configmeta())
    meta = controller(tenant.read(kdcluster=["reader"], resolve_refs=True, secrets="decoded"))
    assert REFERENCE not in json.dumps(meta)
    own = reader.configmeta()["nodegroups"]["1"]["roles"]["controller"]
    service = meta["nodegroups"]["1"]["roles"]["controller"]["services"]["notebook"]
    assert service["fqdns"] == own["fqdns"] and len(own["fqdns"]) == 2
    inside = meta["connections"]["clusters"]["backend"]["nodegroups"]["1"]["roles"]["restserver"]
    pods = [one.pod for one in backend.members("restserver")]
    fqdns = inside["services"]["rest"]["fqdns"]
    assert fqdns and {fqdn.split(".")[0] for fqdn in fqdns} <= set(pods)


def test_every_kdcluster_asked_for_is_read(tenant: Modules, reader: KDCluster) -> None:
    result = tenant.read(kdclusters=["backend", "reader"], roles=None)
    assert [one["name"] for one in result.json["kdclusters"]] == ["backend", "reader"]


def test_reading_while_the_operator_writes_never_sees_half_a_file(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    wide = emptied("wide")
    name = fresh("rewritten")
    tenant.connected(kdcluster=["wide"], configmaps=[model(name, filler="x" * 200_000)])
    for turn in range(6):
        patch = {"data": {"path": f"repo://turn-{turn}"}}
        wide.kubectl.patch("configmap", name, patch, namespace=wide.namespace)
        result = tenant.read(kdcluster=["wide"], fields=["node"])
        members = result.json["kdclusters"][0]["members"]
        read = {one["pod"] for one in members if one["configmeta"]}
        assert read == {one["pod"] for one in members if one["role"] != "sidecar"}


def test_a_missing_kdcluster_is_named(tenant: Modules, home: str, fresh: Fresh) -> None:
    name = fresh("nowhere")
    message = tenant.configmeta(kdclusters=["reader", name]).message
    assert f"KDCluster {home}/{name} does not exist" in message
