# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry a plan out: in dependency order, never touching what is linked to unsettled KDClusters."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils import _operator
from ansible_collections.kubedirector.connections.plugins.module_utils._api import (
    BY_KIND,
    KDCLUSTER,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._errors import (
    ApiError,
    Conflict,
    Impossible,
    NotFound,
    OperatorDown,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._estate import (
    found_object_from,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._links import (
    dependents,
    in_dependency_order,
    linked_groups,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._plan import (
    ClusterChange,
    connection_patch,
    make_plan,
)

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._api import Api
    from ansible_collections.kubedirector.connections.plugins.module_utils._plan import (
        ObjectChange,
        Plan,
    )
    from ansible_collections.kubedirector.connections.plugins.module_utils._wait import LiveEstate
    from ansible_collections.kubedirector.connections.plugins.module_utils._wanted import Wanted

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_MAX_REPLANS = 5
_UNPROCESSABLE, _CONFLICT = 422, 409


@dataclasses.dataclass
class Progress:
    """What has been written so far; the only thing here that changes.

    :param objects: (kind, name) of each object that was created, updated or deleted.
    :param clusters: name of each KDCluster whose connections were written, and its change.
    """

    objects: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    clusters: dict[str, ClusterChange] = dataclasses.field(default_factory=dict)

    def touched(self, live: LiveEstate) -> set[str]:
        """The KDClusters that what was written reaches directly."""
        names = {name for key in self.objects for name in live.estate.naming(*key)}
        return names | set(self.clusters)


@dataclasses.dataclass(frozen=True)
class _Step:
    """Writes that go together.

    :param reached: the KDClusters that they reach directly.
    """

    changes: tuple[ObjectChange | ClusterChange, ...]
    reached: frozenset[str]

    @property
    def connects(self) -> bool:
        """Whether it writes connections, not objects."""
        return isinstance(self.changes[0], ClusterChange)


class Applier:
    """Carries one plan out.

    :param deadline: as of time.monotonic(); bounds the waits between steps and the tries of a write
        that the webhook refuses for the moment.
    :param progress: filled while writing, so that a failure can tell what has been done.
    """

    def __init__(
        self,
        api: Api,
        wanted: Wanted,
        plan: Plan,
        live: LiveEstate,
        deadline: float,
        progress: Progress,
    ) -> None:
        self._api = api
        self._wanted = wanted
        self._plan = plan
        self._live = live
        self._deadline = deadline
        self._progress = progress
        self._waited = False

    def try_dry(self) -> None:
        """Ask the API server about every write, in a server-side dry run. :raises ApiError:"""
        for change in self._object_writes():
            self._write_object(change, dry_run=True)
        for cluster_change in self._cluster_writes():
            self._write_connections(cluster_change, dry_run=True)

    def write(self) -> None:
        """Write everything that differs.

        Where there are several writes, all of them are tried dry first: a refusal of the last one
        must not leave the first ones written.

        :raises ApiError, WaitTimeout, Unreachable:
        """
        steps = self._steps()
        guards = self._guards(steps)
        self._settle_linked([frozenset().union(*guards)])
        if len(self._object_writes()) + len(self._cluster_writes()) > 1:
            self.try_dry()
        while steps:
            next_ones = self._next(steps)
            step = next_ones[self._settle_linked(self._guards(next_ones))]
            for change in step.changes:
                self._write(change)
            self._live.refresh_before_waiting()
            steps.remove(step)
        for object_change in self._object_writes():
            if object_change.action == "deleted":
                self._write_object(object_change, dry_run=False)

    def wait(self) -> None:
        """Wait until everything has reached the members of the task's KDClusters, of those that name
        a changed object, and of those that connect to them.

        :raises WaitTimeout, MemberError, ApiError, Unreachable:
        """
        live = self._live
        named = set(self._wanted.kdclusters) & set(live.estate.clusters)
        touched = self._progress.touched(live)
        if touched or self._waited:
            live.refresh_before_waiting()
        self._waited = True
        also = (touched | dependents(self._plan.links, touched)) & set(live.estate.clusters)
        written = "The change was written, but" if touched else "Nothing had to be written, but"
        live.wait_until_settled(
            named, also, self._deadline, f"{written} it has not reached every member"
        )

    def _steps(self) -> list[_Step]:
        """Everything to create, update or connect, in the order in which linked steps must go."""
        return [
            *(_Step(tuple(changes), frozenset(names)) for names, changes in self._object_groups()),
            *(_Step((change,), frozenset([change.name])) for change in self._cluster_writes()),
        ]

    def _next(self, steps: list[_Step]) -> list[_Step]:
        """The steps whose turn may be now, so that those which are not linked go side by side.

        Of steps that reach the same KDClusters, or linked ones, only the first is next; and no
        connection is made before all objects are as they shall be.
        """
        found: list[_Step] = []
        taken: set[str] = set()
        for step, guard in zip(steps, self._guards(steps), strict=True):
            reached = step.reached | guard
            if not reached & taken and step.connects == steps[0].connects:
                found.append(step)
            taken |= reached
        return found

    def _guards(self, steps: t.Iterable[_Step]) -> list[frozenset[str]]:
        """For each step the KDClusters linked to those that it reaches, which must be quiet before;
        none where it reaches only KDClusters that are linked to no other."""
        groups = linked_groups(self._plan.links)
        present = frozenset(self._live.estate.clusters)
        return [
            frozenset().union(*(groups.get(name, frozenset()) for name in step.reached)) & present
            for step in steps
        ]

    def _write(self, change: ObjectChange | ClusterChange) -> None:
        if isinstance(change, ClusterChange):
            self._write_connections(change, dry_run=False)
        else:
            self._write_object(change, dry_run=False)

    def _object_groups(self) -> list[tuple[tuple[str, ...], list[ObjectChange]]]:
        """Objects to create or update by the KDClusters that they reach, and what is connected to
        first: linked KDClusters must not change at once."""
        groups: dict[tuple[str, ...], list[ObjectChange]] = {}
        for change in self._object_writes():
            if change.action != "deleted":
                names = self._live.estate.naming(change.kind, change.name)
                groups.setdefault(names, []).append(change)
        order = in_dependency_order(self._plan.links, (n for names in groups for n in names))
        return sorted(groups.items(), key=lambda item: [order.index(name) for name in item[0]])

    def _object_writes(self) -> list[ObjectChange]:
        return [change for change in self._plan.objects if change.action != "unchanged"]

    def _cluster_writes(self) -> list[ClusterChange]:
        return [change for change in self._plan.clusters if change.changed]

    def _settle_linked(self, guards: t.Sequence[frozenset[str]]) -> int:
        """Wait until all KDClusters of one guard are quiet, and say which guard: a write that meets
        the operator's own write on a linked KDCluster makes it stuck (measured)."""
        for index, guard in enumerate(guards):
            if not guard:
                return index
        self._waited = True
        return self._live.wait_until_one_is_quiet(
            guards,
            self._deadline,
            f"The next change in namespace {self._wanted.namespace} was not made, because KDClusters that "
            "are linked to one another did not settle",
        )

    def _write_object(self, change: ObjectChange, *, dry_run: bool) -> None:
        namespace = self._wanted.namespace
        resource = BY_KIND[change.kind]
        manifest = None
        if change.action == "created":
            try:
                manifest = self._api.create(resource, namespace, change.body, dry_run=dry_run)
            except Conflict:
                self._write_after_creation_by_others(change, dry_run=dry_run)
                return
        elif change.action == "updated":
            manifest = self._api.merge_patch(
                resource, namespace, change.name, change.body, dry_run=dry_run
            )
        else:
            try:
                self._api.delete(resource, namespace, change.name, dry_run=dry_run)
            except NotFound:
                # Somebody else deleted it meanwhile, which is what the task wants.
                return
        if not dry_run:
            found = found_object_from(change.kind, manifest, with_data=True) if manifest else None
            self._live.put_object(change.kind, change.name, found)
            self._progress.objects.add((change.kind, change.name))

    def _write_after_creation_by_others(self, change: ObjectChange, *, dry_run: bool) -> None:
        """Somebody else created the object meanwhile: bring theirs to what is wanted."""
        manifest = self._api.get(BY_KIND[change.kind], self._wanted.namespace, change.name)
        found = found_object_from(change.kind, manifest, with_data=True)
        self._live.put_object(change.kind, change.name, found)
        for planned in make_plan(self._wanted, self._live.estate).objects:
            if (planned.kind, planned.name) == (change.kind, change.name) and planned.body:
                self._write_object(planned, dry_run=dry_run)

    def _write_connections(self, change: ClusterChange, *, dry_run: bool) -> None:
        name = change.name
        refused = None
        for _attempt in range(_MAX_REPLANS):
            # From what is live now: others may have changed it since the plan was made.
            change = self._planned(name)
            patch = connection_patch(self._live.estate.clusters[name], change.after)
            if not change.changed:
                return
            try:
                manifest = self._patch_patiently(name, patch, dry_run=dry_run)
            except ApiError as error:
                if error.status not in (_UNPROCESSABLE, _CONFLICT) or patch == refused:
                    raise
                # Somebody else changed the connections, or the operator wrote them in another form:
                # it leaves empty lists out (source: the types' omitempty).
                refused = patch
                self._live.put_cluster(self._api.get(KDCLUSTER, self._wanted.namespace, name))
                continue
            if not dry_run:
                self._live.put_cluster(manifest)
                self._progress.clusters[name] = change
            return
        raise Impossible(
            [
                f"KDCluster {self._wanted.namespace}/{name} was not changed: others changed its connections "
                f"{_MAX_REPLANS} times meanwhile. Run the task again."
            ]
        )

    def _planned(self, name: str) -> ClusterChange:
        """The change of one KDCluster, planned on what is live."""
        plan = make_plan(self._wanted, self._live.estate)
        self._plan = dataclasses.replace(self._plan, links=plan.links)
        for change in plan.clusters:
            if change.name == name:
                return change
        raise Impossible(
            [f"KDCluster {self._wanted.namespace}/{name} was deleted by somebody else meanwhile."]
        )

    def _patch_patiently(
        self, name: str, patch: list[dict[str, t.Any]], *, dry_run: bool
    ) -> dict[str, t.Any]:
        """Patch a KDCluster, trying again while the webhook refuses only for the moment."""
        started = time.monotonic()
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._api.json_patch(
                    KDCLUSTER, self._wanted.namespace, name, patch, dry_run=dry_run
                )
            except ApiError as error:
                patience = (
                    _operator.RESTART_SECONDS
                    if isinstance(error, OperatorDown)
                    else _operator.refusal_patience(error.server_message)
                )
                if time.monotonic() + pause > min(self._deadline, started + patience):
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
