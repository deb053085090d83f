#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connect many ConfigMaps, Secrets and KDClusters to KubeDirector clusters in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_connections
short_description: Connect many ConfigMaps, Secrets and KDClusters to KubeDirector clusters in one task
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Does what M(kubedirector.connections.kd_connection) does for a list of entries, in one process.
  - Checks all entries before the first write, first without the Kubernetes cluster, then by the API server in a dry run.
    Reports every problem at once, with its entry and field.
  - The entries of a namespace are one change. Whatever their number, its KDClusters and KDApps are listed once, and each object
    and each KDCluster's connections are written once. Entries that contradict one another are refused.
  - Linked KDClusters change in dependency order, whatever the order of the entries. All others change side by side, in all
    namespaces.
  - If something fails in one namespace, the task still finishes the others, and the message says what each entry had done.
  - Shows the plan before the first write, and in check mode, if the module runs in Ansible's own worker process (connection
    C(local), the controller's own Python, no C(become), C(environment), C(async) or C(timeout)). Always returns it.
options:
  connections:
    description:
      - The entries. Each is a dictionary with its own C(namespace) and the options of M(kubedirector.connections.kd_connection)
        except those for authentication. Needed unless O(variable) is given.
      - C(wait), C(wait_timeout) and C(on_reconnect_failure) of an entry come before those of the task. The longest
        C(wait_timeout) of a namespace counts, and the strictest C(on_reconnect_failure) of the entries that name a KDCluster,
        or of all if none names it (C(versioned)). The task waits for a KDCluster if one of the entries that name it waits.
    type: list
    elements: dict
  variable:
    description:
      - The name of a variable that holds the entries, in place of O(connections).
      - Each template in it that cannot be worked out is reported with its entry and field, without the values around it.
    type: str
  file:
    description:
      - A file of variables with O(variable) in it, from the current directory. ansible-vault may have encrypted it, whole or
        value by value.
      - Templates in O(variable) know its other variables, which override all but extra variables (C(-e)). A C(kd_auth) in it
        replaces the task's options for authentication. Nothing else uses the file.
    type: path
  places:
    description:
      - Where each entry was written, for messages, such as V(connections.yml:6). With O(variable) the task finds them itself.
        For O(connections) use the filter P(kubedirector.connections.entry_places#filter).
      - For a list that was put together from several, a place may bring its own number, such as V(Connections, entry 1).
    type: list
    elements: str
  wait:
    description: For entries that do not say; see O(kubedirector.connections.kd_connection#module:wait).
    type: bool
    default: true
  wait_timeout:
    description: For entries that do not say; see O(kubedirector.connections.kd_connection#module:wait_timeout).
    type: int
    default: 300
  on_reconnect_failure:
    description: For entries that do not say; see O(kubedirector.connections.kd_connection#module:on_reconnect_failure).
    type: str
    choices: [warn, fail, ignore]
    default: warn
extends_documentation_fragment:
  - kubedirector.connections.auth
  - kubedirector.connections.attributes
seealso:
  - module: kubedirector.connections.kd_connection
  - module: kubedirector.connections.kd_configmeta_info
"""

EXAMPLES = r"""
- name: Give one token to two notebooks, and connect one of them to a training engine
  kubedirector.connections.kd_connections:
    connections:
      - namespace: team-a
        kdcluster: [jupyter-notebook, deployment-engine]
        secrets:
          - name: git-login
            type: source-control
            string_data:
              type: github
              repoURL: https://git.example.com/team-a/notebooks.git
              token: "{{ source_control_token }}"
      - namespace: team-a
        kdcluster: [jupyter-notebook]
        clusters: [training-engine-tf]

- name: Show what another list would change
  kubedirector.connections.kd_connections: &list
    variable: kd_connections
  vars: &vars
    kd_connections:
      # What this entry connects, the next one makes.
      - {namespace: team-a, kdcluster: [jupyter-notebook], configmaps: [training-data]}
      - namespace: team-a
        kdcluster: [training-engine-tf]
        configmaps:
          - {name: training-data, type: data-source, data: {url: "https://data.example.com/sets/1"}}
  check_mode: true
  register: planned

- name: Print the plan
  ansible.builtin.debug:
    var: planned.plan

- name: Apply it, and fail where a start script fails
  kubedirector.connections.kd_connections:
    <<: *list
    on_reconnect_failure: fail
    wait_timeout: 600
  vars: *vars

- name: Apply the list kd_connections of a file that lies beside the playbook
  kubedirector.connections.kd_connections:
    variable: kd_connections
    file: "{{ playbook_dir }}/connections.yml"

- name: Move a notebook from one training engine to another, in one change
  kubedirector.connections.kd_connections:
    connections:
      - {namespace: team-a, kdcluster: [jupyter-notebook], clusters: [training-engine-tf], state: absent}
      - {namespace: team-a, kdcluster: [jupyter-notebook], clusters: [training-engine-pytorch]}

- name: Connect a Secret that exists to all KDClusters of a KDApp
  kubedirector.connections.kd_connections:
    connections:
      - {namespace: team-a, apps: [training-notebook], secrets: [git-login]}

- name: Take the token away, and delete its Secret
  kubedirector.connections.kd_connections:
    connections:
      - namespace: team-a
        kdcluster: [jupyter-notebook, deployment-engine]
        secrets: [git-login]
        state: absent
        delete_objects: true
"""

RETURN = r"""
objects:
  description: What happened to the objects, as in M(kubedirector.connections.kd_connection).
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(ConfigMap) or V(Secret).
      type: str
    namespace:
      description: Its namespace.
      type: str
    name:
      description: Its name, without the hash of a version.
      type: str
    versioned_name:
      description: The name with the hash; V(null) if it is not a version.
      type: str
      sample: convolutional-nn-model-6b86b273ff
    type:
      description: The value of its type label, or V(null).
      type: str
    action:
      description: V(created), V(updated), V(unchanged), V(deleted) or V(absent), as in M(kubedirector.connections.kd_connection).
      type: str
  sample:
    - {kind: ConfigMap, namespace: team-a, name: convolutional-nn-model, versioned_name: null, type: model, action: created}
kdclusters:
  description: The KDClusters whose connections are managed, as in M(kubedirector.connections.kd_connection).
  returned: always
  type: list
  elements: dict
  contains:
    namespace:
      description: Its namespace.
      type: str
    name:
      description: Its name.
      type: str
    action:
      description: V(updated) if its connections were written and stayed, else V(unchanged).
      type: str
    connections:
      description: Its connections as last seen, in order; in check mode as they would be.
      type: dict
    connection_hash:
      description: The operator's hash over all that is connected (status.lastConnectionHash).
      type: str
    spec_generation:
      description: The operator's generation of it (status.specGenerationToProcess); V(null) before the first.
      type: int
    state:
      description: The operator's state of it.
      type: str
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
        has_configmeta:
          description: Whether it gets configmeta.json.
          type: bool
        reconnect:
          description: How the start script ended, or V(null), as in M(kubedirector.connections.kd_connection).
          type: dict
  sample:
    - namespace: team-a
      name: deployment-engine
      action: updated
      connections: {clusters: [], configmaps: [convolutional-nn-model], secrets: []}
      connection_hash: 1b0ddb1e2d7b0bbd3ac0ca0cb7d0cd57
      spec_generation: 2
      state: configured
      members:
        - {pod: kdss-4kzx2-0, role: RESTServer, node_id: "1", has_configmeta: true, reconnect: {rc: 0, stderr: ""}}
plan:
  description: What is to change, as in M(kubedirector.connections.kd_connection), for each namespace.
  returned: always
  type: list
  elements: str
  sample:
    - team-a
    - "  + Secret git-login (source-control)        create, 7 keys"
    - "  ~ jupyter-notebook                         + Secret git-login; 2 members, start script runs once"
    - "  = training-engine-tf                       unchanged"
problems:
  description: What is wrong with the entries, one sentence each; nothing was written then.
  returned: always
  type: list
  elements: str
  sample:
    - "connections.yml:7, entry 1 (kdcluster jupyter-notebook), secret: is not an option here; did you mean secrets?"
duration:
  description: How long the task worked and waited, in whole seconds.
  returned: unless an option was refused
  type: int
  sample: 24
"""

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.runner import (
    run_module,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.argspec import (
    CONNECTIONS_ARGUMENTS,
    CONNECTIONS_IN_FULL,
    CONNECTIONS_SECRECY,
    with_named_objects_in_entries,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.list_task import (
    ConnectionsTask,
)


def arguments() -> dict[str, dict[str, object]]:
    """The module's own options, as an argument spec."""
    return CONNECTIONS_ARGUMENTS


def main() -> None:
    """Run the module."""
    run_module(
        arguments(),
        ConnectionsTask,
        with_named_objects_in_entries,
        secrecy=CONNECTIONS_SECRECY,
        in_full=CONNECTIONS_IN_FULL,
    )


if __name__ == "__main__":
    main()
