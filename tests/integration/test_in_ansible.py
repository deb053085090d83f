# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as Ansible runs them: playbooks, check and diff mode, defaults for the group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.canaries import canary
from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import encoded
from tests.harness.modules import Fresh, Modules, model, token
from tests.integration.playbook import FQCN, run_play, task
from tests.integration.test_connect import application, connections_of


@pytest.fixture
def kubeconfig(kubectl: Kubectl, tenant_token: str, home: str, tmp_path: Path) -> str:
    """The tenant's kubeconfig, whose namespace is `home`."""
    shown = kubectl.json("config", "view", "--raw", "--minify", "--flatten")
    path = tmp_path / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "x",
                "clusters": [{"name": "x", "cluster": shown["clusters"][0]["cluster"]}],
                "users": [{"name": "x", "user": {"token": tenant_token}}],
                "contexts": [
                    {"name": "x", "context": {"cluster": "x", "user": "x", "namespace": home}}
                ],
            }
        )
    )
    path.chmod(0o600)
    return str(path)


def test_a_playbook_connects_reads_back_and_repeats(
    tenant: Modules, emptied: Named, fresh: Fresh, tmp_path: Path
) -> None:
    lab = emptied("lab")
    name = fresh("played")
    connect = task(
        "kd_connection",
        kdcluster="lab",
        configmaps=[model(name, port=8080, ready=True)],
        secrets=[token(name, key=canary("fenugreek"))],
    )
    read = task("kd_configmeta_info", kdcluster=["lab"], fields=["connections"])
    defaults = {f"group/{FQCN}.kd": {**tenant.auth, "namespace": tenant.namespace}}
    played = run_play(tmp_path, [connect, read, connect], play={"module_defaults": defaults})
    assert played.returncode == 0, played.output
    first, info, second = played.results
    assert (first["changed"], info["changed"], second["changed"]) == (True, False, False)
    assert {one["action"] for one in first["objects"]} == {"created"}
    (member,) = info["kdclusters"][0]["members"]
    data = member["configmeta"]["connections"]["configmaps"]["model"][0]["data"]
    assert (data["port"], data["ready"]) == ("8080", "true")
    assert application(lab)["configmaps"]["model"][0]["data"] == data


def test_check_and_diff_mode_of_ansible_playbook(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl, tmp_path: Path
) -> None:
    lab = emptied("lab")
    name = fresh("rehearsed")
    connect = task(
        "kd_connection",
        **tenant.auth,
        namespace=tenant.namespace,
        kdcluster=["lab"],
        configmaps=[model(name, path="repo://rehearsed")],
        secrets=[token(name, key=canary("horseradish"))],
    )
    played = run_play(tmp_path, [connect], "--check", "--diff")
    assert played.returncode == 0, played.output
    assert played.results[0]["changed"] is True
    assert "repo://rehearsed" in played.output
    assert f"+{' ' * 0}" in played.output and name in played.output
    for value in (canary("horseradish"), encoded(canary("horseradish"))):
        assert value not in played.output
    assert kubectl.find("configmap", name, namespace=lab.namespace) is None
    assert connections_of(lab)["configmaps"] == []


def test_kubeconfig_of_the_environment_is_used(
    kubeconfig: str, emptied: Named, fresh: Fresh, tmp_path: Path
) -> None:
    emptied("lab")
    name = fresh("default")
    played = run_play(
        tmp_path,
        [
            task("kd_connection", configmaps=[model(name)]),
            task("kd_configmeta_info", kdcluster=["lab"]),
        ],
        environment={"KUBECONFIG": kubeconfig},
    )
    assert played.returncode == 0, played.output
    assert [bool(one.get("failed")) for one in played.results] == [False, False], played.results


def test_k8s_auth_of_the_environment_reaches_modules(
    tenant: Modules, home: str, fresh: Fresh, tmp_path: Path
) -> None:
    auth: dict[str, Any] = dict(tenant.auth)
    played = run_play(
        tmp_path,
        [task("kd_connection", namespace=home, configmaps=[model(fresh("awx"))])],
        environment={
            "K8S_AUTH_HOST": auth["host"],
            "K8S_AUTH_API_KEY": auth["api_key"],
            "K8S_AUTH_VERIFY_SSL": "True",
            "K8S_AUTH_SSL_CA_CERT": auth["ca_cert"],
        },
    )
    assert played.results[0]["changed"] is True, played.output
    assert auth["api_key"] not in played.output


def test_disabled_verification_is_warned_of_once_in_a_playbook(
    address: dict[str, str], tenant_token: str, home: str, fresh: Fresh, tmp_path: Path
) -> None:
    auth = {"host": address["host"], "api_key": tenant_token, "validate_certs": False}
    name = fresh("unverified")
    one = task("kd_connection", **auth, namespace=home, configmaps=[model(name)])
    played = run_play(tmp_path, [one, one])
    assert played.returncode == 0, played.output
    assert played.output.count("not verified") == 1, played.output
    assert "InsecureRequestWarning" not in played.output


@pytest.mark.parametrize(
    ("module", "arguments", "word"),
    [
        ("kd_connection", {"state": "sideways"}, "sideways"),
        ("kd_connection", {"configmaps": [{"type": "model"}]}, "name"),
        ("kd_connection", {"no_such_option": 1}, "no_such_option"),
        ("kd_configmeta_info", {}, "kdcluster"),
        ("kd_configmeta_info", {"kdcluster": ["lab"], "secrets": "shown"}, "shown"),
    ],
)
def test_options_are_checked(
    tenant: Modules, module: str, arguments: dict[str, Any], word: str
) -> None:
    run = tenant.connection if module == "kd_connection" else tenant.configmeta
    assert word in run(**arguments).message
