# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting KDClusters by labels and KDApps is the same as naming them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_configmeta_info,
    kd_connection,
    kd_connections,
    kd_rotate,
)
from tests.unit.plugins.api_server import ScriptedServer
from tests.unit.plugins.clients import KDCLUSTERS
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import MARK, Run
from tests.unit.plugins.namespace_server import Namespace

SECRET = {"name": "token", "type": "login", "string_data": {"token": MARK}}


@pytest.fixture
def notebooks(space: Namespace) -> Namespace:
    """Two labelled KDClusters, of which one has a KDApp of its own, and two without the label."""
    space.add_kdcluster("second", "pod-2", app="lab-app")
    for name in ("notebook", "second"):
        space.kdcluster(name)["metadata"]["labels"] = {"purpose": "notebook"}
    space.apps.append(
        {**space.apps[0], "metadata": {**space.apps[0]["metadata"], "name": "lab-app"}}
    )
    return space


def names(result: JsonObject) -> list[str]:
    """The KDClusters of a result."""
    return [one["name"] for one in result["kdclusters"]]


LABELLED: JsonObject = {"label_selectors": ["purpose=notebook"]}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (LABELLED, ["notebook", "second"]),
        ({"apps": ["lab-app"]}, ["second"]),
        ({**LABELLED, "apps": ["lab-app"]}, ["second"]),
        ({**LABELLED, "expect_min": 2, "expect_max": 2}, ["notebook", "second"]),
    ],
)
def test_a_selection_is_the_same_as_names(
    notebooks: Namespace, run: Run, selection: JsonObject, expected: list[str]
) -> None:
    planned = run(kd_connection, check=True, secrets=[SECRET], **selection)
    assert names(planned) == expected
    assert notebooks.writes == []
    done = run(kd_connection, secrets=[SECRET], **selection)
    assert done["changed"] is True
    for name in ("notebook", "second", "engine"):
        connected = (notebooks.kdcluster(name)["spec"]["connections"] or {}).get("secrets") or []
        assert (connected == ["token"]) == (name in expected)
    by_name = run(kd_connection, secrets=[SECRET], kdcluster=expected)
    assert by_name["changed"] is False
    assert names(by_name) == names(done)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"label_selectors": ["purpose=none"]},
         "Option label_selectors purpose=none selects 0 KDClusters in namespace team-a, and expect_min is 1."),
        ({**LABELLED, "expect_max": 1},
         "selects 2 KDClusters in namespace team-a (notebook, second), and expect_max is 1."),
        ({**LABELLED, "expect_min": 3}, "(notebook, second), and expect_min is 3."),
        ({**LABELLED, "kdcluster": ["notebook"]}, "Give kdcluster, or label_selectors and apps, and not both"),
        ({"label_selectors": []}, "which would select every KDCluster"),
        ({"apps": [" "]}, "which would select every KDCluster"),
        ({**LABELLED, "expect_min": 3, "expect_max": 2}, "Option expect_min is 0 or more, and expect_max"),
    ],
)  # fmt: skip
def test_a_selection_of_another_size_is_refused_before_the_first_write(
    notebooks: Namespace, run: Run, options: JsonObject, said: str
) -> None:
    for module, more in ((kd_connection, {"secrets": [SECRET]}), (kd_configmeta_info, {})):
        result = run(module, **options, **more)
        assert result["failed"] is True
        assert said in result["msg"]
    assert notebooks.writes == notebooks.trials == []


def test_nothing_expected_is_nothing_to_do(notebooks: Namespace, run: Run) -> None:
    result = run(
        kd_connection, label_selectors=["purpose=none"], expect_min=0, configmaps=["model"]
    )
    assert (result["changed"], result["kdclusters"]) == (False, [])


def test_each_entry_has_its_own_selection(notebooks: Namespace, run: Run) -> None:
    result = run(
        kd_connections,
        connections=[
            {**LABELLED, "clusters": ["engine"]},
            {"apps": ["lab-app"], "secrets": [SECRET]},
        ],
    )
    connections = {one["name"]: one["connections"] for one in result["kdclusters"]}
    assert {name: one["clusters"] for name, one in connections.items()} == {
        "notebook": ["engine"], "second": ["engine"],
    }  # fmt: skip
    assert connections["second"]["secrets"] == ["token"]
    refused = run(
        kd_connections,
        connections=[{"kdcluster": ["engine"]}, {"apps": ["none"], "secrets": ["token"]}],
    )
    assert refused["msg"].startswith(
        "connections, entry 2 (no kdcluster): Option apps none selects 0"
    )


def test_entries_with_the_same_selection_share_one_request(
    notebooks: Namespace, run: Run, server: ScriptedServer
) -> None:
    entries = [{**LABELLED, "secrets": [{**SECRET, "name": f"token-{n}"}]} for n in range(5)]
    run(kd_connections, check=True, connections=entries)
    asked = [one.query.get("labelSelector") for one in server.requests if one.path == KDCLUSTERS]
    assert asked == [["purpose=notebook"], None]


def test_the_members_of_a_selection_are_read(notebooks: Namespace, run: Run) -> None:
    assert names(run(kd_configmeta_info, apps=["lab-app"])) == ["second"]
    refused = run(kd_configmeta_info)
    assert "Name KDClusters in kdcluster, or select them" in refused["msg"]


def rotated(run: Run, **options: Any) -> JsonObject:
    """Rotate the token."""
    return run(kd_rotate, secret="token", string_data={"token": f"{MARK}-2"}, **options)


def test_a_rotation_refuses_where_others_name_the_object(notebooks: Namespace, run: Run) -> None:
    run(kd_connection, secrets=[SECRET], kdcluster=["notebook", "second"])
    notebooks.writes.clear()
    refused = rotated(run, apps=["lab-app"])
    assert (
        "Secret team-a/token is named by KDCluster team-a/notebook too, which Option apps lab-app does not select."
        in refused["msg"]
    )
    few = rotated(run, **LABELLED, expect_min=3)
    assert (
        "selects 2 KDClusters in namespace team-a (notebook, second), and expect_min is 3"
        in few["msg"]
    )
    assert notebooks.writes == []
    assert rotated(run, **LABELLED)["changed"] is True


def test_the_api_server_evaluates_the_label_selector(
    notebooks: Namespace, run: Run, server: ScriptedServer
) -> None:
    run(kd_configmeta_info, **LABELLED)
    asked = [one for one in server.requests if one.path == KDCLUSTERS]
    assert [one.query.get("labelSelector") for one in asked] == [["purpose=notebook"], None]
