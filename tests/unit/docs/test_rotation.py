# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/rotation.svg shows the writes of kd_rotate in order, and docs/rotation.md its message."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import kd_rotate
from tests.harness.documentation import marked_blocks
from tests.unit.docs.rotation_picture import BAD, BEGIN, GOOD, KEPT, SECRET, Step
from tests.unit.plugins import rotation_runs
from tests.unit.plugins.clients import CORE, KDCLUSTERS
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
    # The task's heartbeat.
    written = [one for one in written if one != ("PATCH", KEPT)]
    assert written == [(step.method, step.target) for step in steps if step.method]


def test_the_page_shows_the_message_of_a_failed_rotation(
    space: Namespace, members: Members, run: Run
) -> None:
    members.exit_code = lambda value: 3 * (value == NEW)
    del space.objects[f"{KDCLUSTERS}/notebook"]
    message = marked_blocks("docs/rotation.md", "text")["message"]
    assert message == run(kd_rotate, **ROTATE)["msg"] + "\n"
