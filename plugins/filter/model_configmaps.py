# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write models as ConfigMaps that deployment engines read."""

from __future__ import annotations

DOCUMENTATION = r"""
name: model_configmaps
short_description: Write models as ConfigMaps that deployment engines read
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Checks each model and makes of it an entry for C(configmaps) of M(kubedirector.connections.kd_connection).
  - A model needs C(name), C(model_version), C(path) and C(scoring_path). C(object_name) is the ConfigMap's name; without it the
    model's own name is made a valid one. C(description), C(model_type), C(labels) of the ConfigMap, and C(extra), a dictionary
    of further keys, are optional.
  - Paths are V(repo://...), V(s3://bucket/...), V(http://host/...) or absolute. Other URLs, such as V(dtap://...),
    V(hdfs://...), V(gs://...), V(abfss://...) and V(models:/name/1), give a warning, since not every deployment engine can
    follow them.
positional: _input
options:
  _input:
    description: Models.
    type: list
    elements: dict
    required: true
  names_only:
    description: Give the ConfigMaps' names alone, which is what disconnecting them takes.
    type: bool
    default: false
seealso:
  - module: kubedirector.connections.kd_connection
"""

EXAMPLES = r"""
- name: Register a model
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [deployment-engine]
    configmaps: "{{ models | kubedirector.connections.model_configmaps }}"
  vars:
    models:
      - name: convolutional-nn
        model_version: 1
        path: s3://models.example.com/cnn.h5
        scoring_path: repo://code/scoring.py

- name: Take it away again, by its name alone
  kubedirector.connections.kd_connection:
    namespace: team-a
    kdcluster: [deployment-engine]
    configmaps: "{{ [{'name': 'convolutional-nn'}] | kubedirector.connections.model_configmaps(names_only=true) }}"
    state: absent
"""

RETURN = r"""
_value:
  description: ConfigMaps of type V(model).
  type: list
  elements: dict
  sample:
    - name: convolutional-nn
      type: model
      data:
        name: convolutional-nn
        model-version: "1"
        path: s3://models.example.com/cnn.h5
        scoring-path: repo://code/scoring.py
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._connection_types import type_data
from ..plugin_utils._filters import warn, with_filter_errors
from ..plugin_utils._yaml_values import misread_values


def model_configmaps(models: t.Any, *, names_only: bool = False) -> list[dict[str, t.Any]]:
    """Write models as ConfigMaps. :raises AnsibleFilterError: one sentence for each problem."""
    if not (isinstance(models, list) and all(isinstance(model, dict) for model in models)):
        raise AnsibleFilterError("model_configmaps needs a list of dictionaries.")
    for sentence in misread_values({"configmaps": models}):
        warn(sentence.replace("configmaps", "models", 1))
    if names_only:
        return type_data.model_names(models)
    return with_filter_errors(type_data.model_configmaps, models, warn=warn)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"model_configmaps": model_configmaps}
