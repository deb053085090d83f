#!/usr/bin/python
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give a connected Secret or ConfigMap new values, or the old ones back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kd_rotate
short_description: Give a connected Secret or ConfigMap new values, or the old ones back
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Finds every KDCluster of the namespace that names the object, writes the new values once, waits until every member has them,
    and verifies what the members hold and the exit code of each start script (C(--reconnect)).
  - If a step fails, the task restores the old values, waits until every member has them, and fails. The message says what
    failed, where, and which values the object and the members have now.
  - A KDCluster that is deleted meanwhile is left out, with a warning.
  - Changes the given keys only; other keys, labels and annotations stay.
  - If linked KDClusters share the object, the task, and a rollback, changes them one after the other. Each names a copy of the
    object while it changes, because the operator gets stuck otherwise.
  - Never shows an old or new value of a Secret or ConfigMap. Values of less than four characters, and numbers of less than six
    digits, are not redacted in what an application prints.
options:
  secret:
    description: The Secret. Exactly one of C(secret) and C(configmap) is needed.
    type: str
  configmap:
    description: The ConfigMap.
    type: str
  data:
    description:
      - New values by key; of a Secret in base64.
      - Numbers and booleans become text, such as C("8080") and C("true"). A list or dictionary is an error.
    type: dict
  string_data:
    description: New values of a Secret by key, in plain text.
    type: dict
  new_keys:
    description: Accept keys that the object does not have yet, which are an error otherwise. A rollback removes them.
    type: bool
    default: false
  state:
    description:
      - V(present) sets the given values.
      - V(restored) restores the old values that an interrupted rotation kept, and fails if none are kept. It overwrites later
        edits of the object by others, with a warning.
    type: str
    choices: [present, restored]
    default: present
  on_reconnect_failure:
    description:
      - What to do if a start script ends with an error on C(--reconnect) or does not run, or its exit code is not known.
      - With V(rollback), the old values are restored and the task fails. Many start scripts only know C(--configure) and end
        with C(10) on anything else; with those, use V(warn) or V(ignore).
      - With V(warn), the new values stay and each such member is a warning.
      - With V(ignore), no exit code is read, and C(reconnect) is V(null) in the result.
      - What members hold is verified in any case; another value in a member restores the old ones.
    type: str
    choices: [rollback, warn, ignore]
    default: rollback
  wait_timeout:
    description: >-
      For how many seconds to wait before the first write (for KDClusters to settle, and for another rotation of the object),
      for the change, and for a rollback. A task takes at most three times as long.
    type: int
    default: 300
extends_documentation_fragment:
  - kubedirector.connections.auth
  - kubedirector.connections.selection
  - kubedirector.connections.attributes
notes:
  - The task refuses before the first write if the object does not exist or has no type label, no KDCluster names it, one that
    names it does not settle within C(wait_timeout) or has a member in C(config error), a member cannot be read for half a
    minute, the operator does not answer, or the old values cannot be kept (a full quota, a missing right).
  - Until all members have the new values, or the old ones again, the Secret C(kd-rotate-HASH) in the same namespace keeps the
    object's old data. It has no type label, so the operator ignores it, but the label
    C(kubedirector.connections/keeps=old-values) and an annotation that names the object. The task removes it at the end.
  - After a task that was killed, the next task on the same object finds that Secret, and waits 15 seconds to be sure that the
    other one has ended. With the same values it finishes that rotation; with others it sets those. If that fails, or with
    C(state=restored), it restores the values from before the first of these tasks. A warning and C(earlier_rotation) say which.
  - The same Secret keeps two tasks from rotating one object at once. The second one waits, at most C(wait_timeout) seconds.
  - A rollback does not overwrite an edit by others after the write; the message names it. Only data and type label count, not
    annotations.
  - Check mode reads the members, too.
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
  description: What happened to the object.
  returned: once the options could be read
  type: dict
  contains:
    kind:
      description: V(ConfigMap) or V(Secret).
      type: str
    name:
      description: Its name.
      type: str
    type:
      description: The value of its type label; V(null) if it was not found.
      type: str
    action:
      description: V(updated) if it holds the new values and did not before, else V(unchanged).
      type: str
    changed_keys:
      description: The keys with another value than before.
      type: list
      elements: str
  sample: {kind: Secret, name: source-control-secret, type: source-control, action: updated, changed_keys: [token]}
kdclusters:
  description: The KDClusters that name the object, as last seen.
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
      description: V(updated) if new values were given to it, else V(unchanged).
      type: str
    connections:
      description: Its connections, in order.
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
            How the start script ended the last time, as in M(kubedirector.connections.kd_connection); V(null) if that was not
            asked.
          type: dict
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
  description: >-
    What became of an earlier rotation of the object that did not end; V(null) if there was none. The members have its values
    (V(finished)), those of this task (V(replaced)), those from before it (V(restored)), or none of these yet (V(unfinished)).
  returned: always
  type: str
  sample: finished
kept_in:
  description: The Secret that still keeps the old values when the task has ended; V(null) if none does.
  returned: always
  type: str
  sample: kd-rotate-2bb80d537b1da3e38bd30361aa855686
plan:
  description:
    - What is to change, as in M(kubedirector.connections.kd_connection). A line for the object with the keys that get another
      value, and one for each KDCluster that names it. Empty if the task failed before it knew.
  returned: always
  type: list
  elements: str
  sample:
    - team-a
    - "  ~ Secret source-control-secret (source-control) update key token"
    - "  ~ jupyter-notebook                         1 member, start script runs once"
duration:
  description: How long the task worked and waited, in whole seconds.
  returned: unless an option was refused
  type: int
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
