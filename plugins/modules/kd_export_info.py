#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make files of what is connected in KubeDirector."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_export_info
short_description: Make files of what is connected in KubeDirector
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Returns the text of a file of variables for each namespace, with C(kd_connections) in it. The playbook C(connect) changes
    nothing with it while what is live stays the same. The playbook C(export) writes these files.
  - An entry for each KDCluster names what it connects to, in the order of its spec, and is C(exclusive). ConfigMaps and Secrets
    are named only, unless the options ask for more.
  - What M(kubedirector.connections.kd_connections) would refuse, such as a connection to an object that does not exist, is in
    C(kd_left_out) instead, with the reason. If only some connections of a KDCluster are left out, its entry is not
    C(exclusive), so that it leaves these alone. If all are, the KDCluster has no entry.
options:
  found:
    description: >-
      The result of M(kubedirector.connections.kd_connection_info). It decides which KDClusters and objects are in the files.
    type: dict
    required: true
  configmap_data:
    description:
      - Read the connected ConfigMaps, and describe each by an entry with its type, C(data) and C(binary_data).
      - The result is not shown then, as with C(no_log). In a loop, set C(no_log).
    type: bool
    default: false
  clusters:
    description:
      - Also make a file for each namespace with C(kd_clusters) in it, a list of options of
        M(kubedirector.connections.kd_cluster) that change nothing there, without connections and without values of
        C(secret_keys); a comment says which are left out.
      - The result is not shown then, as with C(no_log), because C(env) may hold a credential.
    type: bool
    default: false
  secret_values:
    description:
      - Also read the connected Secrets, and make a file for each namespace that describes them by an entry of C(kd_connections)
        with type, C(secret_type) and C(data), encrypted by ansible-vault.
      - The password is that of the run (C(--vault-id), C(--vault-password-file) and the like); of several, that of the setting
        C(vault_encrypt_identity), else the first. Without one the task fails and reads nothing.
    type: bool
    default: false
  directory:
    description: >-
      Where the files are to be written, on the controller. An encrypted file there with the same content is returned as it is,
      because encrypting again gives another text.
    type: str
extends_documentation_fragment:
  - kubedirector.connections.auth
  - kubedirector.connections.attributes.info
seealso:
  - module: kubedirector.connections.kd_connection_info
  - module: kubedirector.connections.kd_connections
  - module: kubedirector.connections.kd_cluster
notes:
  - The option C(namespace) has no effect; C(found) has the namespaces.
"""

EXAMPLES = r"""
- name: Look at a namespace
  kubedirector.connections.kd_connection_info:
    namespace: team-a
  register: found

- name: Look at one notebook
  kubedirector.connections.kd_connection_info:
    namespace: team-a
    kdcluster: [jupyter-notebook]
  register: notebook

- name: Look at all namespaces
  kubedirector.connections.kd_connection_info:
    all_namespaces: true
  register: estate

- name: Make a file of it
  kubedirector.connections.kd_export_info:
    found: "{{ found }}"
  register: export

- name: Make files with the ConfigMaps' data and the KDClusters, too
  kubedirector.connections.kd_export_info:
    found: "{{ found }}"
    configmap_data: true
    clusters: true
  register: more

- name: Make a file of one notebook only
  kubedirector.connections.kd_export_info:
    found: "{{ notebook }}"
  register: one

- name: Make a file with the data of its ConfigMaps
  kubedirector.connections.kd_export_info:
    found: "{{ notebook }}"
    configmap_data: true
  register: with_data

- name: Make a file with the KDCluster itself
  kubedirector.connections.kd_export_info:
    found: "{{ notebook }}"
    clusters: true
  register: with_cluster

- name: Make a file of each namespace
  kubedirector.connections.kd_export_info:
    found: "{{ estate }}"
  register: all

- name: Say what is in them, and what is left out
  ansible.builtin.debug:
    msg: "{{ all.files | map(attribute='summary') | flatten }}"

- name: Show it
  ansible.builtin.debug:
    msg: "{{ export.files | map(attribute='content') | list }}"
"""

RETURN = r"""
files:
  description: By namespace, of those that have KDClusters.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: The namespace.
      type: str
    name:
      description: The file's name.
      type: str
    origin:
      description: The line of its text that says what it is, and of which API server.
      type: str
    encrypted:
      description: Whether C(content) is encrypted by ansible-vault.
      type: bool
    content:
      description: Its text.
      type: str
    summary:
      description: What is in it and what is left out, in sentences.
      type: list
      elements: str
  sample:
    - namespace: team-a
      name: team-a-connections.yml
      origin: >-
        # The connections in namespace team-a of https://api.example.com:6443, as they were when the playbook export ran.
      encrypted: false
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

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.runner import (
    run_module,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_export_info.argspec import (
    EXPORT_INFO_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_export_info.task import (
    ExportInfoTask,
)


def arguments() -> dict[str, dict[str, object]]:
    """The module's own options, as an argument spec."""
    return EXPORT_INFO_ARGUMENTS


def main() -> None:
    """Run the module."""
    run_module(arguments(), ExportInfoTask)


if __name__ == "__main__":
    main()
