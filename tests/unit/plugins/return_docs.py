# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's result, compared with the RETURN documentation of its module."""

from __future__ import annotations

from typing import Any

import yaml

TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def returns_of(documentation: str) -> dict[str, Any]:
    """The RETURN documentation, parsed."""
    parsed = yaml.safe_load(documentation)
    assert isinstance(parsed, dict)
    return parsed


def assert_documented(value: Any, documented: dict[str, Any], where: str = "result") -> None:
    """A result has exactly the documented keys, with values of the documented types, at any depth.

    :param documented: key to its documentation.
    """
    assert set(value) == set(documented), where
    for key, entry in documented.items():
        assert_value(value[key], entry, f"{where}.{key}")


def assert_value(value: Any, entry: dict[str, Any], where: str) -> None:
    """One value is of the documented type, and what it contains is documented."""
    if value is None:
        # The description of a value says whether the value may be missing.
        assert "null" in str(entry["description"]), where
        return
    assert isinstance(value, TYPES[entry["type"]]), where
    # In Python a bool is an int.
    assert entry["type"] != "int" or not isinstance(value, bool), where
    if "contains" not in entry:
        return
    for number, item in enumerate(value if isinstance(value, list) else [value]):
        assert_documented(item, entry["contains"], f"{where}[{number}]")
