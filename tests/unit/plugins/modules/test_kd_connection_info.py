# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_connection_info as a whole module, over real HTTP: objects, every problem code, fewer rights."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.problems import (
    SEVERITIES,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection_info
from tests.unit.plugins.api_server import Answer, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDAPPS, KDCLUSTERS
from tests.unit.plugins.configmeta_files import configmeta, connected_object
from tests.unit.plugins.manifests import JsonObject, encoded, kdcluster_manifest, member
from tests.unit.plugins.module_runs import MARK, Run, returned
from tests.unit.plugins.namespace_server import CONFIGMETA, STATUS, Namespace

COUNTER = "kubedirector.hpe.com/hashChangeCounter"
LONG_AGO = time.time() - 1000


def asked(run: Run, **options: Any) -> JsonObject:
    """Run the module; return its result, which is as documented."""
    return returned(run(kd_connection_info, **options), kd_connection_info.RETURN)


def stamp(manifest: JsonObject, when: float, **fields: Any) -> None:
    """Set kubectl as the manager of an object's fields, at a time in seconds since the epoch."""
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))
    entry = {"manager": "kubectl", "operation": "Update", "time": text, "fieldsV1": fields}
    manifest["metadata"].setdefault("managedFields", []).append(entry)


def object_in(space: Namespace, kind: str, name: str) -> JsonObject:
    """A live ConfigMap or Secret."""
    return space.objects[f"{CORE}/{kind.lower()}s/{name}"]


def rehash(space: Namespace) -> None:
    """Set every hash, as if the operator had seen everything."""
    for manifest in [v for k, v in space.objects.items() if k.startswith(KDCLUSTERS)]:
        manifest["status"]["lastConnectionHash"] = space.hash_of(manifest)


def held(space: Namespace, pod: str = "pod-0", path: str = "/old", **parts: Any) -> None:
    """Give a member of the notebook its ConfigMap."""
    model = connected_object("ConfigMap", "model", {"path": path})
    content = configmeta(**{"configmaps": {"model": [model]}, **parts})
    space.files[pod, CONFIGMETA] = json.dumps(content).encode()


@pytest.fixture
def healthy(space: Namespace) -> Namespace:
    """The notebook of two members, connected to its ConfigMap, without a problem."""
    for name in ("notebook", "engine"):
        space.kdcluster(name)["metadata"]["annotations"] = {COUNTER: "1"}
    for pod in ("pod-0", "pod-1"):
        held(space, pod)
    space.files["pod-e", CONFIGMETA] = json.dumps(configmeta("engine")).encode()
    return space


def connect(space: Namespace, name: str = "notebook", **lists: list[str]) -> JsonObject:
    """Add names to a KDCluster's spec, which the operator has seen."""
    manifest = space.kdcluster(name)
    for key, names in lists.items():
        manifest["spec"]["connections"][key] += names
    rehash(space)
    return manifest


def missing_object(space: Namespace) -> None:
    connect(space, configmaps=["missing"])


def missing_kdcluster(space: Namespace) -> None:
    connect(space, clusters=["missing"])


def unlabelled_object(space: Namespace) -> None:
    space.add_object("Secret", "plain", object_type=None)
    connect(space, secrets=["plain"])


def foreign_app(space: Namespace) -> None:
    space.kdcluster("engine")["spec"].update(app="elsewhere", appCatalog="system")
    connect(space, clusters=["engine"])


def missing_app(space: Namespace) -> None:
    space.kdcluster("engine")["spec"].update(app="elsewhere", appCatalog="local")


def cycle(space: Namespace) -> None:
    connect(space, clusters=["engine"])
    connect(space, "engine", clusters=["notebook"])


def duplicate_type(space: Namespace) -> None:
    for name in ("one", "two"):
        space.add_object("Secret", name, object_type="token")
    connect(space, secrets=["one", "two"])


def unused_object(space: Namespace) -> None:
    space.add_object("Secret", "spare", object_type="token")


def secret_in_configmap(space: Namespace) -> None:
    fields: JsonObject = {"f:data": {".": {}, "f:path": {}, "f:api_token": {}}}
    stamp(object_in(space, "ConfigMap", "model"), LONG_AGO, **fields)


