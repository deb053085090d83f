# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each change makes every member run `startscript --reconnect`, whose exit code the operator ignores."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import CHANGE_COUNTER, KDCluster, members_of
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.manifests import KDCLUSTER, Connections, configmap, start_script

Fresh = Callable[[str], str]

STDOUT = "/opt/guestconfig/configure.stdout"
STDERR = "/opt/guestconfig/configure.stderr"


@pytest.fixture
def reconnects(emptied: Named) -> KDCluster:
    """A settled one-member KDCluster without connections, whose start script is at rest."""
    found = emptied("reconnects")
    wait_ended(found)
    return found


def wait_ended(found: KDCluster, pod: str | None = None) -> tuple[str, str]:
    """Return container id and exit code of the start script's last run, once it has ended."""

    def ended() -> tuple[str, str] | None:
        container, code = found.configure_status(pod)
        return (container, code) if code else None

    return wait_until("the start script ended", ended, seconds=found.timing.script_seconds)


def runs(found: KDCluster, pod: str | None = None) -> int:
    read = found.read_by_script(pod)
    assert read is not None
    return int(read["count"])


def test_configure_ran_once_at_creation(kdcluster: Named) -> None:
    born = kdcluster("born-connected")
    read = born.read_by_script()
    assert read is not None
    assert (read["event"], read["count"]) == ("configure", 1)
    container, code = born.configure_status()
    assert (container, code) == (born.members()[0].detail["lastConfiguredContainer"], "0")


def test_one_change_is_one_run(kubectl: Kubectl, reconnects: KDCluster, fresh: Fresh) -> None:
    before = runs(reconnects)
    name = fresh("info")
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="info"), namespace=reconnects.namespace
    )
    reconnects.reconnect_settled(Connections(configmaps=[name]))
    read = reconnects.wait_read("the ConfigMap", lambda read: "info" in read["configmaps"])
    assert (read["event"], read["count"]) == ("reconnect", before + 1)


def test_each_change_counts_up_the_connection_version(reconnects: KDCluster) -> None:
    (before,) = reconnects.members()
    settled = reconnects.reconnect_settled(Connections(configmaps=["no-such-map"]))
    (after,) = reconnects.members()
    version = after.detail["lastConnectionVersion"]
    assert version == before.detail["lastConnectionVersion"] + 1
    assert settled["metadata"]["annotations"][CHANGE_COUNTER] == str(version)


def test_status_holds_container_id_and_exit_code(reconnects: KDCluster) -> None:
    reconnects.reconnect_settled(Connections(configmaps=["no-such-map"]))
    container, code = wait_ended(reconnects)
    pod = reconnects.kubectl.get("pod", reconnects.pod(), namespace=reconnects.namespace)
    assert container == pod["status"]["containerStatuses"][0]["containerID"]
    assert code == "0"


def test_a_failing_run_changes_nothing_in_the_status(
    kubectl: Kubectl, reconnects: KDCluster, fresh: Fresh
) -> None:
    name = fresh("fails")
    kubectl.create(start_script(name, exit_code=3), namespace=reconnects.namespace)
    settled = reconnects.reconnect_settled(Connections(configmaps=[name]))
    _container, code = wait_ended(reconnects)
    assert code == "3"
    pod = reconnects.pod()
    assert kubectl.read_file(pod, STDERR, namespace=reconnects.namespace)
    assert kubectl.read_file(pod, STDOUT, namespace=reconnects.namespace) is not None
    (member,) = reconnects.members()
    assert settled["status"]["state"] == "configured"
    assert member.state == "configured"
    assert "configErrorDetail" not in member.detail
    assert reconnects.status()["memberStateRollup"]["configErrors"] is False


def test_the_exit_code_is_missing_while_the_script_runs(
    kubectl: Kubectl, reconnects: KDCluster, fresh: Fresh
) -> None:
    name = fresh("slow")
    kubectl.create(start_script(name, seconds=6), namespace=reconnects.namespace)
    reconnects.connect(Connections(configmaps=[name]))
    running = wait_until(
        "the start script runs",
        lambda: _running(reconnects),
        seconds=reconnects.timing.event_seconds,
    )
    assert running == reconnects.members()[0].detail["lastConfiguredContainer"]
    assert wait_ended(reconnects) == (running, "0")


