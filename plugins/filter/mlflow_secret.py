# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write access to mlflow artifacts as a Secret."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mlflow_secret
short_description: Write access to mlflow artifacts as a Secret
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Checks the settings and makes of them an entry for C(secrets) of M(kubedirector.connections.kd_connection).
  - C(object_name) and C(artifact_root) are needed, and for V(s3://...) also C(access_key_id) and C(secret_access_key).
    C(s3_endpoint_url) is optional.
  - C(artifact_root) is what mlflow takes, such as V(s3://bucket), V(gs://bucket), V(wasbs://...), V(abfss://...),
    V(hdfs://...), V(mlflow-artifacts:/...) or an absolute path. A scheme that only a plug-in of mlflow knows gives a warning.
positional: _input
options:
  _input:
    description: Settings.
    type: dict
    required: true
seealso:
  - module: kubedirector.connections.kd_connection
"""

EXAMPLES = r"""
- name: Show the keys that the Secret would have
  ansible.builtin.debug:
    msg: "{{ (settings | kubedirector.connections.mlflow_secret).string_data.keys() }}"
  vars:
    settings:
      object_name: mlflow-secret
      artifact_root: s3://mlflow.example.com/artifacts
      access_key_id: team-a
      secret_access_key: "{{ mlflow_key }}"
    mlflow_key: a-key-for-the-example
"""

RETURN = r"""
_value:
  description: One Secret of type V(mlflow).
  type: dict
  sample:
    name: mlflow-secret
    type: mlflow
    string_data:
      MLFLOW_ARTIFACT_ROOT: s3://mlflow.example.com/artifacts
      AWS_ACCESS_KEY_ID: team-a
      AWS_SECRET_ACCESS_KEY: a-key-for-the-example
"""

import typing as t

from ..module_utils._connection_types import type_data
from ..plugin_utils._filters import data_filters, warn


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return data_filters(type_data.mlflow_secret, warn=warn)
