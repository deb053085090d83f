# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the common connection types: what is written, and what is refused with which message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.kubedirector.connections.plugins.module_utils._connection_types import (
    type_data,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    PreconditionError,
)

MODEL = {
    "name": "fullyconnected-nn",
    "model_version": 2,
    "path": "s3://models.example.com/fc.h5",
    "scoring_path": "repo://code/scoring.py",
}
SOURCE = {
    "object": "secret",
    "object_name": "source-control-secret",
    "key_spelling": "newer",
    "type": "github",
    "repo_url": "https://git.example.com/team-a/notebooks.git",
    "branch": "main",
    "username": "team-a",
    "email": "team-a@example.com",
    "auth_type": "token",
    "token": "liquorice",
}
INFO = {
    "object": "configmap",
    "object_name": "source-control-info",
    "key_spelling": "older",
    "type": "bitbucket",
    "repo_url": "https://git.example.com/team-a/notebooks.git",
    "branch": "main",
}
MLFLOW = {
    "object_name": "mlflow-secret",
    "artifact_root": "s3://mlflow.example.com/artifacts",
    "access_key_id": "team-a",
    "secret_access_key": "liquorice",
}
DIRECTORY = {
    "object_name": "external-auth",
    "type": "Active Directory",
    "locations": ["ad1.example.com:636", "ad2.example.com:636"],
    "security_protocol": "ldaps",
    "bind_type": "search",
    "bind_dn": "cn=reader,dc=example,dc=com",
    "bind_pwd": "liquorice",
    "base_dn": "dc=example,dc=com",
    "user_attr": "sAMAccountName",
    "groups": "cn=team-a,dc=example,dc=com",
}


def test_a_model_is_written_with_the_keys_that_engines_read() -> None:
    more = {"description": "Digits, fully connected", "extra": {"modelType": "h5"}}
    made = type_data.model_configmaps([{**MODEL, **more}])
    assert made == [
        {
            "name": "fullyconnected-nn",
            "type": "model",
            "data": {
                "name": "fullyconnected-nn",
                "model-version": "2",
                "path": "s3://models.example.com/fc.h5",
                "scoring-path": "repo://code/scoring.py",
                "description": "Digits, fully connected",
                "modelType": "h5",
            },
        }
    ]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ({"name": "Fully Connected_NN"}, "fully-connected-nn"),
        ({"name": "v1.2/net"}, "v1.2-net"),
        ({"name": "net", "object_name": "net-model"}, "net-model"),
    ],
)
def test_a_model_without_object_name_gets_a_valid_one(model: dict[str, str], name: str) -> None:
    assert type_data.model_names([model]) == [{"name": name}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scoring_path": None}, "model fullyconnected-nn: scoring_path is missing."),
        ({"model_version": ""}, "model fullyconnected-nn: model_version is missing."),
        ({"path": {}}, "model fullyconnected-nn: path is missing."),
        ({"name": None}, "model number 1: name is missing."),
        ({"path": "models/fc.h5"}, "model fullyconnected-nn: path 'models/fc.h5' is not a path"),
        ({"path": "s3://"}, "model fullyconnected-nn: path 's3://' is not a path"),
        ({"path": "repo://"}, "model fullyconnected-nn: path 'repo://' is not a path"),
        ({"name": "---"}, "model ---: its name cannot become an object name"),
        ({"extra": {"path": "x"}}, "model fullyconnected-nn: extra holds path"),
    ],
)
def test_a_bad_model_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(PreconditionError) as refused:
        type_data.model_configmaps([{**MODEL, **change}])
    assert said in str(refused.value)


def test_two_models_in_one_configmap_are_refused_and_all_problems_reported() -> None:
    with pytest.raises(PreconditionError) as refused:
        type_data.model_configmaps([MODEL, {**MODEL, "path": "x"}])
    assert len(refused.value.problems) == 2
    assert "another model has the ConfigMap fullyconnected-nn, too" in str(refused.value)


