# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON patch (RFC 6902) and JSON merge patch (RFC 7396) as the API server applies them."""

from __future__ import annotations

from typing import Any

import jsonpatch
import jsonpointer


class PatchFailed(Exception):
    """The API server would answer 422."""


def json_patched(document: Any, patch: list[dict[str, Any]]) -> Any:
    """Apply a JSON patch.

    As in the API server's own library, a test for null passes if the last step of the path does not
    exist, and any other operation needs its parent.
    """
    for operation in patch:
        if not _tests_for_absence(document, operation):
            try:
                document = jsonpatch.apply_patch(document, [operation])
            except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
                raise PatchFailed(str(error)) from None
    return document


def _tests_for_absence(document: Any, operation: dict[str, Any]) -> bool:
    if (operation["op"], operation.get("value", "")) != ("test", None):
        return False
    parent, key = jsonpointer.JsonPointer(operation["path"]).to_last(document)
    return isinstance(parent, dict) and key not in parent


def merge_patched(document: Any, patch: Any) -> Any:
    """Apply a JSON merge patch: null removes a key, anything that is not an object replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patched(merged.get(key), value)
    return merged
