# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task's options -> what is wanted, typed and checked; no I/O."""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t

from .._core.errors import InvalidInputError
from .._core.names import require_data_key, require_label_name, require_label_value, require_name
from .._core.resource import Key
from .._core.scalars import removable_text_map, text_map
from .._kubedirector import facts
from .._kubedirector.selection import selection_from
from .shared_objects import VERSION_OF, versioned_name

# All of Kubernetes' own except Opaque have a group (source: its documentation of Secrets).
_KUBERNETES_TYPE = re.compile(r"[a-z0-9.-]+/\S+")

# An existing object's data become these, get these besides, stay as they are.
REPLACE, MERGE, CREATE_ONLY = DATA_MODES = ("replace", "merge", "create_only")

# A clock can count to it.
_MAX_SECONDS = 365 * 24 * 3600


@dataclasses.dataclass(frozen=True)
class DesiredObject:
    """A ConfigMap or Secret as the task names it; None is what it leaves out.

    :param data: key to value, a Secret's in base64.
    :param labels: with the type label; None removes one, others stay.
    :param described: the task gives more than its name.
    :param secret_type: a Secret's Kubernetes type.
    :param data_mode: one of DATA_MODES.
    :param binary: a ConfigMap's binaryData, in base64.
    :param version_of: a version's name without the hash.
    :param absent: no connection of the task is to name it.
    :param deleted: it is to be deleted as well.
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
    absent: bool = False
    deleted: bool = False
    data_mode: str = REPLACE
    binary: t.Mapping[str, str] | None = dataclasses.field(default=None, repr=False)

    @property
    def key(self) -> Key:
        return self.kind, self.name

    @property
    def content(self) -> dict[str, t.Mapping[str, str]]:
        """The data and binaryData that it has after the task in any case."""
        if self.data_mode == CREATE_ONLY:
            return {}
        given = {"data": self.data, "binaryData": self.binary}
        return {field: values for field, values in given.items() if values is not None}

    def content_changes(
        self, have: t.Mapping[str, t.Mapping[str, str]]
    ) -> dict[str, dict[str, str | None]]:
        """The merge patch for an object with this data and binaryData; unchanged fields are left out."""
        content = self.content
        found: dict[str, dict[str, str | None]] = {}
        for field, values in have.items():
            wanted = content.get(field, {})
            # Kubernetes takes a key in one of the two only.
            gone = {key for other, keys in content.items() if other != field for key in keys}
            if field in content and self.data_mode == REPLACE:
                gone |= values.keys() - wanted.keys()
            changes: dict[str, str | None] = {key: None for key in values if key in gone}
            changes.update({k: v for k, v in wanted.items() if values.get(k) != v})
            if changes:
                found[field] = changes
        return found

    @property
    def plain_name(self) -> str:
        """The name as the task gives it."""
        return self.version_of or self.name


@dataclasses.dataclass(frozen=True)
class DesiredConnections:
    """What some KDClusters are to be connected to.

    :param absent: disconnect them from these.
    :param exclusive: connect exactly these.
    :param required: False if others may change or delete the KDClusters meanwhile.
    """

    kdclusters: tuple[str, ...]
    objects: tuple[Key, ...]
    clusters: tuple[str, ...] = ()
    absent: bool = False
    exclusive: bool = False
    required: bool = True


@dataclasses.dataclass(frozen=True)
class DesiredState:
    """What a task wants in one namespace.

    :param objects: each once.
    :param connections: one for each entry, without contradictions.
    """

    namespace: str
    objects: tuple[DesiredObject, ...]
    connections: tuple[DesiredConnections, ...]

    @property
    def kdclusters(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self.connections for name in one.kdclusters))

    @property
    def clusters(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self.connections for name in one.clusters))

    @property
    def present(self) -> DesiredState:
        """The part that connects."""
        connections = tuple(one for one in self.connections if not one.absent)
        return dataclasses.replace(self, connections=connections)

    @property
    def may_vanish(self) -> frozenset[str]:
        """The KDClusters that others may delete: which the task only disconnects, or which happen to name an object."""
        needed = (one.kdclusters for one in self.present.connections if one.required)
        return frozenset(self.kdclusters).difference(*needed)

    @property
    def keys_with_data(self) -> frozenset[Key]:
        """The objects to read with more than their metadata."""
        return frozenset(
            o.key for o in self.objects if not o.absent and (o.content or o.secret_type)
        )

    def of_kdcluster(self, name: str) -> DesiredState:
        """The part that decides one KDCluster's connections."""
        connections = tuple(
            dataclasses.replace(one, kdclusters=(name,))
            for one in self.connections
            if name in one.kdclusters
        )
        named = {key for one in connections for key in one.objects}
        # A KDCluster may name an earlier version of any of these.
        objects = tuple(
            dataclasses.replace(o, deleted=False)
            for o in self.objects
            if o.version_of is not None or o.key in named
        )
        return dataclasses.replace(self, objects=objects, connections=connections)

    def without_vanished(self, there: t.Iterable[str]) -> DesiredState:
        """The same without those of may_vanish that are not there."""
        gone = self.may_vanish.difference(there)
        connections = tuple(
            dataclasses.replace(one, kdclusters=tuple(n for n in one.kdclusters if n not in gone))
            for one in self.connections
        )
        return dataclasses.replace(self, connections=connections)


