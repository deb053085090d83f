# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""definition and src of kd_cluster: a KDCluster's manifest in place of the single options."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.modules import kd_cluster
from ansible_collections.kubedirector.connections.plugins.plugin_utils._manifests import (
    IN_MANIFEST,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._value_files import (
    FileValues,
    with_cluster_manifest,
)
from tests.unit.plugins.clients import KDCLUSTERS
from tests.unit.plugins.controller_files import Folder, said
from tests.unit.plugins.kdcluster_in_full import MANIFEST, OPTIONS
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import MARK, Run, headed
from tests.unit.plugins.namespace_server import Namespace

AT_ONCE: JsonObject = {"wait": False, "wait_timeout": 5}
FORMS = pytest.mark.parametrize("form", ["definition", "yaml", "json"])
# Further fields that kubectl get -o yaml prints.
OF_OTHERS: JsonObject = {
    "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 3, "resourceVersion": "7", "uid": "1-2",
    "managedFields": [{"manager": "kubectl"}], "finalizers": ["kubedirector.hpe.com/cleanup"],
    "annotations": {
        "example.com/note": "made by hand",
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps(MANIFEST),
        "kubedirector.hpe.com/hashChangeCounter": "5",
        "kubedirector.hpe.com/connUpdateCounter": "9",
    },
}  # fmt: skip


def read_manifest(folder: Folder, form: str, given: Any, **options: Any) -> FileValues:
    """Read a task with a manifest, given directly or in a file."""
    if form == "definition":
        return with_cluster_manifest({"definition": given, **options}, folder)
    if not isinstance(given, str):
        given = json.dumps(given) if form == "json" else yaml.safe_dump(given)
    (folder.path / "lab.yml").write_text(given)
    return with_cluster_manifest({"src": "lab.yml", **options}, folder)


def with_metadata(**fields: Any) -> JsonObject:
    return {**MANIFEST, "metadata": {**MANIFEST["metadata"], **fields}}


def with_spec(**fields: Any) -> JsonObject:
    return {**MANIFEST, "spec": {**MANIFEST["spec"], **fields}}


def with_role(**fields: Any) -> JsonObject:
    return with_spec(roles=[{**MANIFEST["spec"]["roles"][0], **fields}])


@FORMS
def test_a_manifest_is_sent_unchanged(
    space: Namespace, run: Run, folder: Folder, form: str
) -> None:
    space.add_object("Secret", "token", object_type="source-control")
    read = read_manifest(folder, form, MANIFEST, **AT_ONCE)
    assert read.problems == []
    result = run(kd_cluster, **read.args)
    assert not result.get("failed"), result["msg"]
    (sent,) = space.writes
    assert (sent.method, sent.path, sent.json) == ("POST", KDCLUSTERS, MANIFEST)
    after = headed(result["diff"], "KDCluster team-a/lab")["after"]["spec"]
    assert list(after["roles"][0]["secretKeys"]) == ["rest-password"]
    assert run(kd_cluster, **read.args)["changed"] is False
    # It equals the single options.
    assert run(kd_cluster, **OPTIONS, **AT_ONCE)["changed"] is False


@FORMS
def test_fields_of_the_server_and_the_operator_are_left_out(folder: Folder, form: str) -> None:
    given = {**with_metadata(**OF_OTHERS), "status": {"state": "configured"}}
    read = read_manifest(folder, form, given)
    assert read.problems == []
    assert read.args == read_manifest(folder, form, MANIFEST).args
    assert read.args["annotations"] == {"example.com/note": "made by hand"}


@FORMS
def test_null_counts_as_missing(folder: Folder, form: str) -> None:
    given = with_spec(
        connections={"secrets": None, "configmaps": ["model"]}, appCatalog=None, defaultSecret=None
    )
    read = read_manifest(folder, form, {**given, "status": None})
    assert read.problems == []
    assert read.args["connections"] == {"configmaps": ["model"]}
    assert not {"app_catalog", "default_secret"} & read.args.keys()


@FORMS
def test_an_environment_variable_without_a_value_is_empty(folder: Folder, form: str) -> None:
    read = read_manifest(folder, form, with_role(env=[{"name": "A"}, {"name": "B", "value": None}]))
    assert read.problems == []
    assert read.args["roles"][0]["env"] == [{"name": "A", "value": ""}, {"name": "B", "value": ""}]


REFUSED: list[tuple[Any, str, str]] = [
    ({**MANIFEST, "kind": "KubeDirectorApp"}, "kind", "is not KubeDirectorCluster; a KDCluster's manifest has"),
    ({**MANIFEST, "apiVersion": "kubedirector.bluedata.io/v1alpha1"}, "apiVersion", "is not kubedirector.hpe.com/v1beta1; a"),
    ({**MANIFEST, "data": {MARK: MARK}}, "data", "is not a field of a KubeDirectorCluster."),
    ({**MANIFEST, "spec": None}, "spec", "nothing stands where a dictionary"),
    (with_metadata(name=None), "metadata.name", "is missing, or is not text."),
    (with_metadata(namespace="team-b"), "metadata.namespace", "is not team-a, the namespace of the task."),
    (with_metadata(ownerReferences=[{"name": "a"}]), "metadata.ownerReferences", "is not supported: only name"),
    (with_metadata(finalizers=["kubedirector.hpe.com/cleanup", "b"]), "metadata.finalizers", "is not supported"),
    (with_metadata(labels=MARK), "metadata.labels", "text stands where a dictionary"),
    (with_spec(app_catalog=MARK), "spec.app_catalog", "is not a field that kd_cluster takes; did you mean appCatalog?"),
    (with_spec(tolerations=[MARK]), "spec.tolerations", "is not a field that kd_cluster takes; there are app, "),
    (with_spec(connections={"pods": []}), "spec.connections.pods", "is not a field that kd_cluster takes; there are"),
    (with_spec(connections=["model"]), "spec.connections", "a list stands where a dictionary"),
    (with_spec(roles={"id": "a"}), "spec.roles", "a dictionary stands where a list"),
    (with_role(nodeSelector={}), "spec.roles[no. 1].nodeSelector", "is not a field that kd_cluster takes"),
    (with_role(id=[MARK]), "spec.roles[no. 1].id", "a list stands where text belongs."),
    (with_role(podLabels=[MARK]), "spec.roles[no. 1].podLabels", "a list stands where a dictionary"),
    (
        with_role(secretKeys=[{"name": "rest-password", "encryptedValue": MARK}]),
        "spec.roles[no. 1].secretKeys[rest-password].encryptedValue", "is the operator's, which refuses it",
    ),
    (with_role(volumeProjections=[{"mountPath": "/a"}]), "spec.roles[no. 1].volumeProjections[no. 1].pvcName", "is missing."),
    (with_spec(serviceType=MARK), "spec.serviceType", "has to be one of "),
    (with_role(secretKeys=[MARK]), "spec.roles[no. 1].secretKeys[no. 1]", "text stands where a dictionary"),
    ([MANIFEST], "", "a list stands where a dictionary"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "place", "text"), REFUSED, ids=range(len(REFUSED)))
@FORMS
def test_a_field_that_cannot_be_applied_is_refused_by_name(
    folder: Folder, form: str, given: Any, place: str, text: str
) -> None:
    given = copy.deepcopy(given)
    read = read_manifest(folder, form, given, namespace="team-a")
    sentence = said(read)
    if form != "definition":
        text = ", ".join(filter(None, ["lab.yml", place])) + f": {text}"
    assert sentence.startswith(text)
    assert MARK not in sentence
    ((path, _sentence),) = read.problems
    assert path[0] == ("definition" if form == "definition" else "src")


@pytest.mark.parametrize(
    ("given", "place", "expected"),
    [
        (with_role(members="2"), "members", "a whole number belongs."),
        (with_role(members=True), "members", "a whole number belongs."),
        (with_role(resources={"limits": {"cpu": 2, "memory": "1Gi"}}), "resources.limits.cpu", "text belongs. Quote it."),
        (with_role(podLabels={"tier": 1}), "podLabels.tier", "text belongs. Quote it."),
        (with_role(env=[{"name": "THREADS", "value": 4}]), "env[THREADS].value", "text belongs. Quote it."),
        (with_role(secretKeys=[{"name": "pin", "value": 987654321}]), "secretKeys[pin].value", "text belongs. Quote it."),
        (with_role(volumeProjections=[{"pvcName": "a", "mountPath": "/a", "readOnly": "yes"}]), "volumeProjections[no. 1].readOnly", "true or false belongs."),
    ],
    ids=range(7),
)  # fmt: skip
def test_values_of_a_file_have_their_types_and_those_of_a_definition_are_converted(
    folder: Folder, given: JsonObject, place: str, expected: str
) -> None:
    sentence = said(read_manifest(folder, "yaml", given))
    assert sentence.startswith(f"lab.yml, spec.roles[no. 1].{place}: ")
    assert sentence.endswith(expected) and "987654321" not in sentence
    assert read_manifest(folder, "definition", given).problems == []


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        ("", "lab.yml holds 0 manifests, and one belongs here."),
        (
            f"{yaml.safe_dump(MANIFEST)}---\n{yaml.safe_dump(MANIFEST)}",
            "lab.yml holds 2 manifests, and one belongs here.",
        ),
        ("spec:\n  app: a\n  roles: []\n  app: b\n", "lab.yml has a key twice in one dictionary (line 4). Keep one."),
    ],
)  # fmt: skip
def test_a_file_holds_one_manifest(folder: Folder, text: str, said_of_it: str) -> None:
    assert said(read_manifest(folder, "yaml", text)) == said_of_it


