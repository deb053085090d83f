# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each role valid variables, typical mistakes in them, and the message for each.

A mistake replaces variables of the fine ones (None takes one out); names are without the role's prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Variables = dict[str, Any]

NOTEBOOK, ENGINE, NOWHERE = "jupyter-notebook", "training-engine-tf", "no-such-kdcluster"
_MODEL: Variables = {
    "name": "fullyconnected-nn",
    "model_version": "1",
    "path": "s3://models.example.com/fc.h5",
    "scoring_path": "repo://code/scoring.py",
}
_INFO: Variables = {"name": "refused-info", "type": "info", "data": {"path": "/data"}}
_LOGIN: Variables = {"name": "refused-login", "type": "login"}

FINE: dict[str, Variables] = {
    "model_registry": {"models": [_MODEL]},
    "source_control": {
        "object_name": "refused-source",
        "type": "github",
        "repo_url": "https://git.example.com/team-a/notebooks.git",
        "branch": "main",
        "username": "team-a",
        "email": "team-a@example.com",
        "auth_type": "token",
        "token": "{{ git_token }}",
    },
    "training_engines": {"clusters": [ENGINE]},
    "notebook": {"clusters": [ENGINE], "configmaps": [_INFO]},
    "mlflow": {
        "object_name": "refused-mlflow",
        "artifact_root": "s3://mlflow.example.com/artifacts",
        "access_key_id": "team-a",
        "secret_access_key": "{{ mlflow_key }}",
    },
    "external_auth": {
        "object_name": "refused-auth",
        "type": "LDAP",
        "locations": ["ldap.example.com:636"],
        "security_protocol": "ldaps",
        "bind_type": "search_bind",
        "bind_dn": "cn=reader,dc=example,dc=com",
        "bind_pwd": "{{ directory_password }}",
        "base_dn": "dc=example,dc=com",
        "user_attr": "uid",
        "groups": "cn=team-a,dc=example,dc=com",
    },
}


def _models(*changes: Variables) -> Variables:
    return {"models": [{**_MODEL, **change} for change in changes]}


def _without(field: str) -> Variables:
    """The models, one of them lacking a field."""
    return {"models": [{name: value for name, value in _MODEL.items() if name != field}]}


_FC, _SOURCE = "model fullyconnected-nn: ", "source control refused-source: "
_MLFLOW, _AUTH = "mlflow refused-mlflow: ", "external auth refused-auth: "
_OF_ALL: list[tuple[Variables, str]] = [
    ({"kdclusters": [NOWHERE]}, f"{NOWHERE} does not exist"),
    ({"kdclusters": None}, "kdclusters"),
    ({"wait_timeout": 0}, "wait_timeout is a number of seconds, 1 to 31536000"),
]

