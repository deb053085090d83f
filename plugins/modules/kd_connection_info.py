#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say what is connected to what in KubeDirector, and what is wrong with it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_connection_info
short_description: Say what is connected to what in KubeDirector, and what is wrong with it
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Lists KDClusters, the ConfigMaps and Secrets that have to do with connections, and who connects to what.
  - Reports problems by a code, for example connections that the operator silently skips, cycles, and unused objects.
  - Says who uses a ConfigMap, Secret or KDCluster, and whose start script runs when it changes.
  - Asks for each kind once in each namespace, and of ConfigMaps and Secrets only for the metadata, so no Secret's values leave
    the API server. What only the data or the members show needs C(members).
  - Returns what the caller may see; C(not_seen) says what is left out. Without the right to list Secrets or ConfigMaps it looks
    at those that KDClusters name, so it does not find unused ones.
options:
  namespace:
    description: >-
      Namespaces to look at. Left out, that of the kubeconfig's context, or else V(default). Without effect beside
      C(all_namespaces).
    type: list
    elements: str
  all_namespaces:
    description: Look at all namespaces, by one request for each kind and each 500 objects.
    type: bool
    default: false
  kdcluster:
    description: Only these KDClusters. Each must exist in one of the namespaces.
    type: list
    elements: str
    aliases: [kdclusters]
  label_selectors:
    description: Only KDClusters that meet all these label selectors, in the syntax of Kubernetes.
    type: list
    elements: str
  apps:
    description: Only KDClusters of these KDApps.
    type: list
    elements: str
  configmap:
    description: Only KDClusters that use this ConfigMap, directly or through KDClusters that they connect to; C(usage) says how.
    type: str
  secret:
    description: As C(configmap), for this Secret.
    type: str
  cluster:
    description: As C(configmap), for this KDCluster.
    type: str
  members:
    description:
      - Look into the members, too, by two commands in each. This finds members that differ or have old data, start scripts that
        failed or did not run for an object's last change, trailing newlines, and credentials in a ConfigMap's values (otherwise
        only by the names of its keys).
      - For that the data of connected ConfigMaps are read. A Secret's values are compared between members only.
    type: bool
    default: false
  summary:
    description:
      - Return C(table), of each KDCluster only namespace, name and state, and no C(objects) and C(edges).
      - Ansible looks at each value that a task returns, which takes longer than reading hundreds of KDClusters.
    type: bool
    default: false
extends_documentation_fragment:
  - kubedirector.connections.auth
  - kubedirector.connections.attributes.info
seealso:
  - module: kubedirector.connections.kd_connection
  - module: kubedirector.connections.kd_configmeta_info
notes:
  - Several of C(kdcluster), C(label_selectors), C(apps), C(configmap), C(secret) and C(cluster) narrow the result; of the last
    three one suffices. Then only objects are returned that were asked for or that the remaining KDClusters name.
"""

EXAMPLES = r"""
- name: See what there is in a namespace
  kubedirector.connections.kd_connection_info:
    namespace: team-a
  register: found

- name: Fail where something is wrong
  ansible.builtin.assert:
    that: found.problems | selectattr('severity', 'equalto', 'error') | length == 0
    fail_msg: "{{ found.problems | map(attribute='message') | list }}"

- name: Look at the whole Kubernetes cluster, as a table
  kubedirector.connections.kd_connection_info:
    all_namespaces: true
    summary: true
  register: overview

- name: Print the table
  ansible.builtin.debug:
    msg: "{{ overview.table }}"

- name: Look at all notebooks, into their members too
  kubedirector.connections.kd_connection_info:
    all_namespaces: true
    label_selectors: ["purpose=notebook", "stage in (test, production)"]
    members: true

- name: Look at all KDClusters of a KDApp
  kubedirector.connections.kd_connection_info:
    namespace: team-a
    apps: [jupyter-notebook]

- name: Ask who uses a Secret, and who runs a start script when it changes
  kubedirector.connections.kd_connection_info:
    namespace: team-a
    secret: source-control-secret
  register: users

