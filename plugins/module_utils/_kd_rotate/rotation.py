# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation: which values change, and its preconditions. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InvalidInputError
from .._core.object_diff import object_diff
from .._core.redaction import HIDDEN, HIDDEN_NEW
from .._kubedirector import facts
from .._kubedirector.settled import is_quiet, is_settled
from .._observe.stall_diagnosis import config_error_sentence
from .._reconcile.desired import DesiredConnections, DesiredObject, DesiredState, parse_desired
from .._reconcile.shared_objects import naming
from .record import RECORD_KEY

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._kubedirector.selection import Selection
    from .._kubedirector.snapshot import Snapshot
    from .._reconcile.plan import Plan
    from .record import Record, Values


@dataclasses.dataclass(frozen=True)
class Rotation:
    """What one task wants.

    :param values: key to new value, a Secret's in base64.
    :param new_keys: accept keys that the object lacks.
    :param restoring: restore an earlier task's old values.
    """

    kind: str
    namespace: str
    name: str
    values: Values = dataclasses.field(repr=False)
    new_keys: bool
    restoring: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """(kind, name)."""
        return self.kind, self.name

    @property
    def label(self) -> str:
        """How messages call the object."""
        return f"{self.kind} {self.namespace}/{self.name}"


def rotation_from(params: t.Mapping[str, t.Any], namespace: str) -> Rotation:
    """Read kd_rotate's options. :raises InvalidInputError: names kind, namespace/name and key, never a value."""
    secret, configmap = params.get("secret"), params.get("configmap")
    if (secret is None) == (configmap is None):
        raise InvalidInputError(
            "Give either option secret or option configmap (with the role: rotate_secret or rotate_configmap)."
        )
    kind, name = ("ConfigMap", configmap) if secret is None else ("Secret", secret)
    string_data = params.get("string_data")
    if secret is None and string_data is not None:
        raise InvalidInputError(
            "Option string_data is for Secrets only. Give the values of a ConfigMap in data, as plain text."
        )
    entry = {"name": name, "data": params.get("data"), "string_data": string_data}
    desired = parse_desired(
        {
            f"{kind.lower()}s": [entry],
            "state": "present",
            "exclusive": False,
            "delete_objects": False,
            "wait_timeout": params["wait_timeout"],
        },
        namespace,
    )
    (wanted,) = desired.objects
    restoring = params["state"] == "restored"
    if restoring and wanted.data is not None:
        raise InvalidInputError(
            "Options data and string_data need state=present. state=restored takes the old values that an "
            "earlier task kept. Leave them out."
        )
    if not restoring and not wanted.data:
        names = ["data"] if secret is None else ["data", "string_data"]
        with_role = " or ".join(f"rotate_{option}" for option in names)
        raise InvalidInputError(
            f"{kind} {namespace}/{name}: give at least one new value in {' or '.join(names)} (with the role: {with_role})."
        )
    return Rotation(
        kind, namespace, wanted.name, wanted.data or {}, params["new_keys"], restoring=restoring
    )


def rotation_problems(
    rotation: Rotation, snapshot: Snapshot, record: Record | None
) -> t.Iterator[str]:
    """Name each failed precondition and what to do.

    :param snapshot: with the object's data, and all that the KDClusters name that name it.
    :param record: an interrupted task's; then the KDClusters may be in any state.
    """
    found = snapshot.objects[rotation.key]
    if found is None:
        yield f"{rotation.label} does not exist. Correct its name or namespace, or create it with kd_connection."
        return
    if not found.type:
        yield (
            f"{rotation.label} has no type label {facts.TYPE_LABELS[rotation.kind]}, so the operator does not "
            "give it to members. Set its type with kd_connection."
        )
    have = (found.data or {}) if record is None else record.old
    unknown = [key for key in rotation.values if key not in have]
    if unknown and not rotation.new_keys:
        yield (
            f"{rotation.label} has no key {', '.join(map(repr, unknown))}; it has "
            f"{', '.join(map(repr, sorted(have))) or 'none'}. Correct the key, or give new_keys=true."
        )
    binary = [key for key in rotation.values if key in found.binary_keys]
    if binary:
        yield (
            f"{rotation.label} has {', '.join(map(repr, binary))} in binaryData, which no member gets and kd_rotate does "
            "not keep. Give another key, or change it with kd_connection."
        )
    if RECORD_KEY in have:
        yield (
            f"{rotation.label} has a key {RECORD_KEY}. kd_rotate needs this key for itself when it keeps old "
            "values. Give that key another name."
        )
    names = naming(rotation, snapshot)
    if not names and not rotation.restoring:
        yield (
            f"No KDCluster in namespace {rotation.namespace} names {rotation.label}, so no member would get the "
            "new values. Correct its name or namespace, or change it with kd_connection."
        )
    for name in names:
        cluster = snapshot.clusters[name]
        if cluster.restoring:
            yield (
                f"{cluster.label} has the label {facts.RESTORING_LABEL}. Wait until it is restored."
            )
        elif record is None and is_quiet(snapshot, cluster) and not is_settled(snapshot, cluster):
            yield config_error_sentence(cluster)


def left_out(
    rotation: Rotation, snapshot: Snapshot, selection: Selection, selected: t.Collection[str]
) -> t.Iterator[str]:
    """Say which KDClusters name the object without being selected."""
    others = [name for name in naming(rotation, snapshot) if name not in selected]
    if others:
        labels = ", ".join(f"KDCluster {rotation.namespace}/{name}" for name in others)
        yield (
            f"{rotation.label} is named by {labels} too, which {selection} does not select. An object changes for all "
            "that name it: select these too, or give them an object of their own."
        )


def desired_for_rotation(
    rotation: Rotation, snapshot: Snapshot, data: Values | None
) -> DesiredState:
    """The desired state of the object and the KDClusters that name it.

    :param data: the object's whole data; None leaves it alone, and only repoints KDClusters from its copy.
    """
    found = snapshot.objects[rotation.key]
    desired_object = DesiredObject(
        kind=rotation.kind,
        name=rotation.name,
        type=found.type if found else None,
        data=data,
        labels={},
        annotations={},
        described=data is not None,
    )
    # Others may disconnect these meanwhile.
    connections = DesiredConnections(naming(rotation, snapshot), (rotation.key,), required=False)
    return DesiredState(rotation.namespace, (desired_object,), (connections,))


def guarded(plan: Plan) -> Plan:
    """The same plan, but its write fails if others changed the object since; with nothing to write, none is planned
    later."""
    (change,) = plan.objects
    if (
        change.action not in ("updated", "unchanged")
        or change.found is None
        or change.found.data is None
    ):
        return plan
    metadata = {"resourceVersion": change.found.resource_version}
    change = dataclasses.replace(change, body={**change.body, "metadata": metadata})
    return dataclasses.replace(plan, objects=(change,))


def changed_keys(old: Values, new: Values) -> list[str]:
    """The keys that differ or that only one has, sorted."""
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key))


def rotation_diff(rotation: Rotation, old: Values, new: Values) -> list[JsonObject]:
    """Make the --diff: which keys change, never a value."""
    keys = changed_keys(old, new)
    before = {key: HIDDEN for key in keys if key in old}
    after = {key: HIDDEN_NEW if key in old else HIDDEN for key in keys if key in new}
    return [object_diff(rotation.label, {"data": before}, {"data": after})] if keys else []
