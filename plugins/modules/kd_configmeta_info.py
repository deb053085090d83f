#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read configmeta.json back from the members of KubeDirector clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_configmeta_info
short_description: Read configmeta.json back from the members of KubeDirector clusters
version_added: 0.1.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Reads C(/etc/guestconfig/configmeta.json) from the members of KDClusters, side by side, and reports whether they agree with
    one another and with what is connected.
  - Redacts values of connected Secrets, service tokens and secret keys unless C(secrets) says otherwise.
options:
  kdcluster:
    description: KDClusters to read. Needed unless C(label_selectors) or C(apps) selects them.
    type: list
    elements: str
    aliases: [kdclusters]
  roles:
    description: Only members of these roles.
    type: list
    elements: str
  pods:
    description: Only members with these pods.
    type: list
    elements: str
  fields:
    description: Only these top-level parts of configmeta.json, such as V(connections) or V(node).
    type: list
    elements: str
  secrets:
    description:
      - How values of connected Secrets, service tokens and secret keys come back. With V(encoded) or V(decoded), set C(no_log)
        on the task.
      - With V(masked) and V(decoded), the Secrets' names, labels and keys are readable.
      - With V(encoded), Secrets come back as the file has them, every string in base64; tokens and secret keys, which the file
        has in the clear, are put into base64, too.
    type: str
    choices: [masked, encoded, decoded]
    default: masked
  resolve_refs:
    description: >-
      Replace every C(bdvlibrefkey) by what it points at; inside a connected KDCluster relative to that KDCluster, because some
      of the operator's references point at the wrong place.
    type: bool
    default: false
  on_member_error:
    description:
      - If a member cannot be read, V(fail) fails the task, and V(report) only sets the member's C(error).
      - A member of a role without a config package gets no configmeta.json. Its C(error) says so and never fails the task.
    type: str
    choices: [fail, report]
    default: fail
extends_documentation_fragment:
  - kubedirector.connections.auth
  - kubedirector.connections.selection
  - kubedirector.connections.attributes.info
seealso:
  - module: kubedirector.connections.kd_connection
"""

EXAMPLES = r"""
- name: See what the members of a notebook have got
  kubedirector.connections.kd_configmeta_info:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    fields: [connections]
  register: notebook

- name: Make sure that all members agree, and none is known to be stale
  ansible.builtin.assert:
    that:
      - notebook.kdclusters[0].consistent
      - notebook.kdclusters[0].members | selectattr('current', 'false') | list | length == 0

- name: Read connected Secrets in the clear, and show them nowhere
  kubedirector.connections.kd_configmeta_info:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    roles: [controller]
    fields: [connections]
    secrets: decoded
  no_log: true
  register: decoded

- name: Find the hosts of the services, where the file has references
  kubedirector.connections.kd_configmeta_info:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    fields: [services]
    resolve_refs: true

- name: Read a single member
  kubedirector.connections.kd_configmeta_info:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    pods: ["{{ notebook.kdclusters[0].members[0].pod }}"]

- name: Read all KDClusters of a KDApp, and report members that cannot be read
  kubedirector.connections.kd_configmeta_info:
    namespace: team-a
    apps: [training-notebook]
    on_member_error: report
  register: notebooks

- name: Read what the application reads, with Secrets in base64
  kubedirector.connections.kd_configmeta_info:
    namespace: team-a
    label_selectors: ["!experimental"]
    fields: [connections]
    secrets: encoded
  no_log: true
"""

RETURN = r"""
kdclusters:
  description: The KDClusters, in the order in which they were asked for.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    state:
      description: The operator's state of it.
      type: str
    consistent:
      description:
        - V(true) if all members agree, but for their own part C(node). A member of a role without a config package does not
          count.
        - V(false) if members differ, which C(differences) lists. V(null) if a member cannot be read and the others do not
          differ.
      type: bool
    differences:
      description: Where members differ, as a path and two pods.
      type: list
      elements: dict
      sample:
        - {pod: kdss-lj5fr-0, other_pod: kdss-lj5fr-1, path: "connections.configmaps.model[0].data.path"}
    members:
      description: Its members.
      type: list
      elements: dict
      contains:
        pod:
          description: Its pod.
          type: str
        role:
          description: Its role.
          type: str
        node_id:
          description: Its node ID.
          type: str
        configmeta:
          description: What it holds, or V(null).
          type: dict
        error:
          description: Why there is nothing, or V(null).
          type: str
        current:
          description:
            - V(true) if the connections that it holds equal what is live, and all could be compared. Of a connected KDCluster
              its identity and its members are compared.
            - V(false) if something does not, which C(stale) names. An object that the KDCluster names is never current while it
              does not exist or has no type label.
            - V(null) if the member cannot be read, or nothing that could be compared differs and C(not_compared) names
              something.
          type: bool
        stale:
          description: What does not equal what is live, as far as it could be compared.
          type: list
          elements: dict
          sample:
            - {kind: Secret, name: source-control-secret, reason: differs in data.branch}
        not_compared:
          description: What the KDCluster names and could not be compared, because the caller may not read it.
          type: list
          version_added: 1.0.0
          elements: dict
          sample:
            - {kind: Secret, name: source-control-secret}
  sample:
    - name: jupyter-notebook
      state: configured
      consistent: true
      differences: []
      members:
        - pod: kdss-lj5fr-0
          role: controller
          node_id: "1"
          configmeta:
            connections:
              clusters: {}
              configmaps: {}
              secrets:
                source-control:
                  - metadata: {name: source-control-secret}
                    labels: {kubedirector.hpe.com/secretType: source-control}
                    annotations: {}
                    data: {branch: "********", token: "********"}
          error: null
          current: true
          stale: []
          not_compared: []
"""

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.runner import (
    run_module,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_configmeta_info.argspec import (
    CONFIGMETA_INFO_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_configmeta_info.task import (
    ConfigmetaTask,
)


def arguments() -> dict[str, dict[str, object]]:
    """The module's own options, as an argument spec."""
    return CONFIGMETA_INFO_ARGUMENTS


def main() -> None:
    """Run the module."""
    run_module(arguments(), ConfigmetaTask)


if __name__ == "__main__":
    main()
