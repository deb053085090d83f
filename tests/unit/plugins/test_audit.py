# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit and its filters: each drift is reported once, counts or is allowed, in every form of report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.kubedirector.connections.plugins.filter.audit_entries import audit_entries
from ansible_collections.kubedirector.connections.plugins.filter.audit_report import audit_report
from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_connection_info,
    kd_connections,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._audit import findings
from ansible_collections.kubedirector.connections.plugins.plugin_utils._filters import info_result
from tests.harness.cluster import REPOSITORY
from tests.harness.documentation import marked_blocks
from tests.harness.junit_schema import junit_problems
from tests.harness.playbook import run_playbook
from tests.unit.plugins.clients import CORE, KDCLUSTERS, TOKEN
from tests.unit.plugins.configmeta_files import configmeta, connected_object
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import MARK, Run
from tests.unit.plugins.namespace_server import CONFIGMETA, Namespace

COUNTER = "kubedirector.hpe.com/hashChangeCounter"
NOW = "2026-01-01T00:00:00"
LOGIN = {"name": "login", "type": "token", "string_data": {"token": MARK}}
MODEL = {"name": "model", "type": "model", "data": {"path": "/old"}}
DESCRIBED: list[JsonObject] = [
    {"namespace": "team-a", "kdcluster": ["notebook"], "clusters": ["engine"], "secrets": [LOGIN],
     "configmaps": [MODEL], "exclusive": True},
    {"namespace": "team-a", "kdcluster": ["engine"], "exclusive": True},
]  # fmt: skip
NAMED = [{**DESCRIBED[0], "secrets": ["login"], "configmaps": ["model"]}, DESCRIBED[1]]
Code = tuple[str, str | None, str | None]


def settle(space: Namespace) -> None:
    """Set every hash, as if the operator had seen everything."""
    for manifest in [v for k, v in space.objects.items() if k.startswith(KDCLUSTERS)]:
        manifest["status"]["lastConnectionHash"] = space.hash_of(manifest)


@pytest.fixture
def live(space: Namespace) -> Namespace:
    """A namespace without drift."""
    space.add_object("Secret", "login", object_type="token", data={"token": encoded(MARK)})
    space.kdcluster("notebook")["spec"]["connections"].update(
        clusters=["engine"], secrets=["login"]
    )
    for name in ("notebook", "engine"):
        space.kdcluster(name)["metadata"]["annotations"] = {COUNTER: "1"}
    settle(space)
    return space


def audited(run: Run, entries: list[JsonObject], **options: Any) -> JsonObject:
    """Run the modules and filters as the playbook does; returns the whole result of audit_report."""
    members = options.pop("members", False)
    found = run(kd_connection_info, namespace=["team-a"], members=members)
    checking = audit_entries(entries)
    assert checking["problems"] == []
    checked = run(kd_connections, check=True, connections=checking["entries"])
    assert "failed" not in checked, checked.get("msg")
    made = audit_report(found, entries=entries, checked=checked, time=NOW, **options)
    assert junit_problems(made["junit"]) == []
    for form in (json.dumps(made["report"]), made["junit"], "\n".join(made["lines"])):
        assert MARK not in form and encoded(MARK) not in form
    return made


def codes(made: JsonObject) -> list[Code]:
    """The codes of the findings."""
    return [(one["code"], one["kdcluster"], one["object"]) for one in made["report"]["findings"]]


def changed_list(space: Namespace) -> None:
    space.kdcluster("notebook")["spec"]["connections"]["clusters"] = []
    settle(space)


def removed_label(space: Namespace) -> None:
    space.objects[f"{CORE}/configmaps/model"]["metadata"]["labels"] = {}


def deleted_object(space: Namespace) -> None:
    del space.objects[f"{CORE}/secrets/login"]
    settle(space)


def hold(space: Namespace, pod: str, path: str) -> None:
    """Give a member of the notebook its ConfigMap."""
    model = connected_object("ConfigMap", "model", {"path": path})
    content = configmeta(configmaps={"model": [model]})
    space.files[pod, CONFIGMETA] = json.dumps(content).encode()


def missed_reconnect(space: Namespace) -> None:
    space.kdcluster("notebook")["metadata"]["annotations"] = {COUNTER: "0"}


DRIFTS: list[tuple[Callable[[Namespace], None], Code]] = [
    (changed_list, ("connections_differ", "notebook", None)),
    (removed_label, ("unlabelled_object", "notebook", "ConfigMap/model")),
    (deleted_object, ("missing_object", "notebook", "Secret/login")),
    (missed_reconnect, ("missed_reconnect", "notebook", None)),
]


