# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second run changes nothing and writes nothing; and every change is one write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.audit_log import AuditLog, Request
from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.modules import Fresh, Modules, model, steering, token
from tests.integration.conftest import TENANT
from tests.integration.permissions import KDCLUSTERS

Versions = Callable[[], dict[str, str]]


@pytest.fixture
def requests_of(
    audit_log: AuditLog | None, home: str
) -> Callable[[Callable[[], Any]], list[Request]]:
    """The tenant's requests while something runs; none without an audit log."""

    def during(action: Callable[[], Any]) -> list[Request]:
        mark = 0 if audit_log is None else audit_log.mark()
        action()
        if audit_log is None:
            return []
        found = audit_log.since(mark, f"system:serviceaccount:{home}:{TENANT}")
        assert found, "the audit log has no request of the module"
        return found

    return during


def test_a_second_run_writes_nothing(
    tenant: Modules,
    emptied: Named,
    fresh: Fresh,
    versions: Versions,
    requests_of: Callable[[Callable[[], Any]], list[Request]],
) -> None:
    lab = emptied("lab")
    name = fresh("twice")
    arguments: dict[str, Any] = {
        "kdcluster": ["lab"],
        "configmaps": [model(name, port=8080, ready=True)],
        "secrets": [token(name, key=canary("turmeric"))],
        "clusters": ["engine-torch"],
    }
    first = tenant.connected(**arguments)
    lab.wait_settled()
    before, whole = versions(), lab.get()["metadata"]["resourceVersion"]
    results = []
    made = requests_of(lambda: results.append(tenant.connected(**arguments)))
    assert not results[0].changed
    assert set(results[0].objects.values()) == {"unchanged"}
    assert results[0].kdclusters["lab"]["action"] == "unchanged"
    assert [one for one in made if one.writes or one.dry_run] == []
    assert versions() == before
    assert lab.get()["metadata"]["resourceVersion"] == whole
    for key in ("connections", "connection_hash", "spec_generation"):
        assert results[0].kdclusters["lab"][key] == first.kdclusters["lab"][key]


def test_a_second_run_of_exclusive_writes_nothing(
    tenant: Modules, emptied: Named, fresh: Fresh, versions: Versions
) -> None:
    emptied("lab")
    arguments: dict[str, Any] = {
        "kdcluster": ["lab"],
        "configmaps": [model(fresh("only")), model(fresh("also"))],
        "exclusive": True,
    }
    tenant.connected(**arguments)
    before = versions()
    assert not tenant.connected(**arguments).changed
    assert versions() == before


def test_another_order_alone_changes_nothing(
    tenant: Modules, emptied: Named, fresh: Fresh, versions: Versions
) -> None:
    emptied("lab")
    one, two = model(fresh("one")), model(fresh("two"))
    tenant.connected(kdcluster=["lab"], configmaps=[one, two])
    before = versions()
    assert not tenant.connected(kdcluster=["lab"], configmaps=[two, one]).changed
    assert versions() == before


def test_a_second_absent_writes_nothing(
    tenant: Modules, emptied: Named, fresh: Fresh, versions: Versions
) -> None:
    emptied("lab")
    name = fresh("deleted")
    tenant.connected(kdcluster=["lab"], configmaps=[model(name)])
    arguments: dict[str, Any] = {
        "kdcluster": ["lab"],
        "configmaps": [{"name": name}],
        "state": "absent",
        "delete_objects": True,
    }
    assert tenant.connected(**arguments).changed
    before = versions()
    again = tenant.connected(**arguments)
    assert not again.changed
    assert versions() == before


def test_a_kdcluster_is_written_once_however_much_changes(
    tenant: Modules,
    emptied: Named,
    fresh: Fresh,
    requests_of: Callable[[Callable[[], Any]], list[Request]],
    audit_log: AuditLog | None,
) -> None:
    lab = emptied("lab")
    generation = lab.get()["metadata"]["generation"]
    name = fresh("all-at-once")
    made = requests_of(
        lambda: tenant.connected(
            kdcluster=["lab"],
            configmaps=[model(name), model(fresh("another"))],
            secrets=[token(name, key=canary("paprika"))],
            clusters=["engine-torch"],
        )
    )
    assert lab.get()["metadata"]["generation"] == generation + 1
    if audit_log is not None:
        # KDClusters that are linked are changed under the Lease.
        writes = [(m.verb, m.resource) for m in made if m.writes and m.resource != "leases"]
        assert sorted(writes) == [
            ("create", "configmaps"),
            ("create", "configmaps"),
            ("create", "secrets"),
            ("patch", KDCLUSTERS),
        ]


def test_an_unchanged_run_makes_two_requests_and_one_for_each_object(
    tenant: Modules,
    emptied: Named,
    fresh: Fresh,
    requests_of: Callable[[Callable[[], Any]], list[Request]],
    audit_log: AuditLog | None,
) -> None:
    emptied("lab")
    arguments: dict[str, Any] = {
        "kdcluster": ["lab"],
        "configmaps": [model(fresh("few"))],
        "secrets": [token(fresh("few"), key="cinnamon")],
    }
    tenant.connected(**arguments)
    made = requests_of(lambda: tenant.connected(**arguments))
    if audit_log is not None:
        # KDClusters, KDApps, the ConfigMap and the Secret.
        assert len(made) <= 2 + 2, made
        assert [one for one in made if one.writes or one.dry_run] == []


def test_an_unchanged_run_reads_the_exit_code_where_a_failed_reconnect_fails_the_task(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    emptied("scripted")
    arguments: dict[str, Any] = {
        "kdcluster": ["scripted"],
        "configmaps": [steering(fresh("exits"), exit_code=3)],
    }
    tenant.connected(**arguments)
    again = tenant.connected(**arguments)
    assert not again.changed and again.warnings == []
    assert again.kdclusters["scripted"]["members"][0]["reconnect"] is None
    assert "exit code 3" in tenant.connection(**arguments, on_reconnect_failure="fail").message