- name: Say so
  ansible.builtin.debug:
    msg: "{{ users.usage | map(attribute='start_scripts') | flatten }}"

- name: Ask who connects to a training engine
  kubedirector.connections.kd_connection_info:
    namespace: team-a
    cluster: training-engine-tf

- name: Find Secrets that nothing uses, and which tool manages them
  kubedirector.connections.kd_connection_info:
    all_namespaces: true
  register: estate

- name: Show them
  ansible.builtin.debug:
    msg: "{{ estate.objects | selectattr('kind', 'equalto', 'Secret') | rejectattr('connected_to') }}"
"""

RETURN = r"""
table:
  description:
    - Lines for people, at most 88 characters each, in printable ASCII; another character is a question mark. Long names are
      folded. Empty unless C(summary) is true.
    - A table for each namespace, with KDCluster, KDApp, state, number of members (configured and all, if these differ), what it
      connects to, what connects to it, and the codes of its problems. Before it, who uses an object, if that was asked. Below
      it, objects that are connected to nothing, and each problem in words.
  returned: always
  type: list
  elements: str
  sample:
    - "Namespace team-a: 1 KDCluster, 0 problems"
    - "KDCLUSTER         APP               STATE       MEMBERS  CONNECTS TO           CONNECTED BY  PROBLEMS"
    - "jupyter-notebook  jupyter-notebook  configured  1        secret/git-login"
server:
  description: The API server's address.
  returned: always
  type: str
  sample: https://api.example.com:6443
kdclusters:
  description: The KDClusters, by namespace and name. With C(summary) only C(namespace), C(name) and C(state) of each.
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
    app:
      description: Its KDApp.
      type: str
    state:
      description: The operator's state of it.
      type: str
    settled:
      description: >-
        Whether the operator has brought all that is live to every member. V(null) if it looks so and the caller may not read
        all objects that it names.
      type: bool
    terminating:
      description: Whether it is being deleted.
      type: bool
    labels:
      description: Its labels.
      type: dict
    members:
      description: Its members, by the KDCluster's status.
      type: list
      elements: dict
    connections:
      description: What it connects to, in the order of its spec.
      type: dict
    connected_by:
      description: KDClusters that connect to it.
      type: list
      elements: str
    services:
      description:
        - The services of its KDApp, each with an endpoint for each member, whose host name ends in C(.svc) and can be resolved
          in pods of the Kubernetes cluster.
        - Empty if the KDApp is not in the namespace or may not be read.
      type: list
      elements: dict
  sample:
    - namespace: team-a
      name: jupyter-notebook
      app: jupyter-notebook
      state: configured
      settled: true
      terminating: false
      labels: {purpose: notebook}
      members: [{pod: kdss-lj5fr-0, role: controller, state: configured}]
      connections: {clusters: [training-engine-tf], configmaps: [], secrets: [source-control-secret]}
      connected_by: []
      services: [{name: notebook, endpoints: ["http://kdss-lj5fr-0.kdhs-8qzvh.team-a.svc:8888"]}]
objects:
  description: ConfigMaps and Secrets that have a type label or that a KDCluster names, from their metadata.
  returned: always
  type: list
  elements: dict
  contains:
    namespace:
      description: Its namespace.
      type: str
    kind:
      description: V(ConfigMap) or V(Secret).
      type: str
    name:
      description: Its name.
      type: str
    type:
      description: The value of its type label, or V(null).
      type: str
    connected_to:
      description: KDClusters that name it.
      type: list
      elements: str
    immutable:
      description: Whether it is immutable.
      type: bool
    terminating:
      description: Whether it is being deleted.
      type: bool
    owner:
      description: Kind and name of the object that controls it, or V(null).
      type: str
    field_managers:
      description: Who wrote it, as the API server recorded it.
      type: list
      elements: str
  sample:
    - namespace: team-a
      kind: Secret
      name: source-control-secret
      type: source-control
      connected_to: [jupyter-notebook]
      immutable: false
      terminating: false
      owner: ExternalSecret/source-control-secret
      field_managers: [kubedirector.connections]