def last_applied_leak(space: Namespace) -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": MARK}
    space.add_object("Secret", "applied", object_type="token", annotations=applied)
    connect(space, secrets=["applied"])


def exposed_secret_keys(space: Namespace) -> None:
    space.kdcluster("engine")["spec"]["roles"] = [
        {"id": "controller", "secretKeys": [{"name": "rest-password", "encryptedValue": MARK}]}
    ]
    connect(space, clusters=["engine"])


def config_error(space: Namespace) -> None:
    entry = space.kdcluster("notebook")["status"]["roles"][0]["members"][1]
    entry["state"] = "config error"
    entry["stateDetail"]["configErrorDetail"] = "no such disk\x1b[31m"


def stale_configmeta(space: Namespace) -> None:
    object_in(space, "ConfigMap", "model")["metadata"]["resourceVersion"] = "8"
    stamp(object_in(space, "ConfigMap", "model"), time.time())


def members_without_setup(space: Namespace) -> None:
    notebook = space.kdcluster("notebook")
    notebook["status"]["specGenerationToProcess"] = 2
    for entry in notebook["status"]["roles"][0]["members"]:
        del entry["stateDetail"]["lastSetupGeneration"]


def stuck_operator(space: Namespace) -> None:
    space.kdcluster("notebook")["status"]["state"] = "updating"
    stamp(space.kdcluster("notebook"), LONG_AGO)


def operator_that_is_down(space: Namespace) -> None:
    object_in(space, "ConfigMap", "model")["metadata"]["resourceVersion"] = "8"
    stamp(object_in(space, "ConfigMap", "model"), LONG_AGO)


def missed_reconnect(space: Namespace) -> None:
    for entry in space.kdcluster("notebook")["status"]["roles"][0]["members"]:
        entry["stateDetail"]["lastConnectionVersion"] = 3
    space.kdcluster("notebook")["metadata"]["annotations"] = {COUNTER: "2"}


def no_config_package(space: Namespace) -> None:
    for entry in space.kdcluster("notebook")["status"]["roles"][0]["members"]:
        entry["stateDetail"] = {}


def binary_data_dropped(space: Namespace) -> None:
    stamp(object_in(space, "ConfigMap", "model"), LONG_AGO, **{"f:binaryData": {"f:logo": {}}})


def leftover_copy(space: Namespace) -> None:
    space.add_object(
        "Secret", "git-login.kd-0123456789", object_type="token",
        labels={"app.kubernetes.io/managed-by": "kubedirector.connections"},
        annotations={"kubedirector.connections/copy-of": "uid-git-login"},
    )  # fmt: skip


def old_values_left_over(space: Namespace) -> None:
    labels = {
        "app.kubernetes.io/managed-by": "kubedirector.connections",
        "kubedirector.connections/keeps": "old-values",
    }
    space.add_object(
        "Secret", "kd-rotate-0123", object_type=None, labels=labels,
        annotations={"kubedirector.connections/old-values-of": "Secret/git-login"},
    )  # fmt: skip


def restoring(space: Namespace) -> None:
    labels = {"kubedirector.hpe.com/restoring": ""}
    space.kdcluster("notebook")["metadata"]["labels"] = labels


def stale_member(space: Namespace) -> None:
    held(space, "pod-1", "/older")


def inconsistent_members(space: Namespace) -> None:
    held(space, "pod-1", cluster_id="another")


def reconnect_failed(space: Namespace) -> None:
    space.files["pod-1", STATUS] = b"containerd://abc=7"


def start_script_that_did_not_run(space: Namespace) -> None:
    now = time.time()
    stamp(object_in(space, "ConfigMap", "model"), now)
    space.ran_at.update({"pod-0": int(now) + 1, "pod-1": int(now) - 60})


def credential_by_its_form(space: Namespace) -> None:
    url = f"https://me:{MARK}@git.example.com/notebooks.git"
    object_in(space, "ConfigMap", "model")["data"]["path"] = url
    for pod in ("pod-0", "pod-1"):
        held(space, pod, url)


