# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs in every form: paths, dictionaries, the default ones, the pod's own account."""

from __future__ import annotations

import base64
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import ansible_collections
import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.module_utils._client import (
    kubeconfig as kubeconfig_module,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import (
    resolve_client_config,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import AuthError
from ansible_collections.kubedirector.connections.plugins.modules import (
    kd_access,
    kd_configmeta_info,
)
from tests.unit.plugins.api_server import ScriptedServer, status_answer
from tests.unit.plugins.kubeconfigs import FROM_FILE, MARK, destination, kubeconfig, refused
from tests.unit.plugins.module_runs import NOTEBOOK, Run


@pytest.mark.parametrize("form", ["path", "dictionary"])
def test_a_kubeconfig_is_a_path_or_a_dictionary(form: str, file: str) -> None:
    given: Any = file if form == "path" else kubeconfig()
    assert destination(resolve_client_config({"kubeconfig": given}, {})) == FROM_FILE
    other = resolve_client_config({"kubeconfig": given, "context": "two"}, {})
    assert destination(other) == ("https://there.example.com", "Bearer file-token", None)


@pytest.mark.parametrize(
    ("options", "namespace"),
    [
        ({"context": "one"}, "team-a"),
        ({"context": "two"}, "default"),
        ({"context": "one", "namespace": "team-b"}, "team-b"),
        ({"context": "two", "namespace": "team-b"}, "team-b"),
    ],
)
def test_requests_go_to_the_namespace_of_the_option_or_context_or_to_default(
    options: dict[str, Any], namespace: str, server: ScriptedServer, plain_run: Run
) -> None:
    given = kubeconfig(host=server.url)
    given["clusters"][1]["cluster"]["server"] = server.url
    server.otherwise = lambda request: status_answer(403, "Forbidden", "seen")
    own = {"host": None, "api_key": None, "namespace": None, "kubeconfig": given}
    for module, more in ((kd_access, {}), (kd_configmeta_info, NOTEBOOK)):
        assert "seen" in plain_run(module, **{**own, **options, **more})["msg"]
    assert [request.path.split("/namespaces/")[1] for request in server.requests] == [
        f"{namespace}/serviceaccounts/kd-connections",
        f"{namespace}/kubedirectorclusters",
    ]


def test_a_home_directory_is_expanded(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(Path(file).parent))
    assert destination(resolve_client_config({"kubeconfig": "~/config"}, {})) == FROM_FILE


def test_the_default_kubeconfigs_are_read_as_kubectl_reads_them(file: str, tmp_path: Path) -> None:
    first, last = tmp_path / "first", tmp_path / "last"
    first.write_text(yaml.safe_dump({"contexts": [], "users": None}), encoding="utf-8")
    last.write_text(yaml.safe_dump(kubeconfig(token="last")), encoding="utf-8")
    listed = os.pathsep.join((str(tmp_path / "missing"), str(first), file, str(last)))
    assert destination(resolve_client_config({}, {"KUBECONFIG": listed})) == FROM_FILE


@pytest.mark.parametrize("name", ["prod-token", "password", "client-key-data"])
def test_a_list_of_kubeconfigs_is_no_credential(file: str, tmp_path: Path, name: str) -> None:
    (first := tmp_path / name).write_text("apiVersion: v1", encoding="utf-8")
    listed = f"{first}{os.pathsep}{file}"
    assert destination(resolve_client_config({"kubeconfig": listed}, {})) == FROM_FILE


def test_the_default_kubeconfig_lies_in_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kube").mkdir()
    text = yaml.safe_dump(kubeconfig())
    (tmp_path / ".kube" / "config").write_text(text, encoding="utf-8")
    assert destination(resolve_client_config({}, {})) == FROM_FILE


def test_inside_a_pod_its_service_account_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("token", "pod-token"), ("ca.crt", "x"), ("namespace", "team-b\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    # A test cannot write where Kubernetes mounts them.
    monkeypatch.setattr(kubeconfig_module, "_SERVICE_ACCOUNT", str(tmp_path))
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBECONFIG": str(tmp_path / "none")}
    access = resolve_client_config({}, environ)
    host, header, namespace = destination(access)
    assert (host, namespace) == ("https://10.0.0.1:443", "team-b")
    assert header is not None
    assert header.lower() == "bearer pod-token"
    assert access.configuration.ssl_ca_cert == str(tmp_path / "ca.crt")


def test_a_kubeconfig_that_is_missing_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "none") in refused({"kubeconfig": str(tmp_path / "none")})
    refused({"kubeconfig": str(tmp_path)})
    said = refused({}, {"KUBECONFIG": str(tmp_path / "none")})
    assert said.startswith("KUBECONFIG names no file that exists. Correct it")


def test_a_context_that_is_missing_is_reported(file: str) -> None:
    assert "three" in refused({"kubeconfig": file, "context": "three"})
    assert "three" in refused({"kubeconfig": kubeconfig(), "context": "three"})


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "7", "- a", f"token: [{MARK}", f"\t{MARK}", MARK, "{}", "contexts: 7", "contexts: [7]",
        yaml.safe_dump({**kubeconfig(token=MARK), "clusters": None}),
        yaml.safe_dump({**kubeconfig(token=MARK), "users": "x"}),
        yaml.safe_dump({**kubeconfig(token=MARK), "contexts": [{"name": "one"}]}),
        yaml.safe_dump({**kubeconfig(token=MARK), "contexts": [{"name": "one", "context": 7}]}),
        yaml.safe_dump({**kubeconfig(token=MARK), "current-context": None}),
        yaml.safe_dump({**kubeconfig(), "clusters": [{"name": "here", "cluster": {
            "server": "https://x", "certificate-authority-data": f"{MARK}!"}}]}),
    ],
)  # fmt: skip
def test_a_kubeconfig_that_cannot_be_used_is_reported(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    refused({"kubeconfig": str(path)})
    parsed = None
    try:
        parsed = yaml.safe_load(text)
    except yaml.YAMLError:
        return
    if isinstance(parsed, dict) and parsed:
        refused({"kubeconfig": parsed})


@pytest.mark.parametrize("given", [7, ["a"], True])
def test_a_kubeconfig_of_another_type_is_reported(given: Any) -> None:
    assert "kubeconfig" in refused({"kubeconfig": given})


def test_a_kubeconfig_given_as_text_is_reported_without_it() -> None:
    for text in (yaml.safe_dump(kubeconfig(token=MARK)), json.dumps(kubeconfig(token=MARK))):
        encoded = base64.b64encode(text.encode()).decode()
        for form in (text, encoded):
            for variable in ("KUBECONFIG", "K8S_AUTH_KUBECONFIG"):
                assert encoded[:8] not in refused({}, {variable: form})
            said = refused({"kubeconfig": form})
            assert "from_yaml" in said and encoded[:8] not in said


@pytest.mark.parametrize("key", ["client-key", "client-certificate", "certificate-authority"])
def test_content_in_place_of_a_path_in_a_kubeconfig_is_refused(key: str, tmp_path: Path) -> None:
    pem = f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----\n"
    for form in (pem, base64.b64encode(pem.encode()).decode()):
        found = kubeconfig()
        found["clusters"][0]["cluster"] = {"server": "https://x"}
        part = (
            found["clusters"][0]["cluster"] if key.startswith("cert") else found["users"][0]["user"]
        )
        part[key] = form
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump(found))
        said = refused({"kubeconfig": str(path)})
        assert (
            said
            == f"The kubeconfig's {key} is the content of a file. Give the file's path in its place."
        )


