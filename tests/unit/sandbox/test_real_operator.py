# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifests of the real operator, made to fit the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.errors import SandboxError
from tests.sandbox.real_operator import adapted, read_manifests

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: operator, namespace: elsewhere}
spec:
  template:
    spec:
      containers:
        - name: operator
          image: upstream
          imagePullPolicy: Always
          env: [{name: KEPT, value: "1"}, {name: KUBERNETES_SERVICE_HOST, value: old}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: operator}
subjects: [{kind: ServiceAccount, name: operator, namespace: default}]
"""
DEFINITION = """\
apiVersion: v1
kind: List
items:
  - {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a.b}}
"""


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(DEPLOYMENT)
    (tmp_path / "z.yml").write_text(DEFINITION)
    return tmp_path


def test_the_definitions_come_first(manifests: Path) -> None:
    kinds = [each["kind"] for each in read_manifests(manifests)]
    assert kinds == ["CustomResourceDefinition", "Deployment", "ClusterRoleBinding"]


def test_manifests_without_a_deployment_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="exactly one Deployment"):
        read_manifests(tmp_path)


def test_text_that_is_not_yaml_is_reported_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(SandboxError, match=r"bad\.yaml is not YAML"):
        read_manifests(tmp_path)


def test_image_namespace_and_api_server_are_those_of_the_sandbox(manifests: Path) -> None:
    _crd, deployment, binding = (
        adapted(each, "localhost/op:1", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
        for each in read_manifests(manifests)
    )
    assert deployment["metadata"]["namespace"] == "kubedirector"
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "localhost/op:1"
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["env"] == [
        {"name": "KEPT", "value": "1"},
        {"name": "KUBERNETES_SERVICE_HOST", "value": "10.0.0.1"},
    ]
    assert "namespace" not in binding["metadata"]
    assert binding["subjects"][0]["namespace"] == "kubedirector"
