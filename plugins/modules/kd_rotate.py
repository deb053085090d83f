#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give a connected Secret or ConfigMap new values, and take them back where an application refuses."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_rotate
short_description: Give a connected Secret or ConfigMap new values, or the old ones back
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Finds every KDCluster of the namespace that names the object, writes the new values once, waits until they have
    reached every member, and verifies what the members hold and the exit code of each start script
    (C(--reconnect)).
  - If a step fails, the task restores the old values, waits until every member has them, and fails. The message
    says what failed, where, and which values the object and the members have now.
  - A KDCluster that is deleted meanwhile is left out, with a warning.
  - Only the given keys are changed; other keys, labels and annotations stay.
  - If linked KDClusters share the object, the task changes them one after the other. Each names a copy of the object
    while it changes, because the operator gets stuck otherwise. A rollback does the same.
  - No value is ever shown, be it old or new, of a Secret or of a ConfigMap. Values of less than four characters, and
    numbers of less than six digits, are not redacted in what an application prints.
options:
  secret:
    description:
      - The Secret.
      - Exactly one of C(secret) and C(configmap) is needed.
    type: str
  configmap:
    description: The ConfigMap.
    type: str
  data:
    description:
      - New values by key. Of a Secret in base64.
      - Numbers and booleans become text the YAML way (C(8080) becomes C("8080"), C(true) becomes
        C("true")). A list or dictionary is an error.
    type: dict
  string_data:
    description: New values of a Secret by key, in plain text.
    type: dict
  new_keys:
    description:
      - Accept keys that the object does not have yet. Without it such a key is an error.
      - A rollback removes them.
    type: bool
    default: false
  state:
    description:
      - With V(present), the object gets the given values.
      - With V(restored), it gets back the old values that an interrupted rotation kept.
        The task fails if none are kept. It overwrites later edits of the object by others, with a warning.
    type: str
    choices: [present, restored]
    default: present
  on_reconnect_failure:
    description:
      - What to do if a start script ends with an error on C(--reconnect), does not run, or its exit code is not known.
      - With V(rollback), the old values are restored and the task fails. Many start scripts only know
        C(--configure) and end with C(10) on anything else; with those, use V(warn) or V(ignore).
      - With V(warn), the new values stay and each such member is a warning.
      - With V(ignore), no exit code is read, and C(reconnect) is V(null) in the result.
      - What members hold is verified in any case; another value in a member restores the old ones.
    type: str
    choices: [rollback, warn, ignore]
    default: rollback
  wait_timeout:
    description:
      - For how many seconds to wait before the first write (for KDClusters that have not settled, and for another task
        that rotates the same object), for the change, and for a rollback. A task takes at most three times as long.
    type: int
    default: 300
extends_documentation_fragment:
  - kubedirector.connections.auth
  - kubedirector.connections.selection
  - kubedirector.connections.attributes
notes:
  - It refuses before the first write if the object does not exist or has no type label, no KDCluster names it, one
    that names it does not settle within C(wait_timeout) or has a member in C(config error), a member cannot be read for half a minute,
    the operator does not answer, or the old values cannot be kept (a full quota, a missing right).
  - Until all members have the new values, or the old ones again, the Secret C(kd-rotate-HASH) in the same namespace keeps
    the object's old data. It has no type label, so the operator ignores it. It carries the label
    C(kubedirector.connections/keeps=old-values) and an annotation that names the object. The task removes it at the end.
  - After a task that was killed, the next task on the same object finds that Secret. It waits 15 seconds to be sure that
    the other one has ended. With the same values it finishes that rotation. With other values it sets those. If either
    fails, or with C(state=restored), it restores the values from before the first of these tasks. A warning and
    C(earlier_rotation) say which.
  - The same Secret keeps two tasks from rotating one object at once. The second one waits, at most C(wait_timeout) seconds.
  - A rollback does not overwrite an edit by others after the write. The message names it. Only data and type label
    count, not annotations.
  - Check mode reads the members, too, and sends every write as a server-side dry run.
seealso:
  - module: kubedirector.connections.kd_connection
"""

EXAMPLES = r"""
- name: Give every notebook that uses it a new token
  kubedirector.connections.kd_rotate:
    namespace: team-a
    secret: source-control-secret
    string_data:
      token: "{{ source_control_token }}"

- name: Point the deployment engines at a new version of a model
  kubedirector.connections.kd_rotate:
    namespace: team-a
    configmap: convolutional-nn-model
    data:
      model-version: 2
      path: s3://models.example.com/convolutional-nn/2

