# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: the task fails before it writes, and says what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import CONFIGMAP_TYPE_LABEL, SECRET_TYPE_LABEL, configmap, secret
from tests.harness.modules import Fresh, Modules, model, token

Refusal = Callable[..., str]


@pytest.fixture
def refused(tenant: Modules, versions: Callable[[], dict[str, str]]) -> Iterator[Refusal]:
    """Run a task that must fail, for real and in check mode; checks that nothing was written."""

    def run(**arguments: Any) -> str:
        before = versions()
        rehearsed = tenant.connection(check_mode=True, **arguments)
        result = tenant.connection(**arguments)
        assert versions() == before, "something was written"
        assert result.message == rehearsed.message
        assert not result.json.get("changed")
        assert result.message.rstrip().endswith((".", ")")), "a sentence ends"
        return result.message

    yield run


@pytest.fixture
def lab(kdcluster: Named) -> KDCluster:
    """A KDCluster that is never written here."""
    return kdcluster("lab")


def test_a_missing_kdcluster_is_named(refused: Refusal, home: str, fresh: Fresh) -> None:
    name = fresh("nowhere")
    message = refused(kdcluster=["lab", name], configmaps=[model(fresh("new"))])
    assert f"KDCluster {home}/{name} does not exist" in message


def test_a_missing_namespace_is_named(admin: Modules, fresh: Fresh, kubectl: Kubectl) -> None:
    name = fresh("no-such-namespace")
    nothing: dict[str, Any] = {}
    for arguments in ({"kdcluster": ["lab"]}, nothing):
        message = admin.connection(
            namespace=name, configmaps=[model(fresh("new"))], **arguments
        ).message
        assert f"amespace {name} does not exist" in message
    assert kubectl.find("namespace", name) is None


@pytest.mark.parametrize("field", ["configmaps", "secrets"])
def test_a_missing_object_is_named(refused: Refusal, home: str, fresh: Fresh, field: str) -> None:
    kind = {"configmaps": "ConfigMap", "secrets": "Secret"}[field]
    name = fresh("missing")
    message = refused(kdcluster=["lab"], **{field: [{"name": name}]})
    assert f"{kind} {home}/{name} does not exist" in message
    assert "type" in message and "data" in message


def test_a_new_object_without_type_is_refused(refused: Refusal, home: str, fresh: Fresh) -> None:
    name = fresh("untyped")
    message = refused(kdcluster=["lab"], configmaps=[{"name": name, "data": {"a": "1"}}])
    assert f"ConfigMap {home}/{name}" in message and "type" in message


def test_a_missing_connected_kdcluster_is_named(refused: Refusal, home: str, fresh: Fresh) -> None:
    name = fresh("nowhere")
    message = refused(kdcluster=["lab"], clusters=[name], configmaps=[model(fresh("new"))])
    assert f"KDCluster {home}/{name} does not exist" in message


def test_a_connected_kdcluster_whose_kdapp_is_elsewhere_is_refused(
    refused: Refusal, home: str
) -> None:
    # The operator would drop such a connection silently.
    message = refused(kdcluster=["lab"], clusters=["outsider"])
    assert f"KDCluster {home}/outsider" in message
    assert f"KDApp outside-{home}" in message


@pytest.mark.parametrize(
    ("field", "kind", "label"),
    [("configmaps", "ConfigMap", CONFIGMAP_TYPE_LABEL), ("secrets", "Secret", SECRET_TYPE_LABEL)],
)
def test_an_object_without_type_label_is_refused(
    refused: Refusal, home: str, fresh: Fresh, kubectl: Kubectl, field: str, kind: str, label: str
) -> None:
    name = fresh("unlabelled")
    make = configmap if kind == "ConfigMap" else secret
    kubectl.create(make(name, {"a": "1"}), namespace=home)
    message = refused(kdcluster=["lab"], **{field: [{"name": name}]})
    assert f"{kind} {home}/{name}" in message and label in message


def test_a_type_label_that_is_empty_counts_as_none(
    refused: Refusal, home: str, fresh: Fresh, kubectl: Kubectl
) -> None:
    name = fresh("unlabelled")
    kubectl.create(configmap(name, {"a": "1"}, connection_type=""), namespace=home)
    message = refused(kdcluster=["lab"], configmaps=[{"name": name}])
    assert f"ConfigMap {home}/{name}" in message and CONFIGMAP_TYPE_LABEL in message


@pytest.mark.parametrize("value", ["two words", "-dash", "x" * 64, "a/b", ""])
@pytest.mark.parametrize(("field", "kind"), [("configmaps", "ConfigMap"), ("secrets", "Secret")])
def test_a_type_that_is_not_a_label_value_is_refused(
    refused: Refusal, home: str, fresh: Fresh, field: str, kind: str, value: str
) -> None:
    name = fresh("typed")
    message = refused(kdcluster=["lab"], **{field: [{"name": name, "type": value}]})
    assert f"{kind} {home}/{name}" in message
    assert "type" in message and value in message


@pytest.mark.parametrize("value", [{"inner": "1"}, ["1", "2"], None])
def test_a_nested_configmap_value_is_refused(
    refused: Refusal, home: str, fresh: Fresh, value: Any
) -> None:
    name = fresh("nested")
    message = refused(
        kdcluster=["lab"],
        configmaps=[{"name": name, "type": "info", "data": {"fine": "1", "odd-key": value}}],
    )
    assert f"ConfigMap {home}/{name}" in message
    assert "odd-key" in message and "fine" not in message


