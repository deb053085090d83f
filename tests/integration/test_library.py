# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python library `kubernetes`: missing, too old, or just right."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.harness.cluster import REPOSITORY
from tests.harness.module_runner import MODULES, clean_environment

TREE = REPOSITORY / "build" / "tree"
OLD = "28.1.0"

RUN = """
import runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = sys.argv[2].encode()
basic._ANSIBLE_PROFILE = "legacy"
{block}
runpy.run_module(sys.argv[1], run_name="__main__")
"""
BLOCK = """
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "kubernetes":
            raise ModuleNotFoundError("No module named 'kubernetes'", name="kubernetes")
sys.meta_path.insert(0, Missing())
"""


def run(module: str, *, block: str = "", first_on_path: Path | None = None) -> str:
    """Run a module in a fresh interpreter; its message. It must fail, and without a traceback."""
    arguments = {"kdcluster": ["lab"], "host": "https://127.0.0.1:1", "api_key": "any"}
    folders = [str(first_on_path)] if first_on_path else []
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            RUN.format(block=block),
            f"{MODULES}.{module}",
            json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        ],
        env={**clean_environment(), "PYTHONPATH": ":".join([*folders, str(TREE)])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    message: str = json.loads(done.stdout)["msg"]
    return message


@pytest.mark.parametrize("module", ["kd_connection", "kd_configmeta_info"])
def test_a_missing_library_is_named_with_the_interpreter(module: str) -> None:
    message = run(module, block=BLOCK)
    assert "kubernetes" in message and "29" in message
    assert sys.executable in message


@pytest.mark.parametrize("module", ["kd_connection", "kd_configmeta_info"])
def test_an_old_library_is_named_with_version_and_file(module: str, tmp_path: Path) -> None:
    package = tmp_path / "kubernetes"
    package.mkdir()
    # All else of it is this environment's, so that it can be imported.
    spec = find_spec("kubernetes")
    assert spec is not None and spec.origin is not None
    own = [str(Path(spec.origin).parent)]
    (package / "__init__.py").write_text(f'__version__ = "{OLD}"\n__path__ += {own}\n')
    metadata = tmp_path / f"kubernetes-{OLD}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kubernetes\nVersion: {OLD}\n")
    message = run(module, first_on_path=tmp_path)
    assert OLD in message and "29" in message
    assert str(package / "__init__.py") in message


def test_the_library_of_this_environment_is_accepted() -> None:
    # It gets as far as the API server, which is not there.
    assert "cannot be reached" in run("kd_connection")
