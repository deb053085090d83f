# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""binary_data of ConfigMaps, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_connection
from tests.unit.plugins.api_server import Answer, Request
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import MARK, NOTEBOOK, Run, headed
from tests.unit.plugins.namespace_server import Namespace

MODEL = f"{CORE}/configmaps/model"
NEW = {"weights": encoded(MARK)}


def test_binary_data_are_created_with_a_warning_and_not_shown(run: Run, space: Namespace) -> None:
    entry = {"name": "new", "type": "model", "binary_data": NEW}
    planned = run(kd_connection, True, configmaps=[entry], **NOTEBOOK)
    assert headed(planned["diff"], "ConfigMap team-a/new")["after"]["binaryData"] == {
        "weights": "(hidden)"
    }
    result = run(kd_connection, configmaps=[entry], **NOTEBOOK)
    assert not result.get("failed"), result
    created = space.objects[f"{CORE}/configmaps/new"]
    assert (created["data"], created["binaryData"]) == ({}, NEW)
    said = "ConfigMap team-a/new has binaryData (weights), which the operator leaves out"
    assert json.dumps(result["warnings"]).count(said) == 1
    assert not run(kd_connection, configmaps=[entry], **NOTEBOOK)["changed"]


@pytest.mark.parametrize(
    ("entry", "data", "binary"),
    [
        ({"binary_data": NEW}, {"path": "/old"}, NEW),
        ({"binary_data": NEW, "data_mode": "merge"}, {"path": "/old"}, {"theirs": "AAA="} | NEW),
        ({"binary_data": {}}, {"path": "/old"}, {}),
        ({"data": {"a": "b"}}, {"a": "b"}, {"theirs": "AAA="}),
        ({"data": {"theirs": "b"}, "data_mode": "merge"}, {"path": "/old", "theirs": "b"}, {}),
        ({"binary_data": {"path": "AAA="}, "data_mode": "merge"}, {}, {"theirs": "AAA=", "path": "AAA="}),
        ({"binary_data": NEW, "data_mode": "create_only"}, {"path": "/old"}, {"theirs": "AAA="}),
    ],
    ids=range(7),
)  # fmt: skip
def test_binary_data_of_an_existing_configmap_are_changed(
    run: Run, space: Namespace, entry: JsonObject, data: JsonObject, binary: JsonObject
) -> None:
    space.objects[MODEL]["binaryData"] = {"theirs": "AAA="}
    result = run(kd_connection, configmaps=[{"name": "model", **entry}], **NOTEBOOK)
    assert not result.get("failed"), result
    found = space.objects[MODEL]
    assert (found["data"], found.get("binaryData") or {}) == (data, binary)
    assert not run(kd_connection, configmaps=[{"name": "model", **entry}], **NOTEBOOK)["changed"]


def test_the_name_of_a_version_depends_on_binary_data(run: Run, space: Namespace) -> None:
    entry: JsonObject = {"name": "weights", "type": "model", "data": {"a": "b"}, "versioned": True}
    names = []
    for binary in ({}, {"x": "AAA="}, {"x": "AAE="}):
        result = run(kd_connection, True, configmaps=[{**entry, "binary_data": binary}], **NOTEBOOK)
        names.append(result["objects"][0]["versioned_name"])
    plain = run(kd_connection, True, configmaps=[entry], **NOTEBOOK)
    assert len(set(names)) == 3
    assert plain["objects"][0]["versioned_name"] == names[0]


def test_other_writers_of_binary_data_are_named(
    run: Run, space: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle: Callable[[], Answer] = space._settle

    def changing() -> Answer:
        space.objects[MODEL]["binaryData"] = {"weights": "AAE="}
        space.objects[MODEL]["metadata"]["resourceVersion"] = "9999"
        return settle()

    monkeypatch.setattr(space, "_settle", changing)
    entry = {"name": "model", "binary_data": NEW}
    result = run(kd_connection, configmaps=[entry], **NOTEBOOK)
    assert "holds other binaryData (weights) than this task wants" in result["msg"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"binary_data": {"a": "?"}}, "key a is not valid base64; encode it, or put the plain text into data."),
        ({"binary_data": {"a": "AAA="}, "data": {"a": "b"}}, "key a is in data and in binary_data"),
        ({"binary_data": {"a/b": "AAA="}}, "'a/b' is not a valid key"),
    ],
)  # fmt: skip
def test_impossible_binary_data_are_refused(
    run: Run, space: Namespace, entry: JsonObject, said: str
) -> None:
    result = run(kd_connection, configmaps=[{"name": "model", **entry}], **NOTEBOOK)
    assert f"ConfigMap team-a/model: {said}" in result["msg"]
    assert not space.writes


def test_a_copy_for_linked_kdclusters_has_binary_data(
    run: Run, space: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.add_kdcluster("engine", "pod-e", configmaps=["model"])
    space.add_kdcluster("notebook", "pod-0", "pod-1", configmaps=["model"], clusters=["engine"])
    created: list[JsonObject] = []
    write: Callable[[Request], Answer] = space._write

    def seen(request: Request) -> Answer:
        if request.method == "POST" and request.path.endswith("/configmaps"):
            created.append(request.json)
        return write(request)

    monkeypatch.setattr(space, "_write", seen)
    entry = {"name": "model", "data_mode": "merge", "binary_data": {"path": "AAA="}}
    result = run(kd_connection, configmaps=[entry], **NOTEBOOK)
    assert not result.get("failed"), result
    assert created
    assert all((one["data"], one["binaryData"]) == ({}, {"path": "AAA="}) for one in created)
