# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the proxy that all oracles go through is ready."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.harness.kubectl import Kubectl, KubectlError
from tests.harness.kubectl_proxy import proxied

# In kubectl's place: the socket's file is there for a while before anybody listens to it.
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
def stand_in(tmp_path: Path) -> Path:
    """A program for kubectl's place, of which only the text is missing."""
    path = tmp_path / "kubectl"
    path.touch(mode=0o700)
    return path


def test_nothing_is_asked_before_the_proxy_listens(stand_in: Path) -> None:
    stand_in.write_text(f"#!{sys.executable}\n{SLOW}")
    with (
        proxied(Kubectl(Path("none"), str(stand_in))) as kubectl,
        pytest.raises(KubectlError, match="404"),
    ):
        kubectl.get("namespaces", "default")


def test_a_proxy_that_ends_is_reported(stand_in: Path) -> None:
    stand_in.write_text(f"#!{sys.executable}\nraise SystemExit(3)")
    with (
        pytest.raises(AssertionError, match="kubectl proxy ended 3"),
        proxied(Kubectl(Path("none"), str(stand_in))),
    ):
        pass
