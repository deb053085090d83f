# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read source control data, whichever way its keys are spelt."""

from __future__ import annotations

DOCUMENTATION = r"""
name: source_control_fields
short_description: Read source control data, whichever way its keys are spelt
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Takes the data of a ConfigMap or Secret of type V(source-control), as M(kubedirector.connections.kd_configmeta_info) returns
    it, and names each value by its field.
positional: _input
options:
  _input:
    description: Data, decoded.
    type: dict
    required: true
seealso:
  - module: kubedirector.connections.kd_configmeta_info
  - plugin: kubedirector.connections.source_control_object
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which repository a member works on
  ansible.builtin.debug:
    msg: "{{ data | kubedirector.connections.source_control_fields }}"
  vars:
    data: {type: github, repo-url: "https://git.example.com/team-a/notebooks.git", branch: main}
"""

RETURN = r"""
_value:
  description: The fields, and C(key_spelling), which is V(newer), V(older), V(mixed), or V(either) if no key decides.
  type: dict
  sample:
    type: github
    repo_url: https://git.example.com/team-a/notebooks.git
    branch: main
    key_spelling: older
"""

import typing as t

from ..module_utils._connection_types import type_data
from ..plugin_utils._filters import data_filters


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return data_filters(type_data.source_control_fields)
