# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse and check configmeta.json, hide or decode its secrets, follow its references.

Source of its form: pkg/catalog/types.go, and measured; see docs/configmeta.md. Anyone who can write in a member can
write the file, so its form is checked strictly.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
import re
import typing as t

from .._core.redaction import MASK, values_of

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject

# The operator reaches 12 levels, in a connected KDCluster (measured).
MAX_DEPTH = 64
# A KDCluster of 100 members needs about 10,000.
MAX_PARTS = 200_000
MAX_RESOLVED = 200_000
MAX_RESOLVED_DEPTH = 128
_TEXT_PART = 100
# A JSON string, in which brackets and commas are text; an open one to the end, else the search begins at each of its
# escaped quotes again.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_LONGEST_PATH = 200
_TOO_DEEP = "it is nested deeper than the operator ever writes"
REFERENCE_KEY = "bdvlibrefkey"
SECRET_MODES = ("masked", "encoded", "decoded")

_OBJECTS = {"*": [{part: {"*": str} for part in ("metadata", "data", "labels", "annotations")}]}
_ROLE = {"secret_keys": {"*": str}, "services": {"*": {"authToken": str}}, "node_ids": [str]}
# The parts read here; others may be anything. "*" is every key of a map; any other key may be missing or null.
_FORM: dict[str, t.Any] = {
    "nodegroups": {"*": {"roles": {"*": _ROLE}}},
    "cluster": {},
    "connections": {"configmaps": _OBJECTS, "secrets": _OBJECTS},
}
_FORM["connections"]["clusters"] = {"*": _FORM}


def parse_configmeta(text: bytes) -> JsonObject:
    """:raises ValueError: it is not JSON of the operator's form; says where, without content."""
    if not text.strip():
        raise ValueError("it is empty")
    # Before parsing: an empty list takes 3 bytes in the file and 60 in memory.
    if len(text) > MAX_PARTS:
        structure = _STRING.sub(b"", text)
        if sum(structure.count(mark) for mark in (b"[", b"{", b",")) > MAX_PARTS:
            raise ValueError(
                f"it has more than {MAX_PARTS} parts, far more than the operator writes"
            )
    try:
        # As text: json.loads() of bytes accepts UTF-16 and UTF-32, too.
        found: JsonObject = json.loads(text.decode(), parse_constant=_finite, parse_float=_finite)
        if b"\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeError:
        raise ValueError("it is not UTF-8") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"it is not JSON (line {error.lineno}, column {error.colno} of {len(text)} bytes)"
        ) from None
    except ValueError:
        raise ValueError("it is not JSON (it holds a number that JSON does not have)") from None
    _require_shallow(found)
    _require_form(found, _FORM, "")
    return found


