#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create, scale and delete KubeDirector clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_cluster
short_description: Create, scale and delete KubeDirector clusters
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Creates a KDCluster, with its connections from the start if you name some, and waits until it is configured; updates one
    that exists; or deletes it and waits until it is gone.
  - Compares options with the stored KDCluster by their meaning, because the operator fills in defaults, leaves out empty lists,
    rewrites quantities and encrypts secret keys. Options that you leave out stay as they are.
  - Waits until all KDClusters that are linked to this one, either way, are settled before it changes this one, because the
    operator gets stuck otherwise.
  - After a write or a wait, the task reads the result again. If others changed it meanwhile (its scale, its connections, a
    deletion, another KDCluster of its name), it fails, and names the field manager and time that the API server recorded.
options:
  name:
    description: Name of the KDCluster. Required, unless O(definition) or O(src) has it.
    type: str
    aliases: [kdcluster]
  definition:
    description:
      - A manifest of the KDCluster (C(KubeDirectorCluster)), its connections included, in place of the single options. It means
        what these mean, so what it leaves out stays as it is.
      - O(state), O(force), O(wait) and O(wait_timeout) may be given besides, and O(name) and O(namespace) if they are those of
        the manifest. Other options are refused.
      - The C(status) and what the API server and the operator write in the metadata are left out, as in
        O(kubedirector.connections.kd_connection#module:configmaps[].definition). Other fields without an option, such as
        C(ownerReferences), or C(encryptedValue) of a secret key, are refused by name.
    type: dict
  src:
    description: >-
      A file with O(definition), as O(kubedirector.connections.kd_connection#module:configmaps[].src), but values must have the
      types that Kubernetes asks for.
    type: str
  state:
    description: >-
      V(present) creates the KDCluster or updates it. V(absent) deletes it; refused while another KDCluster of the namespace
      connects to it.
    type: str
    choices: [present, absent]
    default: present
  force:
    description: >-
      With O(state=absent), delete the KDCluster although others connect to it. One that is being restored is not deleted
      without the label C(kubedirector.hpe.com/allow-delete-while-restoring).
    type: bool
    default: false
  app:
    description: Its KDApp. Needed to create a KDCluster; cannot be changed.
    type: str
  app_catalog:
    description: >-
      Where the KDApp is, the KDCluster's own namespace or that of the operator. Left out, both are searched. Cannot be changed.
    type: str
    choices: [local, system]
    aliases: [appCatalog]
  service_type:
    description: Type of its members' services. The operator has a default.
    type: str
    choices: [ClusterIP, NodePort, LoadBalancer]
    aliases: [serviceType]
  naming_scheme:
    description: How the operator names what it makes for it. The operator has a default.
    type: str
    choices: [UID, CrNameRole]
    aliases: [namingScheme]
  default_secret:
    description: A Secret to mount into the members of each role without C(roles[].secret).
    type: dict
    aliases: [defaultSecret]
    suboptions: &secret
      name:
        description: Name of the Secret.
        type: str
        required: true
      mount_path:
        description: Where to mount it.
        type: str
        required: true
        aliases: [mountPath]
      default_mode:
        description: File mode, as a number.
        type: int
        aliases: [defaultMode]
      read_only:
        description: Whether to mount it read-only.
        type: bool
        aliases: [readOnly]
  roles:
    description:
      - Its roles. Needed to create a KDCluster. Roles that are not given stay.
      - While a role has members, the operator refuses changes other than of C(roles[].members).
    type: list
    elements: dict
    suboptions:
      id:
        description: The role's name in the KDApp.
        type: str
        required: true
      members:
        description: How many members. Left out on creation, as many as the KDApp asks for at least.
        type: int
      resources:
        description: Resources of each member. Needed to create a role.
        type: dict
        suboptions:
          limits:
            description: Limits by resource; V(memory) and V(cpu) are needed.
            type: dict
          requests:
            description: Requests by resource.
            type: dict
      storage:
        description: Persistent storage of each member.
        type: dict
        suboptions:
          size:
            description: How much, such as V(10Gi).
            type: str
            required: true
          storage_class_name:
            description: The storage class. The operator has a default.
            type: str
            aliases: [storageClassName]
      block_storage:
        description: Block devices of each member.
        type: dict
        aliases: [blockStorage]
        suboptions:
          storage_class_name:
            description: The storage class.
            type: str
            required: true
            aliases: [storageClassName]
          path_prefix:
            description: What the devices' paths begin with.
            type: str
            required: true
            aliases: [pathPrefix]
          num_devices:
            description: How many devices.
            type: int
            required: true
            aliases: [numDevices]
          size:
            description: Size of each.
            type: str
      shared_memory:
        description: Size of C(/dev/shm), such as V(1Gi).
        type: str
        aliases: [sharedMemory]
      env:
        description: Environment variables of each member. Do not put secrets here.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the variable.
            type: str
            required: true
          value:
            description: Its value. Numbers and booleans become text.
            type: raw
            required: true
      secret_keys:
        description:
          - Secrets that the start script finds in configmeta.json. The operator stores them encrypted.
          - The task compares a value with the one in a member, which holds it in the clear. If no member can be read, existing
            keys stay, with a warning.
        type: list
        elements: dict
        aliases: [secretKeys]
        suboptions:
          name:
            description: Name of the key.
            type: str
            required: true
          value:
            description: Its value in plain text.
            type: str
            required: true
      secret:
        description: A Secret to mount into each member.
        type: dict
        suboptions: *secret
      service_account_name:
        description: ServiceAccount of the members' pods. The caller must be allowed to C(get) it.
        type: str
        aliases: [serviceAccountName]
      pod_labels:
        description: Labels of the members' pods; others stay.
        type: dict
        aliases: [podLabels]
      pod_annotations:
        description: Annotations of the members' pods; others stay.
        type: dict
        aliases: [podAnnotations]
      service_labels:
        description: Labels of the members' services; others stay.
        type: dict
        aliases: [serviceLabels]
      service_annotations:
        description: Annotations of the members' services; others stay.
        type: dict
        aliases: [serviceAnnotations]
      file_injections:
        description: Files to download into each member.
        type: list
        elements: dict
        aliases: [fileInjections]
        suboptions:
          src_url:
            description: URL of the file.
            type: str
            required: true
            aliases: [srcURL]
          dest_dir:
            description: Directory to put it into.
            type: str
            required: true
            aliases: [destDir]
          permissions:
            description: Its mode, owner and group.
            type: dict
            suboptions:
              file_mode:
                description: File mode, as a number.
                type: int
                aliases: [fileMode]
              file_owner:
                description: Owner.
                type: str
                aliases: [fileOwner]
              file_group:
                description: Group.
                type: str
                aliases: [fileGroup]
      volume_projections:
        description: Existing persistent volume claims to mount into each member.
        type: list
        elements: dict
        aliases: [volumeProjections]
        suboptions:
          pvc_name:
            description: Name of the claim. The caller must be allowed to C(get) it.
            type: str
            required: true
            aliases: [pvcName]
          mount_path:
            description: Where to mount it.
            type: str
            required: true
            aliases: [mountPath]
          read_only:
            description: Whether to mount it read-only.
            type: bool
            aliases: [readOnly]
      affinity:
        description: Affinity of the members' pods, as Kubernetes spells it.
        type: dict
  connections:
    description:
      - What the KDCluster is connected to, from its creation. All of it must exist in the namespace, with its type label.
      - In a KDCluster that exists, missing names are added, and others stay. M(kubedirector.connections.kd_connection) also
        takes connections away, and reports how each start script ended.
    type: dict
    suboptions:
      clusters:
        description: KDClusters.
        type: list
        elements: str
      configmaps:
        description: ConfigMaps.
        type: list
        elements: str
      secrets:
        description: Secrets.
        type: list
        elements: str
  labels:
    description: Labels to set; C(null) removes one. Others stay.
    type: dict
  annotations:
    description: Annotations to set; C(null) removes one. Others stay.
    type: dict
  wait:
    description:
      - Wait until the KDCluster is configured, has as many members as are wanted, and every member has what is connected; or
        until it and its members' pods are gone. Before it changes the KDCluster, the task always waits for those linked to it.
      - With V(false), the task does not know whether its change stayed and reached the members. A warning says so if something
        was written.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait, in all.
    type: int
    default: 300
extends_documentation_fragment:
  - kubedirector.connections.auth
  - kubedirector.connections.attributes
notes:
  - The caller needs what M(kubedirector.connections.kd_access) grants with C(manage_kdclusters=true).
  - Options can also be written as the manifest spells them, such as C(secretKeys).
seealso:
  - module: kubedirector.connections.kd_connection
"""

EXAMPLES = r"""
- name: A training engine
  kubedirector.connections.kd_cluster:
    namespace: team-a
    name: training-engine-tf
    app: training-engine
    roles:
      - id: RESTServer
        members: 2
        resources:
          limits: {cpu: "2", memory: 4Gi}
        secret_keys:
          - name: admin-password
            value: "{{ engine_admin_password }}"
      - id: LoadBalancer
        resources:
          limits: {cpu: "1", memory: 1Gi}

- name: A notebook that is connected to it, and to its source control, from its creation
  kubedirector.connections.kd_cluster:
    namespace: team-a
    name: jupyter-notebook
    app: training-notebook
    roles:
      - id: controller
        members: 1
        resources:
          requests: {cpu: 500m, memory: 2Gi}
          limits: {cpu: "2", memory: 4Gi}
        storage:
          size: 20Gi
        env:
          - name: NOTEBOOK_THEME
            value: dark
    connections:
      clusters: [training-engine-tf]
      secrets: [source-control-secret]

- name: The same from the manifest that kubectl takes, in a file beside the playbook
  kubedirector.connections.kd_cluster:
    namespace: team-a
    src: jupyter-notebook.yml

- name: A manifest in the task, with values from variables
  kubedirector.connections.kd_cluster:
    definition:
      apiVersion: kubedirector.hpe.com/v1beta1
      kind: KubeDirectorCluster
      metadata:
        name: deployment-engine
        namespace: team-a
      spec:
        app: deployment-engine
        roles:
          - id: RESTServer
            members: 1
            resources:
              limits: {cpu: "2", memory: 4Gi}
            secretKeys:
              - name: admin-password
                value: "{{ engine_admin_password }}"
        connections:
          configmaps: [fraud-model]

- name: Four members in place of two
  kubedirector.connections.kd_cluster:
    namespace: team-a
    name: training-engine-tf
    roles:
      - id: RESTServer
        members: 4

- name: Delete the notebook and wait until it is gone
  kubedirector.connections.kd_cluster:
    namespace: team-a
    name: jupyter-notebook
    state: absent
"""

RETURN = r"""
kdclusters:
  description: The KDCluster, as last seen. After a failure, what had been done by then.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    action:
      description: >-
        One of V(created), V(updated), V(unchanged), V(deleted). V(unchanged) if others undid it before the end of the task.
        C(changed) is true then.
      type: str
    app:
      description: Its KDApp; V(null) if the KDCluster does not exist.
      type: str
    connections:
      description: Its connections as last seen, in order, or empty lists; in check mode as they would be.
      type: dict
    connection_hash:
      description: The operator's hash over all that is connected (status.lastConnectionHash), or V(null).
      type: str
    spec_generation:
      description: The operator's generation of it (status.specGenerationToProcess); V(null) before the first.
      type: int
    state:
      description: The operator's state of it, or V(null).
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
        state:
          description: The operator's state of it.
          type: str
        has_configmeta:
          description: Whether it gets configmeta.json; a role without a config package does not.
          type: bool
  sample:
    - name: training-engine-tf
      action: created
      app: training-engine
      connections: {clusters: [], configmaps: [], secrets: []}
      connection_hash: d41d8cd98f00b204e9800998ecf8427e
      spec_generation: 1
      state: configured
      members:
        - {pod: kdss-4kzx2-0, role: RESTServer, node_id: "1", state: configured, has_configmeta: true}
duration:
  description: How long the task worked and waited, in whole seconds.
  returned: unless an option was refused
  type: int
  sample: 24
"""

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.runner import (
    run_module,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.argspec import (
    CLUSTER_ARGUMENTS,
    CLUSTER_SECRECY,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_cluster.task import (
    ClusterTask,
)


def arguments() -> dict[str, dict[str, object]]:
    """The module's own options, as an argument spec."""
    return CLUSTER_ARGUMENTS


def main() -> None:
    """Run the module."""
    run_module(arguments(), ClusterTask, secrecy=CLUSTER_SECRECY)


if __name__ == "__main__":
    main()
