# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the address and the credentials come from, and their precedence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import (
    resolve_client_config,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import AuthError
from tests.harness.cluster_fixtures import Named
from tests.harness.kubectl import Kubectl
from tests.harness.module_runner import ModuleResult
from tests.harness.modules import Fresh, Modules, model, succeeded
from tests.integration.permissions import NEEDED, binding, role, user

NOWHERE = "https://127.0.0.1:1"
NO_PROXY_THERE = "http://127.0.0.1:1"


def reading(modules: Modules, **arguments: Any) -> ModuleResult:
    """A task that only reads an object: it succeeds when it reaches the API server."""
    return modules.connection(configmaps=[{"name": "reader-info"}], **arguments)


@pytest.fixture
def config(
    kubectl: Kubectl, address: dict[str, str], tenant_token: str, home: str
) -> dict[str, Any]:
    """The tenant's kubeconfig with two contexts: the current one is of another namespace."""
    shown = kubectl.json("config", "view", "--raw", "--minify", "--flatten")
    contexts = {"elsewhere": "no-such-namespace", "at-home": home}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "elsewhere",
        "clusters": [{"name": "c", "cluster": shown["clusters"][0]["cluster"]}],
        "users": [{"name": "u", "user": {"token": tenant_token}}],
        "contexts": [
            {"name": name, "context": {"cluster": "c", "user": "u", "namespace": namespace}}
            for name, namespace in contexts.items()
        ],
    }


@pytest.fixture
def config_file(config: dict[str, Any], tmp_path: Path) -> str:
    """The same as a file."""
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    return str(path)


def test_host_token_and_ca(tenant: Modules) -> None:
    succeeded(reading(tenant))


@pytest.mark.parametrize(
    "names",
    [
        ("K8S_AUTH_HOST", "K8S_AUTH_API_KEY", "K8S_AUTH_SSL_CA_CERT"),
        ("K8S_AUTH_HOST", "K8S_AUTH_API_KEY", "K8S_AUTH_CA_CERT"),
    ],
)
def test_the_environment_in_both_spellings(
    address: dict[str, str], tenant_token: str, home: str, names: tuple[str, str, str]
) -> None:
    values = (address["host"], tenant_token, address["ca_cert"])
    succeeded(reading(Modules({}, home, dict(zip(names, values, strict=True)))))


@pytest.mark.parametrize("name", ["K8S_AUTH_VERIFY_SSL", "K8S_AUTH_VALIDATE_CERTS"])
@pytest.mark.parametrize("value", ["False", "no", "0", "false"])
def test_verification_is_turned_off_by_the_environment_in_both_spellings(
    address: dict[str, str], tenant_token: str, home: str, name: str, value: str
) -> None:
    environment = {"K8S_AUTH_HOST": address["host"], "K8S_AUTH_API_KEY": tenant_token, name: value}
    result = succeeded(reading(Modules({}, home, environment)))
    (warning,) = result.warnings
    assert "not verified" in warning and address["host"] in warning


@pytest.mark.parametrize("option", ["validate_certs", "verify_ssl"])
def test_verification_is_turned_off_by_the_task_in_both_spellings(
    address: dict[str, str], tenant_token: str, home: str, option: str
) -> None:
    auth = {"host": address["host"], "api_key": tenant_token, option: False}
    (warning,) = succeeded(reading(Modules(auth, home))).warnings
    assert "not verified" in warning


def test_true_in_the_environment_verifies(
    address: dict[str, str], tenant_token: str, home: str
) -> None:
    environment = {
        "K8S_AUTH_HOST": address["host"],
        "K8S_AUTH_API_KEY": tenant_token,
        "K8S_AUTH_VERIFY_SSL": "True",
    }
    assert "ca_cert" in reading(Modules({}, home, environment)).message


@pytest.mark.parametrize(
    "names",
    [
        ("K8S_AUTH_CERT_FILE", "K8S_AUTH_KEY_FILE"),
        ("K8S_AUTH_CLIENT_CERT", "K8S_AUTH_CLIENT_KEY"),
        ("client_cert", "client_key"),
        ("cert_file", "key_file"),
    ],
)
def test_a_client_certificate_in_all_spellings(
    kubectl: Kubectl, address: dict[str, str], home: str, tmp_path: Path, names: tuple[str, str]
) -> None:
    import base64

    found = kubectl.json("config", "view", "--raw", "--minify", "--flatten")["users"][0]["user"]
    if "client-certificate-data" not in found:
        pytest.fail("the given kubeconfig has no client certificate, which this test needs")
    paths = {}
    for name, field in zip(names, ("client-certificate-data", "client-key-data"), strict=True):
        path = tmp_path / field
        path.write_bytes(base64.b64decode(found[field]))
        path.chmod(0o600)
        paths[name] = str(path)
    if names[0].startswith("K8S_AUTH_"):
        environment = {
            "K8S_AUTH_HOST": address["host"],
            "K8S_AUTH_CA_CERT": address["ca_cert"],
            **paths,
        }
        succeeded(reading(Modules({}, home, environment)))
    else:
        succeeded(reading(Modules({**address, **paths}, home)))


