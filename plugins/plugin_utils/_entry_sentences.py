# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with entries of kd_connections, with the line of each value."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entries import (
    entry_problems,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entry_words import (
    Path,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._entries import (
    named,
    place_of,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import plain
from ansible_collections.kubedirector.connections.plugins.plugin_utils._value_files import (
    FileValues,
)

_LINE = re.compile(r":\d+$")


def entry_sentences(
    entries: t.Any, places: t.Sequence[str], read: FileValues | None = None
) -> list[str]:
    """Find everything that is wrong with single entries.

    :param entries: the option of kd_connections, of any type.
    :param places: what entry_places() says of them; may be empty.
    :param read: the task's options with the content of files, once these were read.
    :returns: sentences, each beginning with place, entry and field.
    """
    values = plain(entries, [])
    if not isinstance(values, list):
        # The module's argument spec says so.
        return []
    problems: list[tuple[Path, str]] = []
    with_values = values
    if read is not None:
        # ModuleInWorker tells of the task's other options.
        problems += (
            (path[1:], text) for path, text in read.problems if path[:1] == ("connections",)
        )
        with_values = plain(read.args["connections"], [])
    # Of an entry with an unusable file, what else may be wrong comes from that.
    unread = {path[0] for path, _text in problems}
    problems += (
        ((one.entry, *one.path), one.text)
        for one in entry_problems(with_values)
        if one.entry not in unread
    )
    sentences = []
    for path, text in sorted(problems, key=lambda problem: int(problem[0][0])):
        file = _LINE.sub("", places[path[0]]) if path[0] < len(places) else ""
        place = place_of(entries, path, file)
        sentences.append(f"{named(values, path, place)}: {text}")
    return sentences
