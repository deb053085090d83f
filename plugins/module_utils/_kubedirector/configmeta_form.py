# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a configmeta.json has the form that the operator writes.

Whoever can write in a member can write the file; what is masked and compared must not depend on luck.
"""

from __future__ import annotations

import typing as t

Check = t.Callable[[t.Any, str], None]

_OBJECT_PARTS = ("metadata", "data", "labels", "annotations")


def require_form(found: t.Any) -> None:
    """Check the parts that are read here; others may be anything.

    :raises ValueError: one of them is of another form; names the place, never a value.
    """
    _configmeta(found, "")


def _configmeta(node: t.Any, path: str) -> None:
    _fields(
        node,
        path,
        {"nodegroups": _map_of(_nodegroup), "cluster": _any_map, "connections": _connections},
    )


def _nodegroup(node: t.Any, path: str) -> None:
    _fields(node, path, {"roles": _map_of(_role)})


def _role(node: t.Any, path: str) -> None:
    _fields(
        node,
        path,
        {"secret_keys": _map_of(_text), "services": _map_of(_service), "node_ids": _list_of(_text)},
    )


def _service(node: t.Any, path: str) -> None:
    _fields(node, path, {"authToken": _text})


def _connections(node: t.Any, path: str) -> None:
    objects = _map_of(_list_of(_object))
    _fields(
        node, path, {"configmaps": objects, "secrets": objects, "clusters": _map_of(_configmeta)}
    )


def _object(node: t.Any, path: str) -> None:
    _fields(node, path, dict.fromkeys(_OBJECT_PARTS, _map_of(_text)))


def _fields(node: t.Any, path: str, checks: t.Mapping[str, Check]) -> None:
    """A map of which some fields have a form; each of them may be missing or null."""
    if not isinstance(node, dict):
        raise _of_another_form(path)
    for field, check in checks.items():
        if node.get(field) is not None:
            check(node[field], f"{path}.{field}" if path else field)


def _map_of(check: Check) -> Check:
    def check_map(node: t.Any, path: str) -> None:
        _any_map(node, path)
        for key, value in node.items():
            check(value, f"{path}.{key}")

    return check_map


def _list_of(check: Check) -> Check:
    def check_list(node: t.Any, path: str) -> None:
        if not isinstance(node, list):
            raise _of_another_form(path)
        for index, value in enumerate(node):
            check(value, f"{path}[{index}]")

    return check_list


def _any_map(node: t.Any, path: str) -> None:
    if not isinstance(node, dict):
        raise _of_another_form(path)


def _text(node: t.Any, path: str) -> None:
    if not isinstance(node, str):
        raise _of_another_form(path)


def _of_another_form(path: str) -> ValueError:
    return ValueError(
        f"it is JSON, but not of the form that the operator writes (at {path or 'the top'})"
    )
