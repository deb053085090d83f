# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a module's main() in the test's own process, over real HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings

from tests.harness.canaries import canary
from tests.unit.plugins.api_server import ScriptedServer
from tests.unit.plugins.clients import TOKEN
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.namespace_server import Namespace
from tests.unit.plugins.return_docs import assert_documented, returns_of

MARK = canary("value")
Run = Callable[..., JsonObject]
NOTEBOOK = {"kdcluster": ["notebook"]}


def headed(diff: list[JsonObject], label: str) -> JsonObject:
    """The entry of a --diff with this header."""
    (found,) = (one for one in diff if one["before_header"] == label)
    return found


@pytest.fixture
def space(server: ScriptedServer) -> Namespace:
    """A namespace with a notebook of two members, one ConfigMap and one training engine."""
    found = Namespace(server)
    found.add_object("ConfigMap", "model", data={"path": "/old"})
    found.add_kdcluster("notebook", "pod-0", "pod-1", configmaps=["model"])
    found.add_kdcluster("engine", "pod-e")
    return found


@pytest.fixture
def plain_run(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a module's main() with options; returns its result."""

    def run_it(module: Any, check: bool = False, **options: Any) -> JsonObject:
        arguments = {
            "_ansible_check_mode": check, "_ansible_diff": True, "namespace": "team-a",
            "host": server.url, "api_key": TOKEN, **options,
        }  # fmt: skip
        text = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", text)
        # ansible-core 2.19 and newer ask how the options were written.
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        internal = sys.modules.get("ansible.module_utils._internal")
        if internal is not None:
            # A test of a filter has loaded the controller's part; a module runs without it.
            monkeypatch.setattr(internal, "is_controller", False, raising=False)
        # Ansible keeps warnings per process. Outside of tests, a process runs one module.
        warnings._global_warnings.clear()
        with pytest.raises(SystemExit):
            module.main()
        printed = capsys.readouterr().out
        result = json.loads(printed)
        assert isinstance(result, dict)
        assert "exception" not in result
        # From ansible-core 2.22 on, a module says what to redact; the controller takes it out of the result.
        result.pop("_ansible_new_secrets", None)
        return result

    return run_it


@pytest.fixture
def run(plain_run: Run) -> Run:
    """The same; fails if the result shows a secret."""

    def run_it(module: Any, check: bool = False, **options: Any) -> JsonObject:
        result = plain_run(module, check, **options)
        for secret in (TOKEN, MARK, encoded(MARK)):
            assert secret not in json.dumps(result)
        return result

    return run_it


def returned(result: JsonObject, documentation: str) -> JsonObject:
    """The documented part of a result, checked against its documentation."""
    documented = returns_of(documentation)
    assert_documented({key: result[key] for key in documented}, documented)
    return result
