# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Widens the window of the wedge, so that what provokes it upstream mostly provokes it here.

Upstream, a cluster X that has become stable writes to each cluster that connects to it, with the
copy that its watch's cache has at that moment. Change a connecting cluster N and then X in the
same second, and in two tries of three N was written a few milliseconds ago and the copy is
behind. Those milliseconds depend on the machine. Here X takes its copy of N earlier, when its
own change begins, if and only if a change of N's spec is under way then. Once that change of N
has settled, X's copy is fresh, as upstream: changes one after the other go through.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import Final

from tests.kubedirector_simulator import facts
from tests.kubedirector_simulator.bookkeeping import ClusterCache
from tests.kubedirector_simulator.objects import Json, ObjectKey, key_of, same_meaning
from tests.kubedirector_simulator.status import detail_of, members_of

# A change that brings no new generation (one reverted at once) ends the wait.
_LONGEST_CHANGE_SECONDS: Final = 30.0


@dataclass(frozen=True)
class _Edit:
    generation: int
    until: float


@dataclass
class StaleCopies:
    """Which clusters' specs are being changed, and the copies that others took meanwhile."""

    clusters: ClusterCache
    _edits: dict[ObjectKey, _Edit] = field(default_factory=dict)
    _held: dict[ObjectKey, dict[ObjectKey, Json]] = field(default_factory=dict)

    def observe(self, cluster: Json) -> None:
        """A watch shows a version; to be called before the cache has it."""
        key = key_of(cluster)
        before = self.clusters.get(key)
        if before is not None and not _same_spec(before, cluster):
            until = time.monotonic() + _LONGEST_CHANGE_SECONDS
            self._edits[key] = _Edit(_generation(cluster), until)
        edit = self._edits.get(key)
        if edit is not None and (_settled_since(cluster, edit) or edit.until < time.monotonic()):
            del self._edits[key]

    def forget(self, key: ObjectKey) -> None:
        """The cluster was deleted."""
        self._edits.pop(key, None)
        self._held.pop(key, None)

    def hold(self, cluster: Json) -> None:
        """A change of this cluster begins: take copies of those connecting that are in change."""
        held = self._held.setdefault(key_of(cluster), {})
        for other in self.clusters.connecting("clusters", key_of(cluster).name):
            if key_of(other) in self._edits:
                held.setdefault(key_of(other), copy.deepcopy(other))

    def take(self, cluster: Json) -> list[Json]:
        """The copies to notify the connecting clusters with, now that this one is stable."""
        held = self._held.pop(key_of(cluster), {})
        connecting = self.clusters.connecting("clusters", key_of(cluster).name)
        return [held.get(key_of(other)) or copy.deepcopy(other) for other in connecting]


def _same_spec(left: Json, right: Json) -> bool:
    return all(
        same_meaning(left["spec"].get(part), right["spec"].get(part))
        for part in ("connections", "roles")
    )


def _generation(cluster: Json) -> int:
    return int((cluster.get("status") or {}).get("specGenerationToProcess", 0))


def _settled_since(cluster: Json, edit: _Edit) -> bool:
    status = cluster.get("status") or {}
    generation = _generation(cluster)
    if status.get("state") != facts.CONFIGURED or generation <= edit.generation:
        return False
    known = (detail_of(member).get("lastSetupGeneration") for member in members_of(status))
    return all(setup in (None, generation) for setup in known)