@pytest.mark.parametrize("entries", [DESCRIBED, NAMED], ids=["described", "named"])
def test_a_namespace_without_drift_is_clean(
    live: Namespace, run: Run, entries: list[JsonObject]
) -> None:
    made = audited(run, entries)
    assert codes(made) == []
    assert made["report"]["outcome"] == "clean"
    assert made["lines"] == ["clean: 0 of 0 findings count."]
    cases = ElementTree.fromstring(made["junit"]).iter("testcase")
    assert [case.get("name") for case in cases] == ["KDCluster engine", "KDCluster notebook"]
    assert live.writes == []


@pytest.mark.parametrize("entries", [DESCRIBED, NAMED], ids=["described", "named"])
@pytest.mark.parametrize(("drift", "code"), DRIFTS, ids=lambda one: getattr(one, "__name__", ""))
def test_each_drift_is_reported_once(
    live: Namespace, run: Run, drift: Callable[[Namespace], None], code: Code, entries: list[JsonObject]
) -> None:  # fmt: skip
    drift(live)
    made = audited(run, entries)
    assert codes(made) == [code]
    assert made["report"]["outcome"] == "drift"
    assert live.writes == []


def test_a_member_that_holds_other_values_is_reported_once(live: Namespace, run: Run) -> None:
    connections = {"clusters": [], "configmaps": ["model"], "secrets": []}
    live.kdcluster("notebook")["spec"]["connections"] = connections
    settle(live)
    entries = [{"namespace": "team-a", "kdcluster": ["notebook"], "configmaps": ["model"], "exclusive": True}]  # fmt: skip
    for pod in ("pod-0", "pod-1"):
        hold(live, pod, "/old")
    live.files["pod-e", CONFIGMETA] = json.dumps(configmeta("engine")).encode()
    assert audited(run, entries, members=True)["report"]["outcome"] == "clean"
    hold(live, "pod-1", "/older")
    made = audited(run, entries, members=True, severity="error")
    assert [one for one in codes(made) if one[0] != "unused_object"] == [
        ("stale_configmeta", "notebook", "ConfigMap/model")
    ]
    assert made["report"]["outcome"] == "drift"


def test_other_differences_are_reported(live: Namespace, run: Run) -> None:
    changed = {**MODEL, "data": {"path": "/new"}}
    new = {"name": "extra", "type": "data-source", "data": {"a": "1"}}
    entries: list[JsonObject] = [
        {"namespace": "team-a", "kdcluster": ["lab"], "secrets": ["login"]},
        {"namespace": "team-a", "kdcluster": ["notebook"], "configmaps": [changed]},
        {"namespace": "team-a", "configmaps": [new]},
        {"namespace": "team-a", "apps": ["notebook-app"], "clusters": [], "configmaps": ["model"]},
    ]  # fmt: skip
    made = audited(run, entries)
    assert codes(made) == [
        ("connections_differ", "engine", None),
        ("missing_kdcluster", "lab", None),
        ("missing_object", None, "ConfigMap/extra"),
        ("object_differs", None, "ConfigMap/model"),
    ]
    absent: list[JsonObject] = [
        {
            "namespace": "team-a", "secrets": ["login"], "kdcluster": ["notebook"],
            "state": "absent", "delete_objects": True,
        }
    ]  # fmt: skip
    assert codes(audited(run, absent)) == [
        ("connections_differ", "notebook", None),
        ("unexpected_object", None, "Secret/login"),
    ]
    # If KDClusters are selected, check mode reports the difference.
    live.add_object("Secret", "old", object_type="token", data={"key": encoded("x")})
    selected = [{"namespace": "team-a", "apps": ["notebook-app"], "secrets": ["old"],
                 "state": "absent", "delete_objects": True}]  # fmt: skip
    assert codes(audited(run, selected, severity="error"))[0] == (
        "unexpected_object", None, "Secret/old",
    )  # fmt: skip


def test_binary_data_alone_is_compared(live: Namespace, run: Run) -> None:
    model = {"name": "model", "binary_data": {"logo": encoded("logo")}}
    made = audited(run, [{"namespace": "team-a", "configmaps": [model]}])
    assert codes(made) == [("object_differs", None, "ConfigMap/model")]


def test_a_namespace_may_be_written_as_a_number() -> None:
    lab = {"namespace": "123", "name": "lab", "connections": {"clusters": [], "configmaps": [], "secrets": []}}  # fmt: skip
    found = {"kdclusters": [lab], "objects": [], "problems": []}
    assert findings(found, [{"namespace": 123, "kdcluster": ["lab"]}], {}) == []


