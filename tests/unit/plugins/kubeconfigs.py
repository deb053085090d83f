# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig, and the result of authentication with it."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import (
    ClientConfig,
    resolve_client_config,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import AuthError
from tests.unit.plugins.manifests import JsonObject

MARK = "QXZJKV"
FROM_FILE = ("https://file.example.com:6443", "Bearer file-token", "team-a")


def kubeconfig(
    host: str = "https://file.example.com:6443", token: str = "file-token"
) -> JsonObject:
    """A kubeconfig with two contexts, the first of which is current."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [
            {"name": "here", "cluster": {"server": host}},
            {"name": "there", "cluster": {"server": "https://there.example.com"}},
        ],
        "users": [{"name": "me", "user": {"token": token}}],
        "contexts": [
            {"name": "one", "context": {"cluster": "here", "user": "me", "namespace": "team-a"}},
            {"name": "two", "context": {"cluster": "there", "user": "me"}},
        ],
    }


def authorization(access: ClientConfig) -> str | None:
    """The Authorization header that would be sent."""
    transport = Api(access).transport
    return dict(transport.headers(transport.credential())).get("Authorization")


def destination(access: ClientConfig) -> tuple[str, str | None, str | None]:
    """Host, Authorization header and namespace."""
    return access.configuration.host, authorization(access), access.namespace


def refused(params: JsonObject, environ: dict[str, str] | None = None) -> str:
    """The message of a failed authentication; it never holds a token."""
    with pytest.raises(AuthError) as caught:
        resolve_client_config(params, environ or {})
    text = str(caught.value)
    assert MARK not in text
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return text
