# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON patch (RFC 6902) and JSON merge patch (RFC 7396) as the API server applies them."""

from __future__ import annotations

import copy
from typing import Any


class PatchFailed(Exception):
    """The API server would answer 422."""


def json_patched(document: Any, patch: list[dict[str, Any]]) -> Any:
    """Apply add, replace, remove and test.

    As in the API server's own library, a test for null passes where the last step of the path does
    not exist, and any other operation needs its parent.
    """
    document = copy.deepcopy(document)
    for operation in patch:
        _apply(document, operation)
    return document


def _apply(document: Any, operation: dict[str, Any]) -> None:
    steps = [
        step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]
    ]
    parent = document
    for step in steps[:-1]:
        parent = _inside(parent, step)
    if not isinstance(parent, dict):
        raise PatchFailed(f"no parent for {operation['path']}")
    key = steps[-1]
    if operation["op"] == "test":
        if parent.get(key) != operation["value"]:
            raise PatchFailed(f"test failed at {operation['path']}")
    elif operation["op"] == "add":
        parent[key] = copy.deepcopy(operation["value"])
    elif operation["op"] == "replace":
        if key not in parent:
            raise PatchFailed(f"nothing to replace at {operation['path']}")
        parent[key] = copy.deepcopy(operation["value"])
    elif operation["op"] == "remove":
        if key not in parent:
            raise PatchFailed(f"nothing to remove at {operation['path']}")
        del parent[key]
    else:
        raise PatchFailed(f"unknown operation {operation['op']}")


def _inside(parent: Any, step: str) -> Any:
    if isinstance(parent, list):
        return parent[int(step)] if step.isdecimal() and int(step) < len(parent) else None
    return parent.get(step) if isinstance(parent, dict) else None


def merge_patched(document: Any, patch: Any) -> Any:
    """Apply a JSON merge patch: null removes a key, anything that is no object replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patched(merged.get(key), value)
    return merged
