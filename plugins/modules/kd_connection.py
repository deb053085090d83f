#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connect ConfigMaps, Secrets and KDClusters to KubeDirector clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_connection
short_description: Connect ConfigMaps, Secrets and KDClusters to KubeDirector clusters
version_added: 0.1.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Creates or updates ConfigMaps and Secrets with the operator's type label, connects them and other KDClusters to KDClusters,
    and waits until every member has the change.
  - Checks everything before the first write, and writes only what differs, in one change for each KDCluster. Connections and
    labels that the task does not name stay.
  - Changes linked KDClusters in dependency order, each only while those linked to it are settled, because the operator gets
    stuck otherwise. Meanwhile it holds the Lease C(kubedirector-connections) of the namespace, for which other tasks wait;
    without the right to that, it warns.
  - After a change the operator runs the application's start script with C(--reconnect) in every member. The task reads the exit
    codes, and reports a missed C(--reconnect).
  - After a write or a wait, the task reads the result again. If others changed it meanwhile (connections, data, labels, a
    deletion, a KDCluster of the same name), it fails, during a wait at once, and names the field manager and time that the API
    server recorded.
  - Before it shows what a start script prints, the task redacts the member's tokens and secret keys, and the values of every
    Secret that its KDCluster connects to, or connected to before. Without the right to read one of them, it shows nothing.
  - Credentials in O(configmaps[].data), found by the key's name, in a file, or by their form, are hidden in diffs and logs,
    with a warning. They belong in a Secret.
  - Several changes that reach a KDCluster are kept a second or two apart, because the operator would overlook some. Each runs
    the start script, and between them members hold both new and old values; put what belongs together into one object. The task
    repairs the operator's count of changes (annotation C(kubedirector.hpe.com/hashChangeCounter)) if it has lost some.
