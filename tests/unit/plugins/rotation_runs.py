# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_rotate runs on KDClusters in memory, with an application that may refuse a value."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate import (
    keeper,
    rollback,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile import (
    linked_lease,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_rotate
from tests.harness.canaries import canary
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import returned
from tests.unit.plugins.namespace_server import CONFIGMETA, STATUS, STDERR, Namespace

OLD, NEW, MODIFIED = canary("old"), canary("new"), canary("foreign")
PATH = f"{CORE}/secrets/token"
# The Secret where kd_rotate keeps the old values; its name has a hash of "Secret/token".
KEPT = f"{CORE}/secrets/kd-rotate-{hashlib.sha256(b'Secret/token').hexdigest()[:32]}"
ROTATE: JsonObject = {"secret": "token", "string_data": {"token": NEW}, "wait_timeout": 30}


class Members(dict[tuple[str, str], bytes]):
    """The files of the members, as the operator and an application write them.

    :ivar exit_code: the start script's exit code, by the value that it reads.
    :ivar held: the data that the members hold instead of the object's, if any.
    """

    def __init__(self, space: Namespace, exit_code: Callable[[str], int]) -> None:
        super().__init__()
        self.space = space
        self.exit_code = exit_code
        self.held: JsonObject | None = None

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        """The content of a file: (pod, path)."""
        _pod, path = key
        data = self.space.objects[PATH]["data"] if self.held is None else self.held
        code = self.exit_code(base64.b64decode(data.get("token", "")).decode())
        if key in self:
            return self[key]
        if path == STATUS:
            return f"containerd://abc={code}\n".encode()
        if path == STDERR:
            return f"cannot log in with {OLD} or {data['token']}\n".encode()
        assert path == CONFIGMETA
        entry = {"metadata": {"name": encoded("token")}, "data": data}
        secrets = {"source-control": [entry]}
        return json.dumps(
            {
                "nodegroups": {},
                "connections": {"configmaps": {}, "clusters": {}, "secrets": secrets},
            }
        ).encode()


@pytest.fixture
def members(space: Namespace) -> Members:
    """Two KDClusters that name a Secret, and a third that does not."""
    data = {"token": encoded(OLD), "user": encoded("team-a")}
    space.add_object("Secret", "token", object_type="source-control", data=data)
    space.add_kdcluster("lab", "lab-0", secrets=["token"])
    space.add_kdcluster("notebook", "pod-0", "pod-1", secrets=["token"])
    found = Members(space, lambda value: 0)
    space.files = found
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take over from a killed task almost at once."""
    monkeypatch.setattr(keeper, "TAKEOVER_SECONDS", 0.1)
    monkeypatch.setattr(linked_lease, "DURATION_SECONDS", 1)
    monkeypatch.setattr(linked_lease, "_POLL_SECONDS", 0.05)
    monkeypatch.setattr(rollback, "_RETRY_PAUSE", 0.1)


Step = Callable[[Request], Answer]


def patches(server: ScriptedServer, space: Namespace, path: str, *steps: Step) -> None:
    """Answer the next writes of one object by `steps`, one after the other."""
    left = list(steps)

    def answer(request: Request) -> Answer:
        if left and (request.method, request.path) == ("PATCH", path):
            return left.pop(0)(request)
        return space._answer(request)

    server.otherwise = answer


def refused(status: int, reason: str, said: str) -> Step:
    """A step that writes nothing."""
    return lambda request: status_answer(status, reason, said)


def rotated(result: JsonObject) -> JsonObject:
    """A result that agrees with its documentation and shows no value."""
    text = json.dumps(result)
    for value in (OLD, NEW, MODIFIED):
        assert value not in text and encoded(value) not in text
    return returned(result, kd_rotate.RETURN)


def values(space: Namespace) -> JsonObject:
    """The Secret's values in plain text."""
    data = space.objects[PATH]["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def writes(space: Namespace) -> list[Request]:
    """The writes, except those of the Secret that keeps the old values."""
    return [
        request
        for request in space.writes
        if request.path != KEPT
        and not (request.method == "POST" and request.json["metadata"]["name"] in KEPT)
    ]