def test_a_kubeconfig_as_dictionary(config: dict[str, Any], home: str) -> None:
    succeeded(reading(Modules({"kubeconfig": config}, home)))


def test_a_kubeconfig_from_the_environment(config_file: str, home: str) -> None:
    succeeded(reading(Modules({}, home, {"K8S_AUTH_KUBECONFIG": config_file})))


@pytest.mark.parametrize("inline", [True, False])
def test_the_contexts_namespace_is_the_default(
    config: dict[str, Any], config_file: str, inline: bool
) -> None:
    kubeconfig: Any = config if inline else config_file
    succeeded(reading(Modules({"kubeconfig": kubeconfig, "context": "at-home"}, None)))
    message = reading(Modules({"kubeconfig": kubeconfig}, None)).message
    assert "no-such-namespace" in message


def test_the_context_from_the_environment(config_file: str) -> None:
    environment = {"K8S_AUTH_KUBECONFIG": config_file, "K8S_AUTH_CONTEXT": "at-home"}
    succeeded(reading(Modules({}, None, environment)))


def test_a_missing_context_is_named(config_file: str, home: str) -> None:
    auth = {"kubeconfig": config_file, "context": "no-such-context"}
    message = reading(Modules(auth, home)).message
    assert "no-such-context" in message and config_file in message


