# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's process imports nothing that it does not need."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import ansible_collections
import pytest
import yaml

from tests.runner.paths import ROOT

MODULES = "ansible_collections.kubedirector.connections.plugins.modules"
# Each of them costs more than the work itself (measured): the kubernetes library and what only it uses.
EXPENSIVE = frozenset(
    [
        "kubernetes",
        "requests",
        "requests_oauthlib",
        "oauthlib",
        "pydantic",
        "dateutil",
        "google",
        "multiprocessing",
        "asyncio",
        "aiohttp",
        "cryptography",
        "jinja2",
        "unittest",
        "pdb",
        "setuptools",
        "pkg_resources",
        # Only for commands in members.
        "websocket",
    ]
)
# The needed libraries, by their names in requirements.txt.
DECLARED = {"urllib3": "urllib3", "websocket": "websocket-client", "yaml": "PyYAML"}
INSTALLED = frozenset(["ansible", "ansible_collections", *DECLARED])
# Their optional parts, which they import if installed.
THEIRS = frozenset(
    [
        "_distutils_hack",
        "_yaml",
        "distro",
        "brotli",
        "backports",
        "zstandard",
        "h2",
        "socks",
        "python_socks",
        "wsaccel",
        "selinux",
        "systemd",
        "typing_extensions",
        "charset_normalizer",
        "chardet",
        "idna",
        "certifi",
    ]
)

RUN = """
import json, runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = sys.argv[2].encode()
basic._ANSIBLE_PROFILE = "legacy"
try:
    runpy.run_module(sys.argv[1], run_name="__main__")
except SystemExit:
    pass
found = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print()
print(json.dumps(found))
"""


def imported_by(module: str, kubeconfig: Path) -> dict[str, str | None]:
    """{imported module: its file} of a process that ran up to its first request to an API server that does not exist."""
    arguments = {"kdcluster": ["lab"], "kubeconfig": str(kubeconfig), "namespace": "team-a"}
    tree = str(Path(next(iter(ansible_collections.__path__))).parent)
    done = subprocess.run(
        [sys.executable, "-c", RUN, f"{MODULES}.{module}",
         json.dumps({"ANSIBLE_MODULE_ARGS": arguments})],
        env={"PYTHONPATH": tree, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "cannot be reached" in done.stdout
    found: dict[str, str | None] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """A kubeconfig with a token and a server that does not exist."""
    path = tmp_path / "config"
    named = {"name": "here"}
    content = {
        "current-context": "here",
        "contexts": [{**named, "context": {"cluster": "here", "user": "here"}}],
        "clusters": [{**named, "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{**named, "user": {"token": "any"}}],
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("module", ["kd_connection", "kd_configmeta_info"])
def test_nothing_expensive_is_imported(module: str, kubeconfig: Path) -> None:
    found = {name.partition(".")[0] for name in imported_by(module, kubeconfig)}
    assert {"urllib3", "ansible"} <= found
    assert found & EXPENSIVE == set()


@pytest.mark.parametrize("module", ["kd_connection", "kd_configmeta_info"])
def test_only_needed_libraries_of_the_installed_ones_are_imported(
    module: str, kubeconfig: Path
) -> None:
    installed = {
        name.partition(".")[0]
        for name, file in imported_by(module, kubeconfig).items()
        if file is not None and "site-packages" in file
    }
    # Compiled parts have their own names, such as a hash and "__mypyc".
    unexpected = {name for name in installed - INSTALLED - THEIRS if not name.endswith("__mypyc")}
    assert unexpected == set()


def test_no_plugin_names_another_library() -> None:
    named: set[str] = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                named.add(str(node.module).partition(".")[0])
    # Jinja2 comes with ansible-core, for filters; PySocks is required only for a SOCKS proxy.
    assert named - sys.stdlib_module_names == {*INSTALLED, "jinja2", "socks"}


def test_imported_libraries_are_declared() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    # The library that they come with is required, too, although it is not imported.
    declared = {line.partition(">=")[0] for line in lines}
    assert declared == {"kubernetes", *DECLARED.values()}
    page = (ROOT / "docs" / "support.md").read_text(encoding="utf-8")
    explained = page.partition("## Dependencies")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\S+)` \|", explained, re.MULTILINE)) == {*declared, "PySocks"}
