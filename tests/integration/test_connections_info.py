# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kd_connection_info and the playbook overview in a namespace with most problems at once, and on the five set-ups."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness import integration_objects
from tests.harness.audit_log import AuditLog
from tests.harness.canaries import canary
from tests.harness.contract_objects import OPERATOR_NAMESPACE, global_config
from tests.harness.documentation import marked_blocks
from tests.harness.examples import all_setups, manifests_of
from tests.harness.kdcluster import CONFIGMETA, KDCluster
from tests.harness.kubectl import Kubectl, wait_until
from tests.harness.manifests import (
    KDAPP,
    KDCLUSTER,
    ClusterRole,
    Connections,
    configmap,
    kdcluster,
    namespace,
    secret,
    start_script,
)
from tests.harness.modules import Fresh, Modules, succeeded
from tests.harness.playbook import run_playbook
from tests.harness.sandbox_parts import SandboxParts
from tests.harness.timing import Timing
from tests.harness.workspace import create_kdclusters, wait_configured
from tests.integration.history import watched
from tests.integration.permissions import binding, role

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
OURS = {"app.kubernetes.io/managed-by": "kubedirector.connections"}
LOGIN, KEY = canary("login of the faulty namespace"), canary("key of the faulty namespace")
CONTROLLER = [ClusterRole("controller")]
SIDECAR = [ClusterRole("sidecar")]
HUGE = {
    "requests": {"cpu": "9000", "memory": "16Mi"},
    "limits": {"cpu": "9000", "memory": "256Mi"},
}
NOTEBOOK = Connections(
    clusters=["backend", "outsider", "no-such-kdcluster"],
    configmaps=["info-one", "info-two", "plain", "gone", "keys"],
    secrets=["login"],
)
AUDITED = "audited"
# Code, KDCluster, object; of what the API server shows, and of what takes a look into the members.
SHOWN = {
    ("missing_object", "notebook", "KDCluster/no-such-kdcluster"),
    ("missing_object", "notebook", "ConfigMap/gone"),
    ("unlabelled_object", "notebook", "ConfigMap/plain"),
    ("foreign_app", "notebook", "KDCluster/outsider"),
    ("duplicate_type", "notebook", "ConfigMap/info-one"),
    ("exposed_secret_keys", "notebook", "KDCluster/backend"),
    ("secret_in_configmap", None, "ConfigMap/keys"),
    ("binary_data_dropped", None, "ConfigMap/keys"),
    ("last_applied_leak", None, "Secret/login"),
    ("no_config_package", "bare", None),
    ("config_error", "broken", None),
    ("stale_configmeta", "without-setup", None),
    ("missed_reconnect", "scripted", None),
    ("restoring", "restored", None),
    ("unused_object", None, "Secret/spare"),
    ("leftover_copy", None, "ConfigMap/info-one.kd-0123456789"),
    ("leftover_copy", None, "Secret/kd-rotate-0123456789"),
}
IN_MEMBERS = {("reconnect_failed", "scripted", None), ("trailing_newline", None, "Secret/login")}


def objects() -> list[dict[str, Any]]:
    """The ConfigMaps and Secrets."""
    return [
        start_script("fails", exit_code=7),
        start_script("script"),
        configmap("info-one", {"a": "1"}, connection_type="info"),
        configmap("info-two", {"a": "2"}, connection_type="info"),
        configmap("plain", {"a": "3"}),
        configmap("keys", {"api_token": KEY}, connection_type="keys", binary_data={"logo": b"\xff"}),
        secret("login", {"token": f"{LOGIN}\n"}, connection_type="token", annotations={APPLIED: "{}"}),
        secret("spare", {"token": LOGIN}, connection_type="token"),
        configmap(
            "info-one.kd-0123456789", {"a": "1"}, connection_type="info", labels=OURS,
            annotations={"kubedirector.connections/copy-of": ""},
        ),
        secret(
            "kd-rotate-0123456789", {"token": LOGIN},
            labels={**OURS, "kubedirector.connections/keeps": "old-values"},
            annotations={"kubedirector.connections/old-values-of": "Secret/login"},
        ),
        configmap("unrelated", {"a": "4"}),
    ]  # fmt: skip


