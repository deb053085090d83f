# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No other connection changes the offer in a connection's first message."""

from __future__ import annotations

import ssl
from pathlib import Path

from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import (
    resolve_client_config,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._client.tls import (
    ProxyContext,
    tls_context,
)
from tests.harness.certificates import Authority

OFFER = b"http/1.1"


def first_message(context: ssl.SSLContext) -> bytes:
    """A client's first message."""
    sent = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="api.example.com")
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        return sent.read()
    raise AssertionError("a handshake without a server")


def test_no_connection_changes_what_the_others_offer(tmp_path: Path) -> None:
    ca = Authority(tmp_path, "ca").certificate
    options = {"host": "https://api.example.com", "ca_cert": str(ca)}
    configuration = resolve_client_config(options, {}).configuration
    of_api = tls_context(configuration, configuration.credential())
    for context in (of_api, ProxyContext(ssl.PROTOCOL_TLS_CLIENT)):
        # As urllib3 does it for each connection.
        context.set_alpn_protocols(["http/1.1"])
        assert OFFER not in first_message(context)
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    plain.set_alpn_protocols(["http/1.1"])
    assert OFFER in first_message(plain)
