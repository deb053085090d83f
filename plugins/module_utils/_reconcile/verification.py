# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what a task wanted with what is live now, and say who changed it since. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import OverwrittenError
from .._core.json_types import JsonMapping
from .._core.resource import Key
from .._kubedirector import facts
from .._kubedirector.configmeta_diff import differing_keys
from .._kubedirector.field_managers import last_writer
from .connections_after import CONNECTION_KINDS, CONNECTION_LISTS, connections_after
from .plan import (
    object_patch,
)
from .shared_objects import (
    repointed,
    repoints_to_originals,
    repoints_to_wanted,
)

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import (
        Connections,
        KDCluster,
        LiveObject,
        Snapshot,
    )
    from .desired import (
        DesiredObject,
        DesiredState,
    )


@dataclasses.dataclass(frozen=True)
class Undone:
    """Something that the task wanted and that is not so, or not any more.

    :param kind, name: of the object that is live otherwise.
    :param sentence: what differs, and who did it and when.
    """

    kind: str
    name: str
    sentence: str


def undone_changes(
    desired: DesiredState,
    snapshot: Snapshot,
    uids: t.Mapping[str, str],
    versions: t.Mapping[Key, str],
) -> t.Iterator[Undone]:
    """Say what is not as the task wants it.

    :param snapshot: as just read. Objects that are not in it are not compared; nor are data of one of
        which only the metadata were read.
    :param uids: by name, the uid of each KDCluster that the task names, as it was at the beginning.
    :param versions: the resourceVersion that each object got from this task's last write of it. At that
        version it is what the API server made of the write.
    """
    required = [one for one in desired.connections if one.required]
    present = [one for one in required if not one.absent]
    for name in dict.fromkeys(n for one in present for n in (*one.kdclusters, *one.clusters)):
        yield from _replaced_cluster(desired, name, snapshot, uids)
    repoints = repoints_to_wanted(desired, snapshot)
    # Another task of this collection may have it name a copy for a moment, which was not looked at.
    repoints.update(repoints_to_originals(o.key for o in desired.objects if not o.absent))
    for name in dict.fromkeys(n for one in required for n in one.kdclusters):
        cluster = snapshot.clusters.get(name)
        if cluster is not None:
            yield from _undone_connections(desired, cluster, repoints)
    for wanted in desired.objects:
        key = (wanted.kind, wanted.name)
        if key not in snapshot.objects:
            continue
        found = snapshot.objects[key]
        sentence: str | None = None
        if wanted.absent:
            if wanted.deleted and found is not None and not found.terminating:
                who = last_writer(found.managed_fields, ())
                sentence = f"was created again after this task had deleted it: {who}."
        elif found is None:
            sentence = "was deleted: it does not exist."
        elif found.terminating:
            sentence = "is being deleted."
        elif not found.readable:
            # A warning has said that it is not known.
            sentence = None
        elif versions.get(key) != found.resource_version:
            sentence = _difference(wanted, found)
        if sentence:
            yield Undone(*key, f"{wanted.kind} {desired.namespace}/{wanted.name} {sentence}")


def not_held(
    desired: DesiredState, cluster: KDCluster, configmeta: JsonMapping, pod: str
) -> t.Iterator[str]:
    """Say what a member holds otherwise than the task wants it; keys only, never a value.

    :param cluster: as it is live: what others connected or disconnected is theirs to answer for.
    """
    where = f"{cluster.label}: member {pod}"
    for wanted in desired.objects:
        named = (wanted.kind, wanted.name) in cluster.connections.objects()
        values = dict(wanted.lasting_data) if named else {}
        keys = differing_keys(configmeta, wanted.kind, wanted.name, values)
        thing = f"{wanted.kind} {desired.namespace}/{wanted.name}"
        if named and keys is None:
            yield f"{where} does not hold {thing}."
        elif not named and keys is not None:
            yield f"{where} still holds {thing}."
        elif keys:
            yield f"{where} holds {thing} with other data ({', '.join(keys)})."
    held = (configmeta.get("connections") or {}).get("clusters") or {}
    for name in desired.clusters:
        named = name in cluster.connections.clusters
        if named != (name in held):
            verb = "does not hold" if named else "still holds"
            yield f"{where} {verb} KDCluster {desired.namespace}/{name}."


