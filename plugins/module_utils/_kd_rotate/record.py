# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation keeps until it ends: a Secret with the old values. Pure."""

from __future__ import annotations

import base64
import dataclasses
import enum
import hashlib
import hmac
import json
import typing as t

from .._kubedirector.resources import OLD_VALUES_LABELS, OLD_VALUES_OF

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._kubedirector.snapshot import LiveObject

Values = t.Mapping[str, str]

# Besides the old values, each under its own key, so that people can read them with kubectl.
RECORD_KEY = "kd-rotate.json"


class ObjectState(enum.Enum):
    ORIGINAL = "it holds the old values"
    OURS = "it holds what the rotation wrote"
    MODIFIED = "others changed it since"
    DELETED = "it was deleted"


@dataclasses.dataclass(frozen=True)
class Record:
    """What is kept of one object.

    :param uid: an object created again is another.
    :param type: the type label's value.
    :param old: the whole data before the rotation, a Secret's in base64.
    :param keys: those that the rotation changes or removes.
    :param digests: of all data written or about to be, with `salt`.
    :param holder: the task that works on it.
    :param begun: when the first of these tasks began, for people.
    :param beat: counted up while the holder lives.
    """

    kind: str
    name: str
    uid: str
    type: str | None
    old: Values = dataclasses.field(repr=False)
    keys: tuple[str, ...]
    digests: tuple[str, ...] = dataclasses.field(repr=False)
    salt: str = dataclasses.field(repr=False)
    holder: str
    begun: str
    beat: int = 0

    def about_to_write(self, data: Values, keys: t.Iterable[str]) -> Record:
        """The same, once the object may hold these data too."""
        return dataclasses.replace(
            self,
            digests=tuple(dict.fromkeys((*self.digests, self._digest(data)))),
            keys=tuple(dict.fromkeys((*self.keys, *keys))),
        )

    def wrote(self, data: Values) -> bool:
        """Whether the rotation wrote exactly these data."""
        return self._digest(data) in self.digests

    def _digest(self, data: Values) -> str:
        text = json.dumps(dict(data), sort_keys=True).encode()
        return hmac.new(self.salt.encode(), text, hashlib.sha256).hexdigest()

    def state_of(self, found: LiveObject | None) -> ObjectState:
        """Compare what reaches the members: data and type label."""
        if found is None:
            return ObjectState.DELETED
        data = found.data or {}
        if found.uid != self.uid or found.type != self.type:
            return ObjectState.MODIFIED
        if data == self.old:
            return ObjectState.ORIGINAL
        return ObjectState.OURS if self.wrote(data) else ObjectState.MODIFIED


def record_name(kind: str, name: str) -> str:
    """Name the Secret that keeps an object's old values."""
    return f"kd-rotate-{hashlib.sha256(f'{kind}/{name}'.encode()).hexdigest()[:32]}"


def record_manifest(record: Record, namespace: str) -> JsonObject:
    """Make the Secret. It has no type label, so the operator ignores it."""
    old = record.old
    if record.kind != "Secret":
        old = {key: _encoded(value) for key, value in old.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": record_name(record.kind, record.name),
            "namespace": namespace,
            "labels": dict(OLD_VALUES_LABELS),
            "annotations": {OLD_VALUES_OF: f"{record.kind}/{record.name}"},
        },
        "data": {**old, **record_data(record)},
    }


def record_data(record: Record) -> dict[str, str]:
    """The part of the data that changes during a rotation."""
    fields = dataclasses.asdict(record)
    del fields["old"]
    return {RECORD_KEY: _encoded(json.dumps(fields))}


def parse_record(manifest: t.Mapping[str, t.Any], kind: str, name: str) -> Record | None:
    """Read the Secret; None if it does not keep this object's old values."""
    labels = manifest["metadata"].get("labels") or {}
    data = dict(manifest.get("data") or {})
    try:
        fields = json.loads(base64.b64decode(data.pop(RECORD_KEY, "")))
        old = data if kind == "Secret" else {k: _decoded(v) for k, v in data.items()}
        record = Record(
            **{**fields, "keys": tuple(fields["keys"]), "digests": tuple(fields["digests"])},
            old=old,
        )
    except (ValueError, TypeError, KeyError):
        return None
    ours = labels.items() >= OLD_VALUES_LABELS.items()
    return record if ours and (record.kind, record.name) == (kind, name) else None


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
