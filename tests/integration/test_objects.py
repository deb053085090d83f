# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ConfigMaps and Secrets: their whole data, and nothing of what others keep on them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.canaries import canary
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import (
    CONFIGMAP_TYPE_LABEL,
    SECRET_TYPE_LABEL,
    configmap,
    encoded,
    secret,
)
from tests.harness.modules import Fresh, Modules, model, token

# What YAML reads as these values, and the text that the same YAML source would be.
SCALARS: list[tuple[Any, str]] = [
    (8080, "8080"),
    (-3, "-3"),
    (0, "0"),
    (1.5, "1.5"),
    (True, "true"),
    (False, "false"),
    ("plain", "plain"),
    ("", ""),
    ("two\nlines\n", "two\nlines\n"),
    ("äöü €", "äöü €"),
    ("yes", "yes"),
    ("007", "007"),
]


def test_scalars_become_text_the_yaml_way(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("scalars")
    data = {f"key-{number}": value for number, (value, _text) in enumerate(SCALARS)}
    tenant.connected(configmaps=[{"name": name, "type": "info", "data": data}])
    assert kubectl.get("configmap", name, namespace=home)["data"] == {
        f"key-{number}": text for number, (_value, text) in enumerate(SCALARS)
    }


def test_scalars_of_a_secret_become_text_too(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("scalars")
    entry = {"name": name, "type": "info", "string_data": {"port": 8080, "tls": True}}
    tenant.connected(secrets=[entry])
    found = kubectl.get("secret", name, namespace=home)["data"]
    assert found == {"port": encoded("8080"), "tls": encoded("true")}
    assert not tenant.connected(secrets=[entry]).changed


def test_data_is_the_whole_data(tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str) -> None:
    name = fresh("whole")
    entry = {"name": name, "type": "info"}
    tenant.connected(configmaps=[{**entry, "data": {"kept": "1", "dropped": "2"}}])
    result = tenant.connected(configmaps=[{**entry, "data": {"kept": "1", "new": "3"}}])
    assert result.objects == {("ConfigMap", name): "updated"}
    assert kubectl.get("configmap", name, namespace=home)["data"] == {"kept": "1", "new": "3"}


def test_data_and_string_data_together_are_a_secrets_whole_data(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("whole")
    tenant.connected(secrets=[token(name, dropped="1", kept="2")])
    result = tenant.connected(
        secrets=[
            {
                "name": name,
                "type": "token",
                "string_data": {"kept": "2"},
                "data": {"binary": encoded(b"\x00\xff\xfe")},
            }
        ]
    )
    assert result.objects == {("Secret", name): "updated"}
    found = kubectl.get("secret", name, namespace=home)["data"]
    assert found == {"kept": encoded("2"), "binary": encoded(b"\x00\xff\xfe")}


def test_plain_text_and_its_base64_are_the_same_secret(tenant: Modules, fresh: Fresh) -> None:
    name = fresh("same")
    tenant.connected(secrets=[token(name, key=canary("oregano"))])
    same = {"name": name, "type": "token", "data": {"key": encoded(canary("oregano"))}}
    assert not tenant.connected(secrets=[same]).changed


def test_empty_data_empties_an_object(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("empty")
    entry: dict[str, Any] = {"name": name, "type": "info"}
    tenant.connected(configmaps=[{**entry, "data": {"a": "1"}}])
    assert tenant.connected(configmaps=[{**entry, "data": {}}]).changed
    assert not kubectl.get("configmap", name, namespace=home).get("data")
    assert not tenant.connected(configmaps=[{**entry, "data": {}}]).changed


@pytest.mark.parametrize("kind", ["configmap", "secret"])
def test_labels_and_annotations_of_others_are_left_alone(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str, kind: str
) -> None:
    name = fresh("shared")
    label = CONFIGMAP_TYPE_LABEL if kind == "configmap" else SECRET_TYPE_LABEL
    make = configmap if kind == "configmap" else secret
    theirs = {"team": "them", "colour": "red"}
    kubectl.create(
        make(name, {"a": "1"}, connection_type="old", labels=theirs, annotations=theirs),
        namespace=home,
    )
    entry = {
        "name": name,
        "type": "new",
        "labels": {"colour": "blue", "count": 3},
        "annotations": {"colour": "green", "ready": True},
    }
    arguments: dict[str, Any] = {f"{kind}s": [entry]}
    assert tenant.connected(**arguments).changed
    metadata = kubectl.get(kind, name, namespace=home)["metadata"]
    assert metadata["labels"] == {"team": "them", "colour": "blue", "count": "3", label: "new"}
    assert metadata["annotations"] == {"team": "them", "colour": "green", "ready": "true"}
    assert "a" in kubectl.get(kind, name, namespace=home)["data"]
    assert not tenant.connected(**arguments).changed


def test_binary_data_of_others_is_left_alone(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("binary")
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="info", binary_data={"b": b"\x00\xff"}),
        namespace=home,
    )
    tenant.connected(configmaps=[{"name": name, "type": "info", "data": {"a": "2"}}])
    found = kubectl.get("configmap", name, namespace=home)
    assert (found["data"], found["binaryData"]) == ({"a": "2"}, {"b": encoded(b"\x00\xff")})


def test_a_configmap_and_a_secret_may_have_one_name(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("both")
    tenant.connected(configmaps=[model(name)], secrets=[token(name, key=canary("basil"))])
    assert kubectl.find("configmap", name, namespace=home) is not None
    assert kubectl.find("secret", name, namespace=home) is not None


def test_a_credential_in_a_configmap_is_warned_of_without_its_value(
    tenant: Modules, fresh: Fresh
) -> None:
    name = fresh("careless")
    result = tenant.connected(
        configmaps=[{"name": name, "type": "source-control", "data": {"token": "tarragon"}}]
    )
    (warning,) = result.warnings
    assert name in warning and "token" in warning and "Secret" in warning
    assert "tarragon" not in warning


def test_a_secret_value_that_ends_in_a_newline_is_warned_of(tenant: Modules, fresh: Fresh) -> None:
    name = fresh("newline")
    result = tenant.connected(
        secrets=[{"name": name, "type": "token", "data": {"key": encoded("chervil\n")}}]
    )
    (warning,) = result.warnings
    assert name in warning and "key" in warning and "newline" in warning
    assert "chervil" not in warning and encoded("chervil\n") not in warning


def test_two_objects_of_one_type_are_warned_of(tenant: Modules, fresh: Fresh, emptied: Any) -> None:
    emptied("second")
    one, two = fresh("one"), fresh("two")
    result = tenant.connected(
        kdcluster=["second"],
        secrets=[token(one, key=canary("dill")), token(two, key=canary("fennel"))],
    )
    (warning,) = result.warnings
    assert one in warning and two in warning and "token" in warning