def kdclusters(outside: str) -> list[dict[str, Any]]:
    """The KDClusters; `outside` is a KDApp in the operator's namespace."""
    keys = {"secretKeys": [{"name": "rest-password", "value": KEY}]}
    return [
        kdcluster("outsider", outside, SIDECAR),
        kdcluster(
            "backend", "serving",
            [ClusterRole("restserver", extra=keys), ClusterRole("loadbalancer")],
        ),
        kdcluster(
            "notebook", "workbench", [ClusterRole("controller", 2)], connections=NOTEBOOK,
            labels={"purpose": "lab"},
        ),
        kdcluster("bare", "bare", SIDECAR, connections=Connections(configmaps=["info-one"])),
        kdcluster("broken", "workbench", CONTROLLER, connections=Connections(configmaps=["fails"])),
        kdcluster("without-setup", "without-setup", CONTROLLER),
        kdcluster("scripted", "workbench", CONTROLLER, connections=Connections(configmaps=["script"])),
        kdcluster("restored", "bare", SIDECAR),
    ]  # fmt: skip


Named = Callable[[str], KDCluster]


@pytest.fixture(scope="module")
def faulty(
    kubectl: Kubectl, new_namespace: Callable[[], str], timing: Timing
) -> Iterator[tuple[str, Named]]:
    """A namespace with all these problems, and its KDClusters by name."""
    home = new_namespace()
    outside = f"outside-{home}"
    kubectl.ensure(global_config(), namespace=OPERATOR_NAMESPACE)
    kubectl.create(integration_objects.outsider_app(outside), namespace=OPERATOR_NAMESPACE)
    kubectl.create(*integration_objects.apps(), *objects(), namespace=home)
    create_kdclusters(kubectl, home, kdclusters(outside))

    def named(name: str) -> KDCluster:
        return KDCluster(kubectl, home, name, timing)

    def states() -> dict[str, str]:
        found = kubectl.list(KDCLUSTER, namespace=home)
        return {
            one["metadata"]["name"]: (one.get("status") or {}).get("state", "") for one in found
        }

    wait_until(
        "all KDClusters of the namespace are configured",
        lambda: set(states().values()) == {"configured"},
        seconds=timing.configure_seconds, poll_seconds=1, seen=states,
    )  # fmt: skip
    named("without-setup").connect(Connections(configmaps=["info-two"]))
    fails = start_script("script", exit_code=7)
    kubectl.patch("configmap", "script", {"data": fails["data"]}, namespace=home)
    named("scripted").wait_settled()
    wait_until(
        "the start script has failed",
        lambda: named("scripted").configure_status()[1] == "7",
        seconds=timing.script_seconds,
    )
    named("scripted").set_counter_back()
    restoring = f"{integration_objects.RESTORING}="
    kubectl.ok("label", KDCLUSTER, "restored", restoring, namespace=home)
    wait_until(
        "the operator has changed the KDCluster without set-up",
        lambda: (
            named("without-setup").status()["state"] == "configured"
            and named("without-setup").generation() == 2
        ),
        seconds=timing.settle_seconds,
    )
    yield home, named
    kubectl.ok("label", KDCLUSTER, "restored", f"{integration_objects.RESTORING}-", namespace=home)
    kubectl.ok("delete", KDCLUSTER, "outsider", namespace=home)
    kubectl.delete(KDAPP, outside, namespace=OPERATOR_NAMESPACE)


@pytest.fixture
def look(faulty: tuple[str, Named], admin: Modules) -> Callable[..., dict[str, Any]]:
    """Run kd_connection_info in the namespace; its output has no secret value."""

    def run(**options: Any) -> dict[str, Any]:
        result = succeeded(admin.connections(namespace=[faulty[0]], **options))
        for value in (LOGIN, KEY):
            assert value not in result.output
        return result.json

    return run


def codes(result: dict[str, Any]) -> set[tuple[str, str | None, str | None]]:
    """The problems, each found once."""
    found = [(one["code"], one["kdcluster"], one["object"]) for one in result["problems"]]
    assert len(found) == len(set(found))
    return set(found)


def test_each_problem_is_found_once(look: Callable[..., dict[str, Any]]) -> None:
    assert codes(look()) == SHOWN


def test_each_problem_of_the_members_is_found_once(look: Callable[..., dict[str, Any]]) -> None:
    result = look(members=True)
    assert codes(result) == SHOWN | IN_MEMBERS
    assert result["not_seen"] == []


