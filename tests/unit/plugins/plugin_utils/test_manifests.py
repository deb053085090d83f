# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""definition and src: a manifest in place of the single options of an entry."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.plugin_utils._value_files import (
    FileValues,
    with_file_values,
)
from tests.unit.plugins.controller_files import SECRET, Folder, said
from tests.unit.plugins.manifests import TYPE_LABELS, JsonObject, encoded

LOGIN: JsonObject = {
    "apiVersion": "v1",
    "kind": "Secret",
    "type": "example.com/login",
    "metadata": {
        "name": "login",
        "namespace": "team-a",
        "labels": {TYPE_LABELS["Secret"]: "login", "team": "a"},
        "annotations": {"note": "x", "kubectl.kubernetes.io/last-applied-configuration": SECRET},
        "creationTimestamp": None,
        "uid": "1-2",
        "resourceVersion": "7",
        "managedFields": [{"manager": "kubectl"}],
    },
    "data": {"token": encoded(SECRET)},
    "stringData": {"user": "a"},
    "immutable": False,
}
CODE: JsonObject = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "code"},
    "data": {"port": "8080", "day": "2026-01-01"},
    "binaryData": {"logo": "AAA="},
}


def read_manifest(folder: Folder, option: str, form: str, given: Any, **entry: Any) -> FileValues:
    """Read an entry with a manifest, given directly or in a file."""
    if form != "definition":
        text = json.dumps(given) if form == "json" else yaml.safe_dump(given)
        (folder.path / "manifest").write_text(text if isinstance(given, (dict, list)) else given)
    source = {"definition": given} if form == "definition" else {"src": "manifest"}
    return with_file_values({"namespace": "team-a", option: [{**source, **entry}]}, folder)


def changed(manifest: JsonObject, **fields: Any) -> JsonObject:
    """A manifest with other fields; those of its metadata are merged."""
    metadata = {**manifest["metadata"], **fields.pop("metadata", {})}
    return {**copy.deepcopy(manifest), **fields, "metadata": metadata}


@pytest.mark.parametrize("form", ["definition", "yaml", "json"])
def test_a_manifest_equals_single_options(folder: Folder, form: str) -> None:
    read = read_manifest(folder, "secrets", form, LOGIN, data_mode="merge")
    assert read.problems == []
    assert read.args["secrets"] == [
        {
            "name": "login", "secret_type": "example.com/login", "data_mode": "merge",
            "labels": {TYPE_LABELS["Secret"]: "login", "team": "a"}, "annotations": {"note": "x"},
            "data": {"token": encoded(SECRET)}, "string_data": {"user": "a"},
        }
    ]  # fmt: skip
    read = read_manifest(folder, "configmaps", form, CODE, type="code", versioned=True)
    assert read.problems == []
    assert read.args["configmaps"] == [
        {
            "name": "code", "type": "code", "versioned": True, "data": CODE["data"],
            "binary_data": {"logo": "AAA="},
        }
    ]  # fmt: skip


def test_dates_of_a_file_are_text(folder: Folder) -> None:
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {day: 2026-01-01}}"
    read = read_manifest(folder, "configmaps", "yaml", f"---\n---\n{text}\n---\n")
    assert read.problems == []
    assert read.args["configmaps"] == [{"name": "a", "data": {"day": "2026-01-01"}}]


@pytest.mark.parametrize(
    ("given", "path", "text"),
    [
        (changed(LOGIN, kind="ConfigMap"), "kind", "is not Secret; an entry of secrets has kind: Secret."),
        (changed(LOGIN, apiVersion="v2"), "apiVersion", "is not v1"),
        (changed(LOGIN, metadata={"name": None}), "metadata.name", "is missing, or is not text."),
        (changed(LOGIN, metadata={"namespace": "team-b"}), "metadata.namespace", "is not team-a, the namespace of"),
        (changed(LOGIN, metadata={"finalizers": ["a"]}), "metadata.finalizers", "is not supported: only name"),
        (changed(LOGIN, metadata={"labels": "a"}), "metadata.labels", "text stands where a dictionary"),
        (changed(LOGIN, immutable=True), "immutable", "is not supported; versioned: true makes"),
        (changed(LOGIN, binaryData={"a": SECRET}), "binaryData", "is not a field of a Secret."),
        (changed(LOGIN, data=SECRET), "data", "text stands where a dictionary"),
        ([LOGIN], "", "a list stands where a dictionary"),
    ],
    ids=range(10),
)  # fmt: skip
@pytest.mark.parametrize("form", ["definition", "yaml"])
def test_a_field_that_a_manifest_must_not_have_is_named(
    folder: Folder, form: str, given: Any, path: str, text: str
) -> None:
    read = read_manifest(folder, "secrets", form, given)
    ((where, sentence),) = read.problems
    if form == "definition":
        assert where == ("secrets", 0, "definition", *path.split(".")[: len(path)])
        assert sentence.startswith(text)
    else:
        assert where == ("secrets", 0, "src")
        assert sentence.startswith(", ".join(filter(None, ["manifest", path])) + f": {text}")
    assert SECRET not in sentence