def test_source_control_in_a_secret_has_the_newer_keys() -> None:
    made = type_data.source_control_object({**SOURCE, "proxy_port": ""})
    assert made == {
        "name": "source-control-secret",
        "type": "source-control",
        "string_data": {
            "type": "github",
            "repoURL": "https://git.example.com/team-a/notebooks.git",
            "branch": "main",
            "username": "team-a",
            "email": "team-a@example.com",
            "authType": "token",
            "token": "liquorice",
        },
    }


def test_source_control_can_have_a_password_and_all_optional_fields() -> None:
    without_token = {field: value for field, value in SOURCE.items() if field != "token"}
    made = type_data.source_control_object(
        {
            **without_token,
            "type": "bitbucket",
            "auth_type": "password",
            "password": "liquorice",
            "working_directory": "notebooks/2026",
            "description": "what team A is working on",
            "proxy_protocol": "https",
            "proxy_hostname": "proxy.example.com",
            "proxy_port": 3128,
        }
    )
    assert made == {
        "name": "source-control-secret",
        "type": "source-control",
        "string_data": {
            "type": "bitbucket",
            "repoURL": "https://git.example.com/team-a/notebooks.git",
            "branch": "main",
            "username": "team-a",
            "email": "team-a@example.com",
            "authType": "password",
            "password": "liquorice",
            "workingDirectory": "notebooks/2026",
            "description": "what team A is working on",
            "proxyProtocol": "https",
            "proxyHostname": "proxy.example.com",
            "proxyPort": "3128",
        },
    }


def test_source_control_in_a_configmap_can_have_the_older_keys() -> None:
    proxy = {"proxy_protocol": "http", "proxy_hostname": "proxy.example.com", "proxy_port": 3128}
    made = type_data.source_control_object({**INFO, **proxy, "email": "a@example.com"})
    assert made["data"] == {
        "type": "bitbucket",
        "repo-url": "https://git.example.com/team-a/notebooks.git",
        "branch": "main",
        "user-email": "a@example.com",
        "proxy-protocol": "http",
        "proxy-hostname": "proxy.example.com",
        "proxy-port": "3128",
    }


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({**SOURCE, "email": ""}, "source control source-control-secret: email is missing."),
        ({**SOURCE, "type": "gitlab"}, "type 'gitlab' is not one of github, bitbucket."),
        (
            {**SOURCE, "repo_url": "git.example.com/a"},
            "repo_url 'git.example.com/a' is not the URL of a",
        ),
        (
            {**SOURCE, "repo_url": "https://me:liquorice@"},
            "repo_url 'https://********@' is not the URL of a",
        ),
        (
            {**SOURCE, "repo_url": "https://me:a@liquorice@"},
            "repo_url 'https://********@' is not the URL of a",
        ),
        ({**SOURCE, "branch": "my branch"}, "branch 'my branch' is not a valid branch name"),
        ({**SOURCE, "email": "team-a"}, "email 'team-a' is not a mail address; write name@host."),
        (
            {**SOURCE, "email": "a b@x.org"},
            "email 'a b@x.org' is not a mail address; write name@host.",
        ),
        ({**SOURCE, "auth_type": "key"}, "auth_type 'key' is not one of token, password."),
        ({**SOURCE, "token": ""}, "auth_type is token, but token is missing."),
        ({**SOURCE, "password": "x"}, "auth_type is token, but password is given"),
        ({**INFO, "token": "x"}, "token is given without auth_type; give that, too."),
        ({**SOURCE, "proxy_port": 80}, "proxy_protocol is missing; the proxy's protocol"),
        (
            {**INFO, "proxy_protocol": "http", "proxy_hostname": "p", "proxy_port": 70000},
            "proxy_port '70000' is not a port",
        ),
        ({**SOURCE, "key_spelling": "older"}, "the older spelling has no key for auth_type, token"),
    ],
)
def test_bad_source_control_is_refused_without_its_credential(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(PreconditionError) as refused:
        type_data.source_control_object(settings)
    assert said in str(refused.value)
    assert "liquorice" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/team-a/notebooks.git",
        "ssh://git@git.example.com:7999/team-a/notebooks.git",
        "git@git.example.com:team-a/notebooks.git",
    ],
)
def test_all_forms_of_a_repository_are_accepted(url: str) -> None:
    data = type_data.source_control_object({**SOURCE, "repo_url": url})["string_data"]
    assert data["repoURL"] == url


