# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/rotation.svg shows the writes of kd_rotate in their order."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_rotate
from tests.unit.docs.rotation_picture import BAD, BEGIN, GOOD, KEPT, SECRET, Step
from tests.unit.plugins import rotation_runs
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.module_runs import Run
from tests.unit.plugins.namespace_server import Namespace
from tests.unit.plugins.rotation_runs import NEW, ROTATE, Members

PATHS = {f"{CORE}/secrets": KEPT, rotation_runs.KEPT: KEPT, rotation_runs.PATH: SECRET}


@pytest.mark.parametrize("refused, steps", [(False, BEGIN + GOOD), (True, BEGIN + BAD)])
def test_the_writes_are_those_of_the_picture(
    refused: bool, steps: tuple[Step, ...], space: Namespace, members: Members, run: Run
) -> None:
    members.exit_code = lambda value: int(refused and value == NEW)
    assert run(kd_rotate, **ROTATE).get("failed", False) is refused
    written = [(one.method, PATHS[one.path]) for one in space.writes]
    # How the task says now and then that it still runs.
    written = [one for one in written if one != ("PATCH", KEPT)]
    assert written == [(step.method, step.whom) for step in steps if step.method]
