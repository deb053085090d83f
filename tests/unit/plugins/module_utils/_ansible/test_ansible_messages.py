# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own messages about a module's options, in the system's log and in errors, show no secret."""

from __future__ import annotations

import json
import syslog
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_cluster,
    kd_configmeta_info,
    kd_connection,
    kd_rotate,
)
from tests.harness.canaries import canary
from tests.unit.plugins.manifests import JsonObject
from tests.unit.plugins.module_runs import Run
from tests.unit.plugins.namespace_server import Namespace

# repr() changes this one.
PEM = f"-----BEGIN KEY-----\n{canary('rue')}\n-----END KEY-----\n"
LOGGED: dict[str, tuple[Any, JsonObject]] = {
    "a new Secret": (kd_connection, {"secrets": [{"name": "s", "string_data": {"key": PEM}}]}),
    "a Secret's annotation": (
        kd_connection,
        {"secrets": [{"name": "s", "annotations": {"example.com/key": PEM}}]},
    ),
    "a new value": (kd_rotate, {"secret": "s", "string_data": {"key": PEM}}),
    "a role's key": (
        kd_cluster,
        {
            "name": "k",
            "app": "a",
            "roles": [{"id": "r", "secret_keys": [{"name": "key", "value": PEM}]}],
        },
    ),
}


@pytest.mark.parametrize("task", LOGGED)
@pytest.mark.usefixtures("space")
def test_the_systems_log_has_no_secret(
    plain_run: Run, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(syslog, "syslog", lambda _priority, text: logged.append(text))
    module, options = LOGGED[task]
    plain_run(module, check=True, **options)
    assert any("Invoked with" in text for text in logged)
    assert canary("rue") not in "".join(logged)


@pytest.mark.usefixtures("space")
def test_infinity_for_a_whole_number_is_refused(plain_run: Run) -> None:
    result = plain_run(kd_connection, kdcluster=["notebook"], wait_timeout=float("inf"))
    assert result["failed"] is True
    # ansible-core refuses infinity itself in 2.16, and names the option.
    assert result["msg"].startswith(
        ("Infinity was given to an option that takes a whole number.", "argument 'wait_timeout' is")
    )


SECRET = {"name": "s", "string_data": {"key": PEM}}
WRONG: dict[str, tuple[Any, JsonObject]] = {
    "names in place of entries": (kd_connection, {"secrets": ["git-login"]}),
    "a list in a list": (kd_connection, {"secrets": [[SECRET]]}),
    "a list in place of data": (
        kd_connection,
        {"secrets": [{"name": "s", "string_data": [{"key": PEM}]}]},
    ),
    "an unknown field": (kd_connection, {"secrets": [{**SECRET, "stringData": {"key": PEM}}]}),
    "the spelling of manifests": (
        kd_connection,
        {"secrets": [{"name": "s", "stringData": {"key": PEM}}]},
    ),
    "the spelling of manifests in a rotation": (
        kd_rotate,
        {"secret": "s", "stringData": {"key": PEM}},
    ),
    "a misspelt value of a key": (
        kd_cluster,
        {
            "name": "k",
            "app": "a",
            "roles": [{"id": "r", "secret_keys": [{"name": "key", "valeu": PEM}]}],
        },
    ),
    "no name": (kd_connection, {"secrets": [{"string_data": {"key": PEM}}]}),
    "an entry that is not a list": (kd_connection, {"secrets": SECRET, "wait_timeout": "long"}),
    "names in place of roles": (kd_cluster, {"name": "k", "app": "a", "roles": ["worker"]}),
    "a key that is not text": (
        kd_cluster,
        {
            "name": "k",
            "app": "a",
            "roles": [{"id": "r", "secret_keys": [{"name": "key", "value": {"of": PEM}, "x": 1}]}],
        },
    ),
}


@pytest.mark.parametrize("task", WRONG)
def test_an_error_of_options_shows_no_secret(
    space: Namespace, plain_run: Run, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    monkeypatch.setattr(syslog, "syslog", lambda _priority, _text: None)
    module, options = WRONG[task]
    password = canary("sorrel")
    result = plain_run(
        module, username="me", password=password, kubeconfig={"users": [{"token": password}]},
        _ansible_inject_invocation=True, **options,
    )  # fmt: skip
    assert result["failed"] is True
    assert "module_args" in result["invocation"]
    shown = json.dumps(result)
    assert password not in shown
    assert canary("rue") not in shown
    assert space.writes == []


def test_names_of_roles_are_not_secret(plain_run: Run) -> None:
    result = plain_run(
        kd_configmeta_info, kdcluster=["lab"], roles=["controller"], secrets="shown",
        _ansible_inject_invocation=True,
    )  # fmt: skip
    assert "got: shown" in result["msg"]
    assert result["invocation"]["module_args"]["roles"] == ["controller"]
