# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""configmeta.json as data: parse it, hide or decode what is secret in it, follow its references.

Its form is in the operator's source (pkg/catalog/types.go) and was measured; see docs/configmeta.md.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import typing as t

from .._core.redaction import MASK, values_of
from .configmeta_form import (
    require_form,
)

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject


# The operator's own files reach 12 levels (measured), in a connected KDCluster.
MAX_DEPTH = 64
# A KDCluster of a hundred members needs some ten thousand.
MAX_PARTS = 200_000
MAX_RESOLVED = 200_000
MAX_RESOLVED_DEPTH = 128
# What JSON has between quotes, where a bracket or a comma is text.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_TOO_DEEP = "it is nested deeper than the operator ever writes"
REFERENCE_KEY = "bdvlibrefkey"
SECRET_MODES = ("masked", "encoded", "decoded")


def parse_configmeta(text: bytes) -> JsonObject:
    """Parse the file's content.

    :raises ValueError: it is not JSON of the operator's form; says where, without the content.
    """
    if not text.strip():
        raise ValueError("it is empty")
    # Before it is parsed: an empty list takes 3 bytes of the file and 60 of memory.
    if len(text) > MAX_PARTS:
        structure = _STRING.sub(b"", text)
        if sum(structure.count(mark) for mark in (b"[", b"{", b",")) > MAX_PARTS:
            raise ValueError(
                f"it has more than {MAX_PARTS} parts, far more than the operator writes"
            )
    try:
        # As text: of bytes the reader would take UTF-16 and UTF-32, too.
        found = json.loads(text.decode(), parse_constant=_refuse_number, parse_float=_float)
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
    require_form(found)
    return t.cast("JsonObject", found)


def _refuse_number(name: str) -> t.NoReturn:
    """NaN and the infinities are Python's own."""
    raise ValueError(name)


def _float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_number(text)


def _require_shallow(found: t.Any) -> None:
    """What follows goes into the depth by recursion. :raises ValueError:"""
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


def with_secrets_as(mode: str, configmeta: JsonObject) -> JsonObject:
    """Give connected Secrets, service tokens and secret keys back in one of three ways.

    masked: names, labels and keys readable, values replaced by MASK. decoded: everything readable.
    encoded: Secrets as the file has them, every string in base64; tokens and secret keys, which the
    file has in the clear, in base64 too. A value that is not UTF-8 stays in base64.

    :param mode: one of SECRET_MODES.
    :param configmeta: as parse_configmeta returns it.
    :returns: a new structure.
    """
    shown = dict(configmeta)
    if shown.get("nodegroups"):
        shown["nodegroups"] = _nodegroups(mode, shown["nodegroups"])
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
    """Every secret value that a member can know from this file, as an application gets it.

    Service tokens and secret keys, its own and those of connected KDClusters; values and annotations of
    connected Secrets.

    :param configmeta: as parse_configmeta returns it.
    """
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
    """Put in place of every reference what it points at.

    Inside a connected KDCluster a reference is followed relative to that KDCluster, whether it
    begins with connections/clusters/<name> or, as the operator writes the host names of services
    (measured; upstream bug), points at the local one. A reference that leads nowhere, or back to
    itself, stays as it is; so do all that are left after MAX_RESOLVED parts and deeper than
    MAX_RESOLVED_DEPTH, since references to references can make a file of a few lines unfold without end.

    :returns: a new structure.
    """
    return t.cast(
        "JsonObject",
        _resolve(configmeta, configmeta, (), frozenset(), iter(range(MAX_RESOLVED)), 0),
    )


def _nodegroups(mode: str, nodegroups: JsonObject) -> JsonObject:
    shown = {}
    for group_id, group in nodegroups.items():
        group = dict(group)
        group["roles"] = {
            role_id: _role(mode, role) for role_id, role in (group.get("roles") or {}).items()
        }
        shown[group_id] = group
    return shown


def _role(mode: str, role: JsonObject) -> JsonObject:
    shown = dict(role)
    if shown.get("secret_keys"):
        shown["secret_keys"] = {
            name: _plain_value(mode, value) for name, value in shown["secret_keys"].items()
        }
    services = {}
    for service_id, service in (shown.get("services") or {}).items():
        service = dict(service)
        if service.get("authToken"):
            service["authToken"] = _plain_value(mode, service["authToken"])
        services[service_id] = service
    if "services" in shown:
        shown["services"] = services
    return shown


def _plain_value(mode: str, value: str) -> str:
    """A value that the file has in the clear."""
    if mode == "masked":
        return MASK
    return value if mode == "decoded" else base64.b64encode(value.encode()).decode()


def _secret(mode: str, secret: JsonObject) -> JsonObject:
    """A connected Secret, in which the operator puts every string into base64."""
    if mode == "encoded":
        return dict(secret)
    shown: JsonObject = {}
    for part, values in secret.items():
        hide = mode == "masked" and part not in ("metadata", "labels")
        shown[part] = (
            {key: MASK if hide else decoded(value) for key, value in values.items()}
            if isinstance(values, dict)
            else (MASK if hide and values is not None else values)
        )
    return shown


def decoded(value: str) -> str:
    """Decode base64 text; what is not base64 of UTF-8 comes back as it is."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value


def _resolve(
    node: t.Any,
    home: JsonObject,
    prefix: tuple[str, ...],
    trail: frozenset[tuple[str, ...]],
    parts: t.Iterator[int],
    depth: int,
) -> t.Any:
    """:param home: the configmeta of the KDCluster in which the node stands, `prefix` its place.

    :param parts: one is taken for each part of the result.
    :param depth: how many lists, dictionaries and references lead here.
    """
    is_over = next(parts, None) is None or depth > MAX_RESOLVED_DEPTH
    depth += 1
    if isinstance(node, list):
        return [_resolve(inner, home, prefix, trail, parts, depth) for inner in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {REFERENCE_KEY} and isinstance(node[REFERENCE_KEY], list):
        path = tuple(str(step) for step in node[REFERENCE_KEY])
        if prefix and path[: len(prefix)] == prefix:
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
        if key == "connections" and node is home and isinstance(inner, dict):
            resolved[key] = {
                part: {
                    name: _resolve(
                        cluster,
                        cluster,
                        ("connections", "clusters", name),
                        frozenset(),
                        parts,
                        depth,
                    )
                    for name, cluster in content.items()
                }
                if part == "clusters" and isinstance(content, dict)
                else content
                for part, content in inner.items()
            }
        else:
            resolved[key] = _resolve(inner, home, prefix, trail, parts, depth)
    return resolved