@pytest.mark.parametrize("option", sorted(IN_MANIFEST - {"src"}))
def test_an_option_that_a_manifest_holds_is_refused_beside_it(folder: Folder, option: str) -> None:
    read = read_manifest(folder, "yaml", MANIFEST, **{option: MANIFEST})
    expected = "src" if option == "definition" else option
    assert said(read) == f"stands in place of {expected}. Keep one of the two."


def test_every_option_belongs_to_the_task_or_to_the_manifest() -> None:
    arguments: dict[str, Any] = kd_cluster.arguments()
    names = {
        spelling for name in arguments for spelling in (name, *arguments[name].get("aliases", ()))
    }
    of_task = {"name", "kdcluster", "state", "force", "wait", "wait_timeout"}
    assert names - IN_MANIFEST == of_task


def test_name_and_namespace_are_those_of_the_manifest(folder: Folder) -> None:
    task = {"state": "absent", "force": True, "host": "https://k8s.example.com"}
    read = read_manifest(folder, "yaml", MANIFEST, **task)
    assert read.problems == []
    assert {**read.args, **task, "name": "lab", "namespace": "team-a"} == read.args
    assert "src" not in read.args
    for names in ({"name": "lab"}, {"kdcluster": "lab", "namespace": "team-a"}):
        same = read_manifest(folder, "yaml", MANIFEST, **names, **task)
        assert (same.problems, same.args) == ([], read.args)
    apart = read_manifest(folder, "yaml", with_metadata(namespace=None), namespace="team-b")
    assert (apart.problems, apart.args["namespace"]) == ([], "team-b")
    for spelling in ("name", "kdcluster"):
        assert said(read_manifest(folder, "yaml", MANIFEST, **{spelling: "other"})).startswith(
            "metadata.name is not the name that is given beside."
        )


def test_a_file_that_does_not_exist_is_named_unless_it_is_the_manifest_itself(
    folder: Folder,
) -> None:
    assert said(with_cluster_manifest({"src": "no.yml"}, folder)).startswith("no.yml does not")
    for text in (json.dumps(MANIFEST), yaml.safe_dump(MANIFEST)):
        sentence = said(with_cluster_manifest({"src": text}, folder))
        assert sentence.startswith("the file that is named here does not") and MARK not in sentence


def test_a_task_without_a_manifest_is_not_changed(folder: Folder) -> None:
    assert with_cluster_manifest(OPTIONS, folder).args is OPTIONS


@pytest.mark.parametrize("option", ["definition", "src"])
def test_a_manifest_that_no_action_read_is_refused(space: Namespace, run: Run, option: str) -> None:
    given: Any = MANIFEST if option == "definition" else "lab.yml"
    result = run(kd_cluster, name="lab", **{option: given})
    assert result["msg"].startswith(f"{option} was not read: the action plugin")
    assert space.writes == []


def test_a_name_is_needed(space: Namespace, run: Run) -> None:
    assert run(kd_cluster)["msg"].startswith("name is missing. Give the KDCluster's name")
    assert space.writes == []
