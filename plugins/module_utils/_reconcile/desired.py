# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a task's options to what is wanted, typed and checked; no I/O."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import math
import re
import typing as t

from .._core.errors import InvalidInputError
from .._kubedirector import facts
from .shared_objects import (
    VERSION_OF,
    versioned_name,
)

_OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_DATA_KEY = re.compile(r"(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}")
# Opaque apart, all of Kubernetes' own have a group (source: its documentation of Secrets).
_KUBERNETES_TYPE = re.compile(r"[a-z0-9.-]+/\S+")
_MAX_NAME, _MAX_LABEL = 253, 63
# A deadline is a number that a clock can count to.
_MAX_SECONDS = 365 * 24 * 3600


@dataclasses.dataclass(frozen=True)
class DesiredObject:
    """A ConfigMap or Secret as the task names it.

    :param data: key to value, a Secret's values in base64; None when the task says nothing of them.
    :param labels: labels to set, the type label included, or None to remove one; others are left alone.
    :param described: the task says more of it than its name.
    :param secret_type: the Kubernetes type of a Secret, None when the task says nothing of it.
    :param version_of: the name that the task gives it, where a hash of the content comes after that.
    """

    kind: str
    name: str
    type: str | None
    data: t.Mapping[str, str] | None = dataclasses.field(repr=False)
    labels: t.Mapping[str, str | None]
    annotations: t.Mapping[str, str | None] = dataclasses.field(repr=False)
    described: bool
    secret_type: str | None = None
    version_of: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """(kind, name)."""
        return self.kind, self.name

    @property
    def plain_name(self) -> str:
        """The name as the task gives it."""
        return self.version_of or self.name


@dataclasses.dataclass(frozen=True)
class DesiredState:
    """Everything that one task wants."""

    namespace: str
    kdclusters: tuple[str, ...]
    objects: tuple[DesiredObject, ...]
    clusters: tuple[str, ...]
    absent: bool
    exclusive: bool
    delete_objects: bool

    @property
    def keys_with_data(self) -> frozenset[tuple[str, str]]:
        """(kind, name) of the objects of which more than the metadata must be read."""
        return frozenset(
            o.key for o in self.objects if (o.data is not None or o.secret_type) and not self.absent
        )


def parse_desired(params: t.Mapping[str, t.Any], namespace: str) -> DesiredState:
    """Read kd_connection's options.

    :param params: namespace, kdcluster, configmaps, secrets, clusters, state, exclusive,
        delete_objects, wait_timeout.
    :raises InvalidInputError: a value cannot be used; the message names kind, namespace/name and key, and
        never a Secret's value.
    """
    absent = params["state"] == "absent"
    if absent and params["exclusive"]:
        raise InvalidInputError("Option exclusive goes with state=present only.")
    if not absent and params["delete_objects"]:
        raise InvalidInputError("Option delete_objects goes with state=absent only.")
    if not 1 <= params["wait_timeout"] <= _MAX_SECONDS:
        raise InvalidInputError(
            f"Option wait_timeout is a number of seconds, 1 to {_MAX_SECONDS} (a year)."
        )
    require_name("namespace", namespace)
    desired = DesiredState(
        namespace=namespace,
        kdclusters=_names("kdcluster", params.get("kdcluster"), namespace),
        objects=(
            *_objects("ConfigMap", params.get("configmaps"), namespace, absent=absent),
            *_objects("Secret", params.get("secrets"), namespace, absent=absent),
        ),
        clusters=_names("clusters", params.get("clusters"), namespace),
        absent=absent,
        exclusive=bool(params["exclusive"]),
        delete_objects=bool(params["delete_objects"]),
    )
    if desired.clusters and not desired.kdclusters:
        raise InvalidInputError(
            "Option clusters says what to connect to, but kdcluster, which would be connected, is not given."
        )
    if desired.exclusive and not desired.kdclusters:
        raise InvalidInputError("Option exclusive needs kdcluster.")
    for name in desired.clusters:
        if name in desired.kdclusters and not absent:
            raise InvalidInputError(
                f"KDCluster {namespace}/{name} cannot be connected to itself: take it out of clusters or of kdcluster."
            )
    return desired