def test_the_result_equals_what_kubectl_shows(
    faulty: tuple[str, Named], look: Callable[..., dict[str, Any]], kubectl: Kubectl
) -> None:
    home, named = faulty
    result = look()
    live = {one["metadata"]["name"]: one for one in kubectl.list(KDCLUSTER, namespace=home)}
    assert [one["name"] for one in result["kdclusters"]] == sorted(live)
    for one in result["kdclusters"]:
        manifest = live[one["name"]]
        lists = manifest["spec"].get("connections") or {}
        assert {part: names for part, names in one["connections"].items() if names} == {
            part: names for part, names in lists.items() if names
        }
        assert one["state"] == manifest["status"]["state"]
        assert one["labels"] == (manifest["metadata"].get("labels") or {})
        assert [member["pod"] for member in one["members"]] == [
            member.pod for member in named(one["name"]).members()
        ]
    assert {(one["kind"], one["name"]) for one in result["objects"]} == {
        (one["kind"], one["metadata"]["name"])
        for one in objects()
        if one["metadata"]["name"] != "unrelated"
    }
    settled = {one["name"]: one["settled"] for one in result["kdclusters"]}
    assert [name for name, value in settled.items() if not value] == ["broken", "without-setup"]


def test_endpoints_are_those_that_members_read(
    faulty: tuple[str, Named], look: Callable[..., dict[str, Any]]
) -> None:
    (backend,) = look(kdcluster=["backend"])["kdclusters"]
    roles = faulty[1]("notebook").configmeta()["connections"]["clusters"]["backend"]["nodegroups"][
        "1"
    ]["roles"]
    read = {
        name: [endpoint.replace(".svc.cluster.local", ".svc") for endpoint in service["endpoints"]]
        for one in roles.values()
        for name, service in one["services"].items()
    }
    assert {one["name"]: one["endpoints"] for one in backend["services"]} == read


def test_a_value_in_an_annotation_is_not_shown(
    faulty: tuple[str, Named], look: Callable[..., dict[str, Any]], kubectl: Kubectl
) -> None:
    """Not in `faulty`: the API server's audit log would hold what came with the Secret's metadata."""
    home = faulty[0]
    annotations = {APPLIED: LOGIN}
    kubectl.create(
        secret("annotated", {"token": LOGIN}, connection_type="token", annotations=annotations),
        namespace=home,
    )
    try:
        found = codes(look()) - SHOWN
    finally:
        kubectl.delete("secret", "annotated", namespace=home)
    assert found == {("unused_object", None, "Secret/annotated")}


def test_a_selection_and_the_users_of_an_object_are_found(
    look: Callable[..., dict[str, Any]],
) -> None:
    def selected(**options: Any) -> list[str]:
        return [one["name"] for one in look(**options)["kdclusters"]]

    assert selected(label_selectors=["purpose in (lab, other)"]) == ["notebook"]
    assert selected(apps=["bare"]) == ["bare", "restored"]
    assert selected(configmap="info-one") == ["bare", "notebook"]
    assert selected(cluster="backend") == ["notebook"]
    (usage,) = look(configmap="script")["usage"]
    assert usage["used_by"] == ["scripted"] and usage["exists"] is True
    (scripts,) = usage["start_scripts"]
    assert scripts["kdcluster"] == "scripted" and len(scripts["pods"]) == 1


def test_a_member_with_other_content_is_reported(
    faulty: tuple[str, Named], look: Callable[..., dict[str, Any]]
) -> None:
    notebook = faulty[1]("notebook")
    pod = notebook.members()[1].pod
    before = codes(look(kdcluster=["notebook"], members=True))
    for change, code in (
        ('c["configmaps"]["info"][0]["data"]["a"] = "old"', "stale_configmeta"),
        ('meta["cluster"]["id"] = "another"', "inconsistent_members"),
    ):
        script = (
            f'import json; p = "{CONFIGMETA}"; meta = json.load(open(p)); c = meta["connections"]; {change}; '
            'json.dump(meta, open(p, "w"))'
        )
        notebook.exec(pod, "cp", CONFIGMETA, "/tmp/saved")
        try:
            assert notebook.exec(pod, "python3", "-c", script).returncode == 0
            result = look(kdcluster=["notebook"], members=True)
        finally:
            notebook.exec(pod, "cp", "/tmp/saved", CONFIGMETA)
        ((found, _kdcluster, _object),) = codes(result) - before
        assert found == code
        (problem,) = [one for one in result["problems"] if one["code"] == code]
        assert pod in problem["message"]


