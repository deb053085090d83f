# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in data of others that Ansible would read as its own."""

from __future__ import annotations

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.reserved_keys import (
    with_plain_keys,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_connection
from tests.unit.plugins.module_runs import Run, headed
from tests.unit.plugins.namespace_server import Namespace


@pytest.mark.parametrize("key", ["__ansible_type", "__ansible_vault", "__ansible_unsafe"])
def test_a_reserved_key_is_put_in_parentheses_at_any_depth(key: str) -> None:
    result = {"a": [{key: "x", "b": ({key: {key: 1}},)}], "c": None}
    shown = with_plain_keys(result)
    assert shown == {"a": [{f"({key})": "x", "b": [{f"({key})": {f"({key})": 1}}]}], "c": None}


def test_a_result_without_such_keys_stays_as_it_is() -> None:
    result = {"a": [1, "x", {"b": None}], "_ansible_c": True}
    assert with_plain_keys(result) == result


def test_the_diff_of_a_configmap_holds_no_reserved_key(space: Namespace, run: Run) -> None:
    # Another product wrote it: ansible-core 2.19 and newer do not take such a key as an option.
    space.add_object("ConfigMap", "odd", object_type="t", data={"__ansible_type": "Deprecation"})
    result = run(kd_connection, configmaps=[{"name": "odd", "type": "t", "data": {"b": "1"}}])
    assert result["changed"] is True
    assert headed(result["diff"], "ConfigMap team-a/odd")["before"]["data"] == {
        "(__ansible_type)": "Deprecation"
    }
