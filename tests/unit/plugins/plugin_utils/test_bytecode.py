# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller imports the collection's code from __pycache__, as Ansible imports it, and never an old version."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runner.paths import ROOT

COLLECTION = "ansible_collections.kubedirector.connections"
IMPORT = f"""
import importlib, json, sys
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
_AnsibleCollectionFinder(paths=[sys.argv[1]])._install()
importlib.import_module("{COLLECTION}.plugins.action." + sys.argv[2])
below = "{COLLECTION}.plugins."
executor = sys.modules.get(below + "module_utils._reconcile.executor")
print(json.dumps({{
    "loaders": {{name[len(below):]: type(module.__spec__.loader).__name__ for name, module in sys.modules.items()
                if name.startswith(below) and module.__file__.endswith(".py")}},
    "pause": executor and executor._HEAD_START_SECONDS,
    "left": [str(finder) for finder in sys.meta_path if "Bytecode" in str(finder)],
}}))
"""


def copied(folder: Path) -> Path:
    """A copy of plugins/ where Ansible finds it; returns the collection's folder."""
    collection = folder / "ansible_collections" / "kubedirector" / "connections"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "plugins", collection / "plugins", symlinks=True, ignore=ignored)
    return collection


def imported(folder: Path, action: str = "kd_connection") -> dict[str, object]:
    """The modules that a new process has imported with an action."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, str(folder), action],
        env=environment, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "action", sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py"))
)
def test_an_actions_imports_use_pythons_own_loader(action: str, tmp_path: Path) -> None:
    collection = copied(tmp_path)
    found = imported(tmp_path, action)
    loaders = found["loaders"]
    assert isinstance(loaders, dict)
    compiled = {name for name, loader in loaders.items() if loader != "SourceFileLoader"}
    assert compiled == {f"action.{action}", "plugin_utils._bytecode"}
    assert len(loaders) > 20
    # ansible-test refuses it.
    assert found["left"] == []
    kept = collection / "plugins" / "plugin_utils" / "__pycache__"
    assert [path.name for path in kept.glob("_module_in_worker.*.pyc")]


def test_a_file_that_changed_is_compiled_again(tmp_path: Path) -> None:
    collection = copied(tmp_path)
    assert imported(tmp_path)["pause"] != 7
    source = collection / "plugins" / "module_utils" / "_reconcile" / "executor.py"
    source.write_text(source.read_text() + "\n_HEAD_START_SECONDS = 7\n")
    assert imported(tmp_path)["pause"] == 7


def test_code_is_imported_even_if_no_bytecode_can_be_kept(tmp_path: Path) -> None:
    collection = copied(tmp_path)
    # A file in its place: root may write into any folder.
    (collection / "plugins" / "module_utils" / "_reconcile" / "__pycache__").touch()
    assert imported(tmp_path)["pause"]
