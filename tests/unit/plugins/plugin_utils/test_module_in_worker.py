# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run in Ansible's worker on the ansible-core versions that the tests know, unless switched off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.release import __version__

from ansible_collections.kubedirector.connections.plugins.plugin_utils import _module_in_worker
from tests.runner.paths import NEWEST, OLDEST, TREE

IN_WORKER, ON_HOST = "in Ansible's worker process", "Using module file"
KNOWN = __version__.rpartition(".")[0] <= NEWEST.ansible
# Like the command `ansible`, with an ansible-core that differs from the installed one.
AD_HOC = "import sys\n{change}\nfrom ansible.cli.adhoc import main\nmain()"
NEWER = "from ansible import release; release.__version__ = '2.99.0'"
CHANGED_INSIDES = "from ansible.module_utils.common import warnings; del warnings._global_warnings"


def test_the_known_versions_are_the_tested_ones() -> None:
    known = _module_in_worker._OLDEST, _module_in_worker._NEWEST
    assert [f"{major}.{minor}" for major, minor in known] == [OLDEST.ansible, NEWEST.ansible]


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("2.15.13", False), ("2.16.0", True), ("2.18.1rc1", True), ("2.21.5", True),
        ("2.22.0.dev0", False), ("2.22.0rc1", False), ("3.0.0", False),
    ],
)  # fmt: skip
def test_another_version_is_not_known(version: str, known: bool) -> None:
    assert _module_in_worker.known_inside(version) is known


@pytest.mark.parametrize(("owner", "name"), _module_in_worker._INSIDES)
def test_other_internals_are_not_known(
    owner: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(owner, name)
    assert not _module_in_worker.known_inside("2.21.0")


@pytest.mark.whole_run
@pytest.mark.parametrize(
    ("change", "options", "in_worker"),
    [
        ("", [], KNOWN),
        ("", ["-e", "kd_in_worker=no"], False),
        ("", ["-e", "{kd_in_worker: '{{ ansible_check_mode }}'}"], False),
        (NEWER, [], False),
        (CHANGED_INSIDES, [], False),
    ],
)
def test_a_module_runs_either_way(
    change: str, options: list[str], in_worker: bool, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            sys.executable, "-c", AD_HOC.format(change=change), "localhost", "-vvv", *options,
            "-m", "kubedirector.connections.kd_access", "-a", "host=http:// kubeconfig=",
        ],
        env={
            **os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TREE), "ANSIBLE_HOME": str(tmp_path),
            "ANSIBLE_REMOTE_TMP": str(tmp_path),
        },
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    ways = IN_WORKER in done.stdout, ON_HOST in done.stdout
    assert ways == (in_worker, not in_worker), done.stdout + done.stderr
    # The module's own message, in both cases.
    assert "http://" in done.stdout.partition("FAILED! => ")[2], done.stdout
