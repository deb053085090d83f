# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who wrote which field of an object, by metadata.managedFields. Pure."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._core.json_types import JsonMapping

OUR_MANAGER = "kubedirector.connections"
# Prefixes of managers, with "-" appended, that write only when a person does (oc is OpenShift's kubectl); and the API
# server's word for what was there before a first server-side apply, which is not a program.
_BY_HAND = ("kubectl-", "oc-", "before-first-apply-")


def last_writer(managed_fields: t.Sequence[JsonMapping], path: t.Sequence[str]) -> str:
    """Say who last wrote a field and when.

    :param path: keys of fieldsV1, such as ("f:spec", "f:connections", "f:secrets"); () for the object.
    :returns: words that follow a colon. A deleted field has no owner: then they name the last other manager near it
        that wrote no earlier than this collection.
    """
    owners = [entry for entry in managed_fields if path and _owns(entry, path)]
    if owners:
        last = max(owners, key=_time)
        also = " (another task of this collection)" if _is_ours(last) else ""
        return f"{_manager(last)}{also} wrote it at {_time(last)}"
    since = max((_time(one) for one in managed_fields if _is_ours(one)), default="")
    others = [
        entry
        for entry in managed_fields
        if not (_is_ours(entry) or entry.get("subresource")) and _time(entry) >= since
    ]
    for depth in range(len(path) - 1, 0, -1) or (0,):
        near = [entry for entry in others if _owns(entry, path[:depth])]
        if near:
            last = max(near, key=_time)
            return f"the last other writer near it is {_manager(last)}, at {_time(last)}"
    return "its managedFields do not name the writer"


def other_manager(
    managed_fields: t.Sequence[JsonMapping], paths: t.Iterable[t.Sequence[str]]
) -> str:
    """Find a program that wrote one of these fields and may write it again.

    :param paths: each as in last_writer().
    :returns: the last such field manager, or "".
    """
    wanted = list(paths)
    others = [
        entry
        for entry in managed_fields
        if not _is_ours(entry)
        and not f"{entry.get('manager') or 'kubectl'}-".startswith(_BY_HAND)
        and any(_owns(entry, path) for path in wanted)
    ]
    return str(max(others, key=_time)["manager"]) if others else ""


def _is_ours(entry: JsonMapping) -> bool:
    return entry.get("manager") == OUR_MANAGER


def _manager(entry: JsonMapping) -> str:
    return f"field manager {str(entry.get('manager'))!r} ({entry.get('operation')})"


def _time(entry: JsonMapping) -> str:
    return str(entry.get("time") or "")


def _owns(entry: JsonMapping, path: t.Sequence[str]) -> bool:
    fields: t.Any = entry.get("fieldsV1")
    for key in path:
        if not isinstance(fields, dict) or key not in fields:
            return False
        fields = fields[key]
    return True