@pytest.mark.parametrize("spelling", ["newer", "older"])
def test_written_data_are_read_back_with_their_spelling(spelling: str) -> None:
    settings = {**INFO, "key_spelling": spelling}
    data = type_data.source_control_object(settings)["data"]
    read = type_data.source_control_fields(data)
    assert read["key_spelling"] == spelling
    assert {name: read[name] for name in ("type", "repo_url", "branch")} == {
        name: INFO[name] for name in ("type", "repo_url", "branch")
    }


def test_keys_of_both_spellings_are_mixed_and_neutral_keys_either() -> None:
    fields_of = type_data.source_control_fields
    assert fields_of({"repoURL": "a", "repo-url": "b"})["key_spelling"] == "mixed"
    assert fields_of({"type": "github", "other": "x"}) == {
        "type": "github",
        "key_spelling": "either",
    }


def test_an_mlflow_secret_has_the_names_that_its_clients_look_for() -> None:
    named = {
        "MLFLOW_ARTIFACT_ROOT": "s3://mlflow.example.com/artifacts",
        "AWS_ACCESS_KEY_ID": "team-a",
        "AWS_SECRET_ACCESS_KEY": "liquorice",
    }
    made = {"name": "mlflow-secret", "type": "mlflow"}
    assert type_data.mlflow_secret(MLFLOW) == {**made, "string_data": named}
    url = "https://minio.example.com:9000"
    assert type_data.mlflow_secret({**MLFLOW, "s3_endpoint_url": url}) == {
        **made, "string_data": {**named, "MLFLOW_S3_ENDPOINT_URL": url},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"access_key_id": ""}, "mlflow mlflow-secret: access_key_id is missing."),
        ({"artifact_root": "bucket"}, "artifact_root 'bucket' is not a valid place"),
        ({"s3_endpoint_url": "minio:9000"}, "s3_endpoint_url 'minio:9000' is not a URL"),
    ],
)
def test_bad_mlflow_settings_are_refused(change: dict[str, str], said: str) -> None:
    with pytest.raises(PreconditionError) as refused:
        type_data.mlflow_secret({**MLFLOW, **change})
    assert said in str(refused.value)
    assert "liquorice" not in str(refused.value)


@pytest.mark.parametrize(
    "root",
    [
        "s3://mlflow",
        "s3://mlflow/",
        "gs://mlflow/artifacts",
        "wasbs://artifacts@account.blob.core.windows.net/mlflow",
        "abfss://artifacts@account.dfs.core.windows.net/mlflow",
        "hdfs://namenode:8020/mlflow",
        "hdfs:///mlflow",
        "mlflow-artifacts:/",
        "mlflow-artifacts:/team-a",
        "mlflow-artifacts://tracking.example.com:5000/team-a",
        "file:///mnt/mlflow",
        "/mnt/mlflow",
        "/",
        "./mlruns",
    ],
)
def test_every_artifact_root_of_mlflow_is_accepted(root: str) -> None:
    warned: list[str] = []
    made = type_data.mlflow_secret({**MLFLOW, "artifact_root": root}, warn=warned.append)
    assert made["string_data"]["MLFLOW_ARTIFACT_ROOT"] == root
    assert warned == []