def test_a_nested_secret_value_is_named_but_not_shown(
    refused: Refusal, home: str, fresh: Fresh
) -> None:
    name = fresh("nested")
    value = {"inner": "lovage-root"}
    message = refused(secrets=[{"name": name, "type": "token", "string_data": {"odd-key": value}}])
    assert f"Secret {home}/{name}" in message and "odd-key" in message
    assert "lovage" not in message


@pytest.mark.parametrize("value", ["not base64!", "YWJj=", "YWJ", "caraway seed"])
def test_invalid_base64_is_refused(refused: Refusal, home: str, fresh: Fresh, value: str) -> None:
    name = fresh("odd")
    message = refused(
        kdcluster=["lab"], secrets=[{"name": name, "type": "token", "data": {"odd-key": value}}]
    )
    assert f"Secret {home}/{name}" in message
    assert "odd-key" in message and "base64" in message and "string_data" in message
    assert value not in message


def test_one_key_in_data_and_string_data_is_refused(
    refused: Refusal, home: str, fresh: Fresh
) -> None:
    name = fresh("double")
    entry = {"name": name, "type": "token", "data": {"k": "YQ=="}, "string_data": {"k": "a"}}
    message = refused(secrets=[entry])
    assert f"Secret {home}/{name}" in message and "key k " in message


def test_an_invalid_key_of_a_configmap_is_refused(
    refused: Refusal, home: str, fresh: Fresh
) -> None:
    name = fresh("odd")
    message = refused(configmaps=[{"name": name, "type": "info", "data": {"a key": "1"}}])
    assert f"ConfigMap {home}/{name}" in message and "a key" in message


@pytest.mark.parametrize(("field", "kind"), [("configmaps", "ConfigMap"), ("secrets", "Secret")])
def test_two_entries_of_one_name_are_refused(
    refused: Refusal, home: str, fresh: Fresh, field: str, kind: str
) -> None:
    name = fresh("double")
    entry = model(name) if field == "configmaps" else token(name, key="1")
    message = refused(kdcluster=["lab"], **{field: [entry, {"name": name}]})
    assert f"{kind} {home}/{name}" in message
    assert "twice" in message or "more than once" in message


def test_a_connected_kdcluster_named_twice_is_refused(refused: Refusal, home: str) -> None:
    message = refused(kdcluster=["lab"], clusters=["backend", "backend"])
    assert f"{home}/backend" in message
    assert "twice" in message or "more than once" in message


@pytest.mark.parametrize("name", ["Upper", "under_score", "", "-dash", "a" * 254])
def test_an_invalid_name_of_an_object_is_refused(refused: Refusal, fresh: Fresh, name: str) -> None:
    message = refused(
        kdcluster=["lab"], configmaps=[model(fresh("fine")), {**model("x"), "name": name}]
    )
    assert "ConfigMap" in message and "name" in message and name in message


def test_an_invalid_label_is_refused(refused: Refusal, home: str, fresh: Fresh) -> None:
    name = fresh("labelled")
    message = refused(configmaps=[{**model(name), "labels": {"colour": "very red"}}])
    assert f"{home}/{name}" in message and "colour" in message


def test_a_type_label_that_contradicts_the_type_is_refused(
    refused: Refusal, home: str, fresh: Fresh
) -> None:
    name = fresh("contrary")
    message = refused(configmaps=[{**model(name), "labels": {CONFIGMAP_TYPE_LABEL: "other"}}])
    assert f"ConfigMap {home}/{name}" in message and CONFIGMAP_TYPE_LABEL in message


def test_connecting_a_kdcluster_to_itself_is_refused(refused: Refusal, home: str) -> None:
    message = refused(kdcluster=["lab"], clusters=["lab"])
    assert f"KDCluster {home}/lab" in message and "itself" in message


def test_a_cycle_over_three_is_refused(refused: Refusal, home: str) -> None:
    # chain-a -> chain-b -> chain-c are there already.
    message = refused(kdcluster=["chain-c"], clusters=["chain-a"])
    assert f"KDCluster {home}/chain-c" in message
    assert all(name in message for name in ("chain-a", "chain-b"))
    assert "cycle" in message


def test_a_cycle_within_one_task_is_refused(refused: Refusal, home: str) -> None:
    message = refused(kdclusters=["lab", "second"], clusters=["second"])
    assert f"KDCluster {home}/second" in message


def test_every_reason_is_reported_at_once(refused: Refusal, home: str, fresh: Fresh) -> None:
    first, second = fresh("missing"), fresh("missing")
    message = refused(kdcluster=["lab"], configmaps=[{"name": first}], secrets=[{"name": second}])
    assert f"{home}/{first}" in message and f"{home}/{second}" in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"exclusive": True, "state": "absent"}, ("exclusive", "state")),
        ({"delete_objects": True}, ("delete_objects", "absent")),
    ],
)
def test_conflicting_options_are_refused(
    refused: Refusal, fresh: Fresh, arguments: dict[str, Any], words: tuple[str, ...]
) -> None:
    message = refused(kdcluster=["lab"], configmaps=[model(fresh("new"))], **arguments)
    assert all(word in message for word in words)


def test_clusters_without_kdcluster_are_refused(refused: Refusal) -> None:
    assert "kdcluster" in refused(clusters=["backend"])
