# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several runs of a member's start script for one task, and members without a set-up."""

from __future__ import annotations

import pytest

from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import holds_for
from tests.harness.modules import Fresh, Modules, model, steering

SECONDS = 4


@pytest.mark.parametrize("code", [7, 10])
def test_of_two_runs_for_one_task_the_last_ones_exit_code_is_reported(
    tenant: Modules, emptied: Named, fresh: Fresh, code: int
) -> None:
    """The start script reads at its beginning how long it takes and what it ends with."""
    scripted, other, script = emptied("scripted"), fresh("other"), fresh("script")
    slow = steering(script, seconds=SECONDS)
    tenant.connected(kdcluster=["scripted"], configmaps=[model(other), slow])
    result = tenant.connection(
        kdcluster=["scripted"],
        configmaps=[model(other, path="new"), steering(script, seconds=SECONDS, exit_code=code)],
        on_reconnect_failure="fail",
    )
    assert f"exit code {code}" in result.message
    (member,) = result.kdclusters["scripted"]["members"]
    assert member["reconnect"]["rc"] == code
    # The only code that its runs left, and no run is still to add one.
    holds_for(
        "one exit code", lambda: scripted.configure_status()[1] == str(code), seconds=SECONDS + 1
    )


def test_where_no_member_has_a_set_up_a_change_fails_at_once(
    tenant: Modules, emptied: Named, fresh: Fresh
) -> None:
    alone = emptied("without-setup")
    (member,) = alone.members()
    assert (member.state, member.setup_generation) == ("configured", None)
    # With nothing to do.
    again = tenant.connected(
        kdcluster=["without-setup"], on_reconnect_failure="fail", wait_timeout=60
    )
    assert not again.changed
    result = tenant.connection(kdcluster=["without-setup"], configmaps=[model(fresh("model"))])
    assert "lacks 'configure'" in result.message
    (after,) = alone.members()
    assert after.config_generation == member.config_generation == alone.generation() - 1


def test_a_kdcluster_connects_to_one_without_a_set_up(tenant: Modules, emptied: Named) -> None:
    lab = emptied("lab")
    tenant.connected(kdcluster=["lab"], clusters=["without-setup"], wait_timeout=120)
    assert lab.named().clusters == ["without-setup"]


def test_a_kdcluster_without_a_set_up_is_created(
    admin: Modules, kdcluster: Named, fresh: Fresh
) -> None:
    name = fresh("without")
    size = {"cpu": "5m", "memory": "64Mi"}
    role = {"id": "controller", "members": 1, "resources": {"requests": size, "limits": size}}
    created = admin.cluster(name=name, app="without-setup", roles=[role], wait_timeout=150)
    assert not created.failed, created.json
    assert kdcluster(name).members()[0].setup_generation is None
    assert not admin.cluster(name=name, state="absent").failed
