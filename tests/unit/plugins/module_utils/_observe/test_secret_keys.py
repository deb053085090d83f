# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of secret keys, from the first member that has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._observe.members import (
    read_held_secret_keys,
)
from tests.unit.plugins.api_server import Answer, ScriptedServer
from tests.unit.plugins.clients import CORE
from tests.unit.plugins.configmeta_files import configmeta, role
from tests.unit.plugins.manifests import kdcluster_manifest, member, snapshot_of
from tests.unit.plugins.websocket_frames import CLOSE, SUCCESS, stdout

ROLES = {"controller": role(secret_keys={"password": "QXZJKV"}), "worker": role()}
WHOLE = json.dumps(configmeta(roles=ROLES)).encode()
HELD = {"controller": {"password": "QXZJKV"}, "worker": {}}


def held(
    server: ScriptedServer, api: Api, *files: bytes, unasked: int = 0
) -> dict[str, dict[str, str]] | None:
    """The secret keys of a KDCluster whose members have these files; the `unasked` ones must not be read."""
    for number, content in enumerate(files):
        frames = (stdout(content), SUCCESS, CLOSE)
        server.on("GET", f"{CORE}/pods/pod-{number}/exec", Answer(frames=frames))
    members = [member(f"pod-{number}") for number in range(len(files) + unasked)]
    manifest = kdcluster_manifest("notebook", members=members)
    return read_held_secret_keys(api, snapshot_of([manifest]).clusters["notebook"])


def test_the_first_member_that_has_the_keys_is_enough(server: ScriptedServer, api: Api) -> None:
    assert held(server, api, WHOLE, unasked=1) == HELD


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"nodegroups": None},
        {"nodegroups": {}},
        {"nodegroups": {"1": {}}},
        {"nodegroups": {"1": {"roles": None}}},
        {"nodegroups": {"1": {"roles": {}}}},
    ],
)
def test_a_member_whose_file_has_no_role_is_skipped(
    server: ScriptedServer, api: Api, odd: Any
) -> None:
    assert held(server, api, json.dumps(odd).encode(), WHOLE, unasked=1) == HELD


def test_without_a_member_that_has_the_keys_nothing_is_known(
    server: ScriptedServer, api: Api
) -> None:
    assert held(server, api, b"{}", b"", WHOLE[:50]) is None
