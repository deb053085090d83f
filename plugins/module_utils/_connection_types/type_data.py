# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of the common connection types, checked and written the way their readers want it. Pure.

The operator checks nothing of this; the rules are those of the applications that read the data.
"""

from __future__ import annotations

import re
import typing as t

from .._core.errors import PreconditionError
from .field_checks import (
    Fields,
    missing,
    of_form,
    one_of,
    repointed,
    text_of,
    text_problems,
)

_PATH = re.compile(r"(repo://|s3://[^/]+/|https?://[^/]+/|/).+")
_HTTP_URL = re.compile(r"https?://[^/\s]+(/\S*)?")
_REPO_URL = re.compile(r"(https?|ssh|git)://[^/\s]+/\S+|[^@/\s]+@[^:/\s]+:\S+")
_MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_BRANCH = re.compile(r"[^\s~^:?*\[\\]+")
_DISTINGUISHED_NAME = re.compile(r"[A-Za-z][\w.-]*\s*=[^,]+(,\s*[A-Za-z][\w.-]*\s*=[^,]+)*")
_HOST_AND_PORT = re.compile(r"[^\s:]+:\d{1,5}")
_MODEL_PATH = (
    "path that a deployment engine can follow; write repo://..., s3://bucket/..., http://host/... or an "
    "absolute path"
)
_GIT_SERVERS = ("github", "bitbucket")
_OBJECTS, _SPELLINGS = ("secret", "configmap"), ("newer", "older")
_CREDENTIALS = ("token", "password")
_PROXY = ("proxy_protocol", "proxy_hostname", "proxy_port")
# Each field's key in the newer and in the older spelling; None where the older one has none.
SOURCE_CONTROL_KEYS: dict[str, tuple[str, str | None]] = {
    "type": ("type", "type"),
    "repo_url": ("repoURL", "repo-url"),
    "branch": ("branch", "branch"),
    "username": ("username", "user-name"),
    "email": ("email", "user-email"),
    "auth_type": ("authType", None),
    "token": ("token", None),
    "password": ("password", None),
    "working_directory": ("workingDirectory", None),
    "description": ("description", None),
    "proxy_protocol": ("proxyProtocol", "proxy-protocol"),
    "proxy_hostname": ("proxyHostname", "proxy-hostname"),
    "proxy_port": ("proxyPort", "proxy-port"),
}
_MODEL_KEYS = {
    "name": "name",
    "model_version": "model-version",
    "path": "path",
    "scoring_path": "scoring-path",
    "description": "description",
}
_MLFLOW_KEYS = {
    "artifact_root": "MLFLOW_ARTIFACT_ROOT",
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "s3_endpoint_url": "MLFLOW_S3_ENDPOINT_URL",
}
_DIRECTORIES = ("LDAP", "Active Directory")
_SECURITY_PROTOCOLS = ("none", "ldaps", "starttls")
_EXTERNAL_AUTH_FIELDS = (
    "type", "security_protocol", "bind_type", "bind_dn", "bind_pwd", "base_dn", "user_attr", "groups",
)  # fmt: skip
_EXTERNAL_AUTH_OPTIONAL = ("ca_cert", "user_subtree")


def model_configmaps(models: t.Sequence[Fields]) -> list[dict[str, t.Any]]:
    """Write models as ConfigMaps of type `model`.

    :param models: object_name (default: name, made a valid object name), name, model_version, path,
        scoring_path, description, extra (further keys).
    :returns: kd_connection's `configmaps`, in order.
    :raises PreconditionError: one sentence for each thing that is wrong, each naming its model.
    """
    problems: list[str] = []
    made: list[dict[str, t.Any]] = []
    for number, model in enumerate(models, 1):
        label = f"model {given}" if (given := text_of(model, "name")) else f"model number {number}"
        problems += missing(label, model, ("name", "model_version", "path", "scoring_path"))
        problems += text_problems(label, model, (*_MODEL_KEYS, "object_name"))
        for field in ("path", "scoring_path"):
            problems += of_form(label, model, field, _PATH, _MODEL_PATH)
        extra = model.get("extra") or {}
        if not isinstance(extra, dict):
            problems.append(f"{label}: extra is no dictionary (key: value).")
            extra = {}
        if taken := sorted(set(extra) & set(_MODEL_KEYS.values())):
            problems.append(
                f"{label}: extra holds {', '.join(taken)}, which have fields of their own."
            )
        name = model_object_name(model)
        if not name and given:
            problems.append(
                f"{label}: no object name can be made of it; give it an object_name of lower case letters, "
                "digits and '-'."
            )
        if any(name == other["name"] for other in made):
            problems.append(
                f"{label}: a ConfigMap {name} is made of another model already; give one of them an object_name."
            )
        data = {**repointed(model, _MODEL_KEYS), **extra}
        made.append({"name": name, "type": "model", "data": data})
    _raise(problems)
    return made


def model_names(models: t.Sequence[Fields]) -> list[dict[str, t.Any]]:
    """Name the ConfigMaps that model_configmaps() writes, whatever else is known of the models."""
    return [{"name": model_object_name(model)} for model in models]


def model_object_name(model: Fields) -> str:
    """Say which ConfigMap a model is in: object_name, or the name made a valid object name."""
    given = text_of(model, "object_name")
    return given or re.sub(r"[^a-z0-9.]+", "-", text_of(model, "name").lower()).strip("-.")


def source_control_object(fields: Fields) -> dict[str, t.Any]:
    """Write a source control's coordinates as a ConfigMap or a Secret of type `source-control`.

    :param fields: object (secret or configmap), object_name, key_spelling (newer or older), and those
        of SOURCE_CONTROL_KEYS.
    :returns: one entry of kd_connection's `secrets` or `configmaps`.
    :raises PreconditionError: what is wrong, never with a credential's value.
    """
    secret = fields.get("object") == "secret"
    older = fields.get("key_spelling") == "older"
    label = f"source control {text_of(fields, 'object_name')}".strip()
    required = ["object", "object_name", "key_spelling", "type", "repo_url", "branch"]
    if secret:
        required += ["username", "email", "auth_type"]
    problems = missing(label, fields, required)
    problems += text_problems(
        label, fields, ("object", "object_name", "key_spelling", *SOURCE_CONTROL_KEYS)
    )
    problems += one_of(label, fields, "object", _OBJECTS)
    problems += one_of(label, fields, "key_spelling", _SPELLINGS)
    problems += one_of(label, fields, "type", _GIT_SERVERS)
    problems += of_form(
        label, fields, "repo_url", _REPO_URL, "URL of a repository; write https://host/..."
    )
    problems += of_form(label, fields, "branch", _BRANCH, "name that a branch can have; write main")
    problems += of_form(label, fields, "email", _MAIL_ADDRESS, "mail address; write name@host")
    problems += _credential_problems(label, fields)
    problems += _proxy_problems(label, fields)
    unspelt = [
        f for f, (_newer, key) in SOURCE_CONTROL_KEYS.items() if not key and text_of(fields, f)
    ]
    if older and unspelt:
        problems.append(
            f"{label}: the older spelling has no key for {', '.join(unspelt)}; leave that out, or choose "
            "the newer one."
        )
    _raise(problems)
    keys = {
        f: older_key if older else newer for f, (newer, older_key) in SOURCE_CONTROL_KEYS.items()
    }
    data = repointed(fields, {field: key for field, key in keys.items() if key})
    option = "string_data" if secret else "data"
    return {"name": fields["object_name"], "type": "source-control", option: data}


def source_control_fields(data: Fields) -> dict[str, str]:
    """Read a source control's data as a member holds it, whichever way its keys are spelt.

    :param data: key to value, decoded.
    :returns: the fields of SOURCE_CONTROL_KEYS that are there, and key_spelling: newer, older, or
        "either" where no key tells them apart.
    """
    newer = {key: field for field, (key, _older) in SOURCE_CONTROL_KEYS.items()}
    older = {key: field for field, (_newer, key) in SOURCE_CONTROL_KEYS.items() if key}
    fields = {
        (newer | older)[key]: str(value) for key, value in data.items() if key in newer | older
    }
    told = {"newer": bool(data.keys() & (newer.keys() - older.keys())),
            "older": bool(data.keys() & (older.keys() - newer.keys()))}  # fmt: skip
    spelling = (
        "mixed" if all(told.values()) else next((s for s, is_it in told.items() if is_it), "either")
    )
    return {**fields, "key_spelling": spelling}


def mlflow_secret(fields: Fields) -> dict[str, t.Any]:
    """Write what an application needs to reach mlflow's artifacts as a Secret of type `mlflow`.

    :param fields: object_name, and those of mlflow's keys: artifact_root, access_key_id,
        secret_access_key, s3_endpoint_url (optional).
    :returns: one entry of kd_connection's `secrets`.
    :raises PreconditionError: what is wrong, never with a credential's value.
    """
    label = f"mlflow {text_of(fields, 'object_name')}".strip()
    problems = missing(
        label, fields, ("object_name", "artifact_root", "access_key_id", "secret_access_key")
    )
    problems += text_problems(label, fields, ("object_name", *_MLFLOW_KEYS))
    problems += of_form(label, fields, "artifact_root", _PATH, "place; write s3://bucket/...")
    problems += of_form(label, fields, "s3_endpoint_url", _HTTP_URL, "URL; write https://host...")
    _raise(problems)
    return _secret(fields, "mlflow", repointed(fields, _MLFLOW_KEYS))


def external_auth_secret(fields: Fields) -> dict[str, t.Any]:
    """Write how users are looked up in LDAP or Active Directory as a Secret of type `extAuth`.

    :param fields: object_name, type, locations (list of host:port), security_protocol, bind_type,
        bind_dn, bind_pwd, base_dn, user_attr, groups, ca_cert, user_subtree (the last two optional).
    :returns: one entry of kd_connection's `secrets`.
    :raises PreconditionError: what is wrong, never with the password.
    """
    label = f"external auth {text_of(fields, 'object_name')}".strip()
    names = (*_EXTERNAL_AUTH_FIELDS, *_EXTERNAL_AUTH_OPTIONAL)
    problems = missing(label, fields, ("object_name", *_EXTERNAL_AUTH_FIELDS, "locations"))
    problems += text_problems(label, fields, ("object_name", *names))
    problems += one_of(label, fields, "type", _DIRECTORIES)
    problems += one_of(label, fields, "security_protocol", _SECURITY_PROTOCOLS)
    problems += of_form(
        label, fields, "base_dn", _DISTINGUISHED_NAME, "distinguished name; write dc=example,dc=com"
    )
    if (ca := text_of(fields, "ca_cert")) and "-----BEGIN CERTIFICATE-----" not in ca:
        problems.append(
            f"{label}: ca_cert is no certificate in PEM; give the text from BEGIN CERTIFICATE to END CERTIFICATE."
        )
    given = fields.get("locations") or []
    if not isinstance(given, (list, tuple)):
        problems.append(f"{label}: locations is no list; give a list of host:port.")
        given = []
    locations = [str(location) for location in given]
    problems += [
        f"{label}: location {location!r} is not of the form host:port; write it like ldap.example.com:636."
        for location in locations
        if not (_HOST_AND_PORT.fullmatch(location) and _is_port(location.rpartition(":")[2]))
    ]
    _raise(problems)
    data = repointed(fields, {name: name for name in names})
    return _secret(fields, "extAuth", {**data, "auth_service_locations": "::::".join(locations)})


def _secret(fields: Fields, type_: str, data: dict[str, str]) -> dict[str, t.Any]:
    return {"name": fields["object_name"], "type": type_, "string_data": data}


def _credential_problems(label: str, fields: Fields) -> list[str]:
    given = text_of(fields, "auth_type")
    if not given:
        loose = [name for name in _CREDENTIALS if text_of(fields, name)]
        return [f"{label}: {loose[0]} is given without auth_type; give that, too."] if loose else []
    if given not in _CREDENTIALS:
        return one_of(label, fields, "auth_type", _CREDENTIALS)
    other = next(name for name in _CREDENTIALS if name != given)
    problems = (
        []
        if text_of(fields, given)
        else [f"{label}: auth_type is {given}, but {given} is missing."]
    )
    if text_of(fields, other):
        problems.append(
            f"{label}: auth_type is {given}, but {other} is given; take one of them out."
        )
    return problems


def _proxy_problems(label: str, fields: Fields) -> list[str]:
    given = [field for field in _PROXY if text_of(fields, field)]
    if not given:
        return []
    problems = [
        f"{label}: {field} is missing; the proxy's protocol, hostname and port go together."
        for field in _PROXY
        if field not in given
    ]
    port = text_of(fields, "proxy_port")
    if port and not _is_port(port):
        problems.append(f"{label}: proxy_port {port!r} is no port; write a number from 1 to 65535.")
    return problems + one_of(label, fields, "proxy_protocol", ("http", "https"))


def _is_port(text: str) -> bool:
    return text.isdecimal() and 0 < int(text) < 65536


def _raise(problems: list[str]) -> None:
    if problems:
        raise PreconditionError(problems)