def scalar_text(value: t.Any) -> str | None:
    """Write a scalar the way YAML does: 8080 -> "8080", True -> "true".

    :returns: None for anything that is no scalar (null, list, dictionary).
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return ".nan"
        if math.isinf(value):
            return ".inf" if value > 0 else "-.inf"
        return repr(value)
    return None


def _names(option: str, values: list[str] | None, namespace: str) -> tuple[str, ...]:
    names = tuple(values or ())
    for name in names:
        require_name(f"{option}: KDCluster {namespace}/", name)
        if names.count(name) > 1:
            raise InvalidInputError(
                f"Option {option} names KDCluster {namespace}/{name} more than once: name it once."
            )
    return names


def require_name(where: str, name: str) -> None:
    """Check the name of an object. :raises InvalidInputError: `where` begins the message."""
    own = name.rpartition("/")[2]
    if own != name and is_plain_name(name):
        raise InvalidInputError(
            f"Option {where} {name!r} names a namespace: connections stay in one namespace, that of the "
            f"KDCluster. Write {own!r}, and put it into that namespace."
        )
    if not _is_subdomain(name):
        raise InvalidInputError(
            f"Option {where} {name!r} is not a valid object name: use at most {_MAX_NAME} lower case "
            "letters, digits, '-' and '.', with a letter or digit at the beginning, at the end and on both "
            "sides of each '.'."
        )


def is_plain_name(text: str) -> bool:
    """Whether this is the name of an object, perhaps after that of its namespace and a "/"."""
    parts = text.split("/")
    return len(parts) <= 2 and all(_is_subdomain(part) for part in parts)


def _is_subdomain(name: str) -> bool:
    return bool(_OBJECT_NAME.fullmatch(name)) and len(name) <= _MAX_NAME


def _is_label_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return name != "" and _is_label_value(name) and (_is_subdomain(prefix) or not slash)


def _is_label_value(value: str) -> bool:
    return bool(_LABEL_VALUE.fullmatch(value)) and len(value) <= _MAX_LABEL


def _objects(
    kind: str, entries: list[dict[str, t.Any]] | None, namespace: str, *, absent: bool
) -> t.Iterator[DesiredObject]:
    seen: set[str] = set()
    for entry in entries or ():
        name = entry["name"]
        require_name(f"{kind.lower()}s: {kind} {namespace}/", name)
        where = f"{kind} {namespace}/{name}"
        if name in seen:
            raise InvalidInputError(f"{where} is named twice in this task: merge the two entries.")
        seen.add(name)
        found = _object(kind, name, entry, where)
        yield _version(found, namespace, where) if entry.get("versioned") and not absent else found


def _version(found: DesiredObject, namespace: str, where: str) -> DesiredObject:
    """The version that an object with this content is."""
    if found.data is None:
        raise InvalidInputError(f"{where}: versioned needs data, since they are part of the name.")
    return dataclasses.replace(
        found,
        name=versioned_name(namespace, found.kind, found.name, found.type, found.data),
        version_of=found.name,
        annotations={**found.annotations, VERSION_OF: found.name},
    )


def _object(kind: str, name: str, entry: dict[str, t.Any], where: str) -> DesiredObject:
    type_label = facts.TYPE_LABELS[kind]
    labels = removable_text_map(entry.get("labels"), f"{where}: label")
    for key, value in labels.items():
        if not _is_label_key(key):
            raise InvalidInputError(f"{where}: {key!r} is not a valid label name.")
        if key == type_label:
            _require_type(kind, value, f"{where}: label {key}")
        elif value is not None:
            _require_label_value(value, f"{where}: label {key}")
    wanted_type = entry.get("type")
    if wanted_type is not None:
        _require_type(kind, wanted_type, f"{where}: type")
        if not wanted_type:
            raise InvalidInputError(
                f"{where}: type is empty; the operator needs it as a label's value."
            )
        if labels.get(type_label, wanted_type) != wanted_type:
            raise InvalidInputError(
                f"{where}: option type and label {type_label} contradict one another; leave the label out."
            )
        labels[type_label] = wanted_type
    data = _configmap_data(entry, where) if kind == "ConfigMap" else _secret_data(entry, where)
    annotations = removable_text_map(entry.get("annotations"), f"{where}: annotation")
    secret_type = entry.get("secret_type") or None
    return DesiredObject(
        kind=kind,
        name=name,
        type=labels.get(type_label),
        data=data,
        labels=labels,
        annotations=annotations,
        described=bool(labels or annotations or secret_type) or data is not None,
        secret_type=secret_type,
    )


def _require_type(kind: str, value: str | None, where: str) -> None:
    """Check the type that applications look for, which is not a Secret's Kubernetes type."""
    if value is None:
        raise InvalidInputError(
            f"{where}: without it the operator skips the object. Disconnect the object instead."
        )
    if kind == "Secret" and (value == "Opaque" or _KUBERNETES_TYPE.fullmatch(value)):
        raise InvalidInputError(
            f"{where}: {value!r} is a Secret's type in Kubernetes. type is the label "
            f"{facts.TYPE_LABELS[kind]}, by which applications find the Secret, such as source-control; "
            f"the type in Kubernetes is option secret_type. Write secret_type: {value}, and give its type."
        )
    _require_label_value(value, where)


