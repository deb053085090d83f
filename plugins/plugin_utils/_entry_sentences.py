# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with entries of kd_connections, with the line of each value."""

from __future__ import annotations

import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entries import (
    entry_problems,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._entries import (
    named,
    place_of,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import plain


def entry_sentences(entries: t.Any, places: t.Sequence[str]) -> list[str]:
    """Find everything that is wrong with single entries.

    :param entries: the option of kd_connections, of any type.
    :param places: what entry_places() says of them; may be empty.
    :returns: sentences, each beginning with place, entry and field.
    """
    values = plain(entries, [])
    if not isinstance(values, list):
        # The module's argument spec says so.
        return []
    sentences = []
    for problem in entry_problems(values):
        path = (problem.entry, *problem.path)
        file = places[problem.entry].partition(":")[0] if problem.entry < len(places) else ""
        place = place_of(entries, path, file)
        sentences.append(f"{named(values, path, place)}: {problem.text}")
    return sentences