def test_a_member_has_the_new_generation_once_its_script_ended(
    kubectl: Kubectl, reconnects: KDCluster, fresh: Fresh
) -> None:
    # The script is started in the background, but the operator's exec lasts as long as something
    # in the container holds its output, at least where containerd runs the members.
    name = fresh("slow")
    kubectl.create(start_script(name), namespace=reconnects.namespace)
    reconnects.reconnect_settled(Connections(configmaps=[name]))
    wait_ended(reconnects)
    # An object that is new comes with its own notification, over which the operator may lose count.
    reconnects.repair_counter()
    before = reconnects.generation()
    kubectl.patch("configmap", name, {"data": {"seconds": "6"}}, namespace=reconnects.namespace)
    wait_until(
        "the start script runs",
        lambda: _running(reconnects),
        seconds=reconnects.timing.event_seconds,
    )
    found = reconnects.get()
    assert _running(reconnects)
    (member,) = members_of(found)
    status = found["status"]
    assert (status["state"], status["specGenerationToProcess"]) == ("configured", before + 1)
    assert (member.config_generation, member.setup_generation) == (before, before)
    reconnects.wait_settled()
    assert reconnects.configure_status()[1] == "0"


def test_every_member_with_a_config_package_runs_it(emptied: Named) -> None:
    files = emptied("files")
    pods = [member.pod for member in files.members() if member.role != "sidecar"]
    for pod in pods:
        wait_ended(files, pod)
    before = {pod: runs(files, pod) for pod in pods}
    files.reconnect_settled(Connections(configmaps=["no-such-map"]))
    for pod in pods:
        files.wait_read(
            "the change", lambda read, pod=pod: read["count"] == before[pod] + 1, pod=pod
        )
        assert wait_ended(files, pod)[1] == "0"
    assert len(pods) == 3


def test_naming_the_same_again_writes_nothing_and_runs_nothing(reconnects: KDCluster) -> None:
    settled = reconnects.reconnect_settled(Connections(configmaps=["no-such-map"]))
    wait_ended(reconnects)
    before = runs(reconnects)
    same = {"spec": {"connections": settled["spec"]["connections"]}}
    answered = reconnects.kubectl.patch(
        KDCLUSTER, reconnects.name, same, namespace=reconnects.namespace
    )
    assert answered == settled
    assert runs(reconnects) == before


def test_empty_lists_in_place_of_absent_ones_run_nothing(reconnects: KDCluster) -> None:
    before = reconnects.reconnect_settled(Connections(configmaps=["no-such-map"]))["status"]
    wait_ended(reconnects)
    count = runs(reconnects)
    after = reconnects.reconnect_settled(Connections(configmaps=["no-such-map"]))["status"]
    assert after["lastConnectionHash"] == before["lastConnectionHash"]
    assert after["specGenerationToProcess"] == before["specGenerationToProcess"]
    assert runs(reconnects) == count


def test_a_change_counter_that_fell_behind_makes_the_operator_miss_a_run(
    kubectl: Kubectl, reconnects: KDCluster, fresh: Fresh
) -> None:
    # It falls behind by itself where the operator's own webhook refuses that it is counted up.
    reconnects.reconnect_settled(Connections(configmaps=["no-such-map"]))
    wait_ended(reconnects)
    version = reconnects.set_counter_back()
    count, name = runs(reconnects), fresh("missed")
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="missed"), namespace=reconnects.namespace
    )
    reconnects.reconnect_settled(Connections(configmaps=[name]))
    (after,) = reconnects.members()
    assert reconnects.connections_in()["configmaps"]["missed"][0]["metadata"]["name"] == name
    assert after.detail["lastConnectionVersion"] == version
    assert runs(reconnects) == count


def test_a_counter_repaired_in_the_same_patch_restores_the_run(reconnects: KDCluster) -> None:
    # A name without an object: an object that is new makes the operator write the KDCluster over it, and
    # where that write meets the operator's own count, the count is lost (source: syncCluster).
    version = reconnects.set_counter_back()
    count = runs(reconnects)
    both = {
        "metadata": {"annotations": {CHANGE_COUNTER: str(version)}},
        "spec": {"connections": Connections(configmaps=["no-such-map"]).spec()},
    }
    reconnects.kubectl.patch(KDCLUSTER, reconnects.name, both, namespace=reconnects.namespace)
    reconnects.wait_settled()
    assert reconnects.members()[0].detail["lastConnectionVersion"] == version + 1
    assert runs(reconnects) == count + 1


def test_a_counter_repaired_before_an_object_changes_restores_the_run(
    kubectl: Kubectl, reconnects: KDCluster, fresh: Fresh
) -> None:
    name = fresh("counted")
    kubectl.create(
        configmap(name, {"a": "1"}, connection_type="counted"), namespace=reconnects.namespace
    )
    reconnects.reconnect_settled(Connections(configmaps=[name]))
    wait_ended(reconnects)
    version = reconnects.set_counter_back()
    count = runs(reconnects)
    reconnects.repair_counter()
    kubectl.patch("configmap", name, {"data": {"a": "2"}}, namespace=reconnects.namespace)
    reconnects.wait_settled()
    assert reconnects.members()[0].detail["lastConnectionVersion"] == version + 1
    assert runs(reconnects) == count + 1


def _running(found: KDCluster) -> str | None:
    container, code = found.configure_status()
    return container if container and not code else None
