# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose what of expected entries an audit lets kd_connections compare."""

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_entries
short_description: Choose what of expected entries an audit lets kd_connections compare
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Checks expected entries, the threshold and the allow-list of an audit.
  - Gives what M(kubedirector.connections.kd_connections) compares in check mode, which is the objects that entries describe,
    and the whole of entries that select KDClusters. The filter P(kubedirector.connections.audit_report#filter) compares what
    entries name.
  - The result holds the values of the entries, secret ones too. Give it to the module only.
positional: _input
options:
  _input:
    description: A list of dictionaries with the options of M(kubedirector.connections.kd_connection), each with C(namespace).
    type: raw
    required: true
  places:
    description: What P(kubedirector.connections.entry_places#filter) gives, for messages and to find files that entries name.
    type: list
    elements: str
    default: []
  severity:
    description: The least severity that counts, to be checked.
    type: str
    default: warning
  allow:
    description: The allow-list, to be checked.
    type: list
    elements: str
    default: []
seealso:
  - module: kubedirector.connections.kd_connections
  - plugin: kubedirector.connections.audit_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Compare what entries describe
  kubedirector.connections.kd_connections:
    connections: "{{ (expected | kubedirector.connections.audit_entries).entries }}"
  check_mode: true
  vars:
    expected:
      - namespace: team-a
        kdcluster: [jupyter-notebook]
        configmaps:
          - {name: training-data, type: data-source, data: {path: "s3://data.example.com/training"}}
"""

RETURN = r"""
_value:
  description: >-
    C(problems) are sentences about what is wrong. Without any, C(entries) and C(places) are for
    M(kubedirector.connections.kd_connections).
  type: dict
  sample:
    problems: []
    entries:
      - namespace: team-a
        configmaps:
          - name: training-data
            type: data-source
            data:
              path: s3://data.example.com/training
    places:
      - connections.yml:3
"""

import typing as t

from ..plugin_utils._audit import entries_to_check, expected_problems, option_problems
from ..plugin_utils._filters import plain


def audit_entries(
    entries: t.Any,
    places: t.Sequence[str] = (),
    severity: t.Any = "warning",
    allow: t.Any = None,
) -> dict[str, t.Any]:
    """Check and choose them."""
    values = plain(entries, [])
    problems = option_problems(severity, plain(allow or [], []))
    if isinstance(values, list):
        problems += expected_problems(values, list(places))
    else:
        problems.append("What is expected has to be a list of kd_connection arguments.")
    chosen, beside = ([], []) if problems else entries_to_check(values, list(places))
    return {"problems": problems, "entries": chosen, "places": beside}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"audit_entries": audit_entries}
