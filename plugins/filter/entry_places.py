# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say where each entry of a list for kd_connections was written."""

from __future__ import annotations

DOCUMENTATION = r"""
name: entry_places
short_description: Say where each entry of a list for kd_connections was written
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Gives what the option O(kubedirector.connections.kd_connections#module:places) takes, so that messages name the file and,
    with ansible-core 2.19 and newer, the line of an entry.
  - Fails if a template in the list cannot be worked out, and names its entry and field.
positional: _input
options:
  _input:
    description: A list of dictionaries with the options of M(kubedirector.connections.kd_connection).
    type: raw
    required: true
  file:
    description: The file that the list was read from, which ansible-core 2.19 and newer know by themselves.
    type: str
    default: ''
seealso:
  - module: kubedirector.connections.kd_connections
"""

EXAMPLES = r"""
- name: Connect, with the place of each entry in messages
  kubedirector.connections.kd_connections:
    connections: "{{ connections }}"
    places: "{{ connections | kubedirector.connections.entry_places }}"
  vars:
    connections:
      - {namespace: team-a, kdcluster: [jupyter-notebook], clusters: [training-engine-tf]}
"""

RETURN = r"""
_value:
  description: A text for each entry.
  type: list
  elements: str
  sample: [connections.yml:2, connections.yml:6]
"""

import typing as t

from ..plugin_utils._entries import entry_places


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"entry_places": entry_places}
