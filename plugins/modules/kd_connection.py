#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connect ConfigMaps, Secrets and KDClusters to KDClusters."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_connection
short_description: Connect ConfigMaps, Secrets and KDClusters to KubeDirector clusters
version_added: 0.1.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Creates or updates ConfigMaps and Secrets with the type label that the KubeDirector operator asks
    for, connects them and other KDClusters to one or more KDClusters, and waits until the change has
    reached every member.
  - Everything is checked before the first write. Only what differs is written, in one change for each
    KDCluster; connections and labels that the task does not name are left alone.
  - KDClusters that are linked to one another are changed in dependency order, each one only while
    those linked to it are settled, since the operator gets stuck otherwise. Meanwhile the task holds the Lease
    C(kubedirector-connections) of the namespace, so that other tasks wait for it; without the right to that, it warns.
  - The operator runs the application's start script with C(--reconnect) in every member after a change.
    The task reads its exit code from the members, and reports a missed C(--reconnect).
  - After a write or a wait, the task reads the result again. If others changed it meanwhile (connections, data,
    labels, a deletion, a KDCluster of the same name), it fails and names the field manager and the time that the
    API server recorded. If the task sees such a change while it waits, it fails at once.
  - What a start script prints is shown only after the values of every Secret that its KDCluster connects to, or connected to before the
    task, and the tokens and secret keys in the member are redacted. Without the right to read one of them it is not shown.
  - Credentials in a ConfigMap's O(configmaps[].data), by the key's name, in a file, or by their form, are hidden in diffs and logs, with a
    warning. They belong in a Secret.
  - Several changes that reach the same KDCluster are kept apart, by a second or two, since the operator would overlook some.
    Each is a run of the start script, and in between the members hold some new values and some old ones; what belongs
    together is best in one object. The operator's count of them (annotation C(kubedirector.hpe.com/hashChangeCounter)) is repaired if it has lost some.
