# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rejected credentials, and API servers that do not answer."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.canaries import canary
from tests.harness.kubectl import Kubectl
from tests.harness.modules import Fresh, Modules, model

Versions = Callable[[], dict[str, str]]


@pytest.mark.parametrize("module", ["connection", "configmeta"])
def test_a_wrong_token_is_reported(
    address: dict[str, str], home: str, versions: Versions, fresh: Fresh, module: str
) -> None:
    wrong = Modules({**address, "api_key": canary("no-such-token")}, home)
    before = versions()
    arguments = {"configmaps": [model(fresh("new"))]} if module == "connection" else {}
    result = getattr(wrong, module)(kdcluster=["lab"], **arguments)
    assert "401" in result.message and "credentials" in result.message
    assert address["host"] in result.message and "api_key" in result.message
    assert canary("no-such-token") not in result.output
    assert versions() == before


def test_a_token_of_a_deleted_account_is_reported(
    address: dict[str, str], kubectl: Kubectl, home: str, fresh: Fresh
) -> None:
    # To the API server it is what an expired one is; those live for 10 minutes at least.
    name = fresh("passing")
    kubectl.ok("create", "serviceaccount", name, namespace=home)
    issued = kubectl.ok("create", "token", name, namespace=home).strip()
    kubectl.delete("serviceaccount", name, namespace=home)
    result = Modules({**address, "api_key": issued}, home).connection(kdcluster=["lab"])
    assert "401" in result.message and "expired" in result.message
    assert issued not in result.output


def test_tls_is_verified_without_ca_cert(
    address: dict[str, str], tenant_token: str, home: str
) -> None:
    unknown = Modules({"host": address["host"], "api_key": tenant_token}, home)
    result = unknown.connection(kdcluster=["lab"])
    assert "TLS" in result.message or "certificate" in result.message
    assert address["host"] in result.message and "ca_cert" in result.message
    assert tenant_token not in result.output


def test_tls_is_verified_against_the_given_ca(
    address: dict[str, str], tenant_token: str, home: str, tmp_path: Any
) -> None:
    foreign = tmp_path / "foreign.crt"
    foreign.write_text(foreign_ca())
    other = Modules({**address, "api_key": tenant_token, "ca_cert": str(foreign)}, home)
    message = other.connection(kdcluster=["lab"]).message
    assert "certificate" in message and address["host"] in message


def foreign_ca() -> str:
    """A CA of other servers: the first one that this machine trusts."""
    import ssl

    (first, *_others) = ssl.create_default_context().get_ca_certs(binary_form=True)
    return ssl.DER_cert_to_PEM_cert(first)


def test_an_api_server_that_does_not_answer_is_reported(tenant_token: str, home: str) -> None:
    with socket.socket() as closed:
        # Bound and never listening, so that no other program can take the port meanwhile.
        closed.bind(("127.0.0.1", 0))
        host = f"https://127.0.0.1:{closed.getsockname()[1]}"
        message = Modules({"host": host, "api_key": tenant_token}, home).connection().message
    assert host in message and "cannot be reached" in message
    assert "refused" in message


def test_an_address_that_does_not_resolve_is_reported(home: str) -> None:
    host = "https://api.no-such-cluster.invalid:6443"
    message = Modules({"host": host, "api_key": "any"}, home).connection().message
    assert host in message and "cannot be reached" in message


def test_a_server_without_tls_is_reported(home: str) -> None:
    """The server does not speak TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"http://127.0.0.1:{listening.getsockname()[1]}"
        running = Modules({"host": host, "api_key": "any"}, home).start_connection(
            kdcluster=["lab"], configmaps=[model("never")]
        )
        listening.settimeout(60)
        while running.process.is_alive():
            try:
                connection, _address = listening.accept()
            except TimeoutError:
                break
            with connection:
                connection.recv(65536)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n"
                    b"Connection: close\r\n\r\n<html>"
                )
            running.process.join(0.5)
        message = running.result(60).message
    assert host in message