def test_a_cycle_is_reported(
    kubectl: Kubectl, new_namespace: Callable[[], str], admin: Modules, timing: Timing
) -> None:
    """No node takes their members, so that the operator never comes to what makes it stuck."""
    home = new_namespace()
    kubectl.create(*integration_objects.apps(), namespace=home)
    pending = [ClusterRole("sidecar", extra={"resources": HUGE})]
    create_kdclusters(
        kubectl, home,
        [
            kdcluster("ring-b", "bare", pending),
            kdcluster("ring-a", "bare", pending, connections=Connections(clusters=["ring-b"])),
        ],
    )  # fmt: skip
    KDCluster(kubectl, home, "ring-b", timing).connect(Connections(clusters=["ring-a"]))
    found = codes(succeeded(admin.connections(namespace=[home])).json)
    assert ("cycle", "ring-a", None) in found


def test_a_hanging_operator_is_reported(
    faulty: tuple[str, Named], look: Callable[..., dict[str, Any]], kubectl: Kubectl
) -> None:
    home, named = faulty
    parts = SandboxParts(kubectl)
    if not parts.has_operator:
        pytest.skip("the operator of this cluster is not ours to stop")
    before = codes(look())
    with parts.hanging_operator():
        kubectl.patch("configmap", "info-one", {"data": {"a": "new"}}, namespace=home)
        assert ("stale_configmeta", "bare", None) in codes(look())
        wait_until(
            "the operator counts as stuck",
            lambda: ("stuck_operator", "bare", None) in codes(look()),
            seconds=150, poll_seconds=5,
        )  # fmt: skip
    named("notebook").wait_settled()
    named("bare").wait_settled()
    assert codes(look()) == before


def test_a_missed_reconnect_is_reported(
    faulty: tuple[str, Named], look: Callable[..., dict[str, Any]], kubectl: Kubectl
) -> None:
    home, named = faulty
    scripted = named("scripted")
    scripted.set_counter_back()
    # A run shortly before the change may count as one after it: clocks differ.
    wait_until("the last run is a while ago", lambda: scripted.since_last_run() > 8, seconds=20)
    kubectl.patch("configmap", "script", {"data": {"seconds": "0.0"}}, namespace=home)
    scripted.wait_settled()
    found = look(kdcluster=["scripted"], members=True)
    assert ("missed_reconnect", "scripted", None) in codes(found)
    (problem,) = [one for one in found["problems"] if one["code"] == "missed_reconnect"]
    assert scripted.pod() in problem["message"] and "--reconnect" in problem["hint"]
    # As it was.
    scripted.set_counter_back()


def test_the_overview_fits_and_writes_nothing(
    faulty: tuple[str, Named], kubectl: Kubectl, tmp_path: Any
) -> None:
    home, _named = faulty
    given = tmp_path / "overview.json"
    given.write_text(json.dumps({"kd_overview": {"namespace": home}}))
    with watched(kubectl, home) as history:
        done = run_playbook(
            "kubedirector.connections.overview", "-e", f"@{given}", kubeconfig=kubectl.kubeconfig
        )
        assert done.returncode == 0 and done.counts["changed"] == 0, done.output
        assert history.edited() == []
    lines = [line for line in done.output.splitlines() if line.startswith(" ")]
    assert max(map(len, lines)) <= 100
    for text in ("without-setup", "missing_object", "connected to nothing: secret/spare"):
        assert text in done.output
    assert LOGIN not in done.output and KEY not in done.output


def test_the_documented_query_finds_the_users_of_a_secret(
    faulty: tuple[str, Named], kubectl: Kubectl, tmp_path: Any
) -> None:
    home, _named = faulty
    given = tmp_path / "overview.yml"
    text = marked_blocks("docs/overview.md")["usage"]
    given.write_text(text.replace("team-a", home).replace("source-control-secret", "login"))
    done = run_playbook(
        "kubedirector.connections.overview", "-e", f"@{given}", kubeconfig=kubectl.kubeconfig
    )
    assert done.returncode == 0, done.output
    assert "1 KDCluster," in done.output
    assert f"Secret {home}/login: used by notebook." in done.output


