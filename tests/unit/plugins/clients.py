# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients for the scripted server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import (
    resolve_client_config,
)
from tests.harness.canaries import canary
from tests.unit.plugins.api_server import ScriptedServer, scripted_server

TOKEN = canary("api-key")
CORE = "/api/v1/namespaces/team-a"
KDCLUSTERS = "/apis/kubedirector.hpe.com/v1beta1/namespaces/team-a/kubedirectorclusters"
KDAPPS = "/apis/kubedirector.hpe.com/v1beta1/namespaces/team-a/kubedirectorapps"


def api_for(url: str, **options: Any) -> Api:
    """A client of this server, with a token unless the options replace it."""
    return Api(resolve_client_config({"host": url, "api_key": TOKEN, **options}, {}))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A scripted server without TLS."""
    with scripted_server() as running:
        yield running


@pytest.fixture
def api(server: ScriptedServer) -> Api:
    """A client of it."""
    return api_for(server.url)
