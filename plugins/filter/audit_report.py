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
  - Lists what differs from expected entries and what M(kubedirector.connections.kd_connection_info) finds wrong, each once. The report
    holds names, and never a value of a Secret or ConfigMap.
positional: _input
options:
  _input:
    description: The result of M(kubedirector.connections.kd_connection_info), or, with C(error), an empty dictionary.
    type: dict
    required: true
  entries:
    description: The expected entries, as P(kubedirector.connections.audit_entries#filter) has checked them.
    type: list
    elements: dict
    default: []
  checked:
    description: >-
      What M(kubedirector.connections.kd_connections) in check mode returned of what
      P(kubedirector.connections.audit_entries#filter) gave.
    type: dict
    default: {}
  severity:
    description: The least severity that counts.
    type: str
    choices: [info, warning, error]
    default: warning
  allow:
    description: >-
      What does not count, each as a code or as C(CODE:NAMESPACE/NAME), by the name of the KDCluster, or of the object with or
      without its kind. After the colon, C(*) and C(?) stand for any characters.
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
  description: >-
    The report as data (C(report), which C(docs/audit-report.schema.json) in the repository describes), as JUnit XML
    (C(junit)), and as lines for people (C(lines)).
  type: dict
  sample:
    lines:
      - "drift: 1 of 1 finding count."
      - >-
        error connections_differ: KDCluster team-a/jupyter-notebook is not connected as expected: Secret git-login is missing. Run
        connect with these entries, or correct them.
"""

import fnmatch
import typing as t
from xml.etree import ElementTree

from ansible.errors import AnsibleFilterError

from ..module_utils._core.printable import printable
from ..plugin_utils._audit import LEVELS, Entry, Finding, findings, option_problems
from ..plugin_utils._filters import info_result, plain

_NAME = "kubedirector.connections.audit"


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
    """Make the report of docs/audit-report.schema.json. :raises AnsibleFilterError: an option cannot be used."""
    allowed = plain(allow or [], [])
    if problems := option_problems(severity, allowed):
        raise AnsibleFilterError("\n".join(problems))
    live = info_result(found, "audit_report", () if error else ("problems",))
    listed: list[Finding] = []
    if "problems" in live:
        listed = findings(live, plain(entries or [], []), plain(checked or {}, []))
    used: set[str] = set()
    judged = []
    for one in listed:
        by = [allowance for allowance in allowed if _is_allowed(one, allowance)]
        used.update(by)
        grave = LEVELS.index(one["severity"]) >= LEVELS.index(severity)
        judged.append({**one, "allowed": bool(by), "counts": grave and not by})
    outcome = "drift" if any(one["counts"] for one in judged) else "clean"
    made = {
        "version": 1,
        "host": host,
        "time": time,
        "outcome": "error" if error else outcome,
        "error": error or None,
        "severity": severity,
        "findings": judged,
        "unused_allowances": [one for one in allowed if one not in used],
        "kdclusters": [
            {"namespace": one["namespace"], "name": one["name"]}
            for one in live.get("kdclusters", ())
        ],
        "not_seen": list(live.get("not_seen", ())),
    }
    return {"report": made, "junit": _junit(made), "lines": _lines(made)}


def _is_allowed(finding: Finding, allowance: str) -> bool:
    """Whether an allowance, CODE or CODE:NAMESPACE/NAME with * and ?, means a finding."""
    code, _colon, place = allowance.partition(":")
    if code != finding["code"]:
        return False
    targets = [finding["kdcluster"], finding["object"], str(finding["object"]).partition("/")[2]]
    return not place or any(
        fnmatch.fnmatchcase(f"{finding['namespace']}/{target}", place)
        for target in targets
        if target
    )


def _lines(made: Entry) -> list[str]:
    """Write a report for people."""
    listed = made["findings"]
    counting = sum(one["counts"] for one in listed)
    counts = f"{counting} of {len(listed)} finding{'' if len(listed) == 1 else 's'} count."
    lines = [f"{made['outcome']}: {made['error'] or counts}"]
    for one in listed:
        aside = (
            "" if one["counts"] else " (allowed)" if one["allowed"] else " (below the threshold)"
        )
        lines.append(f"{one['severity']} {one['code']}{aside}: {one['message']} {one['hint']}")
    lines += [f"allowed, and not found: {one}" for one in made["unused_allowances"]]
    lines += [f"not seen: {one['reason']}" for one in made["not_seen"]]
    return lines


def _junit(made: Entry) -> str:
    """Write JUnit XML that both Ant's schema (strict in attributes and order) and Jenkins' admit: a test case for each
    finding, and for each KDCluster without any.

    What counts has failed; a finding that is allowed or below the threshold is skipped.
    """
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite")
    ElementTree.SubElement(suite, "properties")
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for namespace, name, element, one in _cases(made):
        counts["tests"] += 1
        case = ElementTree.SubElement(suite, "testcase", classname=namespace, name=name, time="0")
        if element == "skipped":
            counts["skipped"] += 1
            ElementTree.SubElement(case, element).text = one["message"]
        elif element:
            counts[f"{element}s"] += 1
            ElementTree.SubElement(
                case, element, type=one["code"], message=one["message"]
            ).text = one["hint"]
    ElementTree.SubElement(suite, "system-out")
    ElementTree.SubElement(suite, "system-err")
    suite.attrib.update(
        {
            "id": "0", "package": _NAME, "name": _NAME, "hostname": made["host"],
            "timestamp": made["time"], "time": "0",
            **{name: str(count) for name, count in counts.items()},
        }
    )  # fmt: skip
    ElementTree.indent(suites)
    for node in suites.iter():
        # XML has no form for control characters.
        node.text = printable(node.text or "") or None
        node.attrib.update({key: printable(value) for key, value in node.attrib.items()})
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, "unicode")}\n'


def _cases(made: Entry) -> t.Iterator[tuple[str, str, str, Entry]]:
    """Namespace, name, element ("" where all is well), finding of each test case."""
    if made["error"]:
        error = {"code": "audit", "message": made["error"], "hint": ""}
        yield "audit", "the audit itself", "error", error
    troubled = set()
    for one in made["findings"]:
        target = " ".join(filter(None, (one["kdcluster"], one["object"])))
        troubled.add((one["namespace"], one["kdcluster"]))
        name = f"{one['code']} {target}".strip()
        yield one["namespace"], name, "failure" if one["counts"] else "skipped", one
    for one in made["kdclusters"]:
        if (one["namespace"], one["name"]) not in troubled:
            yield one["namespace"], f"KDCluster {one['name']}", "", one


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"audit_report": audit_report}
