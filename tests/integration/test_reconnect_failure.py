# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""on_reconnect_failure: how a task reports a failed start script."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Kubectl
from tests.harness.module_runner import ModuleResult
from tests.harness.modules import Fresh, Modules, model, steering, succeeded
from tests.integration.permissions import KDCLUSTERS, make_user_lacking
from tests.integration.test_connect import connections_of

EXIT = 3
LAST_WORDS = "told the start script to end with 3"


def run(tenant: Modules, name: str, **arguments: Any) -> ModuleResult:
    """Connect a ConfigMap that makes the start script fail."""
    return tenant.connection(
        kdcluster=["scripted"], configmaps=[steering(name, exit_code=EXIT)], **arguments
    )


def assert_names_the_member(text: str, found: KDCluster) -> None:
    """The text says which member failed, and how."""
    (member,) = found.members()
    assert f"KDCluster {found.namespace}/{found.name}" in text
    assert member.pod in text and "controller" in text
    assert f"exit code {EXIT}" in text
    assert LAST_WORDS in text


def test_a_failed_start_script_is_a_warning_by_default(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    scripted = emptied("scripted")
    result = run(tenant, fresh("exits"))
    assert not result.failed, result.json
    (warning,) = result.warnings
    assert_names_the_member(warning, scripted)
    (member,) = result.kdclusters["scripted"]["members"]
    assert member["reconnect"]["rc"] == EXIT
    assert LAST_WORDS in member["reconnect"]["stderr"]


def test_fail_reports_what_was_done(tenant: Modules, emptied: Named, fresh: Fresh) -> None:
    scripted = emptied("scripted")
    name = fresh("exits")
    result = run(tenant, name, on_reconnect_failure="fail")
    assert_names_the_member(result.message, scripted)
    assert result.json["changed"] is True
    assert result.objects == {("ConfigMap", name): "created"}
    assert result.kdclusters["scripted"]["action"] == "updated"
    (member,) = result.kdclusters["scripted"]["members"]
    assert member["reconnect"]["rc"] == EXIT
    assert connections_of(scripted)["configmaps"] == [name]


def test_ignore_reports_nothing(tenant: Modules, emptied: Named, fresh: Fresh) -> None:
    emptied("scripted")
    result = run(tenant, fresh("exits"), on_reconnect_failure="ignore")
    assert not result.failed and result.changed
    assert result.warnings == []
    (member,) = result.kdclusters["scripted"]["members"]
    assert member["reconnect"] is None


def test_a_failure_ends_with_the_next_successful_run(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    emptied("scripted")
    name = fresh("exits")
    assert run(tenant, name, on_reconnect_failure="fail").failed
    result = tenant.connected(
        kdcluster=["scripted"], configmaps=[steering(name)], on_reconnect_failure="fail"
    )
    (member,) = result.kdclusters["scripted"]["members"]
    assert member["reconnect"]["rc"] == 0


def runs(found: KDCluster) -> int:
    """How often the member's start script ran."""
    read = found.read_by_script()
    assert read is not None
    return int(read["count"])


def test_a_lost_change_counter_is_repaired_with_the_connection(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    scripted, name = emptied("scripted"), fresh("second")
    tenant.connected(kdcluster=["scripted"], configmaps=[steering(fresh("first"))])
    before = runs(scripted)
    scripted.set_counter_back()
    result = tenant.connected(kdcluster=["scripted"], configmaps=[model(name)])
    assert result.warnings == []
    assert runs(scripted) == before + 1
    assert name in str(scripted.read_by_script())


@pytest.mark.parametrize("module", ["connection", "rotation"])
def test_a_lost_change_counter_is_repaired_before_an_object_changes(
    tenant: Modules, emptied: Named, fresh: Fresh, module: str
) -> None:
    scripted, name, path = emptied("scripted"), fresh("object"), f"repo://{fresh('path')}"
    tenant.connected(kdcluster=["scripted"], configmaps=[model(name)])
    before = runs(scripted)
    scripted.set_counter_back()
    if module == "connection":
        result = tenant.connected(kdcluster=["scripted"], configmaps=[model(name, path=path)])
    else:
        result = succeeded(tenant.rotation(configmap=name, data={"path": path}))
    assert result.warnings == []
    assert runs(scripted) == before + 1
    assert path in str(scripted.read_by_script())


@pytest.mark.parametrize("reaction", ["warn", "fail", "ignore"])
def test_a_missed_reconnect_is_reported(
    admin: Modules,
    tenant: Modules,
    emptied: Named,
    fresh: Fresh,
    kubectl: Kubectl,
    reaction: str,
) -> None:
    """Reported to a user who may not repair the change counter."""
    scripted, name, path = emptied("scripted"), fresh("object"), f"repo://{fresh('path')}"
    tenant.connected(kdcluster=["scripted"], configmaps=[model(name)])
    user = fresh("user")
    make_user_lacking(kubectl, scripted.namespace, user, KDCLUSTERS, "patch")
    before = runs(scripted)
    scripted.set_counter_back()
    result = admin.acting(impersonate_user=user).connection(
        kdcluster=["scripted"], configmaps=[model(name, path=path)], on_reconnect_failure=reaction
    )
    assert runs(scripted) == before
    assert path in str(scripted.connections_in())
    assert result.failed is (reaction == "fail"), result.json
    reported = [result.message] if result.failed else result.warnings
    assert len(reported) == (0 if reaction == "ignore" else 1)
    for text in reported:
        (member,) = scripted.members()
        assert f"KDCluster {scripted.namespace}/{scripted.name}: member {member.pod}" in text
        # What the message says to do, done as a user would.
        command = re.search(r"Run it: kubectl (.*?--reconnect')", text)
        assert command is not None, text
        kubectl.ok(*shlex.split(command.group(1)))
        read = scripted.read_by_script()
        assert read is not None and read["event"] == "reconnect" and path in str(read)
    assert result.kdclusters["scripted"]["members"][0]["reconnect"] is None


def test_members_without_config_package_are_not_asked(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    emptied("wide")
    result = tenant.connected(
        kdcluster=["wide"], configmaps=[steering(fresh("fine"))], on_reconnect_failure="fail"
    )
    # In whatever order the operator has its roles.
    members = sorted(result.kdclusters["wide"]["members"], key=lambda one: str(one["role"]))
    assert [one["role"] for one in members] == ["controller", "controller", "sidecar", "worker"]
    assert [one["has_configmeta"] for one in members] == [True, True, False, True]
    assert [one["reconnect"] and one["reconnect"]["rc"] for one in members] == [0, 0, None, 0]