def test_a_warning_about_an_artifact_root_of_a_plug_in_names_only_its_scheme() -> None:
    warned: list[str] = []
    type_data.mlflow_secret(
        {**MLFLOW, "artifact_root": "oss://team-a:liquorice@store/mlflow"}, warn=warned.append
    )
    assert len(warned) == 1
    assert "mlflow mlflow-secret: artifact_root begins with oss:" in warned[0]
    assert "liquorice" not in warned[0]


def test_only_artifacts_in_s3_need_the_access_key_but_never_half_of_it() -> None:
    fields = {"object_name": "mlflow-secret", "artifact_root": "gs://mlflow"}
    assert type_data.mlflow_secret(fields)["string_data"] == {"MLFLOW_ARTIFACT_ROOT": "gs://mlflow"}
    with pytest.raises(PreconditionError, match="secret_access_key is missing"):
        type_data.mlflow_secret({**fields, "access_key_id": "team-a"})
    with pytest.raises(PreconditionError, match="access_key_id is missing"):
        type_data.mlflow_secret({**fields, "artifact_root": "s3://mlflow"})


@pytest.mark.parametrize(
    "path",
    [
        "dtap://TenantStorage/models/fc.h5",
        "hdfs://namenode/models/fc.h5",
        "gs://models/fc.h5",
        "abfss://models@account.dfs.core.windows.net/fc.h5",
        "models:/fullyconnected-nn/2",
    ],
)
def test_a_model_with_another_scheme_is_accepted_with_a_warning(path: str) -> None:
    warned: list[str] = []
    (made,) = type_data.model_configmaps([{**MODEL, "path": path}], warn=warned.append)
    assert made["data"]["path"] == path
    assert warned == [
        f"model fullyconnected-nn: path begins with {path.partition(':')[0]}:, which not every deployment "
        "engine can follow; check that yours does."
    ]


def test_a_model_can_have_labels_and_its_type_in_either_place() -> None:
    (made,) = type_data.model_configmaps(
        [{**MODEL, "model_type": "h5", "labels": {"team": "vision"}}]
    )
    assert made["labels"] == {"team": "vision"}
    assert made["data"]["modelType"] == "h5"
    with pytest.raises(PreconditionError, match="extra holds modelType"):
        type_data.model_configmaps([{**MODEL, "model_type": "h5", "extra": {"modelType": "pt"}}])
    with pytest.raises(PreconditionError, match="labels is not a dictionary"):
        type_data.model_configmaps([{**MODEL, "labels": ["team"]}])


def test_several_groups_and_domains_are_joined_as_the_servers_are() -> None:
    groups = [r"cn=Doe\, Jane,ou=teams,dc=example,dc=com", "cn=team-b,dc=example,dc=org"]
    domains = ["dc=example,dc=com", "dc=example,dc=org"]
    data = type_data.external_auth_secret({**DIRECTORY, "groups": groups, "base_dn": domains})
    assert data["string_data"]["groups"] == "::::".join(groups)
    assert data["string_data"]["base_dn"] == "dc=example,dc=com::::dc=example,dc=org"
    for field in ("groups", "base_dn"):
        bad: Any
        for bad in ([""], [[]], {"a": "b"}):
            with pytest.raises(PreconditionError, match=f"{field} is text, or a list of texts"):
                type_data.external_auth_secret({**DIRECTORY, field: bad})


@pytest.mark.parametrize(
    "name",
    [
        r"ou=Research\, Development,dc=example,dc=com",
        r"cn=a\2Cb+uid=7,dc=example,dc=com",
        'o="Example, Teams",c=GB',
        "2.5.4.11=people,dc=example,dc=com",
    ],
)
def test_a_distinguished_name_may_escape_commas(name: str) -> None:
    made = type_data.external_auth_secret({**DIRECTORY, "base_dn": name})
    assert made["string_data"]["base_dn"] == name


