# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode reports what the real run then does, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.audit_log import AuditLog
from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.integration_objects import RESTORING
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import KDCLUSTER, Connections, configmap
from tests.harness.module_runner import ModuleResult
from tests.harness.modules import Fresh, Modules, model, succeeded, token
from tests.integration.conftest import TENANT
from tests.integration.permissions import KDCLUSTERS, make_user_lacking
from tests.integration.test_connect import connections_of

Versions = Callable[[], dict[str, str]]


def reported(result: ModuleResult) -> dict[str, Any]:
    """What a run reports, without what only the operator knows afterwards."""
    return {
        "changed": result.changed,
        "objects": result.json["objects"],
        "kdclusters": [
            {key: one[key] for key in ("name", "action", "connections")}
            for one in result.json["kdclusters"]
        ],
        "diff": result.json.get("diff"),
        # Only the real run can report a missed --reconnect.
        "warnings": [one for one in result.warnings if "did not run its start script" not in one],
    }


@pytest.fixture
def rehearsed_and_run(
    tenant: Modules, versions: Versions, audit_log: AuditLog | None, home: str
) -> Callable[..., ModuleResult]:
    """Run a task in check mode and for real; compares them and checks that the first wrote nothing."""

    def both(**arguments: Any) -> ModuleResult:
        before = versions()
        mark = 0 if audit_log is None else audit_log.mark()
        rehearsal = succeeded(tenant.connection(check_mode=True, diff=True, **arguments))
        assert versions() == before
        if audit_log is not None:
            made = audit_log.since(mark, f"system:serviceaccount:{home}:{TENANT}")
            assert made and not [one for one in made if one.writes]
        real = succeeded(tenant.connection(diff=True, **arguments))
        assert reported(rehearsal) == reported(real)
        return real

    return both


def test_it_reports_new_objects_and_connections(
    rehearsed_and_run: Callable[..., ModuleResult], emptied: Named, fresh: Fresh
) -> None:
    emptied("lab")
    name = fresh("rehearsed")
    result = rehearsed_and_run(
        kdcluster=["lab"],
        configmaps=[model(name)],
        secrets=[token(name, key=canary("borage"))],
        clusters=["engine-torch"],
    )
    assert result.changed and set(result.objects.values()) == {"created"}


def test_it_reports_updates(
    rehearsed_and_run: Callable[..., ModuleResult], tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    emptied("lab")
    name, same = fresh("rehearsed"), fresh("same")
    tenant.connected(
        kdcluster=["lab"], configmaps=[model(name), model(same)], secrets=[token(name, key="1")]
    )
    result = rehearsed_and_run(
        kdcluster=["lab"],
        configmaps=[model(name, path="repo://new"), model(same)],
        secrets=[token(name, key="2")],
    )
    assert result.objects == {
        ("ConfigMap", name): "updated",
        ("ConfigMap", same): "unchanged",
        ("Secret", name): "updated",
    }


def test_it_reports_what_exclusive_leaves(
    rehearsed_and_run: Callable[..., ModuleResult], emptied: Named, fresh: Fresh
) -> None:
    emptied("lab").reconnect_settled(
        Connections(clusters=["backend"], configmaps=["reader-info"], secrets=["reader-token"])
    )
    name = fresh("only")
    result = rehearsed_and_run(kdcluster=["lab"], configmaps=[model(name)], exclusive=True)
    assert result.kdclusters["lab"]["connections"] == Connections(configmaps=[name]).spec()


def test_it_reports_deletions(
    rehearsed_and_run: Callable[..., ModuleResult], tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    emptied("lab")
    name = fresh("rehearsed")
    tenant.connected(kdcluster=["lab"], configmaps=[model(name)], secrets=[token(name, key="1")])
    result = rehearsed_and_run(
        kdcluster=["lab"],
        configmaps=[{"name": name}],
        secrets=[{"name": name}],
        state="absent",
        delete_objects=True,
    )
    assert set(result.objects.values()) == {"deleted"}


def test_it_reports_no_change_where_nothing_changes(
    rehearsed_and_run: Callable[..., ModuleResult], tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    emptied("lab")
    arguments: dict[str, Any] = {"kdcluster": ["lab"], "configmaps": [model(fresh("there"))]}
    tenant.connected(**arguments)
    assert not rehearsed_and_run(**arguments).changed


def test_the_webhooks_refusal_shows_in_check_mode(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl
) -> None:
    restored = emptied("restored")
    kubectl.ok("label", KDCLUSTER, restored.name, f"{RESTORING}=", namespace=restored.namespace)
    name = fresh("refused")
    try:
        for check_mode in (True, False):
            message = tenant.connection(
                check_mode=check_mode, kdcluster=["restored"], configmaps=[model(name)]
            ).message
            assert f"KDCluster {restored.namespace}/restored" in message
            assert RESTORING in message and "refuse" in message
            assert connections_of(restored) == Connections().spec()
    finally:
        kubectl.ok("label", KDCLUSTER, restored.name, f"{RESTORING}-", namespace=restored.namespace)


def test_a_missing_permission_shows_in_check_mode(
    admin: Modules, kdcluster: Named, fresh: Fresh, kubectl: Kubectl, versions: Versions
) -> None:
    lab = kdcluster("lab")
    name = fresh("user")
    make_user_lacking(kubectl, lab.namespace, name, KDCLUSTERS, "patch")
    before = versions()
    message = (
        admin.acting(impersonate_user=name)
        .connection(check_mode=True, kdcluster=["lab"], configmaps=[model(fresh("new"))])
        .message
    )
    assert f"KDCluster {lab.namespace}/lab" in message
    assert "patch" in message and KDCLUSTERS in message
    assert versions() == before


def test_an_object_that_the_api_server_refuses_shows_in_check_mode(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("large")
    entry = {"name": name, "type": "info", "data": {"large": "x" * 1_100_000}}
    for check_mode in (True, False):
        message = tenant.connection(check_mode=check_mode, configmaps=[entry]).message
        assert f"ConfigMap {home}/{name}" in message
        assert len(message) < 2000
    assert kubectl.find("configmap", name, namespace=home) is None


def test_a_read_only_object_update_is_refused_in_check_mode_too(
    tenant: Modules, fresh: Fresh, kubectl: Kubectl, home: str
) -> None:
    name = fresh("immutable")
    kubectl.create(
        {**configmap(name, {"a": "1"}, connection_type="info"), "immutable": True}, namespace=home
    )
    entry = {"name": name, "type": "info", "data": {"a": "2"}}
    for check_mode in (True, False):
        message = tenant.connection(check_mode=check_mode, configmaps=[entry]).message
        assert f"ConfigMap {home}/{name}" in message and "immutable" in message
    assert kubectl.get("configmap", name, namespace=home)["data"] == {"a": "1"}
