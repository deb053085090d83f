# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a summary fits its width, whatever the names are."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.module_utils._kd_connection_info.description import (
    table_lines,
)

Returned = dict[str, Any]
TABLE = """\
Namespace team-a: 2 KDClusters, 2 problems
KDCLUSTER     APP      STATE        MEMBERS  CONNECTS TO    CONNECTED BY   PROBLEMS
jupyter-      jupyter  configured   1/2      kdcluster/                    config_error
notebook               not settled           training-                     last_applied_
                                             engine-tf                     leak
                                             secret/
                                             source-
                                             control-
                                             secret
training-     tf       configured   1                       jupyter-
engine-tf                                                   notebook
connected to nothing: configmap/spare
error config_error: Something is wrong. Fix it.
error last_applied_leak: Something is wrong. Fix it.

Namespace team-b: 0 KDClusters, 1 problem
error missing_object: So much. So much. So much. So much. So much. So much.  Fix it.

not seen: Cannot list Secrets.
"""


def kdcluster(name: str, **parts: Any) -> Returned:
    """A KDCluster with one member, as the module returns it."""
    member = {"pod": f"{name}-0", "role": "controller", "state": "configured"}
    connections: Returned = {"clusters": [], "configmaps": [], "secrets": []}
    return {
        "namespace": "team-a", "name": name, "app": "jupyter", "state": "configured",
        "settled": True, "members": [member], "connected_by": [], "services": [], "labels": {},
        **parts, "connections": {**connections, **parts.get("connections", {})},
    }  # fmt: skip


def problem(code: str, **parts: Any) -> Returned:
    """A problem, as the module returns it."""
    return {
        "code": code, "severity": "error", "message": "Something is wrong.", "hint": "Fix it.",
        "namespace": "team-a", "kdcluster": None, "object": None, **parts,
    }  # fmt: skip


def result(*clusters: Returned, **parts: Any) -> Returned:
    """The return values."""
    found: Returned = {"kdclusters": list(clusters), "objects": [], "usage": []}
    return {**found, "problems": [], "not_seen": [], **parts}


def test_the_table_shows_kdclusters_objects_and_problems() -> None:
    notebook = kdcluster(
        "jupyter-notebook",
        settled=False,
        members=[{"state": "configured"}, {"state": "config error"}],
        connections={"clusters": ["training-engine-tf"], "secrets": ["source-control-secret"]},
    )
    engine = kdcluster("training-engine-tf", app="tf", connected_by=["jupyter-notebook"])
    secret = {
        "namespace": "team-a", "kind": "Secret", "name": "source-control-secret",
        "connected_to": ["jupyter-notebook"],
    }  # fmt: skip
    problems = [
        problem("config_error", kdcluster="jupyter-notebook"),
        problem("last_applied_leak", object="Secret/source-control-secret"),
        problem("unused_object", severity="info", object="ConfigMap/spare"),
        problem("missing_object", namespace="team-b", kdcluster="lab", message=6 * "So much. "),
    ]
    unseen = [{"namespace": "team-b", "kind": "Secret", "reason": "Cannot list Secrets."}]
    found = result(notebook, engine, objects=[secret], problems=problems, not_seen=unseen)
    assert "\n".join(table_lines(found, [])) + "\n" == TABLE


def test_an_empty_result_has_a_table() -> None:
    said = "no KDCluster and no object with a type label"
    assert table_lines(result(), ["a", "b"]) == [f"Namespace a, b: {said}"]
    assert table_lines(result(), []) == [f"All namespaces: {said}"]


def test_the_table_shows_the_users_of_an_object() -> None:
    scripts = [{"kdcluster": "lab", "pods": ["lab-0", "lab-1"]}]
    usage: Returned = {
        "namespace": "team-a", "kind": "Secret", "name": "login", "exists": True,
        "used_by": ["lab"], "used_through": ["dashboard"], "start_scripts": scripts,
    }  # fmt: skip
    missing = {**usage, "exists": False, "used_by": [], "used_through": [], "start_scripts": []}
    assert table_lines(result(usage=[usage]), [], 130) == [
        "Secret team-a/login: used by lab, and through these by dashboard. A change runs the start script in 2 members."
    ]
    assert table_lines(result(usage=[missing]), [], 130) == [
        "Secret team-a/login (does not exist): used by no KDCluster. A change runs the start script in 0 members."
    ]


names = st.text(min_size=1, max_size=70)


@given(st.lists(names, max_size=4), names, st.integers(60, 130))
def test_every_line_fits_and_is_plain(targets: list[str], name: str, width: int) -> None:
    one = kdcluster(name, app=name[::-1], connected_by=targets, connections={"configmaps": targets})
    problems = [problem("inconsistent_members", kdcluster=name, message=" ".join(targets))]
    lines = table_lines(result(one, problems=problems), [], width)
    for line in lines:
        assert len(line) <= width and line.isascii() and line.isprintable()
        assert json.dumps(line) == f'"{line}"'


def test_names_are_not_cut() -> None:
    long = "a-name-of-" + 40 * "x" + ".and_more/" + 30 * "y"
    lines = table_lines(result(kdcluster(long, connections={"secrets": [long]})), [])
    ends = lines[1].index("APP")
    assert "".join(line[:ends].strip() for line in lines[2:]) == long