options:
  kdcluster:
    description:
      - KDClusters whose connections are managed.
      - Left out, only the ConfigMaps and Secrets are.
    type: list
    elements: str
    aliases: [kdclusters]
  configmaps:
    description:
      - ConfigMaps to create, update and connect.
      - One of which only the name is given must exist and carry its type label. A plain name in the list
        is an entry with nothing but that name.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the ConfigMap. Required, unless O(configmaps[].definition) or O(configmaps[].src) has it.
        type: str
        required: true
      type:
        description:
          - Value of the label C(kubedirector.hpe.com/cmType), such as V(model) or V(source-control).
            Applications find the ConfigMap by it.
          - Needed to create a ConfigMap.
        type: str
      data:
        description:
          - The ConfigMap's data. Keys that are not given here are removed, unless O(configmaps[].data_mode) says
            otherwise. Left out, its data stay.
          - One that is immutable is refused where its data would change.
          - Numbers and booleans become text the YAML way (C(8080) becomes C("8080"), C(true) becomes
            C("true")). A list or dictionary is an error.
        type: dict
      binary_data:
        description:
          - The ConfigMap's binaryData in base64, for what is not text in UTF-8. Keys that are not given here are removed,
            unless O(configmaps[].data_mode) says otherwise. Left out, its binaryData stay.
          - The operator leaves them out of configmeta.json, so no member gets them; a warning says so. Put bytes for
            applications into a Secret.
        type: dict
        version_added: 1.0.0
      from_files:
        description:
          - Files on the controller whose contents are values, as C(kubectl create configmap --from-file) takes them.
            Each is a path, or a dictionary with C(path) and C(key). Without C(key), the file's name is the key. Of a folder
            all ordinary files in it are taken.
          - What is not text in UTF-8 becomes binaryData, which no member gets; a warning says so. Put bytes for applications
            into a Secret.
          - Relative paths are looked up as those of M(ansible.builtin.copy), then beside the file in which they are
            written, where Ansible knows that, and in the current directory. A file that ansible-vault encrypted is decrypted.
          - Together with the other options of values it is the whole data, see O(configmaps[].data_mode). A key may
            come from one of them only, and all values together have at most 1 MiB.
        type: list
        elements: raw
        version_added: 1.0.0
      from_env_file:
        description:
          - A file on the controller with lines C(NAME=VALUE), read as by C(kubectl create configmap --from-env-file). Quotes
            belong to the value, and C(#) at its beginning makes a line a comment. The value of a line without C(=) is that of
            the controller's environment variable of this name.
          - It is found, decrypted and bounded as O(configmaps[].from_files) are.
        type: str
        version_added: 1.0.0
      definition:
        description:
          - A manifest of the ConfigMap, in place of the single options. Its data are the same data, its labels and
            annotations are merged. O(configmaps[].type), O(configmaps[].data_mode) and O(configmaps[].versioned)
            may be given besides; O(configmaps[].name) is that of the manifest.
          - What the API server writes (C(uid), C(resourceVersion) and the like) and the annotation
            C(kubectl.kubernetes.io/last-applied-configuration) are left out. Other fields, such as C(ownerReferences), are refused.
        type: dict
        version_added: 1.0.0
      src:
        description:
          - A file on the controller, YAML or JSON, with one such manifest. It is found and decrypted as
            O(configmaps[].from_files) are. No templates in it are worked out, and values must be text, as for Kubernetes.
        type: str
        version_added: 1.0.0
      data_mode:
        description:
          - What happens to the data of a ConfigMap that exists.
          - With V(replace), the given data are all its data. With V(merge), other keys stay as they are. With
            V(create_only), its data stay, whatever they are, and the given data are for its creation only. That
            suits generated passwords.
          - Without effect where no data are given.
        type: str
        version_added: 1.0.0
        choices: [replace, merge, create_only]
        default: replace
      labels:
        description: Labels to set; others are left alone. One with the value C(null) is removed.
        type: dict
      annotations:
        description: Annotations to set; others are left alone. One with the value C(null) is removed.
        type: dict
      versioned:
        description:
          - Write the ConfigMap under its name with a hash of type and data after it, as an immutable one, and have every
            KDCluster of the namespace that names an earlier version, or the plain name, name this one instead. The
            earlier version is deleted then; an object with the plain name stays.
          - Needs O(configmaps[].data), and O(configmaps[].data_mode=replace). Several changed objects are one change for
            each KDCluster, and so one run of its start script; and linked KDClusters that share the object need no
            copies of it.
          - With O(state=absent), the plain name stands for the version that is connected, with or without this option.
        type: bool
        version_added: 1.0.0
        default: false
  secrets:
    description:
      - Secrets to create, update and connect.
      - One of which only the name is given must exist and carry its type label. A plain name in the list
        is an entry with nothing but that name.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the Secret. Required, unless O(secrets[].definition) or O(secrets[].src) has it.
        type: str
        required: true
      type:
        description:
          - Value of the label C(kubedirector.hpe.com/secretType), such as V(source-control).
            Applications find the Secret by it.
          - Needed to create a Secret. It is not the Secret's type in Kubernetes, which is O(secrets[].secret_type).
        type: str
      secret_type:
        description:
          - The Secret's type in Kubernetes, such as V(kubernetes.io/tls), on creation. Left out, it is V(Opaque).
          - Refused if the Secret exists with another type. Kubernetes cannot change it.
        type: str
        version_added: 1.0.0
      data:
        description:
          - The Secret's data in base64. Keys that are neither here nor in O(secrets[].string_data) are removed, unless
            O(secrets[].data_mode) says otherwise. Where both are left out, its data stay.
        type: dict
      string_data:
        description: The Secret's data in plain text.
        type: dict
        aliases: [stringData]
      from_files:
        description:
          - Files on the controller whose contents are values, as C(kubectl create secret generic --from-file) takes them.
            Each is a path, or a dictionary with C(path) and C(key). Without C(key), the file's name is the key. Of a folder
            all ordinary files in it are taken.
          - Contents stay what they are, byte for byte, and are redacted like other data of Secrets.
          - Relative paths are looked up as those of M(ansible.builtin.copy), then beside the file in which they are
            written, where Ansible knows that, and in the current directory. A file that ansible-vault encrypted is decrypted.
          - Together with the other options of values it is the whole data, see O(secrets[].data_mode). A key may
            come from one of them only, and all values together have at most 1 MiB.
        type: list
        elements: raw
        version_added: 1.0.0
      from_env_file:
        description:
          - A file on the controller with lines C(NAME=VALUE), read as by C(kubectl create secret generic --from-env-file). Quotes
            belong to the value, and C(#) at its beginning makes a line a comment. The value of a line without C(=) is that of
            the controller's environment variable of this name.
          - It is found, decrypted and bounded as O(secrets[].from_files) are.
        type: str
        version_added: 1.0.0
      definition:
        description:
          - A manifest of the Secret, in place of the single options. Its data are the same data, its labels and
            annotations are merged, its C(type) is O(secrets[].secret_type). O(secrets[].type), O(secrets[].data_mode) and O(secrets[].versioned)
            may be given besides; O(secrets[].name) is that of the manifest.
          - What the API server writes (C(uid), C(resourceVersion) and the like) and the annotation
            C(kubectl.kubernetes.io/last-applied-configuration) are left out. Other fields, such as C(ownerReferences), are refused.
        type: dict
        version_added: 1.0.0
      src:
        description:
          - A file on the controller, YAML or JSON, with one such manifest. It is found and decrypted as
            O(secrets[].from_files) are. No templates in it are worked out, and values must be text, as for Kubernetes.
        type: str
        version_added: 1.0.0
      data_mode:
        description:
          - What happens to the data of a Secret that exists.
          - With V(replace), the given data are all its data. With V(merge), other keys stay as they are. With
            V(create_only), its data stay, whatever they are, and the given data are for its creation only. That
            suits generated passwords.
          - Without effect where no data are given.
        type: str
        version_added: 1.0.0
        choices: [replace, merge, create_only]
        default: replace
      labels:
        description: Labels to set; others are left alone. One with the value C(null) is removed.
        type: dict
      annotations:
        description: Annotations to set; others are left alone. One with the value C(null) is removed.
        type: dict
      versioned:
        description:
          - The same as O(configmaps[].versioned). Needs O(secrets[].data) or O(secrets[].string_data).
          - Many can read a name. The hash is made expensively (PBKDF2), but who guesses the values can verify that by it,
            so it is not for Secrets with nothing but a weak password.
        type: bool
        version_added: 1.0.0
        default: false
  clusters:
    description:
      - KDClusters to connect to. They must exist in the same namespace, and so must their KDApps. A KDApp
        in the operator's own namespace is not enough.
      - Whoever can read the configmeta of O(kdcluster) gets to see the service tokens and secret keys
        of these KDClusters.
    type: list
    elements: str
  state:
    description:
      - V(present) connects what is named.
      - V(absent) disconnects what is named. A KDCluster that does not exist counts as disconnected.
    type: str
    choices: [present, absent]
    default: present
  exclusive:
    description:
      - With O(state=present), make the connections exactly those that are named here, in this order.
        A list that is left out counts as empty.
    type: bool
    default: false
  delete_objects:
    description:
      - With O(state=absent), also delete the named ConfigMaps and Secrets.
      - Refused while another KDCluster of the namespace names one of them, or if one was changed meanwhile.
      - If a finalizer holds one, the task waits for its end (O(wait)). One that is being deleted already is left
        alone, with a warning.
    type: bool
    default: false
  wait:
    description:
      - Wait until the change has reached every member and, unless O(on_reconnect_failure=ignore), the
        start script has ended there.
      - Between steps that touch linked KDClusters there is a wait in any case.
      - Where it is V(false), the task does not know whether its change stayed and reached the members, nor how their
        start scripts ended. A warning says so where something was written.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait, in all. After that nothing more is written.
    type: int
    default: 300
  on_reconnect_failure:
    description:
      - What to do when the start script ended with a non-zero exit code in a member, or when the operator
        wrote a change into a member's file but did not run the start script for it, or when the exit code
        is not known (it cannot be read, or several runs overlapped).
      - Where several changes of the task reach the same KDCluster, each one waits until the start script
        has ended for the one before, for at most half of the time that is left.
      - With V(ignore), the task neither reads the members nor waits for the start script. With V(warn),
        it does not read them either if nothing had to be written and the operator had nothing to do.
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
  description:
    - What happened to each named ConfigMap and Secret, and to their copies and earlier versions.
    - After a failure, what had been done by then.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(ConfigMap) or V(Secret).
      type: str
      sample: ConfigMap
    namespace:
      description: Its namespace.
      type: str
      sample: team-a
    name:
      description: Its name; without the hash where it is a version (O(configmaps[].versioned)).
      type: str
      sample: convolutional-nn-model
    versioned_name:
      description: The name with the hash; V(null) where it is not a version.
      type: str
      version_added: 1.0.0
      sample: convolutional-nn-model-6b86b273ff
    type:
      description: The value of its type label; V(null) where it has none.
      type: str
      sample: model
    action:
      description:
        - One of V(created), V(updated), V(unchanged), V(deleted), V(absent).
        - V(absent) where it does not exist and this task did not delete it.
        - V(unchanged) or V(absent) if others undid it before the end of the task. C(changed) is true then.
      type: str
      sample: created
  sample:
    - {kind: ConfigMap, namespace: team-a, name: convolutional-nn-model, versioned_name: null, type: model, action: created}
    - {kind: ConfigMap, namespace: team-a, name: fullyconnected-nn-model, versioned_name: null, type: model, action: unchanged}
kdclusters:
  description:
    - The KDClusters whose connections are managed, as last seen.
    - After a failure, what had been done by then.
  returned: always
  type: list
  elements: dict
  contains:
    namespace:
      description: Its namespace.
      type: str
      sample: team-a
    name:
      description: Its name.
      type: str
      sample: deployment-engine
    action:
      description: V(updated) when its connections were written and stayed, else V(unchanged).
      type: str
      sample: updated
    connections:
      description: Its connections as last seen, in order; under check mode as they would be.
      type: dict
      sample: {clusters: [], configmaps: [convolutional-nn-model, fullyconnected-nn-model], secrets: []}
    connection_hash:
      description: The operator's hash over all that is connected (status.lastConnectionHash).
      type: str
      sample: 1b0ddb1e2d7b0bbd3ac0ca0cb7d0cd57
    spec_generation:
      description: The operator's generation of it (status.specGenerationToProcess); V(null) before the first.
      type: int
      sample: 2
    state:
      description: The operator's state of the KDCluster.
      type: str
      sample: configured
    members:
      description: Its members.
      type: list
      elements: dict
      contains:
        pod:
          description: Name of the member's pod.
          type: str
          sample: kdss-4kzx2-0
        role:
          description: The member's role.
          type: str
          sample: RESTServer
        node_id:
          description: The member's node ID.
          type: str
          sample: "1"
        has_configmeta:
          description: Whether it gets configmeta.json; a role without a config package does not.
          type: bool
          sample: true
        reconnect:
          description:
            - How the start script ended in the member; V(null) where that was not asked, or where the
              operator did not run it for this change.
            - Secret values that the member may know are redacted in its C(stderr); where one cannot be read, it is empty.
          type: dict
          sample: {rc: 0, stderr: ""}
  sample:
    - namespace: team-a
      name: deployment-engine
      action: updated
      connections: {clusters: [], configmaps: [convolutional-nn-model, fullyconnected-nn-model], secrets: []}
      connection_hash: 1b0ddb1e2d7b0bbd3ac0ca0cb7d0cd57
      spec_generation: 2
      state: configured
      members:
        - {pod: kdss-4kzx2-0, role: RESTServer, node_id: "1", has_configmeta: true, reconnect: {rc: 0, stderr: ""}}
plan:
  description:
    - What is to change, as lines for people. Nothing in it is secret.
    - A line for each object and each KDCluster. C(+) is created, C(~) updated, C(-) deleted, C(=) unchanged.
    - It is printed before the first write, and in check mode, where the module runs in Ansible's own process and
      the task has no C(no_log).
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
