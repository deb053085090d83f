# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One way of a rotation: write an object's values, wait, and ask the members. There and back are alike."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._apply import Applier
from ansible_collections.kubedirector.connections.plugins.module_utils._comparison import (
    differing_keys,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._copies import to_move
from ansible_collections.kubedirector.connections.plugins.module_utils._errors import (
    ConnectionsError,
    Impossible,
    MemberError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._plan import make_plan
from ansible_collections.kubedirector.connections.plugins.module_utils._readings import (
    read_configmetas,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconnect import (
    Reconnect,
    failure_sentences,
    read_settled_reconnects,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._rotation import (
    guarded,
    wanted_of,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._wait import LiveEstate

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._api import Api
    from ansible_collections.kubedirector.connections.plugins.module_utils._estate import (
        Estate,
        KDCluster,
        Member,
    )
    from ansible_collections.kubedirector.connections.plugins.module_utils._masking import Masks
    from ansible_collections.kubedirector.connections.plugins.module_utils._readings import Reading
    from ansible_collections.kubedirector.connections.plugins.module_utils._rotation import (
        Rotation,
        Values,
    )
    from ansible_collections.kubedirector.connections.plugins.module_utils._writes import Progress


@dataclasses.dataclass(frozen=True)
class Findings:
    """What is wrong in the members, one sentence each.

    :param held: of the values that they hold.
    :param reconnect: of their start scripts.
    """

    held: tuple[str, ...]
    reconnect: tuple[str, ...]


class Way:
    """Brings the object to `data`, and every KDCluster that names it along.

    :param estate: as just read, at `resource_version`.
    :param data: the object's whole data; None leaves it alone (see wanted_of).
    :param deadline: as of time.monotonic(); bounds all of it.
    :param progress: filled while writing.
    """

    def __init__(
        self,
        api: Api,
        rotation: Rotation,
        estate: Estate,
        resource_version: str,
        data: Values | None,
        *,
        masks: Masks,
        deadline: float,
        progress: Progress,
    ) -> None:
        self._api = api
        self._rotation = rotation
        self._masks = masks
        self._deadline = deadline
        self.live = LiveEstate(api, estate, resource_version)
        self.wanted = wanted_of(rotation, estate, data)
        self.plan = guarded(make_plan(self.wanted, estate))
        self._reconnects: dict[str, Reconnect] = {}
        self._applier = Applier(
            api, self.wanted, self.plan, self.live, deadline, progress, may_vanish=True
        )

    @property
    def needs_copies(self) -> bool:
        """Whether linked KDClusters share the object, so that a copy of it must stand in."""
        return bool(to_move(self.plan.links, self.wanted.kdclusters))

    @property
    def vanished(self) -> list[str]:
        """The KDClusters that named the object and that somebody deleted, or deletes, meanwhile."""
        found = self.live.estate.clusters
        return [n for n in self.wanted.kdclusters if n not in found or found[n].going]

    def require_readable(self) -> None:
        """See that the members can be asked at all. :raises Impossible:"""
        errors = [reading.error for _one, reading in self._readings() if reading.error is not None]
        if errors:
            raise Impossible(
                [
                    "Nothing was written, because what the members hold could not be verified afterwards.",
                    *errors,
                ]
            )

    def try_dry(self) -> None:
        """Ask the API server about every write. :raises ApiError, Unreachable:"""
        self._applier.try_dry()

    def write(self) -> None:
        """Write what differs. :raises ConnectionsError: see Applier.write."""
        self._applier.write()

    def verify(self, values: t.Mapping[str, str | None]) -> Findings:
        """Wait until everything has reached the members, and ask them.

        :param values: what they are to hold; None where there is to be no such key.
        :raises ConnectionsError: it did not reach them, or a start script does not end.
        """
        while True:
            vanished = self.vanished
            findings = self._ask(values)
            if not findings.held and not findings.reconnect:
                return findings
            try:
                self.live.refresh()
            except ConnectionsError:
                # What was found wrong is what is to be told.
                return findings
            if self.vanished == vanished:
                return findings
            # What is wrong may be that it is gone.

    def _ask(self, values: t.Mapping[str, str | None]) -> Findings:
        self._applier.wait()
        outcomes = read_settled_reconnects(
            self._api,
            self._rotation.namespace,
            self._clusters,
            self._applier.wait,
            self._deadline,
            before=self.live.before_last_change,
        )
        self._reconnects = {
            pod: outcome for pod, outcome in outcomes.items() if isinstance(outcome, Reconnect)
        }
        unknown = [str(one) for one in outcomes.values() if isinstance(one, MemberError)]
        return Findings(
            held=tuple(self._held_wrong(values)),
            reconnect=(*failure_sentences(self._clusters(), self.masked_reconnects()), *unknown),
        )

    def masked_reconnects(self) -> dict[str, Reconnect]:
        """How the start scripts ended, by pod, once they were asked; with no value in what they printed."""
        return {
            pod: Reconnect(one.exit_code, self._masks.output(one.stderr))
            for pod, one in self._reconnects.items()
        }

    def _clusters(self) -> list[KDCluster]:
        """The KDClusters that name the object now, as last seen, and are there to stay."""
        estate = self.live.estate
        found = [estate.clusters[name] for name in estate.naming(*self._rotation.key)]
        return [cluster for cluster in found if not cluster.going]

    def _readings(self) -> list[tuple[KDCluster, Reading]]:
        naming = self._rotation.naming(self.live.estate)
        clusters = [self.live.estate.clusters[name] for name in naming]
        owners: dict[str, KDCluster] = {}
        members: list[Member] = []
        for cluster in clusters:
            for member in cluster.members:
                if member.has_configmeta and not cluster.going:
                    owners[member.pod] = cluster
                    members.append(member)
        readings = read_configmetas(self._api, self._rotation.namespace, members)
        return [(owners[reading.member.pod], reading) for reading in readings]

    def _held_wrong(self, values: t.Mapping[str, str | None]) -> t.Iterator[str]:
        kind, name = self._rotation.key
        for cluster, reading in self._readings():
            where = f"{cluster.label}: member {reading.member.pod} (role {reading.member.role})"
            if reading.configmeta is None:
                yield f"{where}: {reading.error}"
                continue
            keys = differing_keys(reading.configmeta, kind, name, values)
            if keys is None:
                yield f"{where} does not hold {self._rotation.label}."
            elif keys:
                yield (
                    f"{where} holds another value of {self._rotation.label} than was written, in key "
                    f"{', '.join(keys)}."
                )