def trailing_newline(space: Namespace) -> None:
    space.add_object("Secret", "login", object_type="token", data={"token": encoded(MARK + "\n")})
    connect(space, secrets=["login"])
    secret = connected_object("Secret", "login", {"token": MARK + "\n"}, object_type="token")
    for pod in ("pod-0", "pod-1"):
        held(space, pod, secrets={"token": [secret]})


Provoke = Callable[[Namespace], None]
# Code, the function that provokes it, names in the message, whether members are read.
PROVOKED: list[tuple[str, Provoke, list[str], bool]] = [
    ("missing_object", missing_object, ["KDCluster team-a/notebook", "ConfigMap team-a/missing"], False),
    ("missing_object", missing_kdcluster, ["KDCluster team-a/missing"], False),
    ("unlabelled_object", unlabelled_object, ["Secret team-a/plain", "type label"], False),
    ("foreign_app", foreign_app, ["KDCluster team-a/engine", "elsewhere"], False),
    ("foreign_app", missing_app, ["KDCluster team-a/engine", "elsewhere"], False),
    ("cycle", cycle, ["engine -> notebook -> engine"], False),
    ("duplicate_type", duplicate_type, ["one, two", "token"], False),
    ("unused_object", unused_object, ["Secret team-a/spare"], False),
    ("secret_in_configmap", secret_in_configmap, ["ConfigMap team-a/model", "api_token"], False),
    ("last_applied_leak", last_applied_leak, ["Secret team-a/applied"], False),
    ("exposed_secret_keys", exposed_secret_keys, ["team-a/engine", "rest-password"], False),
    ("config_error", config_error, ["pod-1", "no such disk\\x1b"], False),
    ("stale_configmeta", stale_configmeta, ["KDCluster team-a/notebook"], False),
    ("stale_configmeta", members_without_setup, ["pod-0", "'configure'"], False),
    ("stuck_operator", stuck_operator, ["'updating'", "generation 1"], False),
    ("stuck_operator", operator_that_is_down, ["KDCluster team-a/notebook"], False),
    ("missed_reconnect", missed_reconnect, ["1 behind"], False),
    ("no_config_package", no_config_package, ["KDCluster team-a/notebook"], False),
    ("binary_data_dropped", binary_data_dropped, ["ConfigMap team-a/model", "logo"], False),
    ("leftover_copy", leftover_copy, ["Secret team-a/git-login.kd-0123456789"], False),
    ("leftover_copy", old_values_left_over, ["Secret team-a/kd-rotate-0123", "Secret/git-login"], False),
    ("restoring", restoring, ["KDCluster team-a/notebook"], False),
    ("stale_configmeta", stale_member, ["pod-1", "ConfigMap team-a/model", "data.path"], True),
    ("inconsistent_members", inconsistent_members, ["pod-0", "pod-1", "cluster.id"], True),
    ("reconnect_failed", reconnect_failed, ["pod-1", "exit code 7"], True),
    ("missed_reconnect", start_script_that_did_not_run, ["pod-1"], True),
    ("secret_in_configmap", credential_by_its_form, ["ConfigMap team-a/model", "path"], True),
    ("trailing_newline", trailing_newline, ["Secret team-a/login", "token"], True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "provoke", "named", "members"), PROVOKED, ids=[one[1].__name__ for one in PROVOKED]
)
def test_a_problem_is_reported_with_its_names(
    healthy: Namespace, run: Run, code: str, provoke: Provoke, named: list[str], members: bool
) -> None:
    provoke(healthy)
    if members:
        assert asked(run)["problems"] == []
    problems = asked(run, members=members)["problems"]
    assert len(problems) == 1, problems
    (problem,) = problems
    assert (problem["code"], problem["severity"]) == (code, SEVERITIES[code])
    for text in [*named, "team-a/"]:
        assert text in problem["message"]
    assert problem["hint"].endswith(".") and problem["message"].endswith(".")
    assert problem["namespace"] == "team-a"
    assert not re.search("[\x00-\x1f]", json.dumps(problem, ensure_ascii=False))


def test_every_code_has_a_test_here() -> None:
    assert {code for code, *_rest in PROVOKED} == set(SEVERITIES)


