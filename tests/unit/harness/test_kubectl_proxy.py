# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy that all oracles use is ready only once it listens."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.harness.kubectl import Kubectl, KubectlError
from tests.harness.kubectl_proxy import proxied

# In place of kubectl: the socket's file exists for a while before the program listens.
SLOW = r"""
import socket, sys, time
path = next(word.partition("=")[2] for word in sys.argv if word.startswith("--unix-socket="))
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
    server.bind(path)
    time.sleep(0.5)
    server.listen()
    while True:
        connection, _address = server.accept()
        if connection.recv(4096):
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        connection.close()
"""


@pytest.fixture
def fake_kubectl(tmp_path: Path) -> Path:
    """An executable file in place of kubectl; each test writes its text."""
    path = tmp_path / "kubectl"
    path.touch(mode=0o700)
    return path


def test_no_request_is_sent_before_the_proxy_listens(fake_kubectl: Path) -> None:
    fake_kubectl.write_text(f"#!{sys.executable}\n{SLOW}")
    with (
        proxied(Kubectl(Path("none"), str(fake_kubectl))) as kubectl,
        pytest.raises(KubectlError, match="404"),
    ):
        kubectl.get("namespaces", "default")


def test_a_proxy_that_ends_is_reported(fake_kubectl: Path) -> None:
    fake_kubectl.write_text(f"#!{sys.executable}\nraise SystemExit(3)")
    with (
        pytest.raises(AssertionError, match="kubectl proxy ended 3"),
        proxied(Kubectl(Path("none"), str(fake_kubectl))),
    ):
        pass
