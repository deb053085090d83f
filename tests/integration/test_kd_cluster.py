# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_cluster on a live operator, in a namespace of its own with few pods."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.audit_log import AuditLog
from tests.harness.contract_objects import OPERATOR_NAMESPACE, global_config
from tests.harness.integration_objects import SERVING, WORKBENCH
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl
from tests.harness.label_webhook import taking_away
from tests.harness.manifests import KDCLUSTER, configmap
from tests.harness.modules import Modules, succeeded
from tests.harness.timing import Timing
from tests.integration.playbook import run_play, task

RESOURCES = {
    "limits": {"cpu": 1, "memory": "0.25Gi"},
    "requests": {"cpu": "0.005", "memory": "16Mi"},
}
VALUE = "gooseberry-and-quince"
ENGINE: dict[str, Any] = {
    "name": "engine",
    "app": "serving",
    "labels": {"team": "a"},
    "roles": [
        {
            "id": "restserver",
            "members": 1,
            "resources": RESOURCES,
            "env": [{"name": "THREADS", "value": 4}],
            "secretKeys": [{"name": "rest-password", "value": VALUE}],
            "pod_labels": {},
        },
        {"id": "loadbalancer", "resources": RESOURCES},
    ],
}  # fmt: skip
NOTEBOOK: dict[str, Any] = {
    "name": "notebook",
    "app": "workbench",
    "roles": [{"id": "controller", "members": 1, "resources": RESOURCES}],
    "connections": {"clusters": ["engine"], "configmaps": ["info"]},
}

# All that the operator has a default for is given.
MANIFEST = f"""\
# A comment, then one manifest.
---
apiVersion: kubedirector.hpe.com/v1beta1
kind: KubeDirectorCluster
metadata:
  name: described
  labels: {{team: a}}
spec:
  app: serving
  appCatalog: local
  serviceType: ClusterIP
  namingScheme: UID
  connections:
    clusters:
    configmaps: [info]
    secrets: []
  roles:
  - id: restserver
    members: 1
    resources:
      limits: {{cpu: "0.5", memory: 0.25Gi}}
      requests: {{cpu: 5m, memory: 16Mi}}
    env:
    - {{name: THREADS, value: "4"}}
    secretKeys:
    - {{name: rest-password, value: {VALUE}}}
    podLabels: {{tier: lab}}
    serviceAnnotations: {{example.com/scope: internal}}
    sharedMemory: 64Mi
    affinity:
      podAntiAffinity:
        preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 1
          podAffinityTerm: {{topologyKey: kubernetes.io/hostname}}
  - id: loadbalancer
    members: 1
    resources:
      limits: {{cpu: "1", memory: 256Mi}}
"""