def _require_label_value(value: str, where: str) -> None:
    if not _is_label_value(value):
        raise InvalidInputError(
            f"{where}: {value!r} is not a valid label value: use at most {_MAX_LABEL} letters, digits, "
            "'-', '_' and '.', beginning and ending with a letter or digit."
        )


def text_map(values: t.Mapping[str, t.Any] | None, where: str) -> dict[str, str]:
    """Write a map's scalars as text. :raises InvalidInputError: a value is none; names `where` and its key."""
    texts: dict[str, str] = {}
    for key, value in (values or {}).items():
        text = scalar_text(value)
        if text is None:
            raise InvalidInputError(f"{where} {key}: {_not_scalar(value)}")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidInputError(
                f"{where} {key}: the value is not text in UTF-8; only a Secret's data, in base64, can hold it."
            ) from None
        texts[str(key)] = text
    return texts


def removable_text_map(values: t.Mapping[str, t.Any] | None, where: str) -> dict[str, str | None]:
    """The same for a map in which null stands for what is to be removed."""
    texts = text_map({k: v for k, v in (values or {}).items() if v is not None}, where)
    return {str(key): texts.get(str(key)) for key in values or ()}


def _not_scalar(value: t.Any) -> str:
    if value is None:
        return "the value is empty (null); quote it, or give an empty string."
    what = "list" if isinstance(value, list) else "dictionary"
    return f"the value is a {what}; only text, numbers and booleans fit. Turn it into text, for example with to_json."


def _keyed_text(values: dict[str, t.Any] | None, where: str) -> dict[str, str]:
    texts = text_map(values, f"{where}: key")
    for key in texts:
        if not _DATA_KEY.fullmatch(key):
            raise InvalidInputError(
                f"{where}: {key!r} is not a valid key: use letters, digits, '-', '_' and '.', and no '.' alone "
                "or '..' at the beginning."
            )
    return texts


def _configmap_data(entry: dict[str, t.Any], where: str) -> dict[str, str] | None:
    return None if entry.get("data") is None else _keyed_text(entry["data"], where)


def _secret_data(entry: dict[str, t.Any], where: str) -> dict[str, str] | None:
    if entry.get("data") is None and entry.get("string_data") is None:
        return None
    data: dict[str, str] = {}
    for key, text in _keyed_text(entry.get("data"), where).items():
        try:
            packed = "".join(text.split())
            if len(packed) % 4:
                # Python before 3.12 lets superfluous padding pass.
                raise ValueError("its length is no multiple of four")
            raw = base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidInputError(
                f"{where}: key {key} is not valid base64; encode it, or put the plain text into string_data."
            ) from None
        data[key] = base64.b64encode(raw).decode()
    for key, text in _keyed_text(entry.get("string_data"), where).items():
        if key in data:
            raise InvalidInputError(
                f"{where}: key {key} is in data and in string_data; keep it in one of them."
            )
        data[key] = base64.b64encode(text.encode()).decode()
    return data
