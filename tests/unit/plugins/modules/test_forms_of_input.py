# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Input from people and other products, over real HTTP: accepted, or refused with advice."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_cluster,
    kd_connection,
    kd_connections,
)
from tests.unit.plugins.api_server import Answer, Request, status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS
from tests.unit.plugins.kdcluster_in_full import OPTIONS, add_in_full
from tests.unit.plugins.manifests import TYPE_LABELS, JsonObject, encoded
from tests.unit.plugins.module_runs import MARK, NOTEBOOK, Run
from tests.unit.plugins.namespace_server import Namespace

LOGIN = {"type": "source-control", "string_data": {"token": MARK}}


def test_a_plain_name_is_an_object_that_exists(run: Run, space: Namespace) -> None:
    space.add_object("Secret", "git-login", object_type="source-control")
    result = run(kd_connection, secrets=["git-login"], configmaps=["model"], **NOTEBOOK)
    assert not result.get("failed"), result
    assert space.kdcluster("notebook")["spec"]["connections"]["secrets"] == ["git-login"]


# By number: the names of tests are in a report that is searched for secrets.
@pytest.mark.parametrize("given", [[f"Token {MARK}"], f"Token {MARK}"], ids=range(2))
def test_text_that_is_not_a_name_is_refused_and_not_shown(
    run: Run, space: Namespace, given: Any
) -> None:
    result = run(kd_connection, secrets=given, **NOTEBOOK)
    assert "Option secrets" in result["msg"]
    assert "where a dictionary belongs; write name: VALUE" in result["msg"]
    assert not space.writes


@pytest.mark.parametrize("field", ["string_data", "stringData"])
def test_plain_data_may_be_spelt_as_in_a_manifest(run: Run, space: Namespace, field: str) -> None:
    entry = {"name": "git-login", "type": "source-control", field: {"token": MARK}}
    result = run(kd_connection, secrets=[entry], **NOTEBOOK)
    assert not result.get("failed"), result
    assert space.objects[f"{CORE}/secrets/git-login"]["data"] == {"token": encoded(MARK)}


@pytest.mark.parametrize(
    "kubernetes_type",
    [
        "Opaque",
        "kubernetes.io/tls",
        "kubernetes.io/dockerconfigjson",
        "kubernetes.io/service-account-token",
        "bootstrap.kubernetes.io/token",
    ],
)
@pytest.mark.parametrize("label", [False, True])
def test_a_kubernetes_type_is_not_a_type_label(
    run: Run, space: Namespace, kubernetes_type: str, label: bool
) -> None:
    given: JsonObject = (
        {"labels": {TYPE_LABELS["Secret"]: kubernetes_type}} if label else {"type": kubernetes_type}
    )
    result = run(kd_connection, secrets=[{"name": "git-login", **given}], **NOTEBOOK)
    assert "Secret team-a/git-login" in result["msg"]
    assert TYPE_LABELS["Secret"] in result["msg"]
    assert f"Write secret_type: {kubernetes_type}, and give its type." in result["msg"]
    assert not space.writes


def test_secret_type_is_set_on_creation_and_refused_where_it_differs(
    run: Run, space: Namespace
) -> None:
    entry = {"name": "git-login", **LOGIN, "secret_type": "example.com/login"}
    result = run(kd_connection, secrets=[entry], **NOTEBOOK)
    assert not result.get("failed"), result
    assert space.objects[f"{CORE}/secrets/git-login"]["type"] == "example.com/login"
    assert not run(kd_connection, secrets=[entry], **NOTEBOOK)["changed"]
    space.writes.clear()
    refused = run(kd_connection, secrets=[{**entry, "secret_type": "Opaque"}], **NOTEBOOK)
    assert refused["msg"].startswith(
        "Secret team-a/git-login has the Kubernetes type example.com/login, which cannot be changed to Opaque."
    )
    assert not space.writes


