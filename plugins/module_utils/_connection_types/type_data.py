# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of the common connection types, checked and written the way their readers want it. Pure.

The operator checks nothing of this; the rules are those of the applications that read the data.
"""

from __future__ import annotations

import ipaddress
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

Warn = t.Callable[[str], None]

_MODEL_SCHEMES = ("repo", "s3", "http", "https")
_OTHER_URL = r"[a-z][a-z0-9+.-]+:/\S*[^/\s:]\S*"
_PATH = re.compile(
    rf"(repo://|s3://[^/]+/|https?://[^/]+/|/).+|(?!(?:{'|'.join(_MODEL_SCHEMES)}):){_OTHER_URL}"
)
# What mlflow itself takes (source: its registry of artifact repositories); plug-ins add schemes.
_ARTIFACT_ROOT = re.compile(rf"{_OTHER_URL}|mlflow-artifacts:/|\.{{0,2}}/.*")
_ARTIFACT_SCHEMES = (
    "s3", "gs", "wasb", "wasbs", "abfs", "abfss", "hdfs", "viewfs", "dbfs", "mlflow-artifacts", "file", "ftp",
    "sftp", "http", "https", "r2", "b2",
)  # fmt: skip
_HTTP_URL = re.compile(r"https?://[^/\s]+(/\S*)?")
_REPO_URL = re.compile(r"(https?|ssh|git)://[^/\s]+/\S+|[^@/\s]+@[^:/\s]+:\S+")
_MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_BRANCH = re.compile(r"[^\s~^:?*\[\\]+")
# A comma, and whatever else means something in a DN, is escaped or quoted in a value (RFC 4514, RFC 1779).
_DN_PART = r"\w[\w.-]*\s*=(?:\\.|\"[^\"]*\"|[^,\\\"])+"
_DISTINGUISHED_NAME = re.compile(rf"{_DN_PART}(,\s*{_DN_PART})*")
_HOST_AND_PORT = re.compile(r"([^\s:\[\]]+|\[(?P<ipv6>[^\s\[\]]+)\]):(?P<port>\d{1,5})")
# What separates several values of one key in extAuth.
_SEPARATOR = "::::"
_MODEL_PATH = (
    "a path that a deployment engine can follow; write repo://..., s3://bucket/..., http://host/... or an "
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
    "model_type": "modelType",
}
_MLFLOW_KEYS = {
    "artifact_root": "MLFLOW_ARTIFACT_ROOT",
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "s3_endpoint_url": "MLFLOW_S3_ENDPOINT_URL",
}
_DIRECTORIES = ("LDAP", "Active Directory")
_SECURITY_PROTOCOLS = ("none", "ldaps", "starttls")
_EXTERNAL_AUTH_TEXTS = (
    "type", "security_protocol", "bind_type", "bind_dn", "bind_pwd", "user_attr", "ca_cert", "user_subtree",
)  # fmt: skip
_EXTERNAL_AUTH_REQUIRED = (
    "object_name", "type", "locations", "security_protocol", "bind_type", "user_attr", "groups",
)  # fmt: skip


def _ignore(_warning: str) -> None:
    """Drop the warning."""


def model_configmaps(models: t.Sequence[Fields], *, warn: Warn = _ignore) -> list[dict[str, t.Any]]:
    """Write models as ConfigMaps of type `model`.

    :param models: object_name (default: name, made a valid object name), name, model_version, path,
        scoring_path, description, model_type, labels (of the ConfigMap), extra (further keys).
    :param warn: called with a sentence for each path that not every deployment engine can follow.
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
            scheme = _scheme(model, field)
            if scheme and scheme not in _MODEL_SCHEMES:
                warn(
                    f"{label}: {field} begins with {scheme}:, which not every deployment engine can follow; "
                    "check that yours does."
                )
        extra, found = _dictionary(label, model, "extra")
        problems += found
        labels, found = _dictionary(label, model, "labels")
        problems += found
        fields = repointed(model, _MODEL_KEYS)
        if taken := sorted(set(extra) & set(fields)):
            problems.append(
                f"{label}: extra holds {', '.join(taken)}, which have fields of their own."
            )
        name = model_object_name(model)
        if not name and given:
            problems.append(
                f"{label}: its name cannot become an object name. Give an object_name of lower case letters,  "
                "digits and '-'."
            )
        if any(name == other["name"] for other in made):
            problems.append(
                f"{label}: another model has the ConfigMap {name}, too. Give one of them an object_name."
            )
        entry = {"name": name, "type": "model", "data": {**fields, **extra}}
        made.append({**entry, **({"labels": labels} if labels else {})})
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
        label, fields, "repo_url", _REPO_URL, "the URL of a repository; write https://host/..."
    )
    problems += of_form(label, fields, "branch", _BRANCH, "a valid branch name; write main")
    problems += of_form(label, fields, "email", _MAIL_ADDRESS, "a mail address; write name@host")
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
        "either" if no key decides.
    """
    newer = {key: field for field, (key, _older) in SOURCE_CONTROL_KEYS.items()}
    older = {key: field for field, (_newer, key) in SOURCE_CONTROL_KEYS.items() if key}
    fields = {
        (newer | older)[key]: str(value) for key, value in data.items() if key in newer | older
    }
    seen = {"newer": bool(data.keys() & (newer.keys() - older.keys())),
            "older": bool(data.keys() & (older.keys() - newer.keys()))}  # fmt: skip
    spelling = (
        "mixed" if all(seen.values()) else next((s for s, is_it in seen.items() if is_it), "either")
    )
    return {**fields, "key_spelling": spelling}


def mlflow_secret(fields: Fields, *, warn: Warn = _ignore) -> dict[str, t.Any]:
    """Write what an application needs to reach mlflow's artifacts as a Secret of type `mlflow`.

    :param fields: object_name, and those of mlflow's keys: artifact_root; access_key_id and
        secret_access_key (needed for s3://); s3_endpoint_url (optional).
    :param warn: called with a sentence where only a plug-in of mlflow can know the artifact root.
    :returns: one entry of kd_connection's `secrets`.
    :raises PreconditionError: what is wrong, never with a credential's value.
    """
    label = f"mlflow {text_of(fields, 'object_name')}".strip()
    scheme = _scheme(fields, "artifact_root")
    keys = ("access_key_id", "secret_access_key")
    # An application finds the credentials of other stores elsewhere; half a pair is of use nowhere.
    keyed = scheme == "s3" or any(text_of(fields, key) for key in keys)
    required = ("object_name", "artifact_root", *(keys if keyed else ()))
    problems = missing(label, fields, required)
    problems += text_problems(label, fields, ("object_name", *_MLFLOW_KEYS))
    problems += of_form(
        label,
        fields,
        "artifact_root",
        _ARTIFACT_ROOT,
        "a valid place; write s3://bucket, another URL that mlflow knows, or an absolute path",
    )
    problems += of_form(label, fields, "s3_endpoint_url", _HTTP_URL, "a URL; write https://host...")
    _raise(problems)
    if scheme and scheme not in _ARTIFACT_SCHEMES:
        warn(
            f"{label}: artifact_root begins with {scheme}:, which mlflow knows by a plug-in only; check that "
            "the application has it."
        )
    return _secret(fields, "mlflow", repointed(fields, _MLFLOW_KEYS))


def external_auth_secret(fields: Fields, *, warn: Warn = _ignore) -> dict[str, t.Any]:
    """Write how users are looked up in LDAP or Active Directory as a Secret of type `extAuth`.

    :param fields: object_name, type, locations (list of host:port), security_protocol, bind_type,
        bind_dn and bind_pwd (both or neither), base_dn and groups (text, or a list of them; a direct bind
        needs no base_dn), user_attr; optional: ca_cert, user_subtree, extra (further keys).
    :param warn: called with a sentence where the application has to bind anonymously.
    :returns: one entry of kd_connection's `secrets`.
    :raises PreconditionError: what is wrong, never with the password.
    """
    label = f"external auth {text_of(fields, 'object_name')}".strip()
    bind_type = text_of(fields, "bind_type").lower()
    direct = "direct" in bind_type
    problems = missing(label, fields, (*_EXTERNAL_AUTH_REQUIRED, *(() if direct else ("base_dn",))))
    if text_of(fields, "bind_dn") or text_of(fields, "bind_pwd"):
        problems += missing(label, fields, ("bind_dn", "bind_pwd"))
    problems += text_problems(label, fields, ("object_name", *_EXTERNAL_AUTH_TEXTS))
    problems += one_of(label, fields, "type", _DIRECTORIES)
    problems += one_of(label, fields, "security_protocol", _SECURITY_PROTOCOLS)
    lists: dict[str, list[str]] = {}
    for field in ("groups", "base_dn"):
        lists[field], found = _texts(label, fields, field)
        problems += found
    for name in lists["base_dn"]:
        problems += of_form(
            label, {"base_dn": name}, "base_dn", _DISTINGUISHED_NAME,
            "a distinguished name; write dc=example,dc=com",
        )  # fmt: skip
    if (ca := text_of(fields, "ca_cert")) and "-----BEGIN CERTIFICATE-----" not in ca:
        problems.append(
            f"{label}: ca_cert is not a certificate in PEM; give the text from BEGIN CERTIFICATE to END CERTIFICATE."
        )
    given = fields.get("locations") or []
    if not isinstance(given, (list, tuple)):
        problems.append(f"{label}: locations is not a list; give a list of host:port.")
        given = []
    locations = [str(location) for location in given]
    problems += [
        f"{label}: location {location!r} is not of the form host:port; write it like ldap.example.com:636, "
        "an IPv6 address like [2001:db8::1]:636."
        for location in locations
        if not _is_location(location)
    ]
    data = repointed(fields, {name: name for name in _EXTERNAL_AUTH_TEXTS})
    data.update({field: _SEPARATOR.join(texts) for field, texts in lists.items() if texts})
    data["auth_service_locations"] = _SEPARATOR.join(locations)
    extra, found = _dictionary(label, fields, "extra")
    problems += found
    if taken := sorted(set(extra) & set(data)):
        problems.append(f"{label}: extra holds {', '.join(taken)}, which have fields of their own.")
    _raise(problems)
    if not (direct or "anonym" in bind_type or text_of(fields, "bind_dn")):
        warn(f"{label}: bind_dn is not given, so applications have to bind anonymously.")
    return _secret(fields, "extAuth", {**data, **extra})


def _scheme(fields: Fields, field: str) -> str:
    """The scheme of a URL, "" where there is none."""
    found = re.match(r"([a-z][a-z0-9+.-]+):/", text_of(fields, field))
    return found[1] if found else ""


def _dictionary(label: str, fields: Fields, field: str) -> tuple[dict[str, t.Any], list[str]]:
    """A field that holds a dictionary, and what is wrong with it."""
    given = fields.get(field) or {}
    if isinstance(given, dict):
        return given, []
    return {}, [f"{label}: {field} is not a dictionary (key: value)."]


def _texts(label: str, fields: Fields, field: str) -> tuple[list[str], list[str]]:
    """A field that holds text or a list of it, and what is wrong with it."""
    given = fields.get(field)
    values = given if isinstance(given, (list, tuple)) else [given]
    texts = [text for value in values if (text := text_of({field: value}, field))]
    if given in (None, "", [], {}):
        return [], []
    if len(texts) < len(values):
        return [], [f"{label}: {field} is text, or a list of texts; none of them is empty."]
    return texts, []


def _is_location(text: str) -> bool:
    """Whether this is host:port; an IPv6 address is in brackets."""
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None or not _is_port(found["port"]):
        return False
    try:
        return found["ipv6"] is None or ipaddress.ip_address(found["ipv6"]).version == 6
    except ValueError:
        return False


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
        problems.append(
            f"{label}: proxy_port {port!r} is not a port; write a number from 1 to 65535."
        )
    return problems + one_of(label, fields, "proxy_protocol", ("http", "https"))


def _is_port(text: str) -> bool:
    return text.isdecimal() and 0 < int(text) < 65536


def _raise(problems: list[str]) -> None:
    if problems:
        raise PreconditionError(problems)