def merge_desired(states: t.Sequence[DesiredState]) -> DesiredState:
    """Merge the states of a namespace's entries, at least one.

    What one entry describes, also as a version, is described for all.
    """
    versions = {
        (o.kind, o.version_of): o
        for state in states
        for o in state.objects
        if o.version_of is not None
    }
    objects: dict[Key, DesiredObject] = {}
    for state in states:
        for named in state.objects:
            one = versions.get(named.key, named)
            before = objects.get(one.key)
            objects[one.key] = one if before is None else _merged_object(before, one)
    return DesiredState(
        states[0].namespace,
        tuple(objects.values()),
        tuple(
            dataclasses.replace(
                one,
                objects=tuple(versions[k].key if k in versions else k for k in one.objects),
            )
            for state in states
            for one in state.connections
        ),
    )


def _merged_object(one: DesiredObject, other: DesiredObject) -> DesiredObject:
    """Of two of the same object, the one that says more."""
    if one.absent != other.absent:
        return other if one.absent else one
    return dataclasses.replace(
        one if one.described or not other.described else other,
        deleted=one.deleted or other.deleted,
    )


def parse_desired(params: t.Mapping[str, t.Any], namespace: str) -> DesiredState:
    """Read kd_connection's options.

    :param params: namespace, kdcluster, configmaps, secrets, clusters, state, exclusive,
        delete_objects, wait_timeout.
    :raises InvalidInputError: names kind, namespace/name and key, never a Secret's value.
    """
    absent = params["state"] == "absent"
    if absent and params["exclusive"]:
        raise InvalidInputError("Option exclusive goes with state=present only.")
    if not absent and params["delete_objects"]:
        raise InvalidInputError("Option delete_objects goes with state=absent only.")
    timeout = params.get("wait_timeout")
    if timeout is not None and not 1 <= timeout <= _MAX_SECONDS:
        raise InvalidInputError(
            f"Option wait_timeout is a number of seconds, 1 to {_MAX_SECONDS} (a year)."
        )
    require_name("namespace", namespace)
    selects = selection_from(params) is not None
    objects = (
        *_objects("ConfigMap", params.get("configmaps"), namespace, absent=absent),
        *_objects("Secret", params.get("secrets"), namespace, absent=absent),
    )
    if absent:
        deleted = bool(params["delete_objects"])
        objects = tuple(dataclasses.replace(o, absent=True, deleted=deleted) for o in objects)
    desired = DesiredConnections(
        kdclusters=_names("kdcluster", params.get("kdcluster"), namespace),
        objects=tuple(o.key for o in objects),
        clusters=_names("clusters", params.get("clusters"), namespace),
        absent=absent,
        exclusive=bool(params["exclusive"]),
    )
    if not desired.kdclusters and not selects:
        if desired.clusters:
            raise InvalidInputError(
                "Option clusters says what to connect to, but kdcluster, which would be connected, is not given."
            )
        if desired.exclusive:
            raise InvalidInputError("Option exclusive needs kdcluster.")
    for name in desired.clusters:
        if name in desired.kdclusters and not absent:
            raise InvalidInputError(
                f"KDCluster {namespace}/{name} cannot be connected to itself: take it out of clusters or of kdcluster."
            )
    return DesiredState(namespace, objects, (desired,))


