# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write source control settings as a ConfigMap or Secret."""

from __future__ import annotations

DOCUMENTATION = r"""
name: source_control_object
short_description: Write source control settings as a ConfigMap or Secret
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Checks the settings and makes of them an entry for C(secrets) or C(configmaps) of
    M(kubedirector.connections.kd_connection).
  - C(object) is V(secret) or V(configmap), C(object_name) its name, C(key_spelling) V(newer) or V(older).
  - C(type), C(repo_url) and C(branch) are needed; in a Secret C(username), C(email) and C(auth_type) too.
    C(auth_type) is V(token) or V(password), and the field of that name holds the credential.
    C(proxy_protocol), C(proxy_hostname) and C(proxy_port) go together.
positional: _input
options:
  _input:
    description: Settings.
    type: dict
    required: true
seealso:
  - module: kubedirector.connections.kd_connection
  - plugin: kubedirector.connections.source_control_fields
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the keys that the object would have
  ansible.builtin.debug:
    msg: "{{ (settings | kubedirector.connections.source_control_object).data.keys() }}"
  vars:
    settings:
      object: configmap
      object_name: source-control-info
      key_spelling: older
      type: github
      repo_url: https://git.example.com/team-a/notebooks.git
      branch: main

- name: Connect it as a Secret, with a token
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [jupyter-notebook]
    secrets: ["{{ settings | kubedirector.connections.source_control_object }}"]
  vars:
    settings:
      object: secret
      object_name: source-control-secret
      key_spelling: newer
      type: github
      repo_url: https://git.example.com/team-a/notebooks.git
      branch: main
      username: team-a
      email: team-a@example.com
      auth_type: token
      token: "{{ source_control_token }}"
"""

RETURN = r"""
_value:
  description: One ConfigMap or Secret of type V(source-control).
  type: dict
  sample:
    name: source-control-info
    type: source-control
    data:
      type: github
      repo-url: https://git.example.com/team-a/notebooks.git
      branch: main
"""

import typing as t

from ..module_utils._connection_types import type_data
from ..plugin_utils._filters import data_filters


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return data_filters(type_data.source_control_object)
