# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An internal error fails the task with a message that reports everything that was done."""

from __future__ import annotations

import json

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.executor import (
    Applier,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection, kd_rotate
from tests.harness.canaries import canary
from tests.unit.plugins.module_runs import NOTEBOOK, Run
from tests.unit.plugins.namespace_server import Namespace
from tests.unit.plugins.rotation_runs import OLD, ROTATE, Members, rotated, values

WORDS = canary("yarrow")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wait ends in an unexpected error with a secret in its text."""
    waits = [Applier.wait]

    def wait(self: Applier) -> None:
        if waits:
            waits.pop()
            raise KeyError(WORDS)
        as_ever(self)

    as_ever = Applier.wait
    monkeypatch.setattr(Applier, "wait", wait)


@pytest.mark.usefixtures("broken")
def test_what_was_done_is_reported(
    space: Namespace, plain_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    space.add_object("Secret", "token", object_type="t", data={})
    result = plain_run(
        kd_connection, **NOTEBOOK, secrets=[{"name": "token", "string_data": {"key": WORDS}}]
    )
    assert result["failed"] is True
    assert result["changed"] is True
    assert "KeyError" in result["msg"]
    assert "Done before: Secret token updated, KDCluster notebook updated." in result["msg"]
    assert WORDS not in json.dumps(result)
    assert WORDS not in "".join(capsys.readouterr())


@pytest.mark.usefixtures("broken")
def test_a_rotation_is_rolled_back(space: Namespace, members: Members, plain_run: Run) -> None:
    result = rotated(plain_run(kd_rotate, **ROTATE))
    assert result["failed"] is True
    assert "KeyError" in result["msg"]
    assert result["rolled_back"] is True
    assert values(space)["token"] == OLD