@pytest.mark.parametrize("option", ["kdcluster", "clusters", "configmaps", "secrets"])
def test_a_name_with_a_namespace_is_refused_with_the_reason(
    run: Run, space: Namespace, option: str
) -> None:
    result = run(kd_connection, **{**NOTEBOOK, option: ["team-b/engine"]})
    assert "'team-b/engine' names a namespace: connections stay in one namespace" in result["msg"]
    assert not space.writes


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_null_removes_a_label_or_annotation(run: Run, space: Namespace, field: str) -> None:
    space.objects[f"{CORE}/configmaps/model"]["metadata"].setdefault(field, {})["team"] = "vision"
    entry = {"name": "model", field: {"team": None, "other": None, "kept": 1}}
    result = run(kd_connection, configmaps=[entry], **NOTEBOOK)
    assert not result.get("failed"), result
    found = space.objects[f"{CORE}/configmaps/model"]["metadata"][field]
    assert "team" not in found
    assert "other" not in found
    assert found["kept"] == "1"
    assert not run(kd_connection, configmaps=[entry], **NOTEBOOK)["changed"]


def test_the_type_label_cannot_be_removed(run: Run, space: Namespace) -> None:
    entry = {"name": "model", "labels": {TYPE_LABELS["ConfigMap"]: None}}
    result = run(kd_connection, configmaps=[entry], **NOTEBOOK)
    assert "without it the operator skips the object" in result["msg"]
    assert not space.writes


def test_an_immutable_object_is_refused_before_the_first_write(run: Run, space: Namespace) -> None:
    space.objects[f"{CORE}/configmaps/model"]["immutable"] = True
    new = {"name": "new", "type": "model", "data": {"a": "b"}}
    result = run(
        kd_connection, configmaps=[new, {"name": "model", "data": {"path": "/new"}}], **NOTEBOOK
    )
    assert "ConfigMap team-a/model is immutable, so its data cannot be changed." in result["msg"]
    assert not space.writes
    same = {"name": "model", "data": {"path": "/old"}, "labels": {"team": "vision"}}
    assert not run(kd_connection, configmaps=[same], **NOTEBOOK).get("failed")


@pytest.mark.parametrize("metadata_only", [False, True])
def test_binary_data_never_reach_a_member(run: Run, space: Namespace, metadata_only: bool) -> None:
    found = space.objects[f"{CORE}/configmaps/model"]
    if metadata_only:
        fields: dict[str, Any] = {"f:binaryData": {".": {}, "f:weights": {}}}
        found["metadata"]["managedFields"] = [{"manager": "kubectl", "fieldsV1": fields}]
    else:
        found["binaryData"] = {"weights": "AAA="}
    result = run(kd_connection, configmaps=["model"], **NOTEBOOK)
    said = "ConfigMap team-a/model has binaryData (weights), which the operator leaves out"
    assert said in json.dumps(result["warnings"])


@pytest.fixture
def unreadable(space: Namespace, monkeypatch: pytest.MonkeyPatch) -> Namespace:
    """The namespace for a user who may not read Secrets."""
    read: Callable[[Request], Answer] = space._read

    def forbidding(request: Request) -> Answer:
        if "/secrets/" in request.path:
            return status_answer(403, "Forbidden", "secrets is forbidden")
        return read(request)

    space.add_object("Secret", "git-login", object_type="source-control")
    monkeypatch.setattr(space, "_read", forbidding)
    return space


def test_a_user_who_may_not_read_secrets_connects_them_by_name(
    run: Run, unreadable: Namespace
) -> None:
    result = run(kd_connection, secrets=["git-login"], **NOTEBOOK)
    assert not result.get("failed"), result
    assert unreadable.kdcluster("notebook")["spec"]["connections"]["secrets"] == ["git-login"]
    said = "Secret team-a/git-login cannot be read (the verb 'get' is not granted), so it was not checked"
    assert said in json.dumps(result["warnings"])
    again = run(kd_connection, secrets=["git-login"], wait_timeout=5, **NOTEBOOK)
    assert (again["changed"], again.get("failed")) == (False, None)


