# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what kd_connection_info returns as a table for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: overview_lines
short_description: Write what kd_connection_info returns as a table for people
version_added: 0.2.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - A table for each namespace, with KDCluster, KDApp, state, number of members (configured and all, where these differ),
    what it connects to, what connects to it, and the codes of its problems. Long names are folded.
  - Before it the answer to the question who uses an object, if the module was asked; below it objects that are connected to nothing, and each problem in words.
  - Lines hold printable ASCII only. Another character comes out as a question mark.
positional: _input
options:
  _input:
    description: The result of M(kubedirector.connections.kd_connection_info).
    type: dict
    required: true
  width:
    description:
      - The most characters of a line. The default leaves room for what M(ansible.builtin.debug) puts around it, so that 100
        columns suffice.
    type: int
    default: 88
"""

EXAMPLES = r"""
- name: Look at the whole Kubernetes cluster
  kubedirector.connections.kd_connection_info:
    all_namespaces: true
  register: found

- name: Print it
  ansible.builtin.debug:
    msg: "{{ found | kubedirector.connections.overview_lines }}"
"""

RETURN = r"""
_value:
  description: Lines.
  type: list
  elements: str
  sample:
    - "Namespace team-a: 1 KDCluster, 0 problems"
    - "KDCLUSTER         APP               STATE       MEMBERS  CONNECTS TO           CONNECTED BY  PROBLEMS"
    - "jupyter-notebook  jupyter-notebook  configured  1        secret/git-login"
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import info_result
from ansible_collections.kubedirector.connections.plugins.plugin_utils._overview_table import (
    WIDTH,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._overview_table import (
    overview_lines as lines_of,
)

# Seven columns of a few characters each.
_LEAST = 60


def overview_lines(found: t.Any, width: int = WIDTH) -> list[str]:
    """Write the lines. :raises AnsibleFilterError: this is not a result of the module, or the width is too small."""
    parts = ("kdclusters", "objects", "usage", "problems", "not_seen")
    live = info_result(found, "overview_lines", parts)
    if width < _LEAST:
        raise AnsibleFilterError(f"overview_lines: width is {width}; give at least {_LEAST}.")
    return lines_of(live, width)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filter name to function."""
        return {"overview_lines": overview_lines}