def test_an_export_changes_nothing_and_leaves_nothing_out(
    faulty: tuple[str, Named], kubectl: Kubectl, tmp_path: Any
) -> None:
    home, _named = faulty
    given = tmp_path / "export.yml"
    given.write_text(marked_blocks("docs/overview.md")["export"].replace("team-a", home))
    with watched(kubectl, home) as history:
        done = run_playbook(
            "kubedirector.connections.export", "-e", f"@{given}",
            "-e", f"kd_export_directory={tmp_path}", kubeconfig=kubectl.kubeconfig,
        )  # fmt: skip
        assert done.returncode == 0, done.output
        file = tmp_path / f"{home}-connections.yml"
        variables = yaml.safe_load(file.read_text())
        live = {one["metadata"]["name"]: one for one in kubectl.list(KDCLUSTER, namespace=home)}
        parts: dict[str, list[dict[str, Any]]] = {name: [] for name in live}
        for entry in variables["kd_connections"]:
            parts[entry["kdcluster"][0]].append(entry)
        for left_out in variables["kd_left_out"]:
            parts[left_out["kdcluster"]].append(left_out)
            assert left_out["problems"]
        for name, manifest in live.items():
            lists = manifest["spec"].get("connections") or {}
            for part in ("clusters", "configmaps", "secrets"):
                found = [target for entry in parts[name] for target in entry.get(part, [])]
                assert sorted(found) == sorted(lists.get(part) or [])
        (notebook, left_out) = parts["notebook"]
        assert notebook["configmaps"] == ["info-one", "info-two", "keys"]
        assert left_out["configmaps"] == ["plain", "gone"]
        assert left_out["clusters"] == ["outsider", "no-such-kdcluster"]
        done = run_playbook(
            "kubedirector.connections.connect", "--check", "-e", f"kd_connections_file={file}",
            kubeconfig=kubectl.kubeconfig,
        )  # fmt: skip
        assert done.returncode == 0 and done.counts["changed"] == 0, done.output
        assert history.edited() == []
    assert LOGIN not in file.read_text() and KEY not in file.read_text()


def test_an_export_with_values_changes_nothing(
    faulty: tuple[str, Named], kubectl: Kubectl, admin: Modules, tmp_path: Path
) -> None:
    home, _named = faulty
    password = tmp_path / "password"
    password.write_text("a password")
    given = tmp_path / "export.yml"
    blocks = marked_blocks("docs/overview.md")
    given.write_text((blocks["export"] + blocks["export-more"]).replace("team-a", home))
    vault = ("--vault-password-file", str(password))
    done = run_playbook(
        "kubedirector.connections.export", "-e", f"@{given}", *vault,
        "-e", f"kd_export_directory={tmp_path}", kubeconfig=kubectl.kubeconfig,
    )  # fmt: skip
    assert done.returncode == 0, done.output
    for what in ("connections", "secrets"):
        done = run_playbook(
            "kubedirector.connections.connect", "--check", *vault,
            "-e", f"kd_connections_file={tmp_path}/{home}-{what}.yml", kubeconfig=kubectl.kubeconfig,
        )  # fmt: skip
        assert done.returncode == 0 and done.counts["changed"] == 0, done.output
    clusters = yaml.safe_load((tmp_path / f"{home}-clusters.yml").read_text())["kd_clusters"]
    live = {one["metadata"]["name"] for one in kubectl.list(KDCLUSTER, namespace=home)}
    assert {one["name"] for one in clusters} == live
    planned = succeeded(admin.cluster(check_mode=True, **clusters[0]))
    assert not planned.json["changed"]
    # It holds a canary, which no test may leave behind.
    (tmp_path / f"{home}-connections.yml").unlink()


def test_a_user_who_may_not_list_objects_sees_what_is_connected(
    faulty: tuple[str, Named], kubectl: Kubectl, address: dict[str, str], fresh: Fresh
) -> None:
    home, _named = faulty
    name = fresh("reader")
    verbs = {"kubedirectorclusters": ["list"], "kubedirectorapps": ["list"], "secrets": ["get"], "configmaps": ["get"]}  # fmt: skip
    subject = {"kind": "ServiceAccount", "name": name, "namespace": home}
    kubectl.ok("create", "serviceaccount", name, namespace=home)
    kubectl.create(role(name, verbs), binding(name, subject), namespace=home)
    token = kubectl.ok("create", "token", name, namespace=home).strip()
    result = succeeded(Modules({**address, "api_key": token}, None).connections(namespace=[home]))
    unlisted = {one for one in SHOWN if one[0] in ("unused_object", "leftover_copy")}
    assert codes(result.json) == SHOWN - unlisted
    assert sorted(one["kind"] for one in result.json["not_seen"]) == ["ConfigMap", "Secret"]
    assert all("'list'" in one["reason"] for one in result.json["not_seen"])