def test_the_wait_for_an_unreadable_secret_is_still_a_wait(run: Run, unreadable: Namespace) -> None:
    unreadable.asleep = True
    result = run(kd_connection, secrets=["git-login"], wait_timeout=2, **NOTEBOOK)
    assert result["failed"] and result["changed"]
    assert "it has not reached every member" in result["msg"]


def test_the_values_of_an_unreadable_secret_cannot_be_described(
    run: Run, unreadable: Namespace
) -> None:
    result = run(kd_connection, secrets=[{"name": "git-login", **LOGIN}], **NOTEBOOK)
    assert "forbidden (403)" in result["msg"]
    assert not unreadable.writes


@pytest.mark.parametrize(
    ("module", "options", "said"),
    [
        (kd_connection, {"kdclustr": ["notebook"]}, "Option kdclustr does not exist; did you mean kdcluster?"),
        (
            kd_connection,
            {"secrets": [{"name": "a", "typ": MARK}]},
            "Option secrets[no. 1].typ does not exist; did you mean type?",
        ),
        (kd_cluster, {"name": "lab", "rolls": []}, "Option rolls does not exist; did you mean roles?"),
        (
            kd_cluster,
            {"name": "lab", "roles": ["controller"]},
            "Option roles[no. 1]: a plain value stands where a dictionary belongs; write id: VALUE",
        ),
    ],
)  # fmt: skip
def test_an_unknown_option_is_named_with_its_module_and_a_suggestion(
    run: Run, space: Namespace, module: Any, options: JsonObject, said: str
) -> None:
    name = module.__name__.rpartition(".")[2]
    result = run(
        module, _ansible_module_name=f"kubedirector.connections.{name}", **{**NOTEBOOK, **options}
    )
    assert f"Unsupported parameters for ({name}) module: " in result["msg"]
    assert said in result["msg"]


def test_labels_that_a_webhook_adds_to_a_role_are_not_changed(run: Run, space: Namespace) -> None:
    add_in_full(space)
    space.add_object("Secret", "token", object_type="source-control")
    (role,) = space.kdcluster("lab")["spec"]["roles"]
    role["members"] = OPTIONS["roles"][0]["members"]
    for field in ("podLabels", "podAnnotations", "serviceLabels", "serviceAnnotations"):
        role.setdefault(field, {})["policy.example.com/checked"] = "yes"
    result = run(kd_cluster, wait=False, **OPTIONS)
    assert (result["changed"], result.get("failed")) == (False, None), result


