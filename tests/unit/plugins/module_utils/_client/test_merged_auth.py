# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options and environment to an address and credentials."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import (
    ClientConfig,
    resolve_client_config,
)
from tests.harness.canaries import canary
from tests.unit.plugins.kubeconfigs import (
    FROM_FILE,
    MARK,
    authorization,
    destination,
    kubeconfig,
    refused,
)
from tests.unit.plugins.manifests import JsonObject

PROXY = "http://proxy.example.com:3128"


def proxy_of(access: ClientConfig) -> str | None:
    """The address of the proxy in use."""
    proxy = access.configuration.proxy
    return None if proxy is None else proxy.url


def test_single_options_override_the_kubeconfig(file: str) -> None:
    access = resolve_client_config(
        {"kubeconfig": file, "host": "https://mine.example.com/", "api_key": "mine"}, {}
    )
    assert destination(access) == ("https://mine.example.com", "Bearer mine", "team-a")


def test_a_tasks_kubeconfig_beats_host_and_token_of_the_environment(file: str) -> None:
    environ = {
        "K8S_AUTH_HOST": "https://environment.example.com", "K8S_AUTH_API_KEY": "environment",
        "K8S_AUTH_VERIFY_SSL": "False", "K8S_AUTH_USERNAME": "u", "K8S_AUTH_PASSWORD": "p",
    }  # fmt: skip
    access = resolve_client_config({"kubeconfig": file}, environ)
    assert destination(access) == FROM_FILE
    assert access.verified is True


ALONE: list[tuple[str, str, str, str | None]] = [
    # An option with its value, and the host and Authorization header that follow from it.
    ("kubeconfig", "FILE", "https://file.example.com:6443", "Bearer file-token"),
    ("context", "two", "https://there.example.com", "Bearer file-token"),
    ("host", "https://mine.example.com", "https://mine.example.com", None),
    ("api_key", "mine", "https://file.example.com:6443", "Bearer mine"),
    ("client_cert", "FILE", "https://file.example.com:6443", None),
    ("client_key", "FILE", "https://file.example.com:6443", "Bearer file-token"),
]


@pytest.mark.parametrize(("given", "missing"), [("username", "password"), ("password", "username")])
def test_a_name_or_password_alone_is_refused_and_not_completed(
    given: str, missing: str, file: str
) -> None:
    environ = {"K8S_AUTH_USERNAME": "u", "K8S_AUTH_PASSWORD": "p", "KUBECONFIG": file}
    assert f"{missing} is missing" in refused({given: "mine"}, environ)
    alone = {f"K8S_AUTH_{given.upper()}": "mine", "KUBECONFIG": file}
    assert f"{missing} is missing" in refused({}, alone)
    assert (
        authorization(resolve_client_config({given: "mine", "api_key": "abc"}, environ))
        == "Bearer abc"
    )


