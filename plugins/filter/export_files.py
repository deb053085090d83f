# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what kd_connection_info returns as files for the playbook connect."""

from __future__ import annotations

DOCUMENTATION = r"""
name: export_files
short_description: Write what kd_connection_info returns as files for the playbook connect
version_added: 0.2.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Makes a file of variables for each namespace, with C(kd_connections) in it. The playbook C(connect) finds nothing to change
    as long as what is live stays the same.
  - An entry for each KDCluster names what it connects to, in the order of its spec, and is C(exclusive).
  - ConfigMaps and Secrets are named only. No value is in the file.
  - What M(kubedirector.connections.kd_connections) would refuse, such as a connection to an object that does not exist, is not in
    C(kd_connections) but in C(kd_left_out), with the reason. The entry of that KDCluster is not C(exclusive) then, so that it
    leaves the rest alone.
positional: _input
options:
  _input:
    description: The result of M(kubedirector.connections.kd_connection_info).
    type: dict
    required: true
seealso:
  - module: kubedirector.connections.kd_connections
"""

EXAMPLES = r"""
- name: Look at a namespace
  kubedirector.connections.kd_connection_info:
    namespace: team-a
  register: found

- name: Show the files
  ansible.builtin.debug:
    msg: "{{ found | kubedirector.connections.export_files }}"
"""

RETURN = r"""
_value:
  description:
    - By namespace, of those that have KDClusters.
    - C(name) is the file's name, C(content) its text, C(summary) sentences about what is in it and what is left out.
  type: list
  elements: dict
  sample:
    - namespace: team-a
      name: team-a-connections.yml
      content: |
        ---
        # The connections in namespace team-a of https://api.example.com:6443, as they were when the playbook export ran.
        # The next export replaces this file: rename it before you change it.
        kd_connections:
          - namespace: team-a
            kdcluster:
              - jupyter-notebook
            clusters:
              - training-engine-tf
            exclusive: true
      summary:
        - "team-a-connections.yml: 1 of 1 KDCluster in full."
"""

import typing as t

import yaml

from ansible_collections.kubedirector.connections.plugins.plugin_utils._export import exported
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import info_result

_WIDTH = 120


class _Indented(yaml.SafeDumper):
    """Indents lists below their key, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


# Ansible's own kinds of text, too.
_Indented.add_multi_representer(str, lambda dumper, text: dumper.represent_str("".join(text)))


def export_files(found: t.Any) -> list[dict[str, t.Any]]:
    """Write the files. :raises AnsibleFilterError: this is not a result of the module."""
    parts = ("server", "kdclusters", "objects", "problems")
    live = info_result(found, "export_files", parts)
    return [_file(space, live["server"]) for space in exported(live)]


def _file(space: t.Mapping[str, t.Any], server: str) -> dict[str, t.Any]:
    namespace, left_out = space["namespace"], space["left_out"]
    name = f"{namespace}-connections.yml"
    text = (
        f"---\n# The connections in namespace {namespace} of {server}, as they were when the playbook export ran.\n"
        "# The next export replaces this file: rename it before you change it.\n"
        + _yaml({"kd_connections": space["kd_connections"]})
    )
    if left_out:
        text += "\n# Connections that connect would refuse, and why. It leaves them alone.\n"
        text += _yaml({"kd_left_out": left_out})
    in_full = sum(bool(entry.get("exclusive")) for entry in space["kd_connections"])
    names = {one["kdcluster"] for one in left_out}
    names.update(name for entry in space["kd_connections"] for name in entry["kdcluster"])
    count = f"{in_full} of {len(names)} KDCluster{'' if len(names) == 1 else 's'} in full."
    return {
        "namespace": namespace,
        "name": name,
        "content": text,
        "summary": [
            f"{name}: {count}",
            *(f"left out: {problem}" for one in left_out for problem in one["problems"]),
        ],
    }


def _yaml(value: t.Any) -> str:
    return yaml.dump(value, Dumper=_Indented, sort_keys=False, width=_WIDTH)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filter name to function."""
        return {"export_files": export_files}
