# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CI systems ask of JUnit XML: the stricter of Ant's schema and that of Jenkins' xUnit plugin, for each part.

Rewritten from both: the tests' requirements have no XML schema validator.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

_NUMBER, _TEXT = r"\d+", r"[\s\S]*"
_NAME = r"\S([^\n\t\r]*\S)?"
# Element to its attributes, all of them required, each with the form of its value.
ATTRIBUTES = {
    "testsuites": {},
    "testsuite": {
        "id": _NUMBER, "package": _NAME, "name": _NAME, "hostname": _NAME, "time": r"\d{1,3}(\.\d*)?",
        "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "tests": _NUMBER, "failures": _NUMBER,
        "errors": _NUMBER, "skipped": _NUMBER,
    },
    "properties": {},
    "testcase": {"name": _NAME, "classname": _NAME, "time": r"\d{1,3}(\.\d*)?"},
    "failure": {"type": _TEXT, "message": _TEXT},
    "error": {"type": _TEXT, "message": _TEXT},
    "skipped": {},
    "system-out": {},
    "system-err": {},
}  # fmt: skip
# Element to the names of its children, in order, as a pattern.
CHILDREN = {
    "testsuites": "(testsuite )*",
    "testsuite": "properties (testcase )*system-out system-err ",
    "testcase": "(failure |error |skipped )?",
}


def junit_problems(text: str) -> list[str]:
    """Yield what a CI system would not read."""
    root = ElementTree.fromstring(text)
    problems = [] if root.tag == "testsuites" else [f"the root is {root.tag}"]
    for node in root.iter():
        expected = ATTRIBUTES.get(node.tag)
        if expected is None:
            problems.append(f"{node.tag} is not an element of JUnit XML")
            continue
        if set(node.attrib) != set(expected):
            problems.append(f"{node.tag} has the attributes {sorted(node.attrib)}")
        problems += [
            f"{node.tag}: {name} is {node.attrib[name]!r}"
            for name, form in expected.items()
            if name in node.attrib and not re.fullmatch(form, node.attrib[name])
        ]
        inside = "".join(f"{child.tag} " for child in node)
        if not re.fullmatch(CHILDREN.get(node.tag, ""), inside):
            problems.append(f"{node.tag} holds {inside or 'nothing'}")
    for suite in root:
        counted = {
            "tests": len(suite.findall("testcase")),
            **{f"{n}s": len(suite.findall(f"testcase/{n}")) for n in ("failure", "error")},
            "skipped": len(suite.findall("testcase/skipped")),
        }
        problems += [
            f"{name} is {suite.get(name)}, and there are {count}"
            for name, count in counted.items()
            if suite.get(name) != str(count)
        ]
    return problems
