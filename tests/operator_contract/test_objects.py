# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What KubeDirector makes for a KDCluster, and the content of its status."""

from __future__ import annotations

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import KDCLUSTER


@pytest.mark.parametrize(
    ("kind", "short_name"),
    [
        ("KubeDirectorApp", "kdapp"),
        ("KubeDirectorCluster", "kdcluster"),
        ("KubeDirectorConfig", "kdconfig"),
        ("KubeDirectorStatusBackup", "kdstatusbackup"),
    ],
)
def test_the_api_serves_four_namespaced_kinds(kubectl: Kubectl, kind: str, short_name: str) -> None:
    listed = kubectl.ok("api-resources", "--api-group=kubedirector.hpe.com", "--no-headers")
    rows = [line.split() for line in listed.splitlines()]
    row = next(row for row in rows if row[-1] == kind)
    assert row == [kind.lower() + "s", short_name, "kubedirector.hpe.com/v1beta1", "true", kind]


def test_member_pods_carry_five_labels_and_one_container_named_app(
    kubectl: Kubectl, kdcluster: Named
) -> None:
    files = kdcluster("files")
    selector = "kubedirector.hpe.com/kdcluster=files"
    pods = {
        pod["metadata"]["name"]: pod
        for pod in kubectl.list("pods", namespace=files.namespace, selector=selector)
    }
    members = files.members()
    assert set(pods) == {member.pod for member in members}
    for member in members:
        pod = pods[member.pod]
        assert (
            pod["metadata"]["labels"].items()
            >= {
                "kubedirector.hpe.com/kdcluster": "files",
                "kubedirector.hpe.com/role": member.role,
                "kubedirector.hpe.com/kdapp": "workbench",
                "kubedirector.hpe.com/appCatalog": "local",
                "kubedirector.hpe.com/headless": "files",
            }.items()
        )
        assert [container["name"] for container in pod["spec"]["containers"]] == ["app"]


def test_each_role_is_a_statefulset_behind_one_headless_service(
    kubectl: Kubectl, kdcluster: Named
) -> None:
    files = kdcluster("files")
    status = files.status()
    service = kubectl.get("service", status["clusterService"], namespace=files.namespace)
    assert service["spec"]["clusterIP"] == "None"
    assert {role["id"] for role in status["roles"]} == {"controller", "worker", "sidecar"}
    for role in status["roles"]:
        found = kubectl.get("statefulset", role["statefulSet"], namespace=files.namespace)
        assert found["metadata"]["labels"]["kubedirector.hpe.com/kdcluster"] == "files"
        assert found["spec"]["replicas"] == len(role["members"])


def test_status_has_no_conditions(kdcluster: Named) -> None:
    assert "conditions" not in kdcluster("files").status()


def test_status_of_a_configured_cluster(kdcluster: Named) -> None:
    status = kdcluster("files").status()
    assert status["state"] == "configured"
    assert isinstance(status["specGenerationToProcess"], int)
    assert isinstance(status["generationUID"], str)
    assert isinstance(status["lastConnectionHash"], str)
    assert status["memberStateRollup"] == {
        "membershipChanging": False,
        "membersDown": False,
        "membersInitializing": False,
        "membersWaiting": False,
        "membersRestarting": False,
        "configErrors": False,
        "membersNotScheduled": False,
    }


def test_status_of_configured_members(kubectl: Kubectl, kdcluster: Named) -> None:
    files = kdcluster("files")
    found = files.get()
    generation = found["status"]["specGenerationToProcess"]
    members = [member for member in files.members() if member.role != "sidecar"]
    assert len(members) == 3
    for member in members:
        assert member.state == "configured"
        assert member.config_generation == member.setup_generation == generation
        assert member.detail["lastKnownContainerState"] == "running"
        pod = kubectl.get("pod", member.pod, namespace=files.namespace)
        assert (
            member.detail["lastConfiguredContainer"]
            == (pod["status"]["containerStatuses"][0]["containerID"])
        )


def test_node_ids_are_unique_and_the_last_one_is_kept(kdcluster: Named) -> None:
    files = kdcluster("files")
    node_ids = [member.node_id for member in files.members()]
    assert len(set(node_ids)) == len(node_ids)
    assert files.status()["lastNodeID"] == max(node_ids)


def test_the_catalog_is_filled_in(kdcluster: Named) -> None:
    assert kdcluster("files").get()["spec"]["appCatalog"] == "local"
    assert kdcluster("outsider").get()["spec"]["appCatalog"] == "system"


def test_an_app_of_the_operators_namespace_shows_in_its_members_labels(
    kubectl: Kubectl, kdcluster: Named
) -> None:
    outsider = kdcluster("outsider")
    pod = kubectl.get("pod", outsider.members()[0].pod, namespace=outsider.namespace)
    assert pod["metadata"]["labels"]["kubedirector.hpe.com/appCatalog"] == "system"


def test_a_status_subresource_keeps_status_apart_from_spec(kubectl: Kubectl) -> None:
    found = kubectl.get("customresourcedefinition", KDCLUSTER)
    (version,) = found["spec"]["versions"]
    assert version["subresources"] == {"status": {}}