@pytest.mark.parametrize(("option", "value", "host", "header"), ALONE)
def test_any_single_option_excludes_the_environments_identity(
    option: str, value: str, host: str, header: str | None, file: str, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_text("not to be used", encoding="utf-8")
    environ = {
        "K8S_AUTH_HOST": "https://environment.example.com", "K8S_AUTH_API_KEY": "environment",
        "K8S_AUTH_USERNAME": "environment", "K8S_AUTH_PASSWORD": "environment",
        "K8S_AUTH_CERT_FILE": str(foreign), "K8S_AUTH_KEY_FILE": str(foreign),
        "K8S_AUTH_SSL_CA_CERT": str(foreign), "K8S_AUTH_VERIFY_SSL": "false",
        "K8S_AUTH_CONTEXT": "three", "K8S_AUTH_KUBECONFIG": str(foreign), "KUBECONFIG": file,
        "K8S_AUTH_PROXY": PROXY, "K8S_AUTH_IMPERSONATE_USER": "alice",
    }  # fmt: skip
    if option == "context":
        # A context alone still needs a kubeconfig.
        environ["K8S_AUTH_KUBECONFIG"] = file
    access = resolve_client_config({option: file if value == "FILE" else value}, environ)
    assert destination(access)[:2] == (host, header)
    own = {"client_cert": "cert_file", "client_key": "key_file"}.get(option)
    for held in ("cert_file", "key_file", "ssl_ca_cert"):
        assert getattr(access.configuration, held) == (file if held == own else None)
    assert access.verified is True
    # These name neither a server nor credentials.
    assert proxy_of(access) == PROXY
    assert ("Impersonate-User", "alice") in access.headers


def test_the_environments_user_and_password_make_basic_authentication() -> None:
    environ = {"K8S_AUTH_HOST": "https://e.example.com", "K8S_AUTH_USERNAME": "alice"}
    # printf alice:wonder | base64
    basic = "Basic YWxpY2U6d29uZGVy"
    both = {**environ, "K8S_AUTH_PASSWORD": "wonder"}
    assert authorization(resolve_client_config({}, both)) == basic
    # A token is preferred.
    assert authorization(resolve_client_config({}, {**both, "K8S_AUTH_API_KEY": "e"})) == "Bearer e"


def test_a_password_beyond_latin_1_is_sent_in_utf_8_wherever_it_comes_from(tmp_path: Path) -> None:
    # printf 'alice:ключ€' | base64
    basic = "Basic YWxpY2U60LrQu9GO0Yfigqw="
    who = {"username": "alice", "password": "ключ€"}
    content = kubeconfig()
    content["users"][0]["user"] = who
    path = tmp_path / "config"
    path.write_text(json.dumps(content))
    assert (
        authorization(resolve_client_config({"host": "https://e.example.com", **who}, {})) == basic
    )
    assert authorization(resolve_client_config({"kubeconfig": str(path)}, {})) == basic


def test_a_tasks_host_takes_no_credentials_from_the_environment() -> None:
    environ = {"K8S_AUTH_API_KEY": "environment", "K8S_AUTH_KUBECONFIG": "/nowhere"}
    access = resolve_client_config({"host": "https://mine.example.com"}, environ)
    assert destination(access) == ("https://mine.example.com", None, None)


@pytest.mark.parametrize("spelling", ["K8S_AUTH_VERIFY_SSL", "K8S_AUTH_VALIDATE_CERTS"])
@pytest.mark.parametrize(
    ("text", "verified"),
    [("False", False), ("false", False), ("0", False), ("no", False), ("True", True), ("1", True)],
)
def test_verification_can_be_turned_off_in_the_environment(
    spelling: str, text: str, verified: bool
) -> None:
    environ = {"K8S_AUTH_HOST": "https://e.example.com", "K8S_AUTH_API_KEY": "e", spelling: text}
    access = resolve_client_config({}, environ)
    assert destination(access) == ("https://e.example.com", "Bearer e", None)
    assert access.verified is verified
    assert resolve_client_config({"validate_certs": True}, environ).verified is True


def test_tls_is_verified_by_default() -> None:
    assert resolve_client_config({"host": "https://x.example.com"}, {}).verified is True
    assert (
        resolve_client_config(
            {"host": "https://x.example.com", "validate_certs": False}, {}
        ).verified
        is False
    )


@pytest.mark.parametrize(
    ("spellings", "option"),
    [
        (("K8S_AUTH_SSL_CA_CERT", "K8S_AUTH_CA_CERT"), "ssl_ca_cert"),
        (("K8S_AUTH_CERT_FILE", "K8S_AUTH_CLIENT_CERT"), "cert_file"),
        (("K8S_AUTH_KEY_FILE", "K8S_AUTH_CLIENT_KEY"), "key_file"),
    ],
)
def test_files_come_from_both_spellings(spellings: tuple[str, str], option: str, file: str) -> None:
    for spelling in spellings:
        environ = {"K8S_AUTH_HOST": "https://e.example.com", spelling: file}
        assert getattr(resolve_client_config({}, environ).configuration, option) == file


def test_impersonation_and_proxy_come_from_the_environment() -> None:
    environ = {
        "K8S_AUTH_HOST": "https://e.example.com", "K8S_AUTH_IMPERSONATE_USER": "alice",
        "K8S_AUTH_IMPERSONATE_GROUPS": "dev, ops,", "K8S_AUTH_PROXY": "http://proxy.example.com:3128",
    }  # fmt: skip
    access = resolve_client_config({}, environ)
    assert list(access.headers) == [
        ("Impersonate-User", "alice"), ("Impersonate-Group", "dev"), ("Impersonate-Group", "ops"),
    ]  # fmt: skip
    assert proxy_of(access) == PROXY


@pytest.mark.parametrize(
    ("params", "environ", "proxy"),
    [
        ({"proxy": PROXY}, {}, PROXY),
        ({}, {"HTTPS_PROXY": PROXY}, PROXY),
        # By kubectl's rules, which are those of Go's httpproxy.
        ({}, {"https_proxy": "http://other.example.com", "HTTPS_PROXY": PROXY}, PROXY),
        ({"proxy": "http://p.example.com"}, {}, "http://p.example.com:80"),
        ({"proxy": "https://p.example.com"}, {}, "https://p.example.com:443"),
        ({"proxy": "socks5://[::1]"}, {}, "socks5h://[::1]:1080"),
        ({}, {"HTTPS_PROXY": "socks5h://me:pw@p.example.com:1"}, "socks5h://p.example.com:1"),
        ({}, {"HTTPS_PROXY": "proxy.example.com:3128"}, PROXY),
        ({}, {"HTTPS_PROXY": PROXY, "NO_PROXY": "*.example.com"}, None),
        ({}, {"HTTPS_PROXY": PROXY, "NO_PROXY": "*.e.example.com"}, PROXY),
        ({}, {"HTTPS_PROXY": PROXY, "NO_PROXY": "e.example.com:8443"}, PROXY),
        ({}, {"HTTPS_PROXY": PROXY, "NO_PROXY": "e.example.com:443"}, None),
        ({"proxy": PROXY}, {"NO_PROXY": "*", "K8S_AUTH_NO_PROXY": "*"}, PROXY),
        ({"host": "https://127.0.0.1:6443"}, {"HTTPS_PROXY": PROXY}, None),
        ({"host": "https://localhost:6443"}, {"HTTPS_PROXY": PROXY}, None),
        ({"host": "https://127.0.0.1:6443", "proxy": PROXY}, {}, PROXY),
        ({}, {"http_proxy": PROXY}, None),
        ({"proxy": PROXY, "no_proxy": "e.example.com"}, {}, None),
        ({"proxy": PROXY, "no_proxy": "localhost, .example.com"}, {}, None),
        ({"proxy": PROXY, "no_proxy": "other.example.com"}, {}, PROXY),
        ({}, {"HTTPS_PROXY": PROXY, "NO_PROXY": "e.example.com"}, None),
        ({}, {"K8S_AUTH_PROXY": PROXY, "K8S_AUTH_NO_PROXY": "*"}, None),
        ({}, {}, None),
    ],
)
def test_a_proxy_is_used_except_for_excluded_hosts(
    params: JsonObject, environ: dict[str, str], proxy: str | None
) -> None:
    access = resolve_client_config({"host": "https://e.example.com", **params}, environ)
    assert proxy_of(access) == proxy


def test_a_chosen_token_replaces_the_kubeconfigs_client_certificate(file: str) -> None:
    given = kubeconfig()
    given["users"][0]["user"] = {"client-certificate": file, "client-key": file}
    assert resolve_client_config({"kubeconfig": given}, {}).configuration.cert_file == file
    access = resolve_client_config({"kubeconfig": given, "api_key": "mine"}, {})
    # The API server looks at a client certificate first.
    assert access.configuration.cert_file is None
    assert authorization(access) == "Bearer mine"


@pytest.mark.parametrize(
    "proxy",
    [
        "ftp://p.example.com", "https://", "p.example.com:3128", "http://p.example.com:port",
        "http://p.example.com:99999", "http://[::1", "http://p.example.com:0", 3128,
    ],
)  # fmt: skip
def test_a_proxy_that_is_not_a_url_is_reported(proxy: Any) -> None:
    assert "proxy" in refused({"host": "https://e.example.com", "proxy": proxy})


def test_a_socks_proxy_without_its_library_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    proxy = f"socks5://me:{canary('proxy')}@p.example.com"
    said = refused({"host": "https://e.example.com"}, {"HTTPS_PROXY": proxy})
    assert "HTTPS_PROXY begins with socks5://, which needs the Python library PySocks." in said
    assert f"{sys.executable} -m pip install PySocks" in said
    assert canary("proxy") not in said


def test_a_proxys_password_may_have_any_letters() -> None:
    proxy = "http://me:%C5%82%C3%B3d%C5%BA@p.example.com"
    access = resolve_client_config({"host": "https://e.example.com", "proxy": proxy}, {})
    assert access.configuration.proxy is not None
    said = access.configuration.proxy.headers["Proxy-Authorization"].removeprefix("Basic ")
    assert base64.b64decode(said).decode() == "me:\u0142\u00f3d\u017a"


def test_a_tasks_tls_options_survive_the_renewal_of_a_credential_plugins_token(
    tmp_path: Path,
) -> None:
    """The library fills its configuration again for each request, from the kubeconfig."""
    plugin = tmp_path / "plugin"
    status = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps({**status, 'status': {'token': 'abc'}})}'\n")
    plugin.chmod(0o700)
    given = kubeconfig()
    given["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    given["clusters"][0]["cluster"].pop("certificate-authority-data", None)
    user = {"apiVersion": status["apiVersion"], "command": str(plugin), "interactiveMode": "Never"}
    given["users"][0]["user"] = {"exec": {**user, "provideClusterInfo": False}}
    access = resolve_client_config({"kubeconfig": given, "validate_certs": True}, {})
    assert authorization(access) == "Bearer abc"
    assert access.configuration.verify_ssl is True


@pytest.mark.parametrize(
    ("cluster", "plugin", "words"),
    [
        ({"certificate-authority": "/missing.pem"}, {"provideClusterInfo": True}, "cannot be read"),
        ({"extensions": ["x"]}, {"provideClusterInfo": True}, "is not valid"),
        ({}, {"env": [{"name": "A", "value": "x\0y"}]}, "cannot be run: embedded null byte"),
    ],
    ids=["no CA file", "no extensions", "NUL"],
)
def test_what_a_credential_plugin_cannot_be_given_is_reported(
    file: str, cluster: dict[str, Any], plugin: dict[str, Any], words: str
) -> None:
    given = kubeconfig()
    given["clusters"][0]["cluster"] = {"server": "https://here.example.com", **cluster}
    version = "client.authentication.k8s.io/v1"
    user = {"apiVersion": version, "command": "true", "interactiveMode": "Never"}
    given["users"][0]["user"] = {"exec": {**user, **plugin}}
    # A file that exists: the CA of the task's own option.
    assert words in refused({"kubeconfig": given, "ca_cert": file})


def test_the_environments_kubeconfig_is_used_with_a_tasks_context(file: str) -> None:
    environ = {"K8S_AUTH_KUBECONFIG": file, "K8S_AUTH_HOST": "https://environment.example.com"}
    access = resolve_client_config({"context": "two"}, environ)
    assert destination(access) == ("https://there.example.com", "Bearer file-token", None)


def test_missing_options_are_named(tmp_path: Path) -> None:
    text = refused({}, {"KUBECONFIG": str(tmp_path / "none")})
    for word in ("kubeconfig", "host", "KUBECONFIG", "K8S_AUTH_"):
        assert word in text


@pytest.mark.parametrize("value", ["maybe", "2", " "])
def test_an_environment_variable_that_is_not_a_boolean_is_named(value: str) -> None:
    environ = {"K8S_AUTH_HOST": "https://e.example.com", "K8S_AUTH_VERIFY_SSL": value}
    assert "K8S_AUTH_VERIFY_SSL" in refused({}, environ)


@pytest.mark.parametrize("option", ["ca_cert", "client_cert", "client_key"])
def test_content_in_place_of_a_path_is_refused_without_it(option: str) -> None:
    pem = f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----\n"
    for form in (pem, base64.b64encode(pem.encode()).decode()):
        in_environment = {f"K8S_AUTH_{option.upper()}": form, "K8S_AUTH_HOST": "https://x"}
        for said in (
            refused({"host": "https://x", option: form}),
            refused({}, in_environment),
        ):
            assert said.endswith("is the content of a file. Give the file's path in its place.")


@pytest.mark.parametrize("option", ["ca_cert", "client_cert", "client_key"])
def test_a_file_that_is_missing_is_named(option: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    assert missing in refused({"host": "https://e.example.com", option: missing})


def test_another_server_is_not_verified_by_the_kubeconfigs_name() -> None:
    given = kubeconfig()
    given["clusters"][0]["cluster"]["tls-server-name"] = "api.internal"
    kept = resolve_client_config({"kubeconfig": given}, {}).configuration
    assert kept.tls_server_name == "api.internal"
    options = {"kubeconfig": given, "host": "https://other.example.com:6443"}
    assert resolve_client_config(options, {}).configuration.tls_server_name is None