def test_a_healthy_namespace_has_no_problem(healthy: Namespace, run: Run) -> None:
    result = asked(run, members=True)
    assert (result["problems"], result["not_seen"], result.get("warnings")) == ([], [], None)
    assert result["changed"] is False


def test_kdclusters_and_objects_are_returned(healthy: Namespace, run: Run) -> None:
    healthy.apps[0]["spec"] = {
        "services": [
            {"id": "web", "endpoint": {"port": 8888, "urlScheme": "http"}},
            {"id": "none", "endpoint": {}},
        ],
        "config": {"roleServices": [{"roleID": "controller", "serviceIDs": ["web", "none"]}]},
    }
    connect(healthy, clusters=["engine"])
    healthy.kdcluster("notebook")["status"]["clusterService"] = "head"
    healthy.kdcluster("notebook")["metadata"]["labels"] = {"team": "a"}
    model = object_in(healthy, "ConfigMap", "model")
    model["metadata"]["ownerReferences"] = [
        {"kind": "Model", "name": "m"}, {"kind": "ExternalSecret", "name": "x", "controller": True},
    ]  # fmt: skip
    stamp(model, LONG_AGO, **{"f:immutable": {}})
    healthy.add_object("ConfigMap", "unrelated", object_type=None)
    result = asked(run)
    engine, notebook = result["kdclusters"]
    assert (engine["name"], engine["connected_by"]) == ("engine", ["notebook"])
    assert notebook == {
        "namespace": "team-a", "name": "notebook", "app": "notebook-app", "state": "configured",
        "settled": True, "terminating": False, "labels": {"team": "a"}, "connected_by": [],
        "members": [
            {"pod": pod, "role": "controller", "state": "configured"} for pod in ("pod-0", "pod-1")
        ],
        "connections": {"clusters": ["engine"], "configmaps": ["model"], "secrets": []},
        "services": [
            {"name": "web", "endpoints": [
                "http://pod-0.head.team-a.svc:8888", "http://pod-1.head.team-a.svc:8888",
            ]},
            {"name": "none", "endpoints": []},
        ],
    }  # fmt: skip
    assert result["objects"] == [
        {
            "namespace": "team-a", "kind": "ConfigMap", "name": "model", "type": "model",
            "connected_to": ["notebook"], "immutable": True, "owner": "ExternalSecret/x",
            "terminating": False, "field_managers": ["kubectl"],
        }
    ]  # fmt: skip
    assert result["edges"] == [
        {"namespace": "team-a", "from": "notebook", "to": "engine", "kind": "KDCluster"},
        {"namespace": "team-a", "from": "notebook", "to": "model", "kind": "ConfigMap"},
    ]


def test_a_summary_is_returned(healthy: Namespace, run: Run) -> None:
    connect(healthy, clusters=["engine"])
    assert asked(run)["table"] == []
    result = run(kd_connection_info, summary=True)
    assert result["kdclusters"] == [
        {"namespace": "team-a", "name": name, "state": "configured"}
        for name in ("engine", "notebook")
    ]
    assert (result["objects"], result["edges"]) == ([], [])
    counts, _headers, engine, notebook, target = result["table"]
    assert counts == "Namespace team-a: 2 KDClusters, 0 problems"
    assert engine.split() == ["engine", "notebook-app", "configured", "1", "notebook"]
    assert notebook.split() == ["notebook", "notebook-app", "configured", "2", "kdcluster/engine"]
    assert target.strip() == "configmap/model"