# The result for a missing KDCluster.
NOTHING: dict[str, Any] = {
    "app": None, "connections": {"clusters": [], "configmaps": [], "secrets": []},
    "connection_hash": None, "spec_generation": None, "state": None, "members": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def place(kubectl: Kubectl, new_namespace: Callable[[], str]) -> str:
    """A namespace with two KDApps and one ConfigMap."""
    name = new_namespace()
    kubectl.ensure(global_config(), namespace=OPERATOR_NAMESPACE)
    kubectl.create(
        SERVING, WORKBENCH, configmap("info", {"a": "1"}, connection_type="info"), namespace=name
    )
    return name


@pytest.fixture(scope="module")
def modules(kubectl: Kubectl, place: str) -> Modules:
    """The modules in that namespace."""
    return Modules({"kubeconfig": str(kubectl.kubeconfig)}, place)


@pytest.fixture(scope="module")
def engine(modules: Modules) -> dict[str, Any]:
    """What creating the engine returned."""
    result = succeeded(modules.cluster(diff=True, **ENGINE))
    assert VALUE not in result.output
    return result.json


@pytest.fixture(scope="module")
def notebook(engine: dict[str, Any], modules: Modules) -> dict[str, Any]:
    """What creating the notebook, which connects to the engine, returned."""
    return succeeded(modules.cluster(**NOTEBOOK)).json


def generation(kubectl: Kubectl, place: str, name: str) -> int:
    return int(kubectl.get(KDCLUSTER, name, namespace=place)["metadata"]["generation"])


def test_check_mode_creates_nothing(modules: Modules, kubectl: Kubectl, place: str) -> None:
    result = succeeded(modules.cluster(check_mode=True, **{**ENGINE, "name": "rehearsed"}))
    assert result.changed and result.kdclusters["rehearsed"]["action"] == "created"
    assert kubectl.find(KDCLUSTER, "rehearsed", namespace=place) is None


def test_check_mode_reports_what_the_operator_would_refuse(modules: Modules) -> None:
    result = modules.cluster(check_mode=True, **{**ENGINE, "name": "rehearsed", "app": "nothing"})
    assert "Invalid app(nothing)" in result.message


def comparable(spec: dict[str, Any]) -> dict[str, Any]:
    """A spec without empty lists of connections, which the operator drops, and with the names alone of secret keys:
    their values are encrypted differently each time, and a diff does not show them."""
    roles = [dict(role) for role in spec["roles"]]
    for role in roles:
        if "secretKeys" in role:
            keys = role["secretKeys"]
            role["secretKeys"] = (
                [key["name"] for key in keys] if isinstance(keys, list) else [*keys]
            )
    connections = {kind: names for kind, names in spec["connections"].items() if names}
    return {**spec, "roles": roles, "connections": connections}


def test_check_mode_of_a_manifest_gives_what_kubectl_gives(
    kubectl: Kubectl, place: str, tmp_path: Path
) -> None:
    file = tmp_path / "described.yml"
    file.write_text(MANIFEST)
    where = {"kubeconfig": str(kubectl.kubeconfig), "namespace": place}
    definition = next(one for one in yaml.safe_load_all(MANIFEST) if one)
    more = {**definition, "spec": {**definition["spec"], "tolerations": [VALUE]}}
    tasks = [
        task("kd_cluster", **where, src=file.name),
        task("kd_cluster", **where, definition=definition),
        task("kd_cluster", **where, definition=more),
    ]
    played = run_play(tmp_path, tasks, "--check", "--diff", "-vvv")
    *made, refused = played.results
    server = kubectl.json("create", "--dry-run=server", "-f", str(file), namespace=place)
    for result in made:
        assert result.get("changed"), played.output
        (diff,) = result["diff"]
        assert comparable(diff["after"]["spec"]) == comparable(server["spec"])
        assert diff["after"]["labels"] == {"team": "a"}
    assert "definition.spec.tolerations: is not a field that kd_cluster takes" in refused["msg"]
    assert VALUE not in played.output
    assert kubectl.find(KDCLUSTER, "described", namespace=place) is None


def test_it_is_configured_when_the_task_ends(
    engine: dict[str, Any], kubectl: Kubectl, place: str, timing: Timing
) -> None:
    (made,) = engine["kdclusters"]
    assert engine["changed"] and made["action"] == "created" and made["state"] == "configured"
    assert sorted(member["role"] for member in made["members"]) == ["loadbalancer", "restserver"]
    found = KDCluster(kubectl, place, "engine", timing)
    assert found.unsettled_because(found.get()) == []
    roles = found.configmeta()["nodegroups"]["1"]["roles"]
    assert roles["restserver"]["secret_keys"] == {"rest-password": VALUE}
    pod = next(member.pod for member in found.members("restserver"))
    assert found.exec(pod, "printenv", "THREADS").stdout.strip() == "4"
    assert found.get()["metadata"]["labels"]["team"] == "a"


def test_a_second_run_writes_nothing(
    engine: dict[str, Any], modules: Modules, kubectl: Kubectl, place: str
) -> None:
    before = generation(kubectl, place, "engine")
    again = succeeded(modules.cluster(diff=True, **ENGINE))
    assert not again.changed and again.warnings == []
    assert generation(kubectl, place, "engine") == before


def test_another_value_of_a_secret_key_is_noticed(engine: dict[str, Any], modules: Modules) -> None:
    (role, other) = ENGINE["roles"]
    changed = {**role, "secretKeys": [{"name": "rest-password", "value": "elderberry-wine"}]}
    result = modules.cluster(**{**ENGINE, "roles": [changed, other]})
    assert "role restserver has members" in result.message and "secretKeys" in result.message
    assert "elderberry" not in result.output and VALUE not in result.output


def test_only_the_member_count_of_a_role_with_members_can_change(
    engine: dict[str, Any], modules: Modules, kubectl: Kubectl, place: str
) -> None:
    before = generation(kubectl, place, "engine")
    role = {"id": "restserver", "env": [{"name": "THREADS", "value": 8}]}
    assert "would change env" in modules.cluster(name="engine", roles=[role]).message
    assert "has app 'serving'" in modules.cluster(name="engine", app="workbench").message
    assert generation(kubectl, place, "engine") == before


def test_it_is_connected_from_its_creation(
    notebook: dict[str, Any], modules: Modules, kubectl: Kubectl, place: str, timing: Timing
) -> None:
    found = KDCluster(kubectl, place, "notebook", timing)
    held = found.connections_in()
    assert list(held["clusters"]) == ["engine"]
    assert [one["metadata"]["name"] for one in held["configmaps"]["info"]] == ["info"]
    assert not succeeded(modules.cluster(**NOTEBOOK)).changed


def test_scaling_waits_for_the_members_and_the_linked_kdclusters(
    notebook: dict[str, Any], modules: Modules, kubectl: Kubectl, place: str, timing: Timing
) -> None:
    found = KDCluster(kubectl, place, "engine", timing)
    linked = KDCluster(kubectl, place, "notebook", timing)
    for count in (2, 1):
        scaled = succeeded(
            modules.cluster(name="engine", roles=[{"id": "restserver", "members": count}])
        )
        assert scaled.changed and scaled.kdclusters["engine"]["action"] == "updated"
        assert len(found.members("restserver")) == count
        assert found.unsettled_because(found.get()) == []
        assert linked.unsettled_because(linked.get()) == []


def test_unknown_connections_are_refused_before_anything_is_written(
    modules: Modules, kubectl: Kubectl, place: str
) -> None:
    options = {
        **NOTEBOOK,
        "name": "other",
        "connections": {"clusters": ["gone"], "secrets": ["no"]},
    }
    message = modules.cluster(**options).message
    assert f"KDCluster {place}/gone does not exist" in message
    assert f"Secret {place}/no does not exist" in message
    assert kubectl.find(KDCLUSTER, "other", namespace=place) is None


def test_deletion_is_refused_while_others_connect_to_it_and_waits_for_its_end(
    notebook: dict[str, Any], modules: Modules, kubectl: Kubectl, place: str, timing: Timing
) -> None:
    refused = modules.cluster(name="engine", state="absent")
    assert f"KDCluster {place}/notebook connects to it" in refused.message
    assert kubectl.find(KDCLUSTER, "engine", namespace=place) is not None
    rehearsed = succeeded(
        modules.cluster(name="engine", state="absent", force=True, check_mode=True)
    )
    assert rehearsed.changed and kubectl.find(KDCLUSTER, "engine", namespace=place) is not None
    deleted = succeeded(modules.cluster(name="engine", state="absent", force=True))
    assert deleted.json["kdclusters"] == [{"name": "engine", "action": "deleted", **NOTHING}]
    assert kubectl.find(KDCLUSTER, "engine", namespace=place) is None
    pods = kubectl.list("pods", namespace=place, selector="kubedirector.hpe.com/kdcluster=engine")
    assert pods == []
    linked = KDCluster(kubectl, place, "notebook", timing)
    assert linked.unsettled_because(linked.get()) == []
    again = succeeded(modules.cluster(name="engine", state="absent"))
    assert not again.changed
    assert again.json["kdclusters"] == [{"name": "engine", "action": "unchanged", **NOTHING}]


def test_a_run_succeeds_when_a_webhook_removes_pod_labels(
    modules: Modules, kubectl: Kubectl, place: str, tmp_path: Path, audit_log: AuditLog | None
) -> None:
    """The label is never stored, and the operator refuses to change a role that has members."""
    if audit_log is None:
        pytest.skip("the API server of this cluster cannot reach a webhook on this machine")
    role: dict[str, Any] = {"id": "controller", "members": 1, "resources": RESOURCES}
    labels = {"team": "a", "tier": "lab"}
    arguments: dict[str, Any] = {
        "name": "labelled",
        "app": "workbench",
        "roles": [{**role, "pod_labels": labels}],
    }
    with taking_away("tier", place, kubectl, tmp_path):
        made = succeeded(modules.cluster(**arguments))
        again = succeeded(modules.cluster(**arguments))
        assert made.changed and not again.changed
        for result in (made, again):
            (warning,) = result.warnings
            assert "podLabels.tier of role controller" in warning
        (stored,) = kubectl.get(KDCLUSTER, "labelled", namespace=place)["spec"]["roles"]
        assert stored["podLabels"] == {"team": "a"}
        more = {**role, "pod_labels": {**labels, "floor": "2"}}
        refused = modules.cluster(**{**arguments, "roles": [more]})
        assert "role controller has members" in refused.message
    succeeded(modules.cluster(name="labelled", state="absent"))
