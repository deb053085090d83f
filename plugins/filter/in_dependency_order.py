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
    Secret before those that only name it.
  - Arguments that have nothing to do with one another keep their order.
  - Arguments that together would connect a KDCluster to itself, directly or through others, are refused. Each of
    them may be fine alone, so that M(kubedirector.connections.kd_connection) would refuse only the last one, after
    the others are done.
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

from ansible_collections.kubedirector.connections.plugins.module_utils import _links


def in_dependency_order(entries: t.Any) -> list[dict[str, t.Any]]:
    """Sort kd_connection arguments.

    :param entries: a list of dictionaries; namespace, kdcluster (kdclusters) and clusters are looked at.
    :returns: the same dictionaries; an entry that changes a KDCluster, or describes a ConfigMap or Secret,
        stands before those that connect to it or only name it.
    :raises AnsibleFilterError: entries is no list of dictionaries, or they would make a cycle.
    """
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AnsibleFilterError(
            "in_dependency_order needs a list of dictionaries with kd_connection's options."
        )
    _refuse_cycles(entries)
    links = {
        str(index): [
            str(other)
            for other, candidate in enumerate(entries)
            if other != index
            and candidate.get("namespace") == entry.get("namespace")
            and (
                set(_names(entry.get("clusters"))) & set(_changed(candidate))
                or _objects(entry, described=False) & _objects(candidate, described=True)
            )
        ]
        for index, entry in enumerate(entries)
    }
    return [entries[int(index)] for index in _links.in_dependency_order(links, links)]


def _refuse_cycles(entries: list[dict[str, t.Any]]) -> None:
    connected: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for entry in entries:
        if entry.get("state", "present") == "present":
            namespace = str(entry.get("namespace") or "")
            for name in _changed(entry):
                targets = connected.setdefault((namespace, name), [])
                targets += [(namespace, target) for target in _names(entry.get("clusters"))]
    links = {"/".join(key): ["/".join(target) for target in ts] for key, ts in connected.items()}
    for name in links:
        cycle = _links.find_cycle(links, name)
        if cycle is not None:
            trail = " -> ".join(one.removeprefix("/") for one in cycle)
            raise AnsibleFilterError(
                f"These connections would connect KDCluster {name.removeprefix('/')} to itself through a cycle "
                f"({trail}), which makes the operator stuck within a second. Take one of them out."
            )


def _changed(entry: dict[str, t.Any]) -> list[str]:
    return _names(entry.get("kdcluster", entry.get("kdclusters")))


def _objects(entry: dict[str, t.Any], *, described: bool) -> set[tuple[str, str]]:
    """(option, name) of the ConfigMaps and Secrets that an entry describes, or only names."""
    return {
        (option, str(found.get("name")))
        for option in ("configmaps", "secrets")
        for found in entry.get(option) or ()
        if isinstance(found, dict) and (len(found) > 1) == described
    }


def _names(value: t.Any) -> list[str]:
    """A list of names, which may be written as one string with commas, as Ansible allows."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",")]
    return [str(name) for name in value or ()]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filter name to function."""
        return {"in_dependency_order": in_dependency_order}
