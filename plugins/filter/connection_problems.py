# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find everything that is wrong with a list of kd_connection arguments."""

from __future__ import annotations

DOCUMENTATION = r"""
name: connection_problems
short_description: Find everything that is wrong with a list of kd_connection arguments
version_added: 0.1.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Holds each entry against the options of M(kubedirector.connections.kd_connection) and the rules that it checks
    without a cluster, and all of them against one another.
  - Entries contradict one another where together they would connect a KDCluster to itself, describe one object in
    two ways, or undo what another one does.
  - An entry without a namespace is in that of the kubeconfig's context, which is not known here. For cycles it
    counts as being in every namespace that another entry names.
  - The way to the API server, such as C(context), is not for single entries.
positional: _input
options:
  _input:
    description: A list of dictionaries with the options of M(kubedirector.connections.kd_connection).
    type: raw
    required: true
  file:
    description:
      - The file that the list was read from, for the sentences.
      - Without it, ansible-core 2.19 and newer know the file by themselves.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show what is wrong before anything is done
  ansible.builtin.debug:
    msg: "{{ connections | kubedirector.connections.connection_problems }}"
  vars:
    connections:
      - {kdcluster: [jupyter-notebook], secret: [{name: source-control-secret}]}
"""

RETURN = r"""
_value:
  description: A sentence for each thing that is wrong, with its file, entry and field; none shows a value.
  type: list
  elements: str
  sample:
    - >-
      connections.yml:7, entry 1 (kdcluster jupyter-notebook), secret: is no option here; did you mean secrets?
"""

import typing as t

from ansible_collections.kubedirector.connections.plugins.plugin_utils._entry_filters import (
    problems,
)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filter name to function."""
        return {"connection_problems": problems}
