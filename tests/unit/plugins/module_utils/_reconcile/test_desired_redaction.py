# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No message about a task's options holds a Secret's value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    InvalidInputError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    parse_desired,
)
from tests.unit.plugins.manifests import encoded, task

SECRET = st.text(alphabet="ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=8, max_size=20)


def broken_tasks(value: str) -> list[dict[str, Any]]:
    """Tasks that are refused although, or because, a Secret's value is this."""
    fine = {"name": "token", "type": "source-control", "string_data": {"token": value}}
    return [
        {"secrets": [{"name": "one", "data": {"token": value + "!"}}]},
        {"secrets": [{"name": "one", "data": {"token": "*" + value}, "string_data": {"a": value}}]},
        {"secrets": [{"name": "one", "string_data": {"token": [value]}}]},
        {"secrets": [{"name": "one", "string_data": {"token": {"inner": value}}}]},
        {"secrets": [{"name": "one", "string_data": {"token": {value: None}}}]},
        {"secrets": [{"name": "one", "data": {"token": [value]}}]},
        {"secrets": [{"name": "one", "data": {"a": encoded(value)}, "string_data": {"a": value}}]},
        {"secrets": [{"name": "one", "string_data": {"a b": value}}]},
        {"secrets": [{"name": "one", "annotations": {"note": [value]}}]},
        {"secrets": [fine, fine]},
        {"secrets": [fine, {"name": "Wrong"}]},
        {"secrets": [fine], "clusters": ["engine"]},
        {"secrets": [fine], "exclusive": True},
        {"secrets": [fine], "configmaps": [{"name": "one", "data": {"path": None}}]},
        {"secrets": [{**fine, "type": "no label"}]},
        {"secrets": [{**fine, "labels": {"a b": "c"}}]},
        {"configmaps": [{"name": "one", "data": {"token": [value]}}]},
        {"configmaps": [{"name": "one", "data": {"a b": value}}]},
    ]


@given(SECRET)
def test_a_refusal_names_keys_and_never_values(value: str) -> None:
    for options in broken_tasks(value):
        with pytest.raises(InvalidInputError) as caught:
            parse_desired(task(**options), "team-a")
        assert value not in str(caught.value)
        assert encoded(value) not in str(caught.value)
        assert caught.value.__cause__ is None


@given(SECRET)
def test_a_printed_desired_state_shows_no_value(value: str) -> None:
    entry = {
        "name": "one",
        "data": {"a": encoded(value)},
        "string_data": {"b": value},
        "annotations": {"copy": value},
    }
    shown = repr(parse_desired(task(secrets=[entry]), "team-a"))
    assert value not in shown
    assert encoded(value) not in shown