def require_unchanged(undone: t.Sequence[Undone]) -> None:
    """See that all is as the task wants it. :raises OverwrittenError: says what is not."""
    if undone:
        raise OverwrittenError(
            "What this task wrote did not stay, because another writer changed it meanwhile. "
            f"{' '.join(one.sentence for one in undone)} Make the change where these are managed (a GitOps "
            "controller, another play), or stop what changes them, then run the task again."
        )


def _replaced_cluster(
    desired: DesiredState, name: str, snapshot: Snapshot, uids: t.Mapping[str, str]
) -> t.Iterator[Undone]:
    cluster = snapshot.clusters.get(name)
    if cluster is None:
        where = f"KDCluster {desired.namespace}/{name}"
        yield Undone("KDCluster", name, f"{where} was deleted: it does not exist.")
    elif name in uids and cluster.uid != uids[name]:
        who = last_writer(cluster.managed_fields, ("f:spec",))
        yield Undone(
            "KDCluster",
            name,
            f"{cluster.label} was deleted and created again (uid {uids[name]} before, {cluster.uid} now): {who}.",
        )


def _undone_connections(
    desired: DesiredState, cluster: KDCluster, repoints: t.Mapping[Key, str]
) -> t.Iterator[Undone]:
    live = repointed(cluster.connections, repoints)
    wanted = connections_after(desired, cluster.name, live)
    sentences = []
    for field in CONNECTION_LISTS:
        difference = _list_difference(field, live, wanted)
        if difference:
            who = last_writer(cluster.managed_fields, ("f:spec", "f:connections", f"f:{field}"))
            sentences.append(f"{cluster.label}: {difference}: {who}.")
    if sentences:
        yield Undone("KDCluster", cluster.name, " ".join(sentences))


def _list_difference(field: str, live: Connections, wanted: Connections) -> str:
    has, wants = getattr(live, field), getattr(wanted, field)
    missing = ", ".join(name for name in wants if name not in has)
    others = ", ".join(name for name in has if name not in wants)
    parts = [
        f"{text} {CONNECTION_KINDS[field]} {names}"
        for text, names in (("does not name", missing), ("names", others))
        if names
    ]
    if not parts and has != wants:
        parts = [f"names its {CONNECTION_KINDS[field]}s in another order"]
    return f"spec.connections.{field} {' and '.join(parts)}" if parts else ""


def _difference(wanted: DesiredObject, found: LiveObject) -> str | None:
    """Say in what an object differs; keys only, never a value."""
    label = facts.TYPE_LABELS[wanted.kind]
    if wanted.type is None and not found.type:
        who = last_writer(found.managed_fields, ("f:metadata", "f:labels", f"f:{label}"))
        return f"has no type label {label} any more, so that the operator skips it: {who}."
    if found.data is None:
        wanted = dataclasses.replace(wanted, data=None, binary=None)
    patch = object_patch(wanted, found)
    parts = [
        (field, path, list(values))
        for field, path, values in (
            ("labels", ("f:metadata", "f:labels"), patch.get("metadata", {}).get("labels")),
            ("annotations", ("f:metadata", "f:annotations"), patch.get("metadata", {}).get("annotations")),
            ("data", ("f:data",), patch.get("data")),
            ("binaryData", ("f:binaryData",), patch.get("binaryData")),
        )
        if values
    ]  # fmt: skip
    if not parts:
        return None
    _field, path, keys = parts[0]
    who = last_writer(found.managed_fields, (*path, f"f:{keys[0]}"))
    differs = " and ".join(f"{field} ({', '.join(sorted(keys))})" for field, _path, keys in parts)
    return f"holds other {differs} than this task wants: {who}."
