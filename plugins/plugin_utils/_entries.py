# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of kd_connections as Ansible hands them over, with the place where each was written."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entry_words import (
    Path,
    entry_label,
    is_numbered,
    shown_path,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import (
    origin_of,
    plain,
    shown_file,
)

_VARIABLE = "kd_connections"


def entry_places(entries: t.Any, file: str = "") -> list[str]:
    """Say where each entry was written.

    :param entries: of any type, as Ansible hands them over.
    :param file: where they were read from; "" for what Ansible itself knows.
    :returns: such as "connections.yml:6"; without a line where Ansible does not know it.
    :raises AnsibleFilterError: they are not a list, or a template among them cannot be worked out.
    """
    broken: list[tuple[Path, str]] = []
    values = plain(entries, broken)
    if not isinstance(values, list):
        raise AnsibleFilterError(
            f"{file or _VARIABLE}: a list of dictionaries with kd_connection's options belongs here."
        )
    if broken:
        sentences = (
            f"{named(values, path, place_of(entries, path, file))}: cannot be worked out: {why}."
            for path, why in broken
        )
        raise AnsibleFilterError("\n".join(sentences))
    return [place_of(entries, (index,), file) for index in range(len(values))]


def place_of(entries: t.Any, path: Path, file: str) -> str:
    """Say where the value on a path was written; a numbered place (see entry_label) says it already."""
    origin = origin_of(entries, path)
    if origin is None or is_numbered(file):
        return file or _VARIABLE
    return f"{file or shown_file(origin[0])}:{origin[1]}"


def named(values: list[t.Any], path: Path, place: str) -> str:
    """Name a field of an entry."""
    index = int(path[0])
    name = entry_label(values[index], index, place)
    field = shown_path(values[index], path[1:])
    return f"{name}, {field}" if field else name