def test_severity_and_allow_decide_what_counts(live: Namespace, run: Run) -> None:
    changed_list(live)
    live.add_object("ConfigMap", "spare")
    counting = {"error": 1, "warning": 1, "info": 2}
    for severity, count in counting.items():
        made = audited(run, NAMED, severity=severity)
        assert sum(one["counts"] for one in made["report"]["findings"]) == count
        skipped = ElementTree.fromstring(made["junit"]).findall(".//skipped")
        assert len(skipped) == 2 - count
    allow = ["connections_differ:team-?/note*", "unused_object:team-a/ConfigMap/spare", "cycle"]
    made = audited(run, NAMED, severity="info", allow=allow)
    assert made["report"]["outcome"] == "clean"
    assert [one["allowed"] for one in made["report"]["findings"]] == [True, True]
    assert made["report"]["unused_allowances"] == ["cycle"]
    assert "allowed, and not found: cycle" in made["lines"]
    assert (
        audited(run, NAMED, allow=["connections_differ:team-b/*"])["report"]["outcome"] == "drift"
    )


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("text", "What is expected has to be a list of kd_connection arguments"),
        ([MARK], "entry 1 (unreadable), : an entry is a dictionary"),
        ([{"kdcluster": ["a"]}], "entry 1 (kdcluster a): namespace is missing"),
        ([{"namespace": "a", "secrets": [{"name": "a", "string_data": MARK}]}], "text stands where a"),
        ([{**DESCRIBED[0], "wrong": MARK}], "wrong: is not an option here"),
        ([DESCRIBED[0], {**DESCRIBED[0], "secrets": []}], "exclusive would undo that"),
        ([{"namespace": "a", "secrets": [{"src": "s.yml"}]}], "secrets[no. 1]: an audit does not read src for the name. Give name"),
        ([{"namespace": "a", "configmaps": [{"name": "m", "versioned": True, "from_files": ["x"]}]}],
         "configmaps[m]: an audit cannot compare versioned with from_files, since the name comes from the values. Give data"),
    ],
    ids=range(8),
)  # fmt: skip
def test_bad_entries_are_named(entries: Any, said: str) -> None:
    checked = audit_entries(entries)
    assert checked["entries"] == []
    (problem,) = checked["problems"]
    assert said in problem and MARK not in problem


def test_a_problem_that_only_the_task_finds_names_the_entry_as_it_was_counted() -> None:
    entries = [
        {"namespace": "a", "kdcluster": ["one"], "configmaps": ["m"]},
        {**DESCRIBED[0], "namespace": "b"},
    ]
    checked = audit_entries(entries, places=["list.yml:1", "list.yml:4"])
    assert checked["places"] == ["list.yml:4, entry 2"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"severity": "all"}, "is one of info, warning, error, not all"),
        ({"allow": ["typo"]}, "holds typo, which is not a code"),
        ({"allow": "cycle"}, "has to be a list of texts"),
    ],
)
def test_bad_options_are_named(options: JsonObject, said: str) -> None:
    (problem,) = audit_entries([], **options)["problems"]
    assert said in problem
    with pytest.raises(AnsibleFilterError, match=said):
        audit_report({"problems": []}, time=NOW, **options)


def test_a_summary_is_refused_because_it_is_incomplete(live: Namespace, run: Run) -> None:
    found = run(kd_connection_info, summary=True)
    with pytest.raises(AnsibleFilterError, match=r"^audit_report needs .* option summary"):
        audit_report(found, time=NOW)
    with pytest.raises(AnsibleFilterError, match=r"^kd_export_info needs .* option summary"):
        info_result(found, "kd_export_info", ())


def ci_script(name: str) -> str:
    """The commands of an example for a CI system, as its shell runs them."""
    example = yaml.safe_load((REPOSITORY / "extensions" / "audit" / name).read_text())
    if name.startswith("gitlab"):
        lines: list[str] = example["kubedirector-audit"]["script"]
        return "\n".join(lines)
    steps = example["jobs"]["audit"]["steps"]
    return str(next(step["run"] for step in steps if step.get("name") == "Audit"))


