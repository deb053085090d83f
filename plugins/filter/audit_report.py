# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what is live with what is expected, and report it for people and machines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_report
short_description: Compare what is live with what is expected, and report it for people and machines
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Lists what differs from expected entries and what M(kubedirector.connections.kd_connection_info) finds wrong, each once.
  - The report holds names only, and never a value of a Secret or ConfigMap.
positional: _input
options:
  _input:
    description: The result of M(kubedirector.connections.kd_connection_info). An empty dictionary if there is none, with C(error).
    type: dict
    required: true
  entries:
    description: The expected entries; P(kubedirector.connections.audit_entries#filter) has checked them.
    type: list
    elements: dict
    default: []
  checked:
    description:
      - What M(kubedirector.connections.kd_connections) in check mode returned of what P(kubedirector.connections.audit_entries#filter)
        gave.
    type: dict
    default: {}
  severity:
    description: The least severity that counts.
    type: str
    choices: [info, warning, error]
    default: warning
  allow:
    description:
      - What does not count, each as a code or as C(CODE:NAMESPACE/NAME). The name is that of the KDCluster, or that of the object
        with or without its kind. C(*) and C(?) stand for any characters after the colon.
    type: list
    elements: str
    default: []
  error:
    description: Why the audit could not be done, if so.
    type: str
    default: ''
  host:
    description: A name for the Kubernetes cluster.
    type: str
    default: localhost
  time:
    description: When it was done, in UTC.
    type: str
    required: true
seealso:
  - module: kubedirector.connections.kd_connection_info
  - module: kubedirector.connections.kd_connections
  - plugin: kubedirector.connections.audit_entries
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at a namespace
  kubedirector.connections.kd_connection_info:
    namespace: team-a
  register: found

- name: Report what is wrong
  ansible.builtin.debug:
    msg: "{{ (found | kubedirector.connections.audit_report(time=now(utc=true, fmt='%Y-%m-%dT%H:%M:%S'))).lines }}"
"""

RETURN = r"""
_value:
  description:
    - C(report) is the report as data; C(docs/audit-report.schema.json) of this collection describes it.
    - C(junit) is the report as JUnit XML, C(lines) are lines for people.
  type: dict
  sample:
    lines:
      - "drift: 1 of 1 finding count."
      - >-
        error connections_differ: KDCluster team-a/jupyter-notebook is not connected as expected: Secret git-login is missing. Run
        connect with these entries, or correct them.
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.kubedirector.connections.plugins.plugin_utils._audit import (
    findings,
    option_problems,
    report,
    report_lines,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import (
    info_result,
    plain,
    with_filter_errors,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._junit import junit


def audit_report(
    found: t.Any,
    *,
    time: str,
    entries: t.Any = (),
    checked: t.Any = None,
    severity: str = "warning",
    allow: t.Any = (),
    error: str = "",
    host: str = "localhost",
) -> dict[str, t.Any]:
    """Make the report. :raises AnsibleFilterError: an option cannot be used."""
    allowed = plain(allow or [], [])
    if problems := option_problems(severity, allowed):
        raise AnsibleFilterError("\n".join(problems))
    live = info_result(found, "audit_report", () if error else ("problems",))
    listed: list[dict[str, t.Any]] = []
    if "problems" in live:
        expected = plain(entries or [], [])
        listed = with_filter_errors(findings, live, expected, plain(checked or {}, []))
    made = report(
        live, listed, severity=severity, allowed=allowed, error=error, host=host, time=time
    )
    return {"report": made, "junit": junit(made), "lines": report_lines(made)}


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filter name to function."""
        return {"audit_report": audit_report}
