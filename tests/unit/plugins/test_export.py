# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export of any namespace is complete and in order, and kd_connections changes nothing with it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret, is_encrypted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_cluster,
    kd_connection_info,
    kd_connections,
    kd_export_info,
)
from ansible_collections.kubedirector.connections.plugins.plugin_utils._export import (
    export_files,
)
from tests.harness.documentation import marked_blocks
from tests.harness.playbook import run_playbook
from tests.unit.plugins.api_server import status_answer
from tests.unit.plugins.clients import CORE, KDCLUSTERS, TOKEN
from tests.unit.plugins.kdcluster_in_full import OPTIONS, add_in_full
from tests.unit.plugins.manifests import JsonObject, encoded
from tests.unit.plugins.module_runs import MARK, Run
from tests.unit.plugins.namespace_server import Namespace

Lists = dict[str, list[str]]
KINDS = {"configmaps": "ConfigMap", "secrets": "Secret"}
CLUSTERS = ("alpha", "beta", "gamma", "missing")
OBJECTS = ("one", "two", "three", "plain", "empty", "terminating", "missing")
APPS = ("notebook-app", "notebook-app", "notebook-app", "elsewhere")
DELETED_AT = "2026-01-01T00:00:00Z"


def names(all_of_them: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    """Some of these in any order, rarely one twice."""
    return st.lists(st.sampled_from(all_of_them), max_size=4)


connections = st.fixed_dictionaries(
    {"clusters": names(CLUSTERS), "configmaps": names(OBJECTS), "secrets": names(OBJECTS)}
)
texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t {}#%|>-:'\"")
)
texts |= st.sampled_from(
    ["8080", "true", "{{ lookup('pipe', 'id') }}", "{% raw %}\n", "#jinja2: a"]
)
values = st.dictionaries(st.sampled_from(["key", "app.yml", "UPPER_case-1"]), texts)
contents = st.fixed_dictionaries(dict.fromkeys(OBJECTS[:-1], values))
cluster_sets = st.dictionaries(
    st.sampled_from(CLUSTERS[:-1]),
    st.tuples(connections, st.sampled_from(APPS), st.sampled_from([False, False, False, True])),
    min_size=1,
)


class Loader(yaml.SafeLoader):
    """Accepts the tag of text that is not a template."""

    def unsafe(self, node: Any) -> Any:
        """The text itself."""
        return self.construct_scalar(node)


Loader.add_constructor("!unsafe", Loader.unsafe)


def exported(
    run: Run, plain_run: Run, *, namespaces: tuple[str, ...] = ("team-a",), **options: bool
) -> list[JsonObject]:
    """The files, made as in the playbook."""
    found = run(kd_connection_info, namespace=list(namespaces))
    read = plain_run(kd_export_info, found=found, **options)
    return export_files(found, [json.loads(one) for one in read["content"]])


def loaded(text: str) -> JsonObject:
    """The variables in a file."""
    found = yaml.load(text, Loader)
    assert isinstance(found, dict)
    return found


def fill(
    space: Namespace,
    clusters: dict[str, tuple[Lists, str, bool]],
    data: dict[str, dict[str, str]] | None = None,
) -> None:
    """Add KDClusters and objects; some objects have no type label or an empty one, some objects are terminating."""
    space.objects.clear()
    for plural, kind in KINDS.items():
        for name in OBJECTS[:-1]:
            label = {"plain": None, "empty": ""}.get(name, f"type-of-{name}")
            held = (data or {}).get(name, {"key": MARK})
            if kind == "Secret":
                held = {key: encoded(value) for key, value in held.items()}
            space.add_object(kind, name, object_type=label, data=held)
        space.objects[f"{CORE}/{plural}/terminating"]["metadata"]["deletionTimestamp"] = DELETED_AT
    for name, (lists, app, is_terminating) in clusters.items():
        space.add_kdcluster(name, f"pod-of-{name}", app=app, connections=lists)
        if is_terminating:
            space.kdcluster(name)["metadata"]["deletionTimestamp"] = DELETED_AT
    for manifest in [v for k, v in space.objects.items() if k.startswith(KDCLUSTERS)]:
        manifest["status"]["lastConnectionHash"] = space.hash_of(manifest)


