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

from tests.runner.paths import ROOT

COLLECTION = "ansible_collections.kubedirector.connections"
IMPORT = f"""
import importlib, json, sys
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
_AnsibleCollectionFinder(paths=[sys.argv[1]])._install()
importlib.import_module("{COLLECTION}.plugins.action.kd_connection")
below = "{COLLECTION}.plugins.module_utils"
print(json.dumps({{
    "loaders": {{name: type(module.__spec__.loader).__name__ for name, module in sys.modules.items()
                if name.startswith(below + "._") and module.__file__.endswith(".py")}},
    "pause": sys.modules[below + "._reconcile.executor"]._HEAD_START_SECONDS,
    "left": [str(finder) for finder in sys.meta_path if "Bytecode" in str(finder)],
}}))
"""


def copied(folder: Path) -> Path:
    """A copy of plugins/ where Ansible finds it; returns the collection's folder."""
    collection = folder / "ansible_collections" / "kubedirector" / "connections"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "plugins", collection / "plugins", symlinks=True, ignore=ignored)
    return collection


def imported(folder: Path) -> dict[str, object]:
    """What a process of its own has imported along with an action."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, str(folder)],
        env=environment, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_modules_code_is_imported_by_pythons_own_loader(tmp_path: Path) -> None:
    collection = copied(tmp_path)
    found = imported(tmp_path)
    loaders = found["loaders"]
    assert isinstance(loaders, dict)
    assert list(loaders.values()).count("SourceFileLoader") > 40
    # ansible-test refuses it.
    assert found["left"] == []
    kept = collection / "plugins" / "module_utils" / "_reconcile" / "__pycache__"
    assert [path.name for path in kept.glob("executor.*.pyc")]


def test_a_file_that_changed_is_compiled_again(tmp_path: Path) -> None:
    collection = copied(tmp_path)
    assert imported(tmp_path)["pause"] != 7
    source = collection / "plugins" / "module_utils" / "_reconcile" / "executor.py"
    source.write_text(source.read_text() + "\n_HEAD_START_SECONDS = 7\n")
    assert imported(tmp_path)["pause"] == 7


def test_where_nothing_can_be_kept_it_is_imported_all_the_same(tmp_path: Path) -> None:
    collection = copied(tmp_path)
    # A file in its place, for root may write into any folder.
    (collection / "plugins" / "module_utils" / "_reconcile" / "__pycache__").touch()
    assert imported(tmp_path)["pause"]