def _names(option: str, values: list[str] | None, namespace: str) -> tuple[str, ...]:
    names = tuple(values or ())
    for name in names:
        require_name(f"{option}: KDCluster {namespace}/", name)
        if names.count(name) > 1:
            raise InvalidInputError(
                f"Option {option} names KDCluster {namespace}/{name} more than once: name it once."
            )
    return names


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
    if found.data is None:
        raise InvalidInputError(f"{where}: versioned needs data, since they are part of the name.")
    if found.data_mode != REPLACE:
        raise InvalidInputError(
            f"{where}: versioned goes with data_mode=replace only, since a version holds exactly the given data."
        )
    return dataclasses.replace(
        found,
        name=versioned_name(namespace, found),
        version_of=found.name,
        annotations={**found.annotations, VERSION_OF: found.name},
    )


def _object(kind: str, name: str, entry: dict[str, t.Any], where: str) -> DesiredObject:
    type_label = facts.TYPE_LABELS[kind]
    labels = removable_text_map(entry.get("labels"), f"{where}: label")
    for key, value in labels.items():
        require_label_name(key, where)
        if key == type_label:
            _require_type(kind, value, f"{where}: label {key}")
        elif value is not None:
            require_label_value(value, f"{where}: label {key}")
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
    data, binary = _content(kind, entry, where)
    annotations = removable_text_map(entry.get("annotations"), f"{where}: annotation")
    secret_type = entry.get("secret_type") or None
    return DesiredObject(
        kind=kind,
        name=name,
        type=labels.get(type_label),
        data=data,
        labels=labels,
        annotations=annotations,
        described=bool(labels or annotations or secret_type) or (data, binary) != (None, None),
        secret_type=secret_type,
        data_mode=entry.get("data_mode") or REPLACE,
        binary=binary,
    )


def _require_type(kind: str, value: str | None, where: str) -> None:
    """Check the type that applications look for, not a Secret's Kubernetes type."""
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
    require_label_value(value, where)


def _content(
    kind: str, entry: dict[str, t.Any], where: str
) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    """Return data and binaryData."""
    if kind == "ConfigMap":
        option = "binary_data"
        data = _keyed_text(entry.get("data"), where)
        besides = _base64_map(entry.get(option), where, "data")
    else:
        option = "string_data"
        data = _base64_map(entry.get("data"), where, option)
        besides = _keyed_text(entry.get(option), where)
    for key in besides or ():
        if key in (data or ()):
            raise InvalidInputError(
                f"{where}: key {key} is in data and in {option}; keep it in one of them."
            )
    if kind == "ConfigMap" or besides is None:
        return data, besides
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in besides.items()}
    return {**(data or {}), **encoded}, None


def _keyed_text(values: dict[str, t.Any] | None, where: str) -> dict[str, str] | None:
    if values is None:
        return None
    texts = text_map(values, f"{where}: key")
    for key in texts:
        require_data_key(key, where)
    return texts


def _base64_map(
    values: dict[str, t.Any] | None, where: str, for_text: str
) -> dict[str, str] | None:
    """Write base64 the way Kubernetes does. :param for_text: the option that takes plain text."""
    texts = _keyed_text(values, where)
    if texts is None:
        return None
    data: dict[str, str] = {}
    for key, text in texts.items():
        try:
            packed = "".join(text.split())
            if len(packed) % 4:
                # Python before 3.12 accepts superfluous padding.
                raise ValueError
            raw = base64.b64decode(packed, validate=True)
        except ValueError:
            raise InvalidInputError(
                f"{where}: key {key} is not valid base64; encode it, or put the plain text into {for_text}."
            ) from None
        data[key] = base64.b64encode(raw).decode()
    return data