def merged(kept: list[str], rest: list[str], order: list[str]) -> list[str]:
    """Both parts together, in the live order."""
    left, mixed = (list(kept), list(rest)), []
    for name in order:
        part = next(part for part in left if part and part[0] == name)
        mixed.append(part.pop(0))
    return mixed if left == ([], []) else ["something is too much"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(clusters=cluster_sets)
def test_an_export_holds_everything_in_order_and_changes_nothing(
    run: Run, plain_run: Run, space: Namespace, clusters: dict[str, tuple[Lists, str, bool]]
) -> None:
    fill(space, clusters)
    (file,) = exported(run, plain_run)
    variables = loaded(file["content"])
    entries = {one["kdcluster"][0]: one for one in variables["kd_connections"]}
    left_out = {one["kdcluster"]: one for one in variables.get("kd_left_out", [])}
    for name, (lists, _app, _is_terminating) in clusters.items():
        entry, rest = entries.get(name, {}), left_out.get(name, {})
        for part, live in lists.items():
            assert merged(entry.get(part, []), rest.get(part, []), live) == live
        # Every connection is in an entry, or left out with a reason.
        assert bool(entry.get("exclusive")) is not bool(rest)
        assert not rest or all(rest["problems"])
        for problem in rest.get("problems", ()):
            assert f"left out: {problem}" in file["summary"]
    if variables["kd_connections"]:
        given = {"connections": variables["kd_connections"]}
        planned = run(kd_connections, check=True, **given)
        assert "failed" not in planned, planned.get("msg")
        assert planned["changed"] is False
    assert space.writes == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(clusters=cluster_sets, data=contents)
def test_an_export_with_data_describes_each_connected_configmap_once(
    run: Run,
    plain_run: Run,
    space: Namespace,
    clusters: dict[str, tuple[Lists, str, bool]],
    data: dict[str, dict[str, str]],
) -> None:
    fill(space, clusters, data)
    (names_only,) = exported(run, plain_run)
    (file,) = exported(run, plain_run, configmap_data=True)
    entries = loaded(file["content"])["kd_connections"]
    described = [
        one for entry in entries if "kdcluster" not in entry for one in entry["configmaps"]
    ]
    connected = {
        name for lists, _app, _is_terminating in clusters.values() for name in lists["configmaps"]
    }
    assert described == [
        {"name": name, "type": f"type-of-{name}", "data": data[name]}
        for name in sorted(connected & {"one", "two", "three"})
    ]
    # Everything else is as in an export without data.
    assert [one for one in entries if "kdcluster" in one] == (
        loaded(names_only["content"])["kd_connections"]
    )
    if entries:
        planned = run(kd_connections, check=True, connections=entries)
        assert "failed" not in planned, planned.get("msg")
        assert planned["changed"] is False
    assert space.writes == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(clusters=cluster_sets)
def test_an_export_of_kdclusters_holds_each_and_changes_nothing(
    run: Run, plain_run: Run, space: Namespace, clusters: dict[str, tuple[Lists, str, bool]]
) -> None:
    fill(space, clusters)
    _connections, file = exported(run, plain_run, clusters=True)
    entries = {entry["name"]: entry for entry in loaded(file["content"])["kd_clusters"]}
    for name, (_lists, app, is_terminating) in clusters.items():
        said = [one for one in file["summary"] if f"KDCluster team-a/{name}:" in one]
        assert (name in entries) is not bool(said)
        if is_terminating:
            assert said == [f"left out: KDCluster team-a/{name}: It is being deleted."]
            continue
        planned = run(kd_cluster, check=True, **entries[name])
        # It has no KDApp or is part of a cycle, so any options would be refused.
        if "failed" in planned:
            assert app == "elsewhere" or "cycle" in planned["msg"], planned["msg"]
        else:
            assert planned["changed"] is False
    assert space.writes == []


def test_a_kdcluster_with_every_field_is_exported(
    run: Run, plain_run: Run, space: Namespace
) -> None:
    add_in_full(space)
    manifest = space.kdcluster("lab")
    manifest["metadata"]["annotations"]["kubedirector.hpe.com/hashChangeCounter"] = "3"
    role = manifest["spec"]["roles"][0]
    role["env"].append({"name": "EMPTY"})
    role["new-in-kubedirector"] = {"a": 1}
    extra = {"name": "FROM", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    manifest["spec"]["roles"].append(
        {"id": "worker", "members": 0, "env": [extra], "podLabels": {}}
    )
    _connections, file = exported(run, plain_run, clusters=True)
    (lab,) = [one for one in loaded(file["content"])["kd_clusters"] if one["name"] == "lab"]
    assert set(lab) == {"namespace", *OPTIONS} - {"connections"}
    assert set(lab["roles"][0]) == set(OPTIONS["roles"][0]) - {"secret_keys"}
    assert lab["roles"][1] == {"id": "worker", "members": 0}
    assert lab["annotations"] == OPTIONS["annotations"]
    planned = run(kd_cluster, check=True, **lab)
    assert planned["changed"] is False, planned
    left_out = [
        "KDCluster team-a/lab: the values of secret_keys rest-password of role controller. The operator stores them "
        "encrypted, so they stay as they are. Give them where the KDCluster is to be created.",
        "KDCluster team-a/lab: new-in-kubedirector of role controller, for which kd_cluster has no option.",
        "KDCluster team-a/lab: env of role worker, for which kd_cluster has no option.",
    ]
    assert file["summary"] == [
        "team-a-clusters.yml: 3 KDClusters.", *(f"left out: {one}" for one in left_out),
    ]  # fmt: skip
    lines = file["content"].split("\n")
    assert lines[3:6] == [f"# Left out: {one}" for one in left_out]
    assert "0123abcd" not in file["content"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(clusters=cluster_sets, data=contents)
def test_an_export_of_secrets_describes_each_connected_one(
    run: Run,
    plain_run: Run,
    space: Namespace,
    clusters: dict[str, tuple[Lists, str, bool]],
    data: dict[str, dict[str, str]],
) -> None:
    fill(space, clusters, data)
    (names_only,) = exported(run, plain_run)
    file, *secrets = exported(run, plain_run, secret_values=True)
    # Only encrypted files hold values.
    assert file == names_only
    connected = {
        name for lists, _app, _is_terminating in clusters.values() for name in lists["secrets"]
    }
    connected &= {"one", "two", "three"}
    assert [one["encrypted"] for one in secrets] == [True] * bool(connected)
    for one in secrets:
        entries = loaded(one["content"])["kd_connections"]
        assert entries == [
            {
                "namespace": "team-a",
                "secrets": [
                    {
                        "name": name,
                        "type": f"type-of-{name}",
                        "data": {key: encoded(value) for key, value in data[name].items()},
                    }
                    for name in sorted(connected)
                ],
            }
        ]
        planned = run(kd_connections, check=True, connections=entries)
        assert "failed" not in planned, planned.get("msg")
        assert planned["changed"] is False
    assert space.writes == []


def test_binary_data_and_unreadable_objects_are_left_out(
    run: Run, plain_run: Run, space: Namespace
) -> None:
    for name in ("binary", "secret", "hidden", "deleted"):
        space.add_object("ConfigMap", name, data={"key": TOKEN if name == "secret" else "a"})
    space.add_object("ConfigMap", "reserved", data={"__ansible_type": "a"})
    space.objects[f"{CORE}/configmaps/binary"]["binaryData"] = {"blob": encoded("\0")}
    names = ["binary", "secret", "hidden", "deleted", "reserved"]
    space.add_kdcluster("lab", "pod-l", configmaps=names)
    found = run(kd_connection_info, namespace=["team-a"], kdcluster=["lab"])
    del space.objects[f"{CORE}/configmaps/deleted"]
    space.server.on("GET", f"{CORE}/configmaps/hidden", status_answer(403, "Forbidden", "no"))
    read = plain_run(kd_export_info, found=found, configmap_data=True)
    (file,) = export_files(found, [json.loads(one) for one in read["content"]])
    variables = loaded(file["content"])
    assert variables["kd_connections"][0]["configmaps"] == [
        {"name": "binary", "type": "model", "data": {"key": "a"}, "binary_data": {"blob": "AA=="}}
    ]
    # They stay connected.
    assert variables["kd_connections"][1]["configmaps"] == names
    deleted, hidden, reserved, secret = variables["kd_left_out"]
    assert deleted["problems"] == [
        "ConfigMap team-a/deleted is without its content. It was deleted or lost its type label while the playbook ran. "
        "Run it again."
    ]
    assert "verb 'get' on resource 'configmaps'" in hidden["problems"][0]
    assert "has keys that Ansible reads as its own" in reserved["problems"][0]
    assert "holds the credentials that this task logs in with" in secret["problems"][0]
    assert TOKEN not in file["content"]


def test_a_file_has_the_documented_text(run: Run, plain_run: Run, space: Namespace) -> None:
    lists: Lists = {
        "clusters": ["engine"], "configmaps": ["model", "lost"], "secrets": [],
    }  # fmt: skip
    space.add_kdcluster("lab", "pod-l", connections=lists)
    (file,) = exported(run, plain_run)
    assert file["name"] == "team-a-connections.yml"
    assert file["content"] == TEXT.format(server=space.server.url)
    assert file["summary"] == [
        "team-a-connections.yml: 2 of 3 KDClusters in full.",
        "left out: KDCluster team-a/lab names ConfigMap team-a/lost, which does not exist: the operator skips it silently. "
        "Create it with its type, or disconnect it.",
    ]


TEXT = """\
---
# The connections in namespace team-a of {server}, as they were when the playbook export ran.
# The next export replaces this file: rename it before you change it.
kd_connections:
  - namespace: team-a
    kdcluster:
      - engine
    exclusive: true
  - namespace: team-a
    kdcluster:
      - lab
    clusters:
      - engine
    configmaps:
      - model
  - namespace: team-a
    kdcluster:
      - notebook
    configmaps:
      - model
    exclusive: true

# What connect would refuse or could not be read, and why. It leaves that alone.
kd_left_out:
  - kdcluster: lab
    configmaps:
      - lost
    problems:
      - 'KDCluster team-a/lab names ConfigMap team-a/lost, which does not exist: the operator skips it silently. Create it
        with its type, or disconnect it.'
"""


@pytest.mark.whole_run
def test_the_playbook_writes_files_that_connect_accepts(space: Namespace, tmp_path: Path) -> None:
    space.add_object("Secret", "login", object_type="token", data={"token": encoded(MARK)})
    lists: Lists = {"clusters": ["engine"], "configmaps": [], "secrets": ["login"]}
    space.add_kdcluster("lab", "pod-l", connections=lists)
    address = {"K8S_AUTH_HOST": space.server.url, "K8S_AUTH_API_KEY": TOKEN}
    file = tmp_path / "exports" / "team-a-connections.yml"

    def export(*arguments: str, code: int = 0) -> dict[str, Any]:
        done = run_playbook(
            "kubedirector.connections.export", "-e", f"kd_export_directory={file.parent}",
            "-e", '{"kd_export": {"namespace": "team-a"}}', "--diff", *arguments, kubeconfig=None,
            **address,
        )  # fmt: skip
        assert done.returncode == code, done.output
        assert MARK not in done.output and encoded(MARK) not in done.output
        return {"output": done.output, **done.counts}

    assert "3 of 3 KDClusters in full" in export("--check")["output"]
    assert not file.parent.exists()
    assert export()["changed"] == 2
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    os.chmod(file.parent, 0o755)
    assert export()["changed"] == 0
    assert file.parent.stat().st_mode & 0o777 == 0o755
    done = run_playbook(
        "kubedirector.connections.connect", "--check", "-e", f"kd_connections_file={file}",
        kubeconfig=None, **address,
    )  # fmt: skip
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == 0, done.output
    assert space.writes == []
    # A file of the same namespace of another Kubernetes cluster.
    file.write_text(
        other := file.read_text().replace(space.server.url, "https://other.example.com")
    )
    said = export(code=2)["output"]
    assert f"did not write it from {space.server.url}. Rename it" in said.replace("\n", " ")
    assert file.read_text() == other
    file.write_text(own := "kd_connections: [] # written by hand\n")
    said = export(code=2)["output"]
    assert "exists, and the playbook export did not write it from " in said.replace("\n", " ")
    assert file.read_text() == own


@pytest.mark.whole_run
def test_the_playbook_writes_data_that_connect_accepts_and_shows_none(
    space: Namespace, tmp_path: Path
) -> None:
    add_in_full(space)
    space.add_object("Secret", "token", data={})
    env = space.kdcluster("lab")["spec"]["roles"][0]["env"]
    env.append({"name": "PASSWORD", "value": f"{MARK} {{{{ 1 }}}}"})
    data = {"key": MARK, "notes": "{{ lookup('pipe', 'touch here') }}\nof two lines\n"}
    space.add_object("ConfigMap", "model", data=data)
    space.kdcluster("notebook")["status"]["lastConnectionHash"] = space.hash_of(
        space.kdcluster("notebook")
    )
    address = {"K8S_AUTH_HOST": space.server.url, "K8S_AUTH_API_KEY": TOKEN}
    (asked := tmp_path / "asked.yml").write_text(marked_blocks("docs/overview.md")["export-more"])
    (password := tmp_path / "password").write_text("a password")
    done = run_playbook(
        "kubedirector.connections.export", "-vvv", "--diff",
        "-e", f"kd_export_directory={tmp_path}", "-e", f"@{asked}",
        "--vault-password-file", str(password),
        "-e", '{"kd_export": {"namespace": "team-a"}}',
        kubeconfig=None, **address, ANSIBLE_DISPLAY_ARGS_TO_STDOUT="1",
    )  # fmt: skip
    assert done.returncode == 0, done.output
    assert MARK not in done.output and "of two lines" not in done.output
    file = tmp_path / "team-a-connections.yml"
    assert loaded(file.read_text())["kd_connections"][0] == {
        "namespace": "team-a", "configmaps": [{"name": "model", "type": "model", "data": data}],
    }  # fmt: skip
    done = run_playbook(
        "kubedirector.connections.connect", "--check", "-e", f"kd_connections_file={file}",
        kubeconfig=None, **address,
    )  # fmt: skip
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == 0, done.output
    play = tmp_path / "clusters.yml"
    play.write_text(marked_blocks("docs/overview.md")["clusters"])
    done = run_playbook(play, "--check", "--diff", kubeconfig=None, **address)
    assert done.returncode == 0, done.output
    assert done.counts["changed"] == 0, done.output
    for written in (file, tmp_path / "team-a-clusters.yml"):
        assert written.stat().st_mode & 0o777 == 0o600
        # They hold a canary, which no test may leave.
        written.unlink()
    assert space.writes == []


@pytest.mark.whole_run
@pytest.mark.parametrize("keep", ["0", "1"], ids=["in-the-worker", "as-a-process"])
def test_the_playbook_encrypts_secrets_and_shows_no_value(
    space: Namespace, tmp_path: Path, keep: str
) -> None:
    space.add_object("Secret", "login", object_type="token", data={"token": encoded(MARK)})
    space.objects[f"{CORE}/secrets/login"]["type"] = "Opaque"
    space.add_kdcluster("lab", "pod-l", secrets=["login"])
    passwords = [tmp_path / "password", tmp_path / "other"]
    for number, path in enumerate(passwords):
        path.write_text(f"password {number}\n")
    with_password: tuple[str, ...] = ("--vault-id", f"team@{passwords[0]}")
    file = tmp_path / "out" / "team-a-secrets.yml"
    environment = {
        "K8S_AUTH_HOST": space.server.url, "K8S_AUTH_API_KEY": TOKEN,
        "ANSIBLE_REMOTE_TMP": str(tmp_path / "remote"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"), "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
        "ANSIBLE_LOG_PATH": str(tmp_path / "log"),
    }  # fmt: skip

    def play(name: str, *arguments: str, code: int = 0) -> dict[str, Any]:
        done = run_playbook(
            f"kubedirector.connections.{name}", *arguments, "--diff", "-vvv", kubeconfig=None,
            # Ansible itself would keep the input of connect.
            ANSIBLE_KEEP_REMOTE_FILES=keep if name == "export" else "0", **environment,
        )  # fmt: skip
        assert done.returncode == code, done.output
        left = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
        for text in (done.output, *left):
            assert MARK not in text and encoded(MARK) not in text
        return {"output": done.output, **done.counts}

    def export(*arguments: str, code: int = 0) -> dict[str, Any]:
        given = {"kd_export": {"namespace": "team-a"}, "kd_export_secret_values": True}
        given["kd_export_directory"] = str(file.parent)
        return play("export", "-e", json.dumps(given), *arguments, code=code)

    refused = export(code=2)["output"]
    assert "secret_values needs a vault password, since values" in refused
    assert not file.parent.exists()
    secret = f"{CORE}/secrets/login"
    asked = [one.header("Accept")[0] for one in space.server.of("GET", secret)]
    assert all("PartialObjectMetadata" in one for one in asked)

    assert "team-a-secrets.yml: 1 Secret, encrypted." in export(*with_password)["output"]
    assert file.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;team\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert export(*with_password)["changed"] == 0
    for name in ("secrets", "connections"):
        taken = f"kd_connections_file={file.parent}/team-a-{name}.yml"
        assert play("connect", "--check", "-e", taken, *with_password)["changed"] == 0
    before = file.read_text()
    # Without its password, an encrypted file is not replaced.
    refused = export("--vault-id", f"team@{passwords[1]}", code=2)["output"]
    assert "is encrypted, and not with a vault password of this run" in refused
    assert file.read_text() == before
    # The new password is used although the old one opens the file.
    environment["ANSIBLE_VAULT_ENCRYPT_IDENTITY"] = "new"
    both = (*with_password, "--vault-id", f"new@{passwords[1]}")
    assert export(*both)["changed"] == 1
    assert file.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;new\n")
    assert export(*both)["changed"] == 0
    assert "no vault password of that id" in export(*with_password, code=2)["output"]
    del environment["ANSIBLE_VAULT_ENCRYPT_IDENTITY"]
    with_password = both
    # connect writes the exported values.
    space.objects[secret]["data"] = {"token": encoded("changed since")}
    assert play("connect", "--check", "-e", f"kd_connections_file={file}", *with_password)[
        "changed"
    ]
    assert space.writes == []


@pytest.mark.whole_run
def test_a_file_that_the_user_encrypted_stays_encrypted(space: Namespace, tmp_path: Path) -> None:
    (password := tmp_path / "password").write_text("a password")
    vault = VaultLib([("default", VaultSecret(b"a password"))])
    file = tmp_path / "team-a-connections.yml"

    def export(*arguments: str, code: int = 0) -> str:
        given = {"kd_export": {"namespace": "team-a"}, "kd_export_directory": str(tmp_path)}
        done = run_playbook(
            "kubedirector.connections.export", "-e", json.dumps(given), *arguments, kubeconfig=None,
            K8S_AUTH_HOST=space.server.url, K8S_AUTH_API_KEY=TOKEN,
        )  # fmt: skip
        assert done.returncode == code, done.output
        return done.output

    export()
    file.write_bytes(vault.encrypt(file.read_bytes()))
    assert "is encrypted, and not with a vault password" in export(code=2)
    space.add_kdcluster("newer", "pod-n")
    export("--vault-password-file", str(password))
    assert is_encrypted(file.read_bytes())
    assert b"newer" in vault.decrypt(file.read_bytes())


@pytest.mark.whole_run
@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"async": 30, "poll": 1}, "reads values on the controller only"),
        ({"vars": {"ansible_connection": "ssh"}}, "reads values on the controller only"),
        ({}, "found is of https://elsewhere.example.com, and this task reads from "),
    ],
)
def test_values_that_would_be_shown_or_are_of_another_cluster_are_not_read(
    space: Namespace, tmp_path: Path, keywords: JsonObject, said: str
) -> None:
    found = {
        "server": "https://elsewhere.example.com", "kdclusters": [], "objects": [], "problems": [],
        "edges": [{"namespace": "team-a", "kind": "ConfigMap", "from": "lab", "to": "model"}],
    }  # fmt: skip
    task = {
        "kubedirector.connections.kd_export_info": {
            "host": space.server.url, "api_key": TOKEN, "found": found, "configmap_data": True,
        },
        **keywords,
    }  # fmt: skip
    play = tmp_path / "play.yml"
    play.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}])
    )
    done = run_playbook(play, kubeconfig=None)
    assert done.returncode == 2
    assert said in " ".join(done.output.split())
    assert space.server.requests == []
