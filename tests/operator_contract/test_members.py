# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members that get no configmeta.json, lose it, or failed their first configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.harness.cluster_fixtures import Named
from tests.harness.contract_objects import FAILING_SCRIPT
from tests.harness.kdcluster import CONFIGMETA, KDCluster, members_of
from tests.harness.kubectl import Kubectl, Manifest, wait_until
from tests.harness.manifests import Connections, configmap
from tests.operator_contract.watching import versions_of

Fresh = Callable[[str], str]


def test_a_role_without_config_package_never_gets_configmeta(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    files = emptied("files")
    name = fresh("info")
    kubectl.create(configmap(name, {"a": "1"}, connection_type="info"), namespace=files.namespace)
    files.reconnect_settled(Connections(configmaps=[name]))
    (sidecar,) = files.members("sidecar")
    assert sidecar.state == "configured"
    assert sidecar.config_generation is None
    assert sidecar.setup_generation is None
    assert kubectl.read_file(sidecar.pod, CONFIGMETA, namespace=files.namespace) is None


def test_a_cluster_of_such_roles_alone_follows_its_connections(
    kubectl: Kubectl, emptied: Named, fresh: Fresh
) -> None:
    bare = emptied("bare")
    before = bare.generation()
    name = fresh("info")
    kubectl.create(configmap(name, {"a": "1"}, connection_type="info"), namespace=bare.namespace)
    settled = bare.reconnect_settled(Connections(configmaps=[name]))
    assert settled["status"]["specGenerationToProcess"] == before + 1
    (member,) = bare.members()
    assert (member.state, member.config_generation) == ("configured", None)


def test_connections_given_at_creation_are_there_when_configured(kdcluster: Named) -> None:
    born = kdcluster("born-connected")
    born.wait_settled()
    found = born.connections_in()
    assert found["configmaps"]["info"][0]["data"] == {"origin": "birth"}
    assert set(found["secrets"]) == {"token"}


def restart(restarts: KDCluster, log: Path) -> list[Manifest]:
    """Delete the only member's pod, and return every version up to the one that is settled again."""
    (old,) = restarts.members()
    with versions_of(restarts, log) as versions:
        restarts.kubectl.ok(
            "delete", "pod", old.pod, "--grace-period=1", namespace=restarts.namespace
        )
        wait_until(
            "the operator set the new container up",
            lambda: (
                restarts.members()[0].detail["lastConfiguredContainer"]
                != old.detail["lastConfiguredContainer"]
            ),
            seconds=2 * restarts.timing.settle_seconds,
        )
        restarts.wait_settled(2 * restarts.timing.settle_seconds)
    return versions


def test_a_restarted_member_is_configured_again(
    kubectl: Kubectl, emptied: Named, fresh: Fresh, tmp_path: Path
) -> None:
    restarts = emptied("restarts")
    name = fresh("info")
    info = configmap(name, {"a": "1"}, connection_type="info")
    kubectl.create(info, namespace=restarts.namespace)
    restarts.reconnect_settled(Connections(configmaps=[name]))
    (old,) = restarts.members()
    versions = restart(restarts, tmp_path / "versions")
    restarting = [m for one in versions for m in members_of(one) if m.state != "configured"]
    assert restarting
    assert {member.state for member in restarting} <= {"create pending", "creating"}
    pending = [member for member in restarting if member.state == "create pending"]
    assert all(member.config_generation is None for member in pending)
    (new,) = restarts.members()
    assert new.pod == old.pod
    assert new.config_generation == versions[-1]["status"]["specGenerationToProcess"]
    found = restarts.connections_in()
    assert found["configmaps"]["info"][0]["data"] == {"a": "1"}
    read = restarts.read_by_script()
    assert read is not None
    assert read["event"] == "configure"


def test_a_restart_shows_in_the_rollup_and_changes_no_generation(
    kdcluster: Named, tmp_path: Path
) -> None:
    restarts = kdcluster("restarts")
    before = restarts.generation()
    versions = restart(restarts, tmp_path / "versions")
    rollups = [one["status"]["memberStateRollup"] for one in versions]
    assert any(rollup["membersRestarting"] for rollup in rollups)
    assert rollups[-1]["membersRestarting"] is False
    assert {one["status"]["specGenerationToProcess"] for one in versions} == {before}


def test_a_failed_first_configuration_is_a_config_error(kdcluster: Named) -> None:
    broken = kdcluster("broken")
    status = broken.status()
    assert status["state"] == "configured"
    assert status["memberStateRollup"]["configErrors"] is True
    (member,) = broken.members()
    assert member.state == "config error"
    assert "configure failed with exit status {7}" in member.detail["configErrorDetail"]
    assert member.detail["startScriptStderrMessage"]
    _container, code = broken.configure_status()
    assert code == "7"


def test_a_member_in_config_error_gets_no_update(
    kubectl: Kubectl, kdcluster: Named, fresh: Fresh
) -> None:
    broken = kdcluster("broken")
    (before,) = broken.members()
    content = broken.configmeta()
    generation = broken.generation()
    name = fresh("info")
    kubectl.create(configmap(name, {"a": "1"}, connection_type="info"), namespace=broken.namespace)
    connected = broken.get()["spec"]["connections"]["configmaps"]
    broken.reconnect_settled(Connections(configmaps=[*connected, name]))
    (after,) = broken.members()
    assert broken.generation() == generation + 1
    assert after.state == "config error"
    assert after.config_generation == before.config_generation == generation
    assert broken.configmeta() == content


def test_a_restart_ends_a_config_error_once_the_cause_is_removed(
    kubectl: Kubectl, kdcluster: Named
) -> None:
    broken = kdcluster("broken")
    harmless = {"data": {"exit": "0"}}
    kubectl.patch("configmap", FAILING_SCRIPT, harmless, namespace=broken.namespace)
    broken.wait_settled()
    (failed,) = broken.members()
    assert failed.state == "config error"
    kubectl.ok("delete", "pod", failed.pod, "--grace-period=1", namespace=broken.namespace)
    wait_until(
        "the restarted member is configured",
        lambda: broken.members()[0].state == "configured",
        seconds=2 * broken.timing.settle_seconds,
    )
    settled = broken.wait_settled()
    (member,) = broken.members()
    assert member.config_generation == settled["status"]["specGenerationToProcess"]
    assert settled["status"]["memberStateRollup"]["configErrors"] is False
