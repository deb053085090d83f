# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a list of kd_connection arguments into the steps of the playbook connect."""

from __future__ import annotations

DOCUMENTATION = r"""
name: connection_steps
short_description: Turn a list of kd_connection arguments into the steps of the playbook connect
version_added: 0.1.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Sorts the arguments as P(kubedirector.connections.in_dependency_order#filter) does, and adds to each what can be
    asked of the API server in check mode before the ones in front of it are done.
  - For that, ConfigMaps and Secrets that an entry in front makes are left out. Where one in front takes connections
    away, new links between KDClusters and deletions are, too.
positional: _input
options:
  _input:
    description:
      - A list of dictionaries with the options of M(kubedirector.connections.kd_connection), of which
        P(kubedirector.connections.connection_problems#filter) finds nothing.
    type: list
    elements: dict
    required: true
  file:
    description: The file that the list was read from, for C(label).
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show the steps
  ansible.builtin.debug:
    msg: "{{ connections | kubedirector.connections.connection_steps | map(attribute='label') }}"
  vars:
    connections:
      - {kdcluster: [jupyter-notebook], clusters: [training-engine-tf]}
      - {kdcluster: [training-engine-tf], configmaps: [{name: training-data}]}
"""

RETURN = r"""
_value:
  description: The steps, in the order in which they are to be done.
  type: list
  elements: dict
  contains:
    label:
      description: File, number and KDClusters of the entry; nothing secret.
      type: str
      sample: connections.yml:6, entry 2 (kdcluster training-engine-tf)
    arguments:
      description: The entry.
      type: dict
      sample: {kdcluster: [jupyter-notebook], secrets: [{name: login}]}
    rehearsal:
      description: What can be checked of it before the others are done.
      type: dict
      sample: {kdcluster: [jupyter-notebook], secrets: []}
"""

import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.entries import (
    rehearsal,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._entry_filters import (
    label,
    ordered,
)


def connection_steps(entries: list[t.Any], file: str = "") -> list[dict[str, t.Any]]:
    """Sort entries, and say what can be checked of each beforehand; see DOCUMENTATION."""
    values, read, order = ordered(entries)
    return [
        {
            "label": label(entries, values, index, file),
            "arguments": values[index],
            "rehearsal": rehearsal(
                values[index], read[index], [read[before] for before in order[:position]]
            ),
        }
        for position, index in enumerate(order)
    ]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filter name to function."""
        return {"connection_steps": connection_steps}