@pytest.mark.whole_run
@pytest.mark.parametrize("example", ["gitlab-ci.yml", "github-workflow.yml"])
def test_the_examples_for_ci_systems_return_the_outcome(
    example: str, live: Namespace, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "connections.yml").write_text(yaml.safe_dump({"kd_connections": DESCRIBED}))
    address = {"K8S_AUTH_HOST": live.server.url, "K8S_AUTH_API_KEY": TOKEN}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def job(**environment: str) -> tuple[int, str, str]:
        done = subprocess.run(
            ["bash", "-e", "-c", ci_script(example)], cwd=tmp_path, capture_output=True, text=True,
            env={**os.environ, "PATH": path, **address, **environment}, check=False, timeout=300,
        )  # fmt: skip
        outcome = json.loads((tmp_path / "audit.json").read_text())["outcome"]
        junit = (tmp_path / "audit.xml").read_text()
        assert junit_problems(junit) == []
        assert MARK not in done.stdout + done.stderr + junit
        return done.returncode, outcome, done.stdout + done.stderr

    code, outcome, output = job()
    assert (code, outcome) == (0, "clean"), output
    changed_list(live)
    code, outcome, output = job()
    assert (code, outcome) == (2, "drift"), output
    assert "drift: 1 of 1 finding count." in output
    assert "KDCluster engine is missing" in output
    code, outcome, output = job(K8S_AUTH_HOST="http://127.0.0.1:1")
    assert (code, outcome) == (1, "error"), output
    assert "cannot be reached" in (tmp_path / "audit.xml").read_text()
    assert live.writes == []


@pytest.mark.whole_run
def test_the_playbook_compares_data_from_files(live: Namespace, tmp_path: Path) -> None:
    login = {
        "definition": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": {"token": MARK}},
        "type": "token",
    }  # fmt: skip
    # In the second entry: the module gets only what entries describe, and each keeps its place.
    described = {**DESCRIBED[0], "secrets": [login],
                 "configmaps": [{"name": "model", "from_files": ["path"]}]}  # fmt: skip
    expected = tmp_path / "expected"
    expected.mkdir()
    file = expected / "connections.yml"
    file.write_text(yaml.safe_dump({"kd_connections": [DESCRIBED[1], described]}))
    address = {"K8S_AUTH_HOST": live.server.url, "K8S_AUTH_API_KEY": TOKEN}

    def audit() -> tuple[int, str]:
        done = run_playbook(
            "kubedirector.connections.audit", "-e", f"kd_connections_file={file}", kubeconfig=None, **address
        )  # fmt: skip
        assert MARK not in done.output and encoded(MARK) not in done.output
        return done.returncode, done.output

    (expected / "path").write_text("/old")
    code, output = audit()
    assert code == 0 and "clean: 0 of 0 findings count." in output, output
    (expected / "path").write_text("/new")
    code, output = audit()
    assert code == 2 and "error object_differs: ConfigMap team-a/model differs" in output, output
    assert "1 of 1 finding count" in output
    assert live.writes == []


@pytest.mark.whole_run
def test_the_playbook_accepts_its_documented_variables(live: Namespace, tmp_path: Path) -> None:
    deleted_object(live)
    address = {"K8S_AUTH_HOST": live.server.url, "K8S_AUTH_API_KEY": TOKEN}
    documented = yaml.safe_load(marked_blocks("docs/audit.md")["audit"])
    for name in ("kd_audit_json", "kd_audit_junit"):
        documented[name] = str(tmp_path / documented[name])
    documented["kd_audit"]["members"] = False

    def audit(**variables: Any) -> tuple[int, str]:
        file = tmp_path / "variables.json"
        file.write_text(json.dumps({**documented, **variables}))
        done = run_playbook(
            "kubedirector.connections.audit", "-e", f"@{file}", "-vvv", kubeconfig=None, **address
        )
        for secret in (MARK, encoded(MARK), TOKEN):
            assert secret not in done.output
        return done.returncode, done.output

    for variables in ({}, {"kd_connections": DESCRIBED}):
        code, output = audit(**variables)
        assert code == 2 and "error missing_object: KDCluster team-a/notebook names " in output
        report = json.loads((tmp_path / "audit.json").read_text())
        assert [one["code"] for one in report["findings"] if one["counts"]] == ["missing_object"]
    assert junit_problems((tmp_path / "audit.xml").read_text()) == []
    # AWX passes an unanswered question like this.
    code, output = audit(kd_connections=[], kd_audit_allow=["missing_object:team-a/login"])
    assert code == 0 and "error missing_object (allowed): " in output
    report = json.loads((tmp_path / "audit.json").read_text())
    assert report["outcome"] == "clean" and report["findings"][0]["allowed"] is True
    code, output = audit(kd_connections=[{"kdcluster": ["lab"]}], kd_audit_allow=["typo"])
    assert code == 2 and "The allow-list holds typo, which is not a code" in output
    assert "entry 1 (kdcluster lab): namespace is missing." in output
    code, output = audit(kd_audit={"namespaces": []})
    assert code == 2 and "kd_audit has the unknown argument namespaces. It takes" in output