edges:
  description: Each connection; C(from) is a KDCluster, C(kind) is that of C(to).
  returned: always
  type: list
  elements: dict
  sample:
    - {namespace: team-a, from: jupyter-notebook, to: training-engine-tf, kind: KDCluster}
    - {namespace: team-a, from: jupyter-notebook, to: source-control-secret, kind: Secret}
usage:
  description: The answer to C(configmap), C(secret) and C(cluster), for each namespace where it exists or a KDCluster names it.
  returned: always
  type: list
  elements: dict
  contains:
    namespace:
      description: The namespace.
      type: str
    kind:
      description: V(ConfigMap), V(Secret) or V(KDCluster).
      type: str
    name:
      description: The name that was asked for.
      type: str
    exists:
      description: Whether it exists; V(null) if the caller may not know.
      type: bool
    used_by:
      description: KDClusters that name it.
      type: list
      elements: str
    used_through:
      description: KDClusters that connect to one of these, directly or through others.
      type: list
      elements: str
    start_scripts:
      description: The members whose start script the operator runs with C(--reconnect) when it changes, by KDCluster.
      type: list
      elements: dict
  sample:
    - namespace: team-a
      kind: Secret
      name: source-control-secret
      exists: true
      used_by: [jupyter-notebook]
      used_through: [dashboard]
      start_scripts: [{kdcluster: jupyter-notebook, pods: [kdss-lj5fr-0]}]
problems:
  description: What is wrong, errors first.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description:
        - Errors are V(missing_object) and V(unlabelled_object) (the operator skips the connection), V(foreign_app) (the KDApp
          is not in the namespace), V(cycle), V(config_error), V(stale_configmeta) (members do not hold what is live),
          V(inconsistent_members), V(reconnect_failed) and V(stuck_operator).
        - Warnings are V(missed_reconnect) (a start script did not run for the last change, or will not for the next one),
          V(duplicate_type), V(secret_in_configmap), V(trailing_newline), V(last_applied_leak), V(exposed_secret_keys),
          V(no_config_package), V(binary_data_dropped), V(leftover_copy) (of a task of this collection) and V(restoring).
        - V(unused_object) is for information.
      type: str
    severity:
      description: V(error), V(warning) or V(info).
      type: str
    message:
      description: What is wrong with which object.
      type: str
    hint:
      description: What to do.
      type: str
    namespace:
      description: The namespace.
      type: str
    kdcluster:
      description: The KDCluster, or V(null).
      type: str
    object:
      description: Kind and name of the object, or V(null).
      type: str
  sample:
    - code: missing_object
      severity: error
      message: >-
        KDCluster team-a/jupyter-notebook names ConfigMap team-a/training-data, which does not exist: the operator skips it
        silently.
      hint: Create it with its type, or disconnect it.
      namespace: team-a
      kdcluster: jupyter-notebook
      object: ConfigMap/training-data
not_seen:
  description: What the caller may not see, and which right is missing; with C(members), members that cannot be read.
  returned: always
  type: list
  elements: dict
  contains:
    namespace:
      description: The namespace; V(null) for all.
      type: str
    kind:
      description: The kind.
      type: str
    reason:
      description: Why.
      type: str
  sample:
    - namespace: team-a
      kind: Secret
      reason: >-
        Cannot list Secrets in namespace team-a: forbidden (403). Grant the verb 'list' on resource 'secrets' in namespace
        team-a, by a Role and a RoleBinding.
"""

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.runner import (
    run_module,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection_info.argspec import (
    CONNECTION_INFO_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection_info.task import (
    ConnectionInfoTask,
)


def arguments() -> dict[str, dict[str, object]]:
    """The module's own options, as an argument spec."""
    return CONNECTION_INFO_ARGUMENTS


def main() -> None:
    """Run the module."""
    run_module(arguments(), ConnectionInfoTask)


if __name__ == "__main__":
    main()
