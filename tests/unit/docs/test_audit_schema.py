# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/audit-report.schema.json describes every report of the playbook audit."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.filter.audit_report import audit_report
from ansible_collections.kubedirector.connections.plugins.plugin_utils._audit import CODES

DOCS = Path(__file__).resolve().parents[3] / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "audit-report.schema.json").read_text())
# It has no types.
jsonschema: Any = importlib.import_module("jsonschema")
PROBLEM = {
    "code": "missing_object", "severity": "error", "message": "It was deleted.", "hint": "Create it.",
    "namespace": "team-a", "kdcluster": "lab", "object": "Secret/login",
}  # fmt: skip
FOUND: dict[str, Any] = {
    "kdclusters": [{"namespace": "team-a", "name": "lab", "connections": {}}],
    "objects": [],
    "problems": [PROBLEM, {**PROBLEM, "kdcluster": None, "object": None, "severity": "info"}],
    "not_seen": [{"namespace": None, "kind": "Secret", "reason": "Cannot list Secrets."}],
}


def report(found: dict[str, Any], **options: Any) -> dict[str, Any]:
    """A report as data."""
    made: dict[str, Any] = audit_report(found, time="2026-01-01T00:00:00", **options)["report"]
    return made


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "made",
    [report(FOUND), report(FOUND, allow=["cycle", "missing_object"]), report({}, error="No.")],
    ids=["drift", "allowed", "error"],
)
def test_a_report_matches_the_schema(made: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(made)
    for part in SCHEMA["required"]:
        with pytest.raises(jsonschema.ValidationError):
            without = {name: value for name, value in made.items() if name != part}
            jsonschema.Draft202012Validator(SCHEMA).validate(without)


def test_the_schema_names_every_code() -> None:
    described = SCHEMA["properties"]["findings"]["items"]["properties"]["code"]["enum"]
    assert sorted(described) == sorted(CODES)
    page = (DOCS / "audit.md").read_text() + (DOCS / "overview.md").read_text()
    assert all(f"| `{code}` |" in page for code in CODES)
