# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The start script of the sandbox's members, run as KubeDirector runs it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.settings import SOURCES


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CONNECTIONS = {
    "configmaps": {
        "model": [
            {"metadata": {"name": "b"}, "data": {"path": "/b"}, "labels": {}, "annotations": None},
            {"metadata": {"name": "a"}, "data": None, "labels": None, "annotations": None},
        ]
    },
    "secrets": {
        "mlflow": [
            {
                "metadata": {"name": b64("keys")},
                "data": {"KEY": b64("s3cret\n")},
                "labels": {"kubedirector.hpe.com/secretType": b64("mlflow")},
                "annotations": {},
            }
        ]
    },
    "clusters": {
        "engine": {
            "nodegroups": {
                "1": {
                    "distro_id": "sandbox/engine",
                    "roles": {
                        "one": {"services": {"web": {"endpoints": ["http://one:80"]}}},
                        "two": {"services": None},
                    },
                }
            }
        }
    },
}


class Member:
    """The files that the script reads and writes, in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._configmeta = folder / "configmeta.json"
        self._read = folder / "lib" / "read.json"
        text = (SOURCES / "member" / "startscript.py").read_text()
        for path, ours in (
            ("/etc/guestconfig/configmeta.json", self._configmeta),
            ("/var/lib/member/read.json", self._read),
        ):
            assert path in text
            text = text.replace(path, str(ours))
        self._script = folder / "startscript"
        self._script.write_text(text)

    def run(self, event: str, connections: Any) -> subprocess.CompletedProcess[str]:
        self._configmeta.write_text(json.dumps({"connections": connections}))
        command = [sys.executable, str(self._script), event]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    def understood(self) -> Any:
        return json.loads(self._read.read_text())


@pytest.fixture
def member(tmp_path: Path) -> Member:
    return Member(tmp_path)


def test_it_reads_its_connections(member: Member) -> None:
    assert member.run("--configure", CONNECTIONS).returncode == 0
    assert member.understood() == {
        "event": "configure",
        "count": 1,
        "configmaps": {"model": [{"name": "b", "data": {"path": "/b"}}, {"name": "a", "data": {}}]},
        "secrets": {"mlflow": [{"name": "keys", "data": {"KEY": "s3cret\n"}}]},
        "clusters": {"engine": {"distro_id": "sandbox/engine", "endpoints": ["http://one:80"]}},
    }


def test_it_counts_its_runs_and_accepts_no_connections(member: Member) -> None:
    nothing: dict[str, Any] = {"configmaps": None, "secrets": {}, "clusters": None}
    member.run("--configure", nothing)
    member.run("--reconnect", nothing)
    assert member.understood() == {
        "event": "reconnect",
        "count": 2,
        "configmaps": {},
        "secrets": {},
        "clusters": {},
    }


def test_a_connected_configmap_controls_it(member: Member) -> None:
    steering = {"metadata": {"name": "s"}, "data": {"exit": "7", "seconds": "0.1"}}
    done = member.run(
        "--reconnect",
        {"configmaps": {"sandbox-start-script": [steering]}, "secrets": {}, "clusters": {}},
    )
    assert done.returncode == 7
    assert "end with 7" in done.stderr
