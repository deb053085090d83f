# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_cluster as a whole module, over real HTTP."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_cluster
from tests.unit.plugins.module_runs import Run
from tests.unit.plugins.namespace_server import Namespace


@pytest.mark.parametrize("seconds", [0, 10**400])
def test_a_wait_of_no_length_that_a_clock_can_count_is_refused(
    space: Namespace, run: Run, seconds: int
) -> None:
    result = run(kd_cluster, name="notebook", wait_timeout=seconds)
    assert "Option wait_timeout is a number of seconds, 1 to 31536000" in result["msg"]
    assert space.writes == []