def test_without_a_name_to_bind_with_applications_bind_anonymously() -> None:
    unbound = {k: v for k, v in DIRECTORY.items() if not k.startswith("bind_")}
    warned: list[str] = []
    made = type_data.external_auth_secret({**unbound, "bind_type": "search"}, warn=warned.append)
    assert not {"bind_dn", "bind_pwd"} & made["string_data"].keys()
    assert warned == [
        "external auth external-auth: bind_dn is not given, so applications have to bind anonymously."
    ]
    type_data.external_auth_secret({**unbound, "bind_type": "anonymous"}, warn=warned.append)
    assert len(warned) == 1
    for half in ("bind_dn", "bind_pwd"):
        with pytest.raises(PreconditionError, match="is missing"):
            type_data.external_auth_secret({**unbound, "bind_type": "search", half: "liquorice"})


def test_a_direct_bind_needs_no_base_dn() -> None:
    given = {k: v for k, v in DIRECTORY.items() if k not in ("bind_dn", "bind_pwd", "base_dn")}
    warned: list[str] = []
    made = type_data.external_auth_secret({**given, "bind_type": "direct_bind"}, warn=warned.append)
    assert "base_dn" not in made["string_data"]
    assert warned == []


def test_a_server_may_have_an_ipv6_address_in_brackets() -> None:
    servers = ["[2001:db8::1]:636", "ad2.example.com:636"]
    data = type_data.external_auth_secret({**DIRECTORY, "locations": servers})["string_data"]
    assert data["auth_service_locations"] == "[2001:db8::1]:636::::ad2.example.com:636"
    for bad in ("2001:db8::1:636", "[2001:db8::1]", "[ad1]:636", "[192.0.2.1]:636"):
        with pytest.raises(PreconditionError, match=r"an IPv6 address like \[2001:db8::1\]:636"):
            type_data.external_auth_secret({**DIRECTORY, "locations": [bad]})


def test_directory_settings_may_have_further_keys() -> None:
    more = {"extra": {"multi_domain": "true"}}
    data = type_data.external_auth_secret({**DIRECTORY, **more})["string_data"]
    assert data["multi_domain"] == "true"
    with pytest.raises(PreconditionError, match="extra holds groups"):
        type_data.external_auth_secret({**DIRECTORY, "extra": {"groups": "x"}})


def test_an_external_auth_secret_joins_its_servers() -> None:
    made = type_data.external_auth_secret(DIRECTORY)
    assert (made["name"], made["type"]) == ("external-auth", "extAuth")
    assert made["string_data"]["auth_service_locations"] == (
        "ad1.example.com:636::::ad2.example.com:636"
    )
    assert made["string_data"]["type"] == "Active Directory"
    assert "ca_cert" not in made["string_data"]


def test_an_external_auth_secret_holds_everything_by_its_own_name() -> None:
    ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    more = {"ca_cert": ca, "user_subtree": "ou=people,dc=example,dc=com"}
    assert type_data.external_auth_secret({**DIRECTORY, **more}) == {
        "name": "external-auth",
        "type": "extAuth",
        "string_data": {
            "type": "Active Directory",
            "auth_service_locations": "ad1.example.com:636::::ad2.example.com:636",
            "security_protocol": "ldaps",
            "bind_type": "search",
            "bind_dn": "cn=reader,dc=example,dc=com",
            "bind_pwd": "liquorice",
            "base_dn": "dc=example,dc=com",
            "user_attr": "sAMAccountName",
            "groups": "cn=team-a,dc=example,dc=com",
            "ca_cert": ca,
            "user_subtree": "ou=people,dc=example,dc=com",
        },
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "NIS"}, "type 'NIS' is not one of LDAP, Active Directory."),
        ({"locations": []}, "external auth external-auth: locations is missing."),
        ({"locations": ["ad1.example.com"]}, "location 'ad1.example.com' is not of the form"),
        ({"locations": ["ad1.example.com:99999"]}, "location 'ad1.example.com:99999' is not"),
        ({"security_protocol": "tls"}, "security_protocol 'tls' is not one of none, ldaps"),
        ({"base_dn": ""}, "base_dn is missing."),
        ({"base_dn": "example.com"}, "base_dn 'example.com' is not a distinguished name"),
        ({"ca_cert": "/etc/ssl/ca.crt"}, "ca_cert is not a certificate in PEM"),
    ],
)
def test_bad_directory_settings_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(PreconditionError) as refused:
        type_data.external_auth_secret({**DIRECTORY, **change})
    assert said in str(refused.value)
    assert "liquorice" not in str(refused.value)