def test_terminating_objects_are_marked(healthy: Namespace, run: Run) -> None:
    for manifest in (healthy.kdcluster("engine"), object_in(healthy, "ConfigMap", "model")):
        manifest["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    result = asked(run)
    assert [one["terminating"] for one in result["kdclusters"]] == [True, False]
    assert [one["terminating"] for one in result["objects"]] == [True]


def test_one_list_for_each_kind_and_no_secrets_data(
    healthy: Namespace, run: Run, server: ScriptedServer
) -> None:
    trailing_newline(healthy)
    asked(run)
    assert sorted(request.path for request in server.requests) == sorted(
        [KDCLUSTERS, KDAPPS, f"{CORE}/configmaps", f"{CORE}/secrets"]
    )
    asked(run, members=True)
    asked(run, all_namespaces=True)
    for request in server.requests:
        if "secrets" in request.path:
            assert all("PartialObjectMetadata" in text for text in request.header("Accept"))
    assert {request.method for request in server.requests} == {"GET"}


def test_all_namespaces_take_one_list_for_each_kind(
    healthy: Namespace, run: Run, server: ScriptedServer
) -> None:
    result = asked(run, all_namespaces=True)
    assert [one["name"] for one in result["kdclusters"]] == ["engine", "notebook"]
    assert not any("/namespaces/" in request.path for request in server.requests)
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"kdcluster": ["engine"]}, ["engine"]),
        ({"label_selectors": ["team=a", "stage=test"]}, ["notebook"]),
        ({"apps": ["notebook-app"]}, ["engine", "notebook"]),
        ({"apps": ["other"]}, []),
        ({"apps": ["notebook-app"], "kdcluster": ["notebook"]}, ["notebook"]),
        ({"configmap": "model"}, ["notebook"]),
        ({"cluster": "engine"}, ["notebook"]),
        ({"secret": "none"}, []),
    ],
)
def test_kdclusters_can_be_selected(
    healthy: Namespace, run: Run, options: Any, expected: list[str]
) -> None:
    connect(healthy, clusters=["engine"])
    labels = {"team": "a", "stage": "test"}
    healthy.kdcluster("notebook")["metadata"]["labels"] = labels
    unused_object(healthy)
    result = asked(run, **options)
    assert [one["name"] for one in result["kdclusters"]] == expected
    assert {one["name"] for one in result["objects"]} <= {"model"}
    assert result["problems"] == []
    assert {edge["from"] for edge in result["edges"]} <= set(expected)


def test_a_kdcluster_that_does_not_exist_is_named(healthy: Namespace, run: Run) -> None:
    result = run(kd_connection_info, kdcluster=["missing", "notebook"])
    assert result["failed"] is True
    assert "KDCluster missing does not exist in namespace team-a" in result["msg"]
    assert "notebook" not in result["msg"]


def test_the_users_of_an_object_and_their_start_scripts_are_returned(
    healthy: Namespace, run: Run
) -> None:
    healthy.add_kdcluster("dashboard", "pod-d", clusters=["notebook"])
    healthy.add_kdcluster("without", clusters=["dashboard"])
    rehash(healthy)
    result = asked(run, configmap="model", cluster="dashboard", secret="none")
    of_model, of_cluster = result["usage"]
    assert of_model == {
        "namespace": "team-a", "kind": "ConfigMap", "name": "model", "exists": True,
        "used_by": ["notebook"], "used_through": ["dashboard", "without"],
        "start_scripts": [
            {"kdcluster": "notebook", "pods": ["pod-0", "pod-1"]},
            {"kdcluster": "dashboard", "pods": ["pod-d"]},
        ],
    }  # fmt: skip
    assert (of_cluster["used_by"], of_cluster["used_through"]) == (["without"], [])
    assert "Secret none does not exist" in json.dumps(result["warnings"])


def test_the_users_of_a_missing_object_are_returned(healthy: Namespace, run: Run) -> None:
    missing_object(healthy)
    (usage,) = asked(run, configmap="missing")["usage"]
    assert (usage["exists"], usage["used_by"]) == (False, ["notebook"])


@pytest.mark.parametrize("plural", ["secrets", "configmaps"])
def test_a_user_who_may_not_list_objects_gets_those_that_are_named(
    healthy: Namespace, run: Run, server: ScriptedServer, plural: str
) -> None:
    refusal = status_answer(403, "Forbidden", "bob cannot list them")
    server.on("GET", f"{CORE}/{plural}", refusal, forever=True)
    unlabelled_object(healthy)
    connect(healthy, secrets=["missing"])
    unused_object(healthy)
    result = asked(run)
    codes = {problem["code"] for problem in result["problems"]}
    assert {"unlabelled_object", "missing_object"} <= codes
    assert ("unused_object" in codes) is (plural == "configmaps")
    (not_seen,) = result["not_seen"]
    assert (not_seen["namespace"], not_seen["kind"].lower() + "s") == ("team-a", plural)
    assert "'list'" in not_seen["reason"] and not_seen["reason"] in json.dumps(result["warnings"])
    assert {one["name"] for one in result["objects"]} >= {"model", "plain"}