def test_labels_that_a_webhook_reverts_count_as_unchanged(
    run: Run, space: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write: Callable[[Request], Answer] = space._write

    def reverting(request: Request) -> Answer:
        before = {path: copy.deepcopy(one) for path, one in space.objects.items()}
        answer = write(request)
        if "/kubedirectorclusters/notebook" in request.path:
            space.objects.update(before)
            return Answer(body=before[request.path])
        return answer

    monkeypatch.setattr(space, "_write", reverting)
    for check in (True, False):
        result = run(kd_cluster, check, name="notebook", labels={"team": "vision"}, wait=False)
        assert (result["changed"], result["kdclusters"][0]["action"]) == (False, "unchanged")
        assert (
            "a webhook removes the labels and annotations that this task sets (team)"
            in json.dumps(result["warnings"])
        )


LABELLED: JsonObject = {
    "name": "lab",
    "app": "notebook-app",
    "roles": [
        {
            "id": "controller",
            "members": 1,
            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
            "pod_labels": {"team": "vision", "tier": "lab"},
        }
    ],
    "wait": False,
}


@pytest.fixture
def without_tier(space: Namespace, monkeypatch: pytest.MonkeyPatch) -> Namespace:
    """A namespace where a webhook removes the pod label tier from new KDClusters."""
    write: Callable[[Request], Answer] = space._write

    def removing(request: Request) -> Answer:
        answer = write(request)
        if (request.method, request.path, answer.status) == ("POST", KDCLUSTERS, 201):
            body: Any = answer.body
            for role in body["spec"]["roles"]:
                role.get("podLabels", {}).pop("tier", None)
        return answer

    monkeypatch.setattr(space, "_write", removing)
    return space


def test_pod_labels_that_a_webhook_removes_fail_no_later_run(
    run: Run, without_tier: Namespace
) -> None:
    first = run(kd_cluster, **LABELLED)
    assert first["changed"] is True, first
    without_tier.kdcluster("lab")["status"] = {"roles": [{"id": "controller"}]}
    second = run(kd_cluster, **LABELLED)
    assert (second.get("failed"), second["changed"]) == (None, False), second
    for result in (first, second):
        assert "team-a/lab: a webhook removes labels and annotations" in json.dumps(
            result["warnings"]
        )
        assert "(podLabels.tier of role controller)" in json.dumps(result["warnings"])
    assert [request.method for request in without_tier.writes] == ["POST"]


def test_a_pod_label_that_no_webhook_removes_is_refused_once_there_are_members(
    run: Run, without_tier: Namespace
) -> None:
    run(kd_cluster, **LABELLED)
    without_tier.kdcluster("lab")["status"] = {"roles": [{"id": "controller"}]}
    labels = {"team": "vision", "tier": "lab", "floor": "2"}
    role = {**LABELLED["roles"][0], "pod_labels": labels}
    result = run(kd_cluster, **{**LABELLED, "roles": [role]})
    assert "role controller has members" in result["msg"]
    assert [request.method for request in without_tier.writes] == ["POST"]


@pytest.fixture
def restoring(space: Namespace) -> Namespace:
    """A namespace whose notebook is being restored."""
    notebook = space.kdcluster("notebook")
    notebook["metadata"]["labels"] = {"kubedirector.hpe.com/restoring": "true"}
    notebook["status"]["restoreProgress"] = {
        "awaitingApp": False, "awaitingStatus": True, "awaitingResources": True, "error": "app too old",
    }  # fmt: skip
    return space


def test_a_restore_reports_its_progress(run: Run, restoring: Namespace) -> None:
    result = run(kd_connection, clusters=["engine"], **NOTEBOOK)
    assert (
        "it waits for its KubeDirectorStatusBackup, its resources; its error is: app too old"
        in result["msg"]
    )
    assert not restoring.writes


def test_a_kdcluster_in_restore_is_deleted_only_with_the_label_for_that(
    run: Run, restoring: Namespace
) -> None:
    absent: JsonObject = {"name": "notebook", "state": "absent", "wait": False}
    result = run(kd_cluster, **absent)
    assert "KDCluster team-a/notebook is not deleted" in result["msg"]
    assert "kubedirector.hpe.com/allow-delete-while-restoring" in result["msg"]
    assert "its KubeDirectorStatusBackup" in result["msg"]
    assert not restoring.writes
    allowed = {"kubedirector.hpe.com/allow-delete-while-restoring": ""}
    restoring.kdcluster("notebook")["metadata"]["labels"] |= allowed
    assert run(kd_cluster, **absent)["changed"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("from_files", ["token.txt"]),
        ("from_env_file", "login.env"),
        ("definition", {"kind": "Secret", "stringData": {"token": MARK}}),
        ("src", "login.yml"),
    ],
    ids=["from_files", "from_env_file", "definition", "src"],
)
def test_an_option_that_no_action_has_read_is_refused(
    run: Run, space: Namespace, option: str, value: Any
) -> None:
    entry = {"name": "git-login", "type": "source-control", option: value}
    result = run(kd_connection, secrets=[entry], **NOTEBOOK)
    assert f"Secret team-a/git-login: {option} was not read" in result["msg"]
    result = run(kd_connections, connections=[{**NOTEBOOK, "secrets": [entry]}])
    assert f"secrets[git-login]: {option} was not read" in result["msg"]
    assert not space.writes
