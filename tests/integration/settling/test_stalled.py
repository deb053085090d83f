# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task reports a stall and its cause long before wait_timeout.

Each wait may take the 300 s that it may take by default; a bare time-out would say "in time".
"""

from __future__ import annotations

import pytest

from tests.harness import integration_objects
from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.modules import Fresh, Modules, model, steering
from tests.harness.sandbox_parts import SandboxParts
from tests.integration.test_connect import connections_of

LONGER_THAN_A_LOOK = 22


@pytest.fixture
def parts(kubectl: Kubectl) -> SandboxParts:
    """The sandbox's processes."""
    return SandboxParts(kubectl)


def test_an_unschedulable_pod_is_reported(
    tenant: Modules, kdcluster: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    pending = kdcluster(integration_objects.UNSCHEDULABLE)
    name = fresh("no-room")
    result = tenant.connection(kdcluster=[pending.name], configmaps=[model(name)])
    message = result.message
    (member,) = pending.members()
    pod = kubectl.get("pod", member.pod, namespace=pending.namespace)
    (scheduled,) = [c for c in pod["status"]["conditions"] if c["type"] == "PodScheduled"]
    assert f"KDCluster {pending.namespace}/{pending.name}" in message
    assert f"pod {member.pod} of role controller cannot be scheduled" in message
    assert scheduled["message"].rstrip(". ") in message
    assert "Make room" in message and "in time" not in message
    assert result.objects == {("ConfigMap", name): "created"}


def test_a_hanging_operator_is_reported(
    tenant: Modules, emptied: Named, fresh: Fresh, parts: SandboxParts
) -> None:
    if not parts.has_operator:
        pytest.skip("the operator of this cluster is not ours to stop")
    lab = emptied("lab")
    name = fresh("hangs")
    tenant.connected(kdcluster=["lab"], configmaps=[model(name)])
    with parts.hanging_operator():
        # No KDCluster is written: the webhook is not asked, and the change seems to go well.
        result = tenant.connection(kdcluster=["lab"], configmaps=[model(name, path="repo://new")])
        message = result.message
        assert f"KDCluster {lab.namespace}/lab" in message
        assert "operator is down" in message and "kubectl rollout restart" in message
        assert "in time" not in message
        assert result.objects == {("ConfigMap", name): "updated"}
        # Where one must be written, the task fails at once, and nothing has been written.
        other = fresh("hangs")
        result = tenant.connection(kdcluster=["lab"], configmaps=[model(other)])
        assert "KubeDirector operator is down or hangs" in result.message
        assert result.json["changed"] is False
    assert other not in connections_of(lab)["configmaps"]
    # The same task again finishes the job.
    result = tenant.connected(kdcluster=["lab"], configmaps=[model(name, path="repo://new")])
    lab.wait_settled()


def test_a_slow_start_script_is_not_a_stall(tenant: Modules, emptied: Named, fresh: Fresh) -> None:
    scripted = emptied("scripted")
    result = tenant.connected(
        kdcluster=["scripted"], configmaps=[steering(fresh("slow"), seconds=LONGER_THAN_A_LOOK)]
    )
    _container, code = scripted.configure_status()
    assert code == "0"
    (member,) = result.kdclusters["scripted"]["members"]
    assert member["reconnect"]["rc"] == 0


def test_a_task_continues_after_a_restart_of_the_api_server(
    tenant: Modules, emptied: Named, fresh: Fresh, parts: SandboxParts
) -> None:
    if not parts.has_api_server:
        pytest.skip("the API server of this cluster is not ours to restart")
    found = emptied("scripted")
    name = fresh("through")
    running = tenant.start_connection(
        kdcluster=["scripted"], configmaps=[steering(name, seconds=8)]
    )
    wait_until(
        "the change is written",
        lambda: name in (connections_of(found).get("configmaps") or []),
        seconds=60,
    )
    parts.restart_api_server()
    result = running.result()
    assert not result.failed, result.json.get("msg")
    assert result.kdclusters["scripted"]["members"][0]["reconnect"]["rc"] == 0
    # Cut off from a start script that still runs, the operator runs it once more; each adds its exit code.
    _container, code = found.configure_status()
    assert set(code) == {"0"}
    found.wait_settled()
