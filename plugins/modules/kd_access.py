#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make an account with the least rights that this collection needs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_access
short_description: Make an account with the least rights that this collection needs
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Makes a ServiceAccount, a Role with the rights that the modules of this collection need in one namespace to connect
    KDClusters and read back what their members got, and a RoleBinding, all of one name.
  - The Role and the RoleBinding get exactly these rights. Rights that others added are removed.
  - If this module did not make an object of that name, it leaves it alone, and the task fails.
  - Returns no token. C(kubectl create token) makes one.
options:
  name:
    description: Name of the ServiceAccount, the Role and the RoleBinding.
    type: str
    default: kd-connections
  manage_kdclusters:
    description: Also grant what M(kubedirector.connections.kd_cluster) needs, which is to create and delete KDClusters.
    type: bool
    default: false
  state:
    description: Whether the three objects exist.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - kubedirector.connections.auth
  - kubedirector.connections.attributes
notes:
  - In Kubernetes, users can only grant rights that they have. Run this as an administrator of the namespace who may use
    KubeDirector, or of the cluster.
seealso:
  - module: kubedirector.connections.kd_connection
"""

EXAMPLES = r"""
- name: An account that may connect what is in team-a
  kubedirector.connections.kd_access:
    namespace: team-a

- name: An account that may make and delete KDClusters, too
  kubedirector.connections.kd_access:
    namespace: team-a
    name: kd-admin
    manage_kdclusters: true

- name: A second account, for a pipeline
  kubedirector.connections.kd_access:
    namespace: team-a
    name: kd-pipeline

- name: Fail if its rights changed
  kubedirector.connections.kd_access:
    namespace: team-a
    name: kd-pipeline
  check_mode: true
  register: rights
  failed_when: rights is changed

- name: Take the right to make and delete KDClusters away again
  kubedirector.connections.kd_access:
    namespace: team-a
    name: kd-admin

- name: Remove the account and its rights
  kubedirector.connections.kd_access:
    namespace: team-a
    state: absent
"""

RETURN = r"""
objects:
  description: What was made, in order.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(ServiceAccount), V(Role) or V(RoleBinding).
      type: str
    name:
      description: Its name.
      type: str
    action:
      description: >-
        V(created), V(updated), V(deleted) or V(unchanged). If others meanwhile changed what the task wrote, the task fails, and
        this is V(unchanged).
      type: str
  sample:
    - {kind: ServiceAccount, name: kd-connections, action: created}
    - {kind: Role, name: kd-connections, action: created}
    - {kind: RoleBinding, name: kd-connections, action: created}
"""

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.runner import (
    run_module,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_access.argspec import (
    ACCESS_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_access.task import (
    AccessTask,
)


def arguments() -> dict[str, dict[str, object]]:
    """The module's own options, as an argument spec."""
    return ACCESS_ARGUMENTS


def main() -> None:
    """Run the module."""
    run_module(arguments(), AccessTask)


if __name__ == "__main__":
    main()