- name: Rotate for an application whose start script only knows --configure
  kubedirector.connections.kd_rotate:
    namespace: team-a
    secret: source-control-secret
    string_data:
      token: "{{ source_control_token }}"
    on_reconnect_failure: warn

- name: See which KDClusters it would reach
  kubedirector.connections.kd_rotate:
    namespace: team-a
    secret: source-control-secret
    string_data:
      token: "{{ source_control_token }}"
  check_mode: true
  register: reached

- name: Add a key that the object does not have yet
  kubedirector.connections.kd_rotate:
    namespace: team-a
    configmap: convolutional-nn-model
    data:
      modelType: tensorflow
    new_keys: true

- name: After a play that was killed, put the old values back
  kubedirector.connections.kd_rotate:
    namespace: team-a
    secret: source-control-secret
    state: restored
"""

RETURN = r"""
object:
  description:
    - What happened to the object.
  returned: once the options could be read
  type: dict
  contains:
    kind:
      description: V(ConfigMap) or V(Secret).
      type: str
      sample: Secret
    name:
      description: Its name.
      type: str
      sample: source-control-secret
    type:
      description: The value of its type label; V(null) where it was not found.
      type: str
      sample: source-control
    action:
      description: V(updated) when it holds the new values and did not before, else V(unchanged).
      type: str
      sample: updated
    changed_keys:
      description: The keys that hold another value than before.
      type: list
      elements: str
      sample: [token]
  sample: {kind: Secret, name: source-control-secret, type: source-control, action: updated, changed_keys: [token]}
kdclusters:
  description:
    - The KDClusters that name the object, as last seen.
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
      sample: jupyter-notebook
    action:
      description: V(updated) when new values were given to it, else V(unchanged).
      type: str
      sample: updated
    connections:
      description: Its connections, in order.
      type: dict
      sample: {clusters: [], configmaps: [], secrets: [source-control-secret]}
    connection_hash:
      description: The operator's hash over all that is connected (status.lastConnectionHash).
      type: str
      sample: 1b0ddb1e2d7b0bbd3ac0ca0cb7d0cd57
    spec_generation:
      description: The operator's generation of it (status.specGenerationToProcess); V(null) before the first.
      type: int
      sample: 4
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
          sample: controller
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
            - How the start script ended in the member, the last time; V(null) where that was not asked.
            - Secret values that the member may know are redacted in its C(stderr); where one cannot be read, it is empty.
          type: dict
          sample: {rc: 0, stderr: ""}
  sample:
    - namespace: team-a
      name: jupyter-notebook
      action: updated
      connections: {clusters: [], configmaps: [], secrets: [source-control-secret]}
      connection_hash: 1b0ddb1e2d7b0bbd3ac0ca0cb7d0cd57
      spec_generation: 4
      state: configured
      members:
        - {pod: kdss-4kzx2-0, role: controller, node_id: "1", has_configmeta: true, reconnect: {rc: 0, stderr: ""}}
rolled_back:
  description: Whether the old values are back in the object and in every member.
  returned: always
  type: bool
  sample: false
earlier_rotation:
  description:
    - What became of an earlier rotation of the object that did not end; V(null) if there was none.
    - V(finished), its values are in every member. V(replaced), the values of this task are. V(restored), the values from
      before it are. V(unfinished), none of these yet.
  returned: always
  type: str
  sample: finished
kept_in:
  description:
    - The name of the Secret that still keeps the old values when the task has ended; V(null) if none does.
  returned: always
  type: str
  sample: kd-rotate-2bb80d537b1da3e38bd30361aa855686
plan:
  description:
    - What is to change, as lines for people. Nothing in it is secret.
    - A line for the object with the keys that get another value, and one for each KDCluster that names it. C(~) is
      updated, C(=) unchanged. Empty if the task failed before it knew.
    - It is printed before the first write, and in check mode, where the module runs in Ansible's own process and
      the task has no C(no_log).
  returned: always
  type: list
  elements: str
  version_added: 1.0.0
  sample:
    - team-a
    - "  ~ Secret source-control-secret (source-control) update key token"
    - "  ~ jupyter-notebook                         1 member, start script runs once"
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
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate.argspec import (
    ROTATE_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kd_rotate.task import (
    RotationTask,
)


def arguments() -> dict[str, dict[str, object]]:
    """The module's own options, as an argument spec."""
    return ROTATE_ARGUMENTS


def main() -> None:
    """Run the module."""
    run_module(arguments(), RotationTask)


if __name__ == "__main__":
    main()
