# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wait: when the task returns, every member has the change; else it says which have not."""

from __future__ import annotations

from typing import Any

from tests.harness import integration_objects
from tests.harness.cluster_fixtures import Named
from tests.harness.connection_hash import connection_hash
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.module_runner import ModuleResult
from tests.harness.modules import Fresh, Modules, model, steering
from tests.integration.test_connect import connections_of

ROUNDS = 10
PACKAGED_ROLES = ("controller", "worker")


def assert_reached(found: KDCluster, path: str | None, result: ModuleResult) -> None:
    """Look once: all members have the change now, and the result says what kubectl says.

    `path` is that of the only connected model, None where there is none.
    """
    members = [one for role in PACKAGED_ROLES for one in found.members(role)]
    for member in members:
        held = found.configmeta_now(member.pod)
        assert held is not None, f"{member.pod} has half a file"
        models = held["connections"]["configmaps"].get("model", [])
        assert [one["data"]["path"] for one in models] == ([] if path is None else [path])
        _container, code = found.configure_status(member.pod)
        assert code == "0", f"the start script of {member.pod} ended {code!r}"
    manifest = found.get()
    assert found.unsettled_because(manifest) == []
    status, returned = manifest["status"], result.kdclusters[found.name]
    assert returned["spec_generation"] == status["specGenerationToProcess"]
    assert returned["connection_hash"] == status["lastConnectionHash"]
    assert returned["connection_hash"] == connection_hash(
        found.kubectl, found.namespace, manifest["spec"]
    )
    assert returned["state"] == status["state"] == "configured"


def test_every_member_has_each_of_many_quick_changes(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    wide = emptied("wide")
    name = fresh("quick")
    for turn in range(ROUNDS):
        path = f"repo://turn-{turn}"
        if turn % 4 == 3:
            arguments: dict[str, Any] = {"configmaps": [{"name": name}], "state": "absent"}
            assert_reached(wide, None, tenant.connected(kdcluster=["wide"], **arguments))
        else:
            arguments = {"configmaps": [model(name, path=path)]}
            assert_reached(wide, path, tenant.connected(kdcluster=["wide"], **arguments))


def test_it_waits_for_a_change_that_others_just_made(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    wide = emptied("wide")
    name = fresh("behind")
    tenant.connected(kdcluster=["wide"], configmaps=[model(name)])
    path = "repo://by-another-user"
    kubectl.patch("configmap", name, {"data": {"path": path}}, namespace=wide.namespace)
    result = tenant.connected(kdcluster=["wide"], configmaps=[model(name, path=path)])
    assert not result.changed
    assert_reached(wide, path, result)


def test_it_waits_for_a_slow_start_script(tenant: Modules, emptied: Named, fresh: Fresh) -> None:
    scripted = emptied("scripted")
    result = tenant.connected(
        kdcluster=["scripted"], configmaps=[steering(fresh("slow"), seconds=2)]
    )
    _container, code = scripted.configure_status()
    assert code == "0"
    (member,) = result.kdclusters["scripted"]["members"]
    assert member["reconnect"]["rc"] == 0


def test_it_waits_for_a_restarted_member(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    restarts = emptied("restarts")
    name = fresh("restart")
    tenant.connected(kdcluster=["restarts"], configmaps=[model(name)])
    pod = restarts.pod()
    kubectl.ok("delete", "pod", pod, "--grace-period=1", namespace=restarts.namespace)
    wait_until(
        "the operator noticed the restart",
        lambda: restarts.members()[0].state != "configured",
        seconds=restarts.timing.noticed_by_poll_seconds,
        poll_seconds=0.1,
    )
    result = tenant.connected(kdcluster=["restarts"], configmaps=[model(name, path="repo://new")])
    # The file, not the application: the operator runs no start script for a change that comes
    # while it is still configuring the member, although it gives it the new file.
    assert_reached(restarts, "repo://new", result)


def test_a_member_in_config_error_is_reported_with_the_end_of_its_output(
    tenant: Modules, kdcluster: Named, fresh: Fresh
) -> None:
    broken = kdcluster("broken")
    name = fresh("in-vain")
    (member,) = broken.members()
    result = tenant.connection(kdcluster=["broken"], configmaps=[model(name)])
    assert "in time" not in result.message
    assert f"KDCluster {broken.namespace}/broken" in result.message
    assert member.pod in result.message
    assert "config error" in result.message
    assert member.detail["configErrorDetail"] in result.message
    # What had been done by then.
    assert result.objects == {("ConfigMap", name): "created"}
    assert result.kdclusters["broken"]["action"] == "updated"
    assert result.json["changed"] is True
    assert name in connections_of(broken)["configmaps"]


def test_without_wait_a_member_that_never_gets_the_change_is_not_a_failure(
    tenant: Modules, kdcluster: Named, fresh: Fresh
) -> None:
    broken = kdcluster("broken")
    name = fresh("in-vain")
    result = tenant.connected(
        kdcluster=["broken"], configmaps=[model(name)], wait=False, wait_timeout=6
    )
    assert result.changed
    assert name in connections_of(broken)["configmaps"]


def test_a_timeout_names_the_late_member_and_its_last_report(
    tenant: Modules, kdcluster: Named, fresh: Fresh
) -> None:
    pending = kdcluster(integration_objects.UNSCHEDULABLE)
    before = (pending.get()["spec"].get("connections") or {}).get("configmaps") or []
    name = fresh("too-late")
    result = tenant.connection(kdcluster=[pending.name], configmaps=[model(name)], wait_timeout=5)
    message = result.message
    assert f"KDCluster {pending.namespace}/{pending.name}" in message
    (member,) = pending.members()
    assert member.pod in message and "controller" in message
    assert member.state in message
    assert member.detail.get("schedulingErrorMessage", "") in message
    assert ".." not in message
    assert result.objects == {("ConfigMap", name): "created"}
    assert result.kdclusters[pending.name]["action"] == "updated"
    assert connections_of(pending)["configmaps"] == [*before, name]


def test_it_waits_for_all_of_several_kdclusters(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    found = [emptied("lab"), emptied("second"), emptied("wide")]
    name = fresh("everywhere")
    for turn in range(3):
        path = f"repo://turn-{turn}"
        result = tenant.connected(
            kdclusters=[one.name for one in found], configmaps=[model(name, path=path)]
        )
        for one in found:
            assert_reached(one, path, result)