def test_a_user_who_may_not_read_a_secret_gets_the_rest(
    healthy: Namespace, run: Run, server: ScriptedServer
) -> None:
    refusal = status_answer(403, "Forbidden", "bob cannot do that")
    for path in ("secrets", "secrets/login"):
        server.on("GET", f"{CORE}/{path}", refusal, forever=True)
    trailing_newline(healthy)
    result = asked(run, secret="login")
    assert result["problems"] == [] and result["objects"][0]["name"] == "model"
    (usage,) = result["usage"]
    assert (usage["exists"], usage["used_by"]) == (None, ["notebook"])
    assert result["kdclusters"][0]["settled"] is None


def test_a_user_who_may_not_list_kdapps_or_kdclusters_gets_the_rest(
    healthy: Namespace, run: Run, server: ScriptedServer
) -> None:
    refusal = status_answer(403, "Forbidden", "bob cannot list them")
    server.on("GET", KDAPPS, refusal, forever=True)
    result = asked(run)
    assert [one["kind"] for one in result["not_seen"]] == ["KDApp"]
    assert result["problems"] == []
    elsewhere = KDCLUSTERS.replace("team-a", "team-b")
    server.on("GET", elsewhere, refusal, forever=True)
    for path in (KDAPPS, f"{CORE}/configmaps", f"{CORE}/secrets"):
        nothing = status_answer(403, "Forbidden", "bob cannot list them")
        server.on("GET", path.replace("team-a", "team-b"), nothing, forever=True)
    both = asked(run, namespace=["team-a", "team-b"])
    assert [one["name"] for one in both["kdclusters"]] == ["engine", "notebook"]
    assert ("team-b", "KDCluster") in {(o["namespace"], o["kind"]) for o in both["not_seen"]}
    failed = run(kd_connection_info, namespace=["team-b"])
    assert failed["failed"] is True and "'kubedirectorclusters'" in failed["msg"]


def test_a_member_that_cannot_be_read_is_reported(
    healthy: Namespace, run: Run, server: ScriptedServer
) -> None:
    refusal = status_answer(403, "Forbidden", "bob cannot exec")
    server.on("GET", f"{CORE}/pods/pod-1/exec", refusal, forever=True)
    result = asked(run, members=True)
    assert result["problems"] == []
    (not_seen,) = result["not_seen"]
    assert not_seen["kind"] == "Pod" and "pod-1" in not_seen["reason"]


def test_a_namespace_that_does_not_exist_is_named(run: Run, server: ScriptedServer) -> None:
    empty = {"kind": "List", "metadata": {}, "items": []}
    for path in (KDCLUSTERS, KDAPPS, f"{CORE}/configmaps", f"{CORE}/secrets"):
        server.on("GET", path.replace("team-a", "missing"), Answer(body=empty))
    server.on("GET", "/api/v1/namespaces/missing", status_answer(404, "NotFound", "not found"))
    result = run(kd_connection_info, namespace=["missing"])
    assert result["failed"] is True and "Namespace missing does not exist" in result["msg"]


def test_a_change_under_way_is_not_a_problem(healthy: Namespace, run: Run) -> None:
    notebook = healthy.kdcluster("notebook")
    notebook["status"].update(state="updating", specGenerationToProcess=2)
    stamp(notebook, LONG_AGO)
    result = asked(run, members=True)
    assert result["problems"] == []
    assert result["kdclusters"][1]["settled"] is False


def test_a_kdcluster_without_status_is_returned(healthy: Namespace, run: Run) -> None:
    manifest = kdcluster_manifest("new", members=[member("new-0", state="creating", config=None)])
    del manifest["status"]
    healthy.objects[f"{KDCLUSTERS}/new"] = manifest
    (new,) = asked(run, kdcluster=["new"], members=True)["kdclusters"]
    assert (new["state"], new["members"], new["settled"]) == ("", [], False)