def test_a_token_in_place_of_its_path_is_refused_without_it(tmp_path: Path) -> None:
    token = f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.{MARK}sIgNaTuReOfTheToken"
    found = kubeconfig()
    found["users"][0]["user"] = {"tokenFile": token}
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(found))
    assert "kubeconfig's tokenFile is the content of a file" in refused({"kubeconfig": str(path)})


def kubeconfig_with_key() -> dict[str, Any]:
    """A kubeconfig that holds a client key, which is MARK."""
    found = kubeconfig()
    found["users"][0]["user"]["client-key-data"] = base64.b64encode(MARK.encode()).decode()
    return found


KILLED = """
import json, os, signal, sys
from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import resolve_client_config
found = resolve_client_config({"kubeconfig": json.load(sys.stdin)}, {}).configuration
with open(found.key_file, encoding="utf-8") as file:
    print(file.read(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_is_killed_leaves_no_key_behind(tmp_path: Path) -> None:
    tree = str(Path(next(iter(ansible_collections.__path__))).parent)
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        input=json.dumps(kubeconfig_with_key()),
        env={"PYTHONPATH": tree, "TMPDIR": str(tmp_path)},
        timeout=120,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (-signal.SIGKILL, MARK), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_files_in_memory_a_key_lies_in_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    access = resolve_client_config({"kubeconfig": kubeconfig_with_key()}, {})
    assert access.configuration.key_file is not None
    path = Path(access.configuration.key_file)
    assert path.parent == tmp_path
    assert path.read_text(encoding="utf-8") == MARK
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    del access
    assert list(tmp_path.iterdir()) == []


def test_a_key_in_memory_is_closed_with_its_configuration() -> None:
    opened = len(os.listdir("/proc/self/fd"))
    access = resolve_client_config({"kubeconfig": kubeconfig_with_key()}, {})
    assert len(os.listdir("/proc/self/fd")) == opened + 1
    del access
    assert len(os.listdir("/proc/self/fd")) == opened


@pytest.mark.parametrize("in_pod", [True, False])
def test_a_relative_path_that_does_not_exist_is_not_left_out(file: str, in_pod: bool) -> None:
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"} if in_pod else {}
    for given in ("staging.kubeconfig", f"staging.kubeconfig{os.pathsep}{file}"):
        with pytest.raises(AuthError, match="KUBECONFIG names a relative path"):
            resolve_client_config({}, {**environ, "KUBECONFIG": given})
    listed = f"staging.kubeconfig{os.pathsep}{file}"
    with pytest.raises(AuthError, match="Option kubeconfig names a relative path"):
        resolve_client_config({"kubeconfig": listed}, environ)