@pytest.mark.parametrize(
    ("make", "fields", "needed"),
    [
        (type_data.source_control_object, SOURCE, ("object", "object_name", "key_spelling")),
        (type_data.mlflow_secret, MLFLOW, ("object_name",)),
        (type_data.external_auth_secret, DIRECTORY, ("object_name",)),
    ],
)
def test_a_field_that_selects_the_object_is_required(
    make: Callable[[dict[str, Any]], object], fields: dict[str, Any], needed: tuple[str, ...]
) -> None:
    for field in needed:
        for broken in ({k: v for k, v in fields.items() if k != field}, {**fields, field: None}):
            with pytest.raises(PreconditionError, match=f": {field} is missing"):
                make(broken)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("object", "secrets", "object 'secrets' is not one of secret, configmap."),
        ("key_spelling", "new", "key_spelling 'new' is not one of newer, older."),
    ],
)
def test_an_object_or_spelling_that_does_not_exist_is_refused(
    field: str, value: str, said: str
) -> None:
    with pytest.raises(PreconditionError) as refused:
        type_data.source_control_object({**SOURCE, field: value})
    assert said in str(refused.value)


@pytest.mark.parametrize("value", [["liquorice"], {"a": "liquorice"}])
@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda change: type_data.model_configmaps([{**MODEL, **change}]), "path"),
        (lambda change: type_data.model_configmaps([{**MODEL, **change}]), "name"),
        (lambda change: type_data.model_configmaps([{**MODEL, **change}]), "object_name"),
        (lambda change: type_data.model_configmaps([{**MODEL, **change}]), "description"),
        (lambda change: type_data.source_control_object({**SOURCE, **change}), "branch"),
        (lambda change: type_data.source_control_object({**SOURCE, **change}), "object"),
        (lambda change: type_data.source_control_object({**SOURCE, **change}), "object_name"),
        (lambda change: type_data.source_control_object({**SOURCE, **change}), "token"),
        (lambda change: type_data.mlflow_secret({**MLFLOW, **change}), "s3_endpoint_url"),
        (lambda change: type_data.external_auth_secret({**DIRECTORY, **change}), "ca_cert"),
        (lambda change: type_data.external_auth_secret({**DIRECTORY, **change}), "user_attr"),
    ],
)  # fmt: skip
def test_a_list_or_dictionary_where_text_belongs_is_refused(
    make: Callable[[dict[str, Any]], object], field: str, value: Any
) -> None:
    with pytest.raises(PreconditionError) as refused:
        make({field: value})
    what = "list" if isinstance(value, list) else "dictionary"
    assert f": {field} is a {what}; text belongs there." in str(refused.value)
    assert "liquorice" not in str(refused.value)


@pytest.mark.parametrize("locations", ["ad1.example.com:636", 5, {"a": 1}])
def test_locations_that_are_not_a_list_are_refused(locations: Any) -> None:
    with pytest.raises(PreconditionError, match="locations is not a list"):
        type_data.external_auth_secret({**DIRECTORY, "locations": locations})


@pytest.mark.parametrize("extra", [["a"], "text", 5])
def test_further_keys_that_are_not_a_dictionary_are_refused(extra: Any) -> None:
    with pytest.raises(PreconditionError, match="extra is not a dictionary"):
        type_data.model_configmaps([{**MODEL, "extra": extra}])
