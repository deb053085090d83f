# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what a task wanted with what is live, and say who changed it. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import OverwrittenError
from .._core.json_types import JsonMapping
from .._core.resource import Key
from .._kubedirector import facts
from .._kubedirector.configmeta_diff import differing_keys
from .._kubedirector.field_managers import last_writer
from .merged_connections import CONNECTION_KINDS, connections_after
from .plan import object_patch, patched_fields
from .shared_objects import repointed, repoints_to_originals, repoints_to_wanted

if t.TYPE_CHECKING:
    from .._kubedirector.snapshot import KDCluster, LiveObject, Snapshot
    from .desired import DesiredObject, DesiredState


@dataclasses.dataclass(frozen=True)
class Undone:
    """Not as the task wants it. :param sentence: what differs, who did it and when."""

    kind: str
    name: str
    sentence: str


def undone_changes(
    desired: DesiredState,
    snapshot: Snapshot,
    uids: t.Mapping[str, str],
    versions: t.Mapping[Key, str],
) -> t.Iterator[Undone]:
    """Say what is not as the task wants it, as far as it was read.

    :param uids: each KDCluster's uid at the beginning, by name.
    :param versions: each object's resourceVersion after this task's last write. At that version it holds what
        the API server made of the write.
    """
    required = [one for one in desired.connections if one.required]
    present = [one for one in required if not one.absent]
    for name in dict.fromkeys(n for one in present for n in (*one.kdclusters, *one.clusters)):
        yield from _replaced_cluster(name, snapshot, uids)
    repoints = repoints_to_wanted(desired, snapshot)
    # Another task may have it name a copy for a moment, which was not read.
    repoints.update(repoints_to_originals(o.key for o in desired.objects if not o.absent))
    for name in dict.fromkeys(n for one in required for n in one.kdclusters):
        cluster = snapshot.clusters.get(name)
        if cluster is not None:
            yield from _undone_connections(desired, cluster, repoints)
    for wanted in desired.objects:
        if wanted.key not in snapshot.objects:
            continue
        found = snapshot.objects[wanted.key]
        sentence: str | None = None
        if wanted.absent:
            if wanted.deleted and found is not None and not found.terminating:
                who = last_writer(found.managed_fields, ())
                sentence = f"was created again after this task had deleted it: {who}."
        elif found is None:
            sentence = "was deleted: it does not exist."
        elif found.terminating:
            sentence = "is being deleted."
        # Of an unreadable one, a warning has said what is not known.
        elif found.readable and versions.get(wanted.key) != found.resource_version:
            sentence = _difference(wanted, found)
        if sentence:
            yield Undone(*wanted.key, f"{wanted.kind} {desired.namespace}/{wanted.name} {sentence}")


def not_held(
    desired: DesiredState, cluster: KDCluster, configmeta: JsonMapping, pod: str
) -> t.Iterator[str]:
    """Say what a member holds otherwise than wanted, of what is connected now; never a value."""
    where = f"{cluster.label}: member {pod}"
    for wanted in desired.objects:
        named = wanted.key in cluster.connections.objects()
        values = wanted.content.get("data", {}) if named else {}
        keys = differing_keys(configmeta, wanted.kind, wanted.name, values)
        thing = f"{wanted.kind} {desired.namespace}/{wanted.name}"
        if named != (keys is not None):
            verb = "does not hold" if named else "still holds"
            yield f"{where} {verb} {thing}."
        elif keys:
            yield f"{where} holds {thing} with other data ({', '.join(keys)})."
    held = (configmeta.get("connections") or {}).get("clusters") or {}
    for name in desired.clusters:
        named = name in cluster.connections.clusters
        if named != (name in held):
            verb = "does not hold" if named else "still holds"
            yield f"{where} {verb} KDCluster {desired.namespace}/{name}."


def require_unchanged(undone: t.Sequence[Undone]) -> None:
    """:raises OverwrittenError: says what is not as the task wants it."""
    if undone:
        raise OverwrittenError(
            "What this task wrote did not stay, because another writer changed it meanwhile. "
            f"{' '.join(one.sentence for one in undone)} Make the change where these are managed (a GitOps "
            "controller, another play), or stop what changes them, then run the task again."
        )


def _replaced_cluster(
    name: str, snapshot: Snapshot, uids: t.Mapping[str, str]
) -> t.Iterator[Undone]:
    cluster = snapshot.clusters.get(name)
    if cluster is None:
        where = f"KDCluster {snapshot.namespace}/{name}"
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
    for field, kind in CONNECTION_KINDS.items():
        has, wants = getattr(live, field), getattr(wanted, field)
        if has == wants:
            continue
        missing = ", ".join(name for name in wants if name not in has)
        others = ", ".join(name for name in has if name not in wants)
        parts = [
            f"{verb} {kind} {names}"
            for verb, names in (("does not name", missing), ("names", others))
            if names
        ]
        difference = " and ".join(parts) or f"names its {kind}s in another order"
        who = last_writer(cluster.managed_fields, ("f:spec", "f:connections", f"f:{field}"))
        sentences.append(f"{cluster.label}: spec.connections.{field} {difference}: {who}.")
    if sentences:
        yield Undone("KDCluster", cluster.name, " ".join(sentences))


def _difference(wanted: DesiredObject, found: LiveObject) -> str | None:
    """Name the differing fields and keys, never a value."""
    label = facts.TYPE_LABELS[wanted.kind]
    if wanted.type is None and not found.type:
        who = last_writer(found.managed_fields, ("f:metadata", "f:labels", f"f:{label}"))
        return f"has no type label {label} any more, so that the operator skips it: {who}."
    if found.data is None:
        wanted = dataclasses.replace(wanted, data=None, binary=None)
    parts = list(patched_fields(object_patch(wanted, found)))
    if not parts:
        return None
    _field, path, keys = parts[0]
    who = last_writer(found.managed_fields, (*path, f"f:{keys[0]}"))
    differs = " and ".join(f"{field} ({', '.join(sorted(keys))})" for field, _path, keys in parts)
    return f"holds other {differs} than this task wants: {who}."