def test_values_of_a_file_are_text_and_those_of_a_definition_become_text(folder: Folder) -> None:
    given = changed(CODE, data={"port": 8080})
    assert said(read_manifest(folder, "configmaps", "yaml", given)) == (
        "manifest, data.port: a number stands where text belongs. Quote it."
    )
    read = read_manifest(folder, "configmaps", "definition", given)
    assert read.args["configmaps"][0]["data"] == {"port": 8080}


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        ("", "manifest holds 0 manifests, and one belongs here."),
        ("a: 1\n---\nb: 2\n", "manifest holds 2 manifests, and one belongs here."),
        (f"a: 1\nb: [{SECRET}\n", "manifest is not YAML or JSON (line 3)."),
        (
            f"a: !what {SECRET}\n",
            "manifest has a tag that Kubernetes does not know, such as !vault (line 1). Let ansible-vault encrypt the whole file, or use definition.",
        ),
        (f"a: !!bool {SECRET}\n", "manifest is not YAML or JSON."),
        ("a: !!int ''\n", "manifest is not YAML or JSON."),
        (f"a: !!timestamp {SECRET}\n", "manifest is not YAML or JSON."),
        (b"\xff\xfe\xff", "manifest is not YAML or JSON."),
    ],
    ids=range(8),
)
def test_a_file_without_one_manifest_is_refused(
    folder: Folder, text: str | bytes, said_of_it: str
) -> None:
    (folder.path / "manifest").write_bytes(text if isinstance(text, bytes) else text.encode())
    read = with_file_values({"secrets": [{"src": "manifest"}]}, folder)
    assert said(read) == said_of_it


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"data": {"a": "b"}}, "stands in place of data. Keep one of the two."),
        ({"from_files": ["a"], "labels": {}}, "stands in place of from_files, labels."),
        ({"src": "a"}, "stands in place of src."),
        ({"name": "other"}, "metadata.name is not the name that is given beside. Leave that out."),
    ],
)
def test_single_options_beside_a_manifest_are_refused(
    folder: Folder, entry: JsonObject, text: str
) -> None:
    assert said(read_manifest(folder, "secrets", "definition", LOGIN, **entry)).startswith(text)


def test_a_manifests_namespace_must_be_that_of_its_entry(folder: Folder) -> None:
    entry = {"secrets": [{"definition": LOGIN}]}
    for args, text in (
        ({"connections": [{**entry, "namespace": "team-a"}]}, None),
        ({"connections": [entry], "namespace": "team-a"}, None),
        ({"connections": [entry]}, "is given, but option namespace is not."),
        ({**entry, "namespace": "team-b"}, "is not team-b, the namespace of the task or entry."),
    ):
        read = with_file_values(args, folder)
        if text is None:
            assert read.problems == []
        else:
            assert said(read).startswith(text)


def test_a_manifest_may_be_longer_than_its_values(folder: Folder) -> None:
    given = changed(LOGIN, data={"a": encoded("x" * 1024 * 1000)})
    assert read_manifest(folder, "secrets", "json", given).problems == []
    given = changed(LOGIN, data={"a": "x" * 5 * 1024 * 1024})
    assert "manifest holds more than" in said(read_manifest(folder, "secrets", "json", given))


def test_a_manifest_that_is_disconnected_needs_its_name(folder: Folder) -> None:
    args = {"configmaps": [{"definition": CODE}], "state": "absent"}
    assert with_file_values(args, folder).args["configmaps"][0]["name"] == "code"
