# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the data of the common connection types, and write it as its readers want it. Pure.

The operator checks none of it: the rules are those of the applications. Each function is the filter of its name,
which documents the fields. It raises PreconditionError with a sentence for each fault, never with a credential's
value; `warn` takes a sentence.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .._core.credential_forms import without_credentials
from .._core.errors import PreconditionError
from .._core.redaction import MASK
from .._core.scalars import scalar_text

Fields = t.Mapping[str, t.Any]
Warn = t.Callable[[str], None]

_MODEL_SCHEMES = ("repo", "s3", "http", "https")
_OTHER_URL = r"[a-z][a-z0-9+.-]+:/\S*[^/\s:]\S*"
_PATH = re.compile(
    rf"(repo://|s3://[^/]+/|https?://[^/]+/|/).+|(?!(?:{'|'.join(_MODEL_SCHEMES)}):){_OTHER_URL}"
)
# What mlflow takes (source: its registry of artifact repositories); plug-ins add schemes.
_ARTIFACT_ROOT = re.compile(rf"{_OTHER_URL}|mlflow-artifacts:/|\.{{0,2}}/.*")
_ARTIFACT_SCHEMES = (
    "s3", "gs", "wasb", "wasbs", "abfs", "abfss", "hdfs", "viewfs", "dbfs", "mlflow-artifacts", "file", "ftp",
    "sftp", "http", "https", "r2", "b2",
)  # fmt: skip
_HTTP_URL = re.compile(r"https?://[^/\s]+(/\S*)?")
_REPO_URL = re.compile(r"(https?|ssh|git)://[^/\s]+/\S+|[^@/\s]+@[^:/\s]+:\S+")
_MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_BRANCH = re.compile(r"[^\s~^:?*\[\\]+")
# A value in a DN escapes or quotes commas and other special characters (RFC 4514, RFC 1779).
_DN_PART = r"\w[\w.-]*\s*=(?:\\.|\"[^\"]*\"|[^,\\\"])+"
_DISTINGUISHED_NAME = re.compile(rf"{_DN_PART}(,\s*{_DN_PART})*")
_HOST_AND_PORT = re.compile(r"([^\s:\[\]]+|\[(?P<ipv6>[^\s\[\]]+)\]):(?P<port>\d{1,5})")
_NOT_GIVEN: tuple[t.Any, ...] = (None, "", [], {})
# Separates the values of one key in extAuth.
_SEPARATOR = "::::"
_CREDENTIALS = ("token", "password")
_PROXY = ("proxy_protocol", "proxy_hostname", "proxy_port")
# Each field's key in the newer and the older spelling; None: no older key.
_SOURCE_CONTROL_KEYS: dict[str, tuple[str, str | None]] = {
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
_EXTERNAL_AUTH_TEXTS = (
    "type", "security_protocol", "bind_type", "bind_dn", "bind_pwd", "user_attr", "ca_cert", "user_subtree",
)  # fmt: skip


def _ignore(_warning: str) -> None:
    pass


def model_configmaps(models: t.Sequence[Fields], *, warn: Warn = _ignore) -> list[dict[str, t.Any]]:
    """:returns: kd_connection's `configmaps`, in order."""
    problems: list[str] = []
    made: list[dict[str, t.Any]] = []
    for number, model in enumerate(models, 1):
        given = _text(model, "name")
        check = _Check(f"model {given}" if given else f"model number {number}", model)
        check.are_given("name", "model_version", "path", "scoring_path")
        check.are_text(*_MODEL_KEYS, "object_name")
        for field in ("path", "scoring_path"):
            check.has_form(
                field,
                _PATH,
                "a path that a deployment engine can follow; write repo://..., s3://bucket/..., http://host/... or an "
                "absolute path",
            )
            scheme = _scheme(model, field)
            if scheme and scheme not in _MODEL_SCHEMES:
                warn(
                    f"{check.label}: {field} begins with {scheme}:, which not every deployment engine can follow; "
                    "check that yours does."
                )
        extra = check.dictionary("extra")
        labels = check.dictionary("labels")
        fields = _by_key(model, _MODEL_KEYS)
        check.leaves_alone(extra, fields)
        name = model_object_name(model)
        if not name and given:
            check.add(
                "its name cannot become an object name. Give an object_name of lower case letters, "
                "digits and '-'."
            )
        if any(name == other["name"] for other in made):
            check.add(
                f"another model has the ConfigMap {name}, too. Give one of them an object_name."
            )
        entry = {"name": name, "type": "model", "data": {**fields, **extra}}
        made.append({**entry, "labels": labels} if labels else entry)
        problems += check.problems
    _raise(problems)
    return made


def model_names(models: t.Sequence[Fields]) -> list[dict[str, t.Any]]:
    """Name the ConfigMaps that model_configmaps() writes; checks nothing."""
    return [{"name": model_object_name(model)} for model in models]


def model_object_name(model: Fields) -> str:
    given = _text(model, "object_name")
    return given or re.sub(r"[^a-z0-9.]+", "-", _text(model, "name").lower()).strip("-.")


def source_control_object(fields: Fields) -> dict[str, t.Any]:
    """:returns: one entry of kd_connection's `secrets` or `configmaps`."""
    secret = fields.get("object") == "secret"
    spelling = 1 if fields.get("key_spelling") == "older" else 0
    keys = {field: names[spelling] for field, names in _SOURCE_CONTROL_KEYS.items()}
    check = _Check(f"source control {_text(fields, 'object_name')}".strip(), fields)
    check.are_given("object", "object_name", "key_spelling", "type", "repo_url", "branch")
    if secret:
        check.are_given("username", "email", "auth_type")
    check.are_text("object", "object_name", "key_spelling", *keys)
    check.is_one_of("object", ("secret", "configmap"))
    check.is_one_of("key_spelling", ("newer", "older"))
    check.is_one_of("type", ("github", "bitbucket"))
    check.has_form("repo_url", _REPO_URL, "the URL of a repository; write https://host/...")
    check.has_form("branch", _BRANCH, "a valid branch name; write main")
    check.has_form("email", _MAIL_ADDRESS, "a mail address; write name@host")
    _check_credential(check)
    _check_proxy(check)
    unspelt = [field for field, key in keys.items() if not key and _text(fields, field)]
    if unspelt:
        check.add(
            f"the older spelling has no key for {', '.join(unspelt)}; leave that out, or choose "
            "the newer one."
        )
    _raise(check.problems)
    data = _by_key(fields, {field: key for field, key in keys.items() if key})
    option = "string_data" if secret else "data"
    return {"name": fields["object_name"], "type": "source-control", option: data}


def source_control_fields(data: Fields) -> dict[str, str]:
    """Read a source control's data as a member holds it.

    :param data: key to value, already decoded.
    :returns: the fields found of _SOURCE_CONTROL_KEYS, and key_spelling: newer, older, mixed, or either if no key
        decides.
    """
    newer = {key: field for field, (key, _older) in _SOURCE_CONTROL_KEYS.items()}
    older = {key: field for field, (_newer, key) in _SOURCE_CONTROL_KEYS.items() if key}
    known = newer | older
    fields = {known[key]: str(value) for key, value in data.items() if key in known}
    seen = [
        spelling
        for spelling, own in (
            ("newer", newer.keys() - older.keys()),
            ("older", older.keys() - newer.keys()),
        )
        if data.keys() & own
    ]
    return {**fields, "key_spelling": "mixed" if len(seen) > 1 else "".join(seen) or "either"}


def mlflow_secret(fields: Fields, *, warn: Warn = _ignore) -> dict[str, t.Any]:
    """:returns: one entry of kd_connection's `secrets`."""
    check = _Check(f"mlflow {_text(fields, 'object_name')}".strip(), fields)
    scheme = _scheme(fields, "artifact_root")
    keys = ("access_key_id", "secret_access_key")
    check.are_given("object_name", "artifact_root")
    # Other stores' credentials come from elsewhere; half a pair is always useless.
    if scheme == "s3" or any(_text(fields, key) for key in keys):
        check.are_given(*keys)
    check.are_text("object_name", *_MLFLOW_KEYS)
    check.has_form(
        "artifact_root",
        _ARTIFACT_ROOT,
        "a valid place; write s3://bucket, another URL that mlflow knows, or an absolute path",
    )
    check.has_form("s3_endpoint_url", _HTTP_URL, "a URL; write https://host...")
    _raise(check.problems)
    if scheme and scheme not in _ARTIFACT_SCHEMES:
        warn(
            f"{check.label}: artifact_root begins with {scheme}:, which mlflow knows by a plug-in only; check that "
            "the application has it."
        )
    data = _by_key(fields, _MLFLOW_KEYS)
    return {"name": fields["object_name"], "type": "mlflow", "string_data": data}


def external_auth_secret(fields: Fields, *, warn: Warn = _ignore) -> dict[str, t.Any]:
    """:returns: one entry of kd_connection's `secrets`."""
    check = _Check(f"external auth {_text(fields, 'object_name')}".strip(), fields)
    bind_type = _text(fields, "bind_type").lower()
    direct = "direct" in bind_type
    check.are_given(
        "object_name", "type", "locations", "security_protocol", "bind_type", "user_attr", "groups",
    )  # fmt: skip
    if not direct:
        check.are_given("base_dn")
    if _text(fields, "bind_dn") or _text(fields, "bind_pwd"):
        check.are_given("bind_dn", "bind_pwd")
    check.are_text("object_name", *_EXTERNAL_AUTH_TEXTS)
    check.is_one_of("type", ("LDAP", "Active Directory"))
    check.is_one_of("security_protocol", ("none", "ldaps", "starttls"))
    lists = {field: check.texts(field) for field in ("groups", "base_dn")}
    check.has_form(
        "base_dn", _DISTINGUISHED_NAME, "a distinguished name; write dc=example,dc=com",
        *lists["base_dn"],
    )  # fmt: skip
    if (ca := _text(fields, "ca_cert")) and "-----BEGIN CERTIFICATE-----" not in ca:
        check.add(
            "ca_cert is not a certificate in PEM; give the text from BEGIN CERTIFICATE to END CERTIFICATE."
        )
    given = fields.get("locations") or []
    if not isinstance(given, (list, tuple)):
        check.add("locations is not a list; give a list of host:port.")
        given = []
    locations = [str(location) for location in given]
    for location in locations:
        if not _is_location(location):
            check.add(
                f"location {location!r} is not of the form host:port; write it like ldap.example.com:636, "
                "an IPv6 address like [2001:db8::1]:636."
            )
    data = _by_key(fields, {name: name for name in _EXTERNAL_AUTH_TEXTS})
    data.update({field: _SEPARATOR.join(texts) for field, texts in lists.items() if texts})
    data["auth_service_locations"] = _SEPARATOR.join(locations)
    extra = check.dictionary("extra")
    check.leaves_alone(extra, data)
    _raise(check.problems)
    if not (direct or "anonym" in bind_type or _text(fields, "bind_dn")):
        warn(f"{check.label}: bind_dn is not given, so applications have to bind anonymously.")
    return {"name": fields["object_name"], "type": "extAuth", "string_data": {**data, **extra}}


class _Check:
    """Collects faults of given fields, in sentences that begin with `label`."""

    def __init__(self, label: str, fields: Fields) -> None:
        self.label = label
        self.fields = fields
        self.problems: list[str] = []

    def add(self, problem: str) -> None:
        self.problems.append(f"{self.label}: {problem}")

    def are_given(self, *names: str) -> None:
        for field in names:
            if self.fields.get(field) in _NOT_GIVEN:
                self.add(f"{field} is missing.")

    def are_text(self, *names: str) -> None:
        for field in names:
            value = self.fields.get(field)
            if value and isinstance(value, (list, dict)):
                what = "list" if isinstance(value, list) else "dictionary"
                self.add(f"{field} is a {what}; text belongs there.")

    def is_one_of(self, field: str, choices: t.Sequence[str]) -> None:
        given = _text(self.fields, field)
        if given and given not in choices:
            self.add(f"{field} {given!r} is not one of {', '.join(choices)}.")

    def has_form(self, field: str, form: re.Pattern[str], desired: str, *texts: str) -> None:
        """Check a given field, or its `texts`; hides credentials in an address."""
        for given in texts or (_text(self.fields, field),):
            if given and not form.fullmatch(given):
                address = "://" in given or ":" in given.split("@")[0]
                shown = without_credentials(given, MASK) if address else given
                self.add(f"{field} {shown!r} is not {desired}.")

    def dictionary(self, field: str) -> dict[str, t.Any]:
        given = self.fields.get(field) or {}
        if isinstance(given, dict):
            return given
        self.add(f"{field} is not a dictionary (key: value).")
        return {}

    def leaves_alone(self, extra: t.Iterable[str], own: t.Iterable[str]) -> None:
        """Refuse extra keys that have fields of their own."""
        if taken := sorted({*extra} & {*own}):
            self.add(f"extra holds {', '.join(taken)}, which have fields of their own.")

    def texts(self, field: str) -> list[str]:
        """Read a field that holds text or a list of it."""
        given = self.fields.get(field)
        if given in _NOT_GIVEN:
            return []
        values = given if isinstance(given, (list, tuple)) else [given]
        texts = [text for value in values if (text := scalar_text(value))]
        if len(texts) == len(values):
            return texts
        self.add(f"{field} is text, or a list of texts; none of them is empty.")
        return []


def _text(fields: Fields, field: str) -> str:
    """A field's text, or ""."""
    return scalar_text(fields.get(field)) or ""


def _by_key(fields: Fields, keys: t.Mapping[str, str]) -> dict[str, str]:
    """What is given, by its readers' keys."""
    return {key: text for field, key in keys.items() if (text := _text(fields, field))}


def _scheme(fields: Fields, field: str) -> str:
    found = re.match(r"([a-z][a-z0-9+.-]+):/", _text(fields, field))
    return found[1] if found else ""


def _is_location(text: str) -> bool:
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None or not _is_port(found["port"]):
        return False
    try:
        return found["ipv6"] is None or ipaddress.ip_address(found["ipv6"]).version == 6
    except ValueError:
        return False


def _check_credential(check: _Check) -> None:
    auth_type = _text(check.fields, "auth_type")
    given = [name for name in _CREDENTIALS if _text(check.fields, name)]
    if not auth_type:
        if given:
            check.add(f"{given[0]} is given without auth_type; give that, too.")
        return
    if auth_type not in _CREDENTIALS:
        check.is_one_of("auth_type", _CREDENTIALS)
        return
    if auth_type not in given:
        check.add(f"auth_type is {auth_type}, but {auth_type} is missing.")
    for other in given:
        if other != auth_type:
            check.add(f"auth_type is {auth_type}, but {other} is given; take one of them out.")


def _check_proxy(check: _Check) -> None:
    given = [field for field in _PROXY if _text(check.fields, field)]
    if not given:
        return
    for field in _PROXY:
        if field not in given:
            check.add(f"{field} is missing; the proxy's protocol, hostname and port go together.")
    port = _text(check.fields, "proxy_port")
    if port and not _is_port(port):
        check.add(f"proxy_port {port!r} is not a port; write a number from 1 to 65535.")
    check.is_one_of("proxy_protocol", ("http", "https"))


def _is_port(text: str) -> bool:
    return text.isdecimal() and 0 < int(text) < 65536


def _raise(problems: list[str]) -> None:
    if problems:
        raise PreconditionError(problems)