def _finite(text: str) -> float:
    """Refuse NaN and infinities, which JSON lacks. :raises ValueError:"""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _require_shallow(found: t.Any) -> None:
    """Limit the depth: later steps recurse. :raises ValueError:"""
    level = [found]
    for _depth in range(MAX_DEPTH):
        level = [
            inner
            for node in level
            if isinstance(node, (dict, list))
            for inner in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _require_form(found: t.Any, form: t.Any, path: str) -> None:
    """:raises ValueError: names the place, never a value."""
    if not isinstance(found, str if form is str else type(form)):
        raise ValueError(
            "it is JSON, but not of the form that the operator writes "
            f"(at {path[:_LONGEST_PATH] or 'the top'})"
        )
    if isinstance(found, list):
        for index, inner in enumerate(found):
            _require_form(inner, form[0], f"{path}[{index}]")
    elif isinstance(found, dict):
        forms = dict.fromkeys(found, form["*"]) if "*" in form else form
        for key, inner_form in forms.items():
            if "*" in form or found.get(key) is not None:
                _require_form(found[key], inner_form, f"{path}.{key}" if path else key)


def with_secrets_as(mode: str, configmeta: JsonObject) -> JsonObject:
    """Copy it with connected Secrets, service tokens and secret keys in one of SECRET_MODES.

    masked: names, labels and keys readable, values replaced by MASK. decoded: everything readable; values that are
    not UTF-8 stay in base64. encoded: Secrets as in the file, every string in base64; tokens and secret keys, which the
    file has in the clear, in base64 too.
    """
    shown = dict(configmeta)
    if shown.get("nodegroups"):
        shown["nodegroups"] = {
            group_id: {
                **group,
                "roles": {
                    role_id: _role(mode, role)
                    for role_id, role in (group.get("roles") or {}).items()
                },
            }
            for group_id, group in shown["nodegroups"].items()
        }
    if shown.get("connections"):
        connections = dict(shown["connections"])
        if connections.get("secrets"):
            connections["secrets"] = {
                secret_type: [_secret(mode, secret) for secret in secrets]
                for secret_type, secrets in connections["secrets"].items()
            }
        if connections.get("clusters"):
            connections["clusters"] = {
                name: with_secrets_as(mode, cluster)
                for name, cluster in connections["clusters"].items()
            }
        shown["connections"] = connections
    return shown


def secret_values(configmeta: JsonObject) -> t.Iterator[str | bytes]:
    """Every secret value in this file, as an application gets it."""
    for group in (configmeta.get("nodegroups") or {}).values():
        for role in (group.get("roles") or {}).values():
            yield from (role.get("secret_keys") or {}).values()
            for service in (role.get("services") or {}).values():
                yield service.get("authToken") or ""
    connections = configmeta.get("connections") or {}
    for secrets in (connections.get("secrets") or {}).values():
        for secret in secrets:
            for part in ("data", "annotations"):
                yield from values_of("Secret", secret.get(part))
    for cluster in (connections.get("clusters") or {}).values():
        yield from secret_values(cluster)


def with_references_resolved(configmeta: JsonObject) -> JsonObject:
    """Copy it with each reference replaced by its target.

    References in a connected KDCluster are relative to it, whether they begin with connections/clusters/<name> or, as
    the operator writes the host names of services (measured; upstream bug), point at the local one. A reference that
    leads nowhere or back to itself stays; so do those after MAX_RESOLVED parts or deeper than MAX_RESOLVED_DEPTH, since
    nested references can make a short file unfold without end.
    """
    resolved: JsonObject = _resolve(
        configmeta, configmeta, (), frozenset(), iter(range(MAX_RESOLVED)), 0
    )
    return resolved


def _role(mode: str, role: JsonObject) -> JsonObject:
    shown = dict(role)
    if shown.get("secret_keys"):
        shown["secret_keys"] = {
            name: _plain_value(mode, value) for name, value in shown["secret_keys"].items()
        }
    if "services" in shown:
        shown["services"] = {
            service_id: {**service, "authToken": _plain_value(mode, service["authToken"])}
            if service.get("authToken")
            else dict(service)
            for service_id, service in (shown["services"] or {}).items()
        }
    return shown


def _plain_value(mode: str, value: str) -> str:
    """A value that is in the clear in the file."""
    if mode == "masked":
        return MASK
    return value if mode == "decoded" else base64.b64encode(value.encode()).decode()


def _secret(mode: str, secret: JsonObject) -> JsonObject:
    """A connected Secret; the operator writes its strings in base64."""
    if mode == "encoded":
        return dict(secret)
    shown: JsonObject = {}
    for part, values in secret.items():
        hide = mode == "masked" and part not in ("metadata", "labels")
        shown[part] = (
            {
                key: MASK if hide else decoded(value) if isinstance(value, str) else value
                for key, value in values.items()
            }
            if isinstance(values, dict)
            else (MASK if hide and values is not None else values)
        )
    return shown


def decoded(value: str) -> str:
    """Decode base64 of UTF-8; anything else comes back as it is."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return value


def _resolve(
    node: t.Any,
    home: JsonObject,
    prefix: tuple[str, ...],
    trail: frozenset[tuple[str, ...]],
    parts: t.Iterator[int],
    depth: int,
) -> t.Any:
    """:param home: the configmeta of the node's KDCluster, `prefix` its place.
    :param parts: each part of the result takes one, and text one more for each _TEXT_PART characters.
    :param depth: number of lists, dictionaries and references that lead here.
    """
    is_over = next(parts, None) is None or depth > MAX_RESOLVED_DEPTH
    depth += 1
    if isinstance(node, list):
        return [_resolve(inner, home, prefix, trail, parts, depth) for inner in node]
    if isinstance(node, str):
        next(itertools.islice(parts, len(node) // _TEXT_PART, None), None)
    if not isinstance(node, dict):
        return node
    if set(node) == {REFERENCE_KEY} and isinstance(node[REFERENCE_KEY], list):
        path = tuple(str(step) for step in node[REFERENCE_KEY])
        if path[: len(prefix)] == prefix:
            path = path[len(prefix) :]
        if is_over or path in trail:
            return node
        try:
            target: t.Any = home
            for step in path:
                target = target[step]
        except (KeyError, TypeError):
            return node
        return _resolve(target, home, prefix, trail | {path}, parts, depth)
    resolved = {}
    for key, inner in node.items():
        if key == "connections" and node is home and inner is not None:
            # Users' own data may look like references.
            clusters = {
                name: _resolve(cluster, cluster, (key, "clusters", name), frozenset(), parts, depth)
                for name, cluster in (inner.get("clusters") or {}).items()
            }
            resolved[key] = {**inner, "clusters": clusters} if clusters else inner
        else:
            resolved[key] = _resolve(inner, home, prefix, trail, parts, depth)
    return resolved