options:
  kdcluster:
    description: KDClusters whose connections are managed. Left out, only the ConfigMaps and Secrets are.
    type: list
    elements: str
    aliases: [kdclusters]
  configmaps:
    description: >-
      ConfigMaps to create, update and connect. One with only a name, or given as a plain name, must exist with its type label.
    type: list
    elements: dict
    suboptions:
      name:
        description: Its name. Required, unless O(configmaps[].definition) or O(configmaps[].src) has it.
        type: str
        required: true
      type:
        description: >-
          Value of the label C(kubedirector.hpe.com/cmType), such as V(model) or V(source-control), by which applications find
          it. Needed to create a ConfigMap.
        type: str
      data:
        description:
          - Its data. Other keys are removed, unless O(configmaps[].data_mode) says otherwise. Left out, its data stay.
          - An immutable ConfigMap is refused if its data would change.
          - Numbers and booleans become text, such as C("8080") and C("true"). A list or dictionary is an error.
        type: dict
      binary_data:
        description:
          - Its binaryData in base64, for what is not UTF-8 text; otherwise like O(configmaps[].data).
          - The operator leaves it out of configmeta.json, so no member gets it; a warning says so. Put bytes for applications
            into a Secret.
        type: dict
        version_added: 1.0.0
      from_files:
        description:
          - Files on the controller whose contents are values, as for C(kubectl create configmap --from-file). Each is a path,
            or a dictionary with C(path) and C(key). Without C(key), the key is the file's name. A folder gives all ordinary
            files in it.
          - What is not UTF-8 text becomes O(configmaps[].binary_data).
          - Relative paths are looked up like those of M(ansible.builtin.copy), then beside the file that names them, if Ansible
            knows it, then in the current directory. Files that ansible-vault encrypted are decrypted.
          - All options of values together give the data, see O(configmaps[].data_mode). A key may come from one of them only,
            and all values together have at most 1 MiB.
        type: list
        elements: raw
        version_added: 1.0.0
      from_env_file: &from_env_file
        description:
          - A file on the controller with lines C(NAME=VALUE), as for C(kubectl create configmap --from-env-file). Quotes belong
            to the value, a line that begins with C(#) is a comment, and a name without C(=) takes the value of that environment
            variable of the controller.
          - It is found, decrypted and limited like O(configmaps[].from_files).
        type: str
        version_added: 1.0.0
      definition:
        description:
          - A manifest, in place of the single options. Its data are the same data, its labels and annotations are merged.
            O(configmaps[].type), O(configmaps[].data_mode) and O(configmaps[].versioned) may be given besides;
            O(configmaps[].name) is that of the manifest.
          - What the API server writes (C(uid), C(resourceVersion) and the like) and the annotation
            C(kubectl.kubernetes.io/last-applied-configuration) are left out. Other fields, such as C(ownerReferences), are
            refused.
        type: dict
        version_added: 1.0.0
      src: &src
        description: >-
          A file on the controller, YAML or JSON, with one such manifest, found and decrypted like O(configmaps[].from_files).
          Templates in it are not worked out, and values must be text, as for Kubernetes.
        type: str
        version_added: 1.0.0
      data_mode: &data_mode
        description:
          - What happens to the data of an object that exists. With V(replace), the given data are all its data. With V(merge),
            other keys stay. With V(create_only), its data stay, whatever they are, which suits generated passwords.
          - Without effect if no data are given.
        type: str
        version_added: 1.0.0
        choices: [replace, merge, create_only]
        default: replace
      labels: &labels
        description: Labels to set; C(null) removes one. Others stay.
        type: dict
      annotations: &annotations
        description: Annotations to set; C(null) removes one. Others stay.
        type: dict
      versioned:
        description:
          - Write an immutable ConfigMap with a hash of type and data after its name. Every KDCluster of the namespace that
            names an earlier version, or the plain name, then names this one. The earlier version is deleted; an object with the
            plain name stays.
          - Needs O(configmaps[].data), and O(configmaps[].data_mode=replace). Several changed objects are one change, and one
            run of the start script, for each KDCluster; linked KDClusters that share the object need no copies of it.
          - With O(state=absent), the plain name stands for the connected version, with or without this option.
        type: bool
        version_added: 1.0.0
        default: false
  secrets:
    description: Secrets to create, update and connect, as O(configmaps).
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(configmaps[].name).
        type: str
        required: true
      type:
        description: >-
          Value of the label C(kubedirector.hpe.com/secretType), such as V(source-control), by which applications find it.
          Needed to create a Secret. Its type in Kubernetes is O(secrets[].secret_type).
        type: str
      secret_type:
        description: >-
          The type in Kubernetes, such as V(kubernetes.io/tls), on creation. Left out, it is V(Opaque). Refused if the Secret
          exists with another type, which Kubernetes cannot change.
        type: str
        version_added: 1.0.0
      data:
        description: >-
          Its data in base64. Keys that are neither here nor in O(secrets[].string_data) are removed, unless
          O(secrets[].data_mode) says otherwise. Without both, its data stay.
        type: dict
      string_data:
        description: Its data in plain text.
        type: dict
        aliases: [stringData]
      from_files:
        description: >-
          As O(configmaps[].from_files). Contents stay what they are, byte for byte, and are redacted like other data of
          Secrets.
        type: list
        elements: raw
        version_added: 1.0.0
      from_env_file: *from_env_file
      definition:
        description: As O(configmaps[].definition). Its C(type) is O(secrets[].secret_type).
        type: dict
        version_added: 1.0.0
      src: *src
      data_mode: *data_mode
      labels: *labels
      annotations: *annotations
      versioned:
        description:
          - As O(configmaps[].versioned). Needs O(secrets[].data) or O(secrets[].string_data).
          - Many can read the name, and who guesses the values can verify them by its hash. The hash is expensive (PBKDF2), but
            not enough for a Secret with nothing but a weak password.
        type: bool
        version_added: 1.0.0
        default: false
  clusters:
    description:
      - KDClusters to connect to. They and their KDApps must exist in the same namespace; a KDApp in the operator's own
        namespace is not enough.
      - Whoever can read the configmeta of O(kdcluster) sees their service tokens and secret keys.
    type: list
    elements: str
  state:
    description: >-
      V(present) connects what is named, V(absent) disconnects it. A KDCluster that does not exist counts as disconnected.
    type: str
    choices: [present, absent]
    default: present
  exclusive:
    description: >-
      With O(state=present), make the connections exactly those that are named here, in this order. A list that is left out
      counts as empty.
    type: bool
    default: false
  delete_objects:
    description:
      - With O(state=absent), also delete the named ConfigMaps and Secrets. Refused while another KDCluster of the namespace
        names one of them, or if one was changed meanwhile.
      - If a finalizer holds one, the task waits for its end (O(wait)). One that is already being deleted is left alone, with a
        warning.
    type: bool
    default: false
  wait:
    description:
      - Wait until every member has the change and, unless O(on_reconnect_failure=ignore), the start script has ended there.
        Between steps that touch linked KDClusters the task always waits.
      - With V(false), the task does not know whether its change stayed and reached the members, nor how start scripts ended. A
        warning says so if something was written.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait, in all. After that nothing more is written.
    type: int
    default: 300
  on_reconnect_failure:
    description:
      - What to do if the start script ended with a non-zero exit code in a member, if the operator did not run it after a
        change of the member's file, or if the exit code is not known (it cannot be read, or several runs overlapped).
      - If several changes of the task reach a KDCluster, each waits until the start script has ended for the one before, for at
        most half of the time that is left.
      - With V(ignore), the task neither reads the members nor waits for the start script. With V(warn), it does not read them
        either if nothing had to be written and the operator had nothing to do.
      - Without effect if O(wait=false).
    type: str
    choices: [warn, fail, ignore]
    default: warn
extends_documentation_fragment:
  - kubedirector.connections.auth
  - kubedirector.connections.selection
  - kubedirector.connections.attributes
seealso:
  - module: kubedirector.connections.kd_configmeta_info
"""

EXAMPLES = r"""
- name: Register two models with a deployment engine
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [deployment-engine]
    configmaps:
      - name: convolutional-nn-model
        type: model
        data:
          name: convolutional-nn
          model-version: 1
          path: s3://models.example.com/convolutional-nn/1
          scoring-path: s3://models.example.com/convolutional-nn/score.py
      - name: fullyconnected-nn-model
        type: model
        data:
          name: fullyconnected-nn
          model-version: 1
          path: s3://models.example.com/fullyconnected-nn/1
          scoring-path: s3://models.example.com/fullyconnected-nn/score.py

- name: Give a notebook its source control and two training engines, in one change
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    clusters:
      - training-engine-tf
      - training-engine-pytorch
    secrets:
      - name: source-control-secret
        type: source-control
        string_data:
          type: github
          repoURL: https://git.example.com/team-a/notebooks.git
          branch: main
          username: team-a
          email: team-a@example.com
          authType: token
          token: "{{ source_control_token }}"
    on_reconnect_failure: fail

- name: Generate a password once, and keep it from then on
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    secrets:
      - name: database-login
        type: database
        data_mode: create_only
        string_data:
          username: team-a
          password: "{{ lookup('ansible.builtin.password', '/dev/null', length=32) }}"

- name: Change one key of a ConfigMap that others write too
  kubedirector.connections.kd_connection:
    namespace: team-a
    configmaps:
      - name: training-data
        data_mode: merge
        data: {path: s3://data.example.com/training/2}

- name: Take values from files of the controller
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    configmaps:
      - name: training-code
        type: code
        from_files:
          - code/train.py
          - {key: config, path: conf/train.yml}
    secrets:
      - name: object-store
        type: object-store
        from_env_file: object-store.env

- name: Take a Secret from a manifest in a file of the controller
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    secrets:
      - name: object-store
        type: object-store
        src: object-store.yml

- name: Connect a Secret that exists already
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    secrets:
      - name: mlflow-credentials

- name: Disconnect a model and delete its ConfigMap
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [deployment-engine]
    configmaps:
      - name: fullyconnected-nn-model
    state: absent
    delete_objects: true
"""

RETURN = r"""
objects:
  description: >-
    What happened to each named ConfigMap and Secret, and to their copies and earlier versions. After a failure, what had been
    done by then.
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
      description: Its name, without the hash of a version (O(configmaps[].versioned)).
      type: str
    versioned_name:
      description: The name with the hash; V(null) if it is not a version.
      type: str
      version_added: 1.0.0
      sample: convolutional-nn-model-6b86b273ff
    type:
      description: The value of its type label, or V(null).
      type: str
    action:
      description:
        - One of V(created), V(updated), V(unchanged), V(deleted), V(absent). V(absent) if it does not exist and this task did
          not delete it.
        - V(unchanged) or V(absent) if others undid it before the end of the task. C(changed) is true then.
      type: str
  sample:
    - {kind: ConfigMap, namespace: team-a, name: convolutional-nn-model, versioned_name: null, type: model, action: created}
kdclusters:
  description: The KDClusters whose connections are managed, as last seen. After a failure, what had been done by then.
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
          description: Whether it gets configmeta.json; a role without a config package does not.
          type: bool
        reconnect:
          description: >-
            How the start script ended; V(null) if that was not asked, or the operator did not run it for this change. Secret
            values that the member may know are redacted in its C(stderr); if one cannot be read, it is empty.
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
  description:
    - What is to change, as lines for people, without any secret. A line for each object and each KDCluster. C(+) is created,
      C(~) updated, C(-) deleted, C(=) unchanged.
    - It is printed before the first write, and in check mode, if the module runs in Ansible's own process and the task has no
      C(no_log).
  returned: always
  type: list
  elements: str
  version_added: 1.0.0
  sample:
    - team-a
    - "  + ConfigMap convolutional-nn-model (model) create, 2 keys"
    - "  ~ deployment-engine                        + ConfigMap convolutional-nn-model; 1 member, start script runs once"
duration:
  description: How long the task worked and waited, in whole seconds.
  returned: unless an option was refused
  type: int
  version_added: 1.0.0
  sample: 24
"""

from ansible_collections.kubedirector.connections.plugins.module_utils._ansible.runner import (
    run_module,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.argspec import (
    CONNECTION_ARGUMENTS,
    CONNECTION_SECRECY,
    with_named_objects,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection.task import (
    ConnectionTask,
)


def arguments() -> dict[str, dict[str, object]]:
    """The module's own options, as an argument spec."""
    return CONNECTION_ARGUMENTS


def main() -> None:
    """Run the module."""
    run_module(arguments(), ConnectionTask, with_named_objects, secrecy=CONNECTION_SECRECY)


if __name__ == "__main__":
    main()