def test_no_data_of_a_secret_leaves_the_api_server(
    faulty: tuple[str, Named], kubectl: Kubectl, address: dict[str, str], fresh: Fresh,
    audit_log: AuditLog | None,
) -> None:  # fmt: skip
    if audit_log is None:
        pytest.skip("the audit log of this cluster is not ours to read")
    home, name = faulty[0], fresh("audited")
    kubectl.ensure(namespace(AUDITED))
    kubectl.ok("create", "serviceaccount", name, namespace=AUDITED)
    token = kubectl.ok("create", "token", name, namespace=AUDITED).strip()
    subject = {"kind": "ServiceAccount", "name": name, "namespace": AUDITED}
    bound = binding(name, subject)
    bound["roleRef"] = {**bound["roleRef"], "kind": "ClusterRole", "name": "cluster-admin"}
    kubectl.create(bound, namespace=home)
    modules = Modules({**address, "api_key": token}, None)
    user = f"system:serviceaccount:{AUDITED}:{name}"
    mark = audit_log.mark()
    succeeded(modules.connections(namespace=[home]))
    asked = audit_log.since(mark, user)
    assert sorted((one.verb, one.resource) for one in asked) == [
        ("list", resource)
        for resource in ("configmaps", "kubedirectorapps", "kubedirectorclusters", "secrets")
    ]
    mark = audit_log.mark()
    succeeded(modules.connections(namespace=[home], members=True, secret="login"))
    asked += audit_log.since(mark, user)
    assert not [one for one in asked if one.writes]
    of_secrets = [one for one in asked if one.resource == "secrets"]
    assert len(of_secrets) == 2
    for one in of_secrets:
        assert one.answer is not None and one.answer["kind"] == "PartialObjectMetadataList"
        assert "login" in {item["metadata"]["name"] for item in one.answer["items"]}
        assert not any("data" in item for item in one.answer["items"])
    kubectl.delete("serviceaccount", name, namespace=AUDITED)


def test_the_five_set_ups_have_no_problems(
    kubectl: Kubectl, new_namespace: Callable[[], str], admin: Modules, timing: Timing, tmp_path: Any,
) -> None:  # fmt: skip
    """They follow one another in one namespace."""
    home = new_namespace()
    kubectl.create(*manifests_of("12345").values(), namespace=home)
    wait_configured(kubectl, home, seconds=timing.configure_seconds)
    for setup in all_setups():
        given = setup.connections_file.read_text().replace(setup.namespace, home)
        done = run_playbook(
            "kubedirector.connections.connect",
            "-e",
            json.dumps(yaml.safe_load(given)),
            kubeconfig=kubectl.kubeconfig,
        )
        assert done.returncode == 0, done.output
        result = succeeded(admin.connections(namespace=[home], members=True)).json
        assert result["problems"] == [], setup.name
        assert all(one["settled"] for one in result["kdclusters"])
    exported = (
        "-e",
        json.dumps({"kd_export": {"namespace": home}, "kd_export_directory": str(tmp_path)}),
    )
    done = run_playbook("kubedirector.connections.export", *exported, kubeconfig=kubectl.kubeconfig)
    assert done.returncode == 0 and "left out" not in done.output, done.output
    file = f"kd_connections_file={tmp_path / home}-connections.yml"
    done = run_playbook(
        "kubedirector.connections.connect", "--check", "-e", file, kubeconfig=kubectl.kubeconfig
    )
    assert done.returncode == 0 and done.counts["changed"] == 0, done.output
    assert audit(kubectl, file) == (0, "clean: 0 of 0 findings count.")
    notebook = KDCluster(kubectl, home, "jupyter-notebook", timing)
    notebook.connect(Connections())
    notebook.wait_settled()
    code, outcome = audit(kubectl, file)
    assert code == 2 and outcome.startswith("drift: 1 of ")


def audit(kubectl: Kubectl, file: str) -> tuple[int, str]:
    """Run the playbook audit; its exit code, and the line with the outcome."""
    done = run_playbook(
        "kubedirector.connections.audit", "-e", file, "-e", "kd_audit_severity=error",
        "-e", '{"kd_audit": {"members": true}}', kubeconfig=kubectl.kubeconfig,
    )  # fmt: skip
    outcome = re.search(r"(clean|drift|error): [^\"\n]*", done.output)
    assert outcome is not None, done.output
    return done.returncode, outcome[0]