def test_a_missing_kubeconfig_is_named(home: str, tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere")
    message = reading(Modules({"kubeconfig": path}, home)).message
    assert path in message and "does not exist" in message


@pytest.mark.parametrize("text", ["{", "just words", "", "a: [1"])
def test_an_invalid_kubeconfig_is_reported(home: str, tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken"
    path.write_text(text)
    assert "kubeconfig" in reading(Modules({"kubeconfig": str(path)}, home)).message


def test_the_tasks_own_kubeconfig_beats_host_and_token_of_the_environment(
    config_file: str, home: str
) -> None:
    environment = {
        "K8S_AUTH_HOST": NOWHERE,
        "K8S_AUTH_API_KEY": "another-users",
        "K8S_AUTH_USERNAME": "other-user",
        "K8S_AUTH_PASSWORD": "else",
    }
    succeeded(reading(Modules({"kubeconfig": config_file}, home, environment)))


def test_the_tasks_own_token_beats_a_kubeconfig_of_the_environment(
    address: dict[str, str], tenant_token: str, home: str, tmp_path: Path
) -> None:
    environment = {"K8S_AUTH_KUBECONFIG": str(tmp_path / "nowhere"), "K8S_AUTH_CONTEXT": "none"}
    auth = {**address, "api_key": tenant_token}
    succeeded(reading(Modules(auth, home, environment)))


def test_the_environment_beats_kubeconfig(
    address: dict[str, str], tenant_token: str, home: str, tmp_path: Path
) -> None:
    environment = {
        "KUBECONFIG": str(tmp_path / "nowhere"),
        "K8S_AUTH_HOST": address["host"],
        "K8S_AUTH_API_KEY": tenant_token,
        "K8S_AUTH_CA_CERT": address["ca_cert"],
    }
    succeeded(reading(Modules({}, home, environment)))


def test_without_credentials_the_message_says_what_to_give(home: str, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "nowhere")}
    message = reading(Modules({}, home, environment)).message
    assert "kubeconfig" in message and "host" in message and "K8S_AUTH" in message


def test_impersonation(admin: Modules, kubectl: Kubectl, emptied: Named, fresh: Fresh) -> None:
    lab = emptied("lab")
    name = fresh("other-user")
    acting = admin.acting(impersonate_user=name)
    assert "403" in reading(acting).message
    kubectl.create(role(name, NEEDED), binding(name, user(name)), namespace=lab.namespace)
    info = fresh("impersonated")
    result = succeeded(acting.connection(kdcluster=["lab"], configmaps=[model(info)]))
    assert result.changed and result.kdclusters["lab"]["members"][0]["reconnect"]["rc"] == 0


def test_impersonated_groups(admin: Modules, kubectl: Kubectl, home: str, fresh: Fresh) -> None:
    name = fresh("people")
    group = {"kind": "Group", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    kubectl.create(role(name, NEEDED), binding(name, group), namespace=home)
    succeeded(reading(admin.acting(impersonate_user="anybody", impersonate_groups=["x", name])))
    by_environment = Modules(
        admin.auth,
        home,
        {"K8S_AUTH_IMPERSONATE_USER": "anybody", "K8S_AUTH_IMPERSONATE_GROUPS": f"x,{name}"},
    )
    succeeded(reading(by_environment))
    assert "403" in reading(admin.acting(impersonate_user="anybody")).message


def with_user(kubectl: Kubectl, tmp_path: Path, fields: dict[str, Any]) -> Path:
    """The given kubeconfig, with further fields of its user."""
    file = tmp_path / "kubeconfig"
    shown = kubectl.json("config", "view", "--raw", "--minify", "--flatten")
    shown["users"][0]["user"].update(fields)
    file.write_text(yaml.safe_dump(shown))
    file.chmod(0o600)
    return file


WHO: dict[str, Any] = {
    "as": "jane",
    "as-groups": ["dev", "ops"],
    "as-uid": "u-1",
    "as-user-extra": {"reason/a b%c": ["one", "two"], "scopes": ["all"]},
}


@pytest.mark.parametrize(
    ("of_file", "options", "flags"),
    [
        (WHO, {}, []),
        # What the task gives replaces its own part only.
        (WHO, {"impersonate_user": "bob"}, ["--as", "bob"]),
        (WHO, {"impersonate_groups": ["qa"]}, ["--as-group", "qa"]),
        (
            WHO,
            {"impersonate_user": "bob", "impersonate_groups": ["qa", "sre"]},
            ["--as", "bob", "--as-group", "qa", "--as-group", "sre"],
        ),
        ({"as-groups": ["dev"]}, {"impersonate_user": "bob"}, ["--as", "bob"]),
        ({"as-uid": "u-1"}, {"impersonate_user": "bob"}, ["--as", "bob"]),
        ({"as": "jane"}, {"impersonate_groups": ["qa"]}, ["--as-group", "qa"]),
        ({}, {"impersonate_user": "bob"}, ["--as", "bob"]),
    ],
)
def test_impersonation_equals_that_of_kubectl(
    kubectl: Kubectl, tmp_path: Path, of_file: dict[str, Any], options: dict[str, Any],
    flags: list[str],
) -> None:  # fmt: skip
    file = with_user(kubectl, tmp_path, of_file)
    expected = Kubectl(file, kubectl.binary).json("auth", "whoami", *flags)["status"]["userInfo"]
    assert expected["username"] in ("jane", "bob")
    transport = Api(resolve_client_config({"kubeconfig": str(file), **options}, {})).transport
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    _response, text = transport.answer(
        "POST", "apis/authentication.k8s.io/v1/selfsubjectreviews", {},
        "application/json", "application/json", review,
    )  # fmt: skip
    assert json.loads(text)["status"]["userInfo"] == expected


@pytest.mark.parametrize(
    "of_file", [{"as-groups": ["dev"]}, {"as-uid": "u-1"}, {"as-user-extra": {"scopes": ["all"]}}]
)
def test_impersonation_without_a_user_is_refused_as_by_kubectl(
    kubectl: Kubectl, tmp_path: Path, of_file: dict[str, Any]
) -> None:
    file = with_user(kubectl, tmp_path, of_file)
    refused = Kubectl(file, kubectl.binary).run("auth", "whoami")
    assert refused.returncode != 0 and "without impersonating a user" in refused.stderr
    with pytest.raises(AuthError, match="are impersonated without a user"):
        resolve_client_config({"kubeconfig": str(file)}, {})


def test_a_missing_ca_file_is_named(
    address: dict[str, str], tenant_token: str, home: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "nowhere.crt")
    auth = {"host": address["host"], "api_key": tenant_token, "ca_cert": path}
    message = reading(Modules(auth, home)).message
    assert path in message and "does not exist" in message


def test_an_unreachable_proxy_is_named(
    tenant: Modules,
) -> None:
    message = reading(tenant.acting(proxy=NO_PROXY_THERE)).message
    assert "cannot be reached" in message and "roxy" in message


def test_no_proxy_bypasses_the_proxy(tenant: Modules) -> None:
    succeeded(reading(tenant.acting(proxy=NO_PROXY_THERE, no_proxy="127.0.0.1,localhost")))
