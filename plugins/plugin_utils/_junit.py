# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of an audit as JUnit XML, which CI systems read. Pure.

Of one form that both the schema of Ant (attributes and their order of elements are strict there) and that of Jenkins admit.
"""

from __future__ import annotations

import typing as t
from xml.etree import ElementTree

from ansible_collections.kubedirector.connections.plugins.module_utils._core.printable import (
    printable,
)

_NAME = "kubedirector.connections.audit"


def junit(report: t.Mapping[str, t.Any]) -> str:
    """Write a test case for each finding, and for each KDCluster without any.

    What counts has failed; what is allowed or below the threshold is skipped.
    """
    suite = ElementTree.Element("testsuite")
    ElementTree.SubElement(suite, "properties")
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for namespace, name, element, one in _cases(report):
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
            "id": "0", "package": _NAME, "name": _NAME, "hostname": report["host"],
            "timestamp": report["time"], "time": "0",
            **{name: str(count) for name, count in counts.items()},
        }
    )  # fmt: skip
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    for node in suites.iter():
        # XML has no form for control characters.
        node.text = printable(node.text or "") or None
        node.attrib.update({key: printable(value) for key, value in node.attrib.items()})
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, "unicode")}\n'


def _cases(
    report: t.Mapping[str, t.Any],
) -> t.Iterator[tuple[str, str, str, t.Mapping[str, t.Any]]]:
    """Namespace, name, element ("" where all is well), finding of each test case."""
    if report["error"]:
        error = {"code": "audit", "message": report["error"], "hint": ""}
        yield "audit", "the audit itself", "error", error
    troubled = set()
    for one in report["findings"]:
        target = " ".join(filter(None, (one["kdcluster"], one["object"])))
        troubled.add((one["namespace"], one["kdcluster"]))
        name = f"{one['code']} {target}".strip()
        yield one["namespace"], name, "failure" if one["counts"] else "skipped", one
    for one in report["kdclusters"]:
        if (one["namespace"], one["name"]) not in troubled:
            yield one["namespace"], f"KDCluster {one['name']}", "", one
