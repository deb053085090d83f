# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sort kd_connection arguments so that what is connected to comes first."""

from __future__ import annotations

DOCUMENTATION = r"""
name: in_dependency_order
short_description: Sort kd_connection arguments so that what is connected to comes first
version_added: 0.1.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Takes a list of arguments of M(kubedirector.connections.kd_connection) and puts those that change a
    KDCluster before those that connect another KDCluster to it, and those that describe a ConfigMap or
    Secret before those that only name it. Deletions come last.
  - Arguments that have nothing to do with one another keep their order.
  - An entry without a namespace counts as being in every namespace that another entry names.
  - Whatever P(kubedirector.connections.connection_problems#filter) finds is refused, such as arguments that together
    would connect a KDCluster to itself. Each of them may be fine alone, so that
    M(kubedirector.connections.kd_connection) would refuse only the last one, after the others are done.
positional: _input
options:
  _input:
    description: A list of dictionaries with the options of M(kubedirector.connections.kd_connection).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show which KDClusters are changed first
  ansible.builtin.debug:
    msg: "{{ connections | kubedirector.connections.in_dependency_order | map(attribute='kdcluster') }}"
  vars:
    connections:
      - {kdcluster: [jupyter-notebook], clusters: [training-engine-tf]}
      - {kdcluster: [training-engine-tf], configmaps: [{name: training-data}]}
"""

RETURN = r"""
_value:
  description: The same dictionaries, sorted.
  type: list
  elements: dict
  sample:
    - {kdcluster: [training-engine-tf], configmaps: [{name: training-data}]}
    - {kdcluster: [jupyter-notebook], clusters: [training-engine-tf]}
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.kubedirector.connections.plugins.plugin_utils._entry_filters import (
    ordered,
    problems,
)


def in_dependency_order(entries: t.Any) -> list[dict[str, t.Any]]:
    """Sort kd_connection arguments.

    :param entries: a list of dictionaries.
    :returns: the same dictionaries; an entry that changes a KDCluster, or describes a ConfigMap or Secret,
        stands before those that connect to it or only name it.
    :raises AnsibleFilterError: something is wrong with them.
    """
    found = problems(entries)
    if found:
        raise AnsibleFilterError(" ".join(found))
    values, _read, order = ordered(entries)
    return [values[index] for index in order]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filter name to function."""
        return {"in_dependency_order": in_dependency_order}