BAD: dict[str, list[tuple[Variables, str]]] = {
    "model_registry": [
        (_without("scoring_path"), f"{_FC}scoring_path is missing."),
        (_without("model_version"), f"{_FC}model_version is missing."),
        (_without("name"), "missing required arguments: name"),
        (_models({"path": "models/fc.h5"}), f"{_FC}path 'models/fc.h5' is not a path that"),
        (_models({"scoring_path": "s3://"}), f"{_FC}scoring_path 's3://' is not a path that"),
        (_models({"name": "---"}), "model ---: its name cannot become an object name"),
        (_models({"extra": {"path": "/x"}}), f"{_FC}extra holds path"),
        (_models({"extra": {"layers": [1, 2]}}), "key layers: the value is a list"),
        (_models({}, {"model_version": "2"}), f"{_FC}another model has the ConfigMap fullyconnected-nn"),
        (_models({"object_name": "Fully_Connected"}), "'Fully_Connected' is not a valid object name"),
        (_models({"scoringpath": "/x"}), "scoringpath"),
        *_OF_ALL,
    ],
    "source_control": [
        ({"repo_url": None}, f"{_SOURCE}repo_url is missing."),
        ({"repo_url": "git.example.com/a"}, f"{_SOURCE}repo_url 'git.example.com/a' is not the URL of a"),
        ({"branch": None}, f"{_SOURCE}branch is missing."),
        ({"branch": "my branch"}, f"{_SOURCE}branch 'my branch' is not a valid branch name"),
        ({"email": "team-a"}, f"{_SOURCE}email 'team-a' is not a mail address"),
        ({"type": "gitlab"}, f"{_SOURCE}type 'gitlab' is not one of github, bitbucket."),
        ({"auth_type": "key"}, f"{_SOURCE}auth_type 'key' is not one of token, password."),
        ({"token": None}, f"{_SOURCE}auth_type is token, but token is missing."),
        ({"password": "{{ git_token }}"}, f"{_SOURCE}auth_type is token, but password is given"),
        ({"proxy_hostname": "proxy.example.com"}, f"{_SOURCE}proxy_protocol is missing; the proxy's"),
        ({"key_spelling": "older"}, f"{_SOURCE}the older spelling has no key for auth_type, token"),
        ({"object": "vault"}, "vault"),
        *_OF_ALL,
    ],
    "training_engines": [
        ({"clusters": [NOWHERE]}, f"{NOWHERE} does not exist"),
        ({"clusters": [ENGINE, ENGINE]}, f"{ENGINE} more than once: name it once."),
        ({"clusters": [NOTEBOOK]}, f"{NOTEBOOK} cannot be connected to itself"),
        ({"clusters": ["Training_Engine"]}, "'Training_Engine' is not a valid object name"),
        ({"clusters": None}, "training_engines_clusters"),
        ({"state": "gone"}, "training_engines_state"),
        ({"namespace": "no-such-namespace"}, "amespace no-such-namespace does not exist"),
        ({"namespace": "Team_A"}, "'Team_A' is not a valid object name"),
        *_OF_ALL,
    ],
    "notebook": [
        ({"configmaps": [{**_INFO, "data": {"a": {"b": 1}}}]}, "refused-info: key a: the value is a dict"),
        ({"configmaps": [{**_INFO, "type": "two words"}]}, "'two words' is not a valid label value"),
        ({"configmaps": [_INFO, {"name": "refused-info"}]}, "refused-info is named twice"),
        ({"configmaps": [{"type": "info"}]}, "missing required arguments: name"),
        ({"configmaps": [{"name": "not-there"}]}, "not-there does not exist"),
        ({"configmaps": [{"name": "new", "data": {"a": 1}}]}, "new does not exist"),
        ({"secrets": [{**_LOGIN, "data": {"a": "{{ git_token }}"}}]}, "key a is not valid base64"),
        ({"secrets": [{**_LOGIN, "data": {"a": "YQ=="}, "string_data": {"a": "{{ git_token }}"}}]},
         "key a is in data and in string_data"),
        ({"secrets": [{**_LOGIN, "string_data": ["{{ git_token }}"]}]}, "string_data"),
        ({"clusters": [NOWHERE]}, f"{NOWHERE} does not exist"),
        *_OF_ALL,
    ],
    "mlflow": [
        ({"artifact_root": None}, f"{_MLFLOW}artifact_root is missing."),
        ({"artifact_root": "bucket"}, f"{_MLFLOW}artifact_root 'bucket' is not a valid place"),
        ({"access_key_id": None}, f"{_MLFLOW}access_key_id is missing."),
        ({"secret_access_key": None}, f"{_MLFLOW}secret_access_key is missing."),
        ({"s3_endpoint_url": "minio:9000"}, f"{_MLFLOW}s3_endpoint_url 'minio:9000' is not a URL"),
        ({"tracking_cluster": NOWHERE}, f"{NOWHERE} does not exist"),
        ({"tracking_cluster": NOTEBOOK}, f"{NOTEBOOK} cannot be connected to itself"),
        ({"object_name": "Mlflow_Secret"}, "'Mlflow_Secret' is not a valid object name"),
        *_OF_ALL,
    ],
    "external_auth": [
        ({"type": "NIS"}, f"{_AUTH}type 'NIS' is not one of LDAP, Active Directory."),
        ({"locations": []}, f"{_AUTH}locations is missing."),
        ({"locations": ["ldap.example.com"]}, f"{_AUTH}location 'ldap.example.com' is not of the form"),
        ({"locations": ["ldap.example.com:99999"]}, f"{_AUTH}location 'ldap.example.com:99999' is not"),
        ({"security_protocol": "tls"}, f"{_AUTH}security_protocol 'tls' is not one of none, ldaps"),
        ({"base_dn": "example.com"}, f"{_AUTH}base_dn 'example.com' is not a distinguished name"),
        ({"base_dn": None}, f"{_AUTH}base_dn is missing."),
        ({"bind_pwd": None}, f"{_AUTH}bind_pwd is missing."),
        ({"ca_cert": "/etc/ssl/ca.crt"}, f"{_AUTH}ca_cert is not a certificate in PEM"),
        *_OF_ALL,
    ],
}  # fmt: skip


@dataclass(frozen=True)
class BadData:
    """One mistake: the role, its variables by their whole names, and the expected message."""

    role: str
    variables: Variables
    said: str


def refused_play(mistakes: Sequence[BadData]) -> dict[str, Any]:
    """A play that runs each role with its mistake, and says how each ended; see missing_refusals."""
    tasks = [
        {
            "block": [
                {
                    "ansible.builtin.include_role": {"name": f"kubedirector.connections.{one.role}"},
                    "vars": one.variables,
                },
                {"ansible.builtin.debug": {"msg": f"mistake {number} was taken"}},
            ],
            "rescue": [
                {"ansible.builtin.debug": {"msg": f"mistake {number} refused: {{{{ ansible_failed_result.msg }}}}"}}
            ],
        }
        for number, one in enumerate(mistakes)
    ]  # fmt: skip
    return {"hosts": "localhost", "gather_facts": False, "tasks": tasks}


def missing_refusals(mistakes: Sequence[BadData], output: str) -> list[str]:
    """The mistakes that the play's output does not name, without their values."""
    lines = output.splitlines()
    return [
        f"{one.role}, mistake {number}: {one.said}"
        for number, one in enumerate(mistakes)
        if not any(f"mistake {number} refused: " in line and one.said in line for line in lines)
    ]


def mistakes(role: str, namespace: str) -> list[BadData]:
    """The mistakes that people make in a role's variables."""
    made = []
    for change, said in BAD[role]:
        given = {"namespace": namespace, "kdclusters": [NOTEBOOK], **FINE[role], **change}
        made.append(BadData(role, whole_names(role, given), said))
    return made


def whole_names(role: str, variables: Variables) -> Variables:
    """A role's variables with its name as the prefix; those that are None are left out."""
    return {f"{role}_{name}": value for name, value in variables.items() if value is not None}
