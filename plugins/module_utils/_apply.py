# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry a plan out: in dependency order, never touching what is linked to unsettled KDClusters."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import random
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
)
from ansible_collections.kubedirector.connections.plugins.module_utils._estate import (
    found_object_from,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._links import (
    dependents,
    in_dependency_order,
    linked_group,
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
_LONGEST_WAY = 0.5
_MIN_ATTEMPTS = 5
_THREADS = 8
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
        self._write_side_by_side(self._cluster_writes(), dry_run=True)

    def write(self) -> None:
        """Write everything that differs.

        Where there are several writes, all of them are tried dry first: a refusal of the last one
        must not leave the first ones written.

        :raises ApiError, WaitTimeout, Unreachable:
        """
        self._settle_linked(self._reached_by([*self._object_writes(), *self._cluster_writes()]))
        if len(self._object_writes()) + len(self._cluster_writes()) > 1:
            self.try_dry()
        for group in self._object_groups():
            self._settle_linked(self._reached_by(group))
            for change in group:
                self._write_object(change, dry_run=False)
        writes = self._cluster_writes()
        alone = [c for c in writes if len(linked_group(self._plan.links, [c.name])) == 1]
        self._write_side_by_side(alone, dry_run=False)
        for cluster_change in writes:
            if cluster_change not in alone:
                self._settle_linked([cluster_change.name])
                self._write_connections(cluster_change, dry_run=False)
        for change in self._object_writes():
            if change.action == "deleted":
                self._write_object(change, dry_run=False)

    def wait(self) -> None:
        """Wait until everything has reached the members of the task's KDClusters, of those that name
        a changed object, and of those that connect to them.

        :raises WaitTimeout, MemberError, ApiError, Unreachable:
        """
        live = self._live
        named = set(self._wanted.kdclusters) & set(live.estate.clusters)
        touched = self._progress.touched(live)
        if touched or self._waited:
            live.refresh()
        self._waited = True
        also = (touched | dependents(self._plan.links, touched)) & set(live.estate.clusters)
        written = "The change was written, but" if touched else "Nothing had to be written, but"
        live.wait_until_settled(
            named, also, self._deadline, f"{written} it has not reached every member in time:"
        )

    def _reached_by(self, changes: t.Iterable[ObjectChange | ClusterChange]) -> set[str]:
        """The KDClusters that changes reach directly."""
        reached: set[str] = set()
        for change in changes:
            if isinstance(change, ClusterChange):
                reached.add(change.name)
            else:
                reached.update(self._live.estate.naming(change.kind, change.name))
        return reached

    def _object_groups(self) -> list[list[ObjectChange]]:
        """Objects to create or update, those that reach the same KDClusters together, and what is
        connected to first: linked KDClusters must not change at once."""
        groups: dict[tuple[str, ...], list[ObjectChange]] = {}
        for change in self._object_writes():
            if change.action != "deleted":
                names = self._live.estate.naming(change.kind, change.name)
                groups.setdefault(names, []).append(change)
        order = in_dependency_order(self._plan.links, (n for names in groups for n in names))
        return [
            groups[names] for names in sorted(groups, key=lambda key: [order.index(n) for n in key])
        ]

    def _object_writes(self) -> list[ObjectChange]:
        return [change for change in self._plan.objects if change.action != "unchanged"]

    def _cluster_writes(self) -> list[ClusterChange]:
        return [change for change in self._plan.clusters if change.changed]

    def _settle_linked(self, names: t.Iterable[str]) -> None:
        """Wait until all KDClusters linked to these, either way, are quiet: a write that meets the
        operator's own write on a linked one makes it stuck (measured)."""
        groups = [linked_group(self._plan.links, [name]) for name in names]
        group = frozenset().union(*(g for g in groups if len(g) > 1)) & set(
            self._live.estate.clusters
        )
        if not group:
            return
        if self._progress.touched(self._live):
            self._live.refresh()
        self._live.wait_until_quiet(
            group,
            self._deadline,
            f"The next change in namespace {self._wanted.namespace} was not made, because KDClusters that "
            "are linked to one another did not settle in time:",
        )

    def _write_object(self, change: ObjectChange, *, dry_run: bool) -> None:
        namespace = self._wanted.namespace
        resource = BY_KIND[change.kind]
        manifest = None
        # An object whose values were not read is not to bring them along in the answer to a write.
        with_data = change.found is None or change.found.data is not None
        if change.action == "created":
            try:
                manifest = self._api.create(resource, namespace, change.body, dry_run=dry_run)
            except Conflict:
                self._write_after_creation_by_others(change, dry_run=dry_run)
                return
        elif change.action == "updated":
            manifest = self._api.merge_patch(
                resource, namespace, change.name, change.body, dry_run=dry_run,
                metadata_only=not with_data,
            )  # fmt: skip
        else:
            try:
                self._api.delete(resource, namespace, change.name, dry_run=dry_run)
            except NotFound:
                # Somebody else deleted it meanwhile, which is what the task wants.
                return
        if not dry_run:
            found = (
                found_object_from(change.kind, manifest, with_data=with_data) if manifest else None
            )
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

    def _write_side_by_side(self, changes: list[ClusterChange], *, dry_run: bool) -> None:
        """Write connections of KDClusters that are not linked, or try any dry; the webhook takes its
        time for each. All are tried, whatever becomes of one."""

        def write(change: ClusterChange) -> None:
            self._write_connections(change, dry_run=dry_run)

        if len(changes) < 2:
            for change in changes:
                write(change)
            return
        with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
            done = [pool.submit(write, change) for change in changes]
        for future in done:
            future.result()

    def _write_connections(self, change: ClusterChange, *, dry_run: bool) -> None:
        name = change.name
        refused = None
        attempts = 0
        while True:
            # From what is live now: others may have changed it since the plan was made.
            change = self._planned(name)
            patch = connection_patch(self._live.estate.clusters[name], change.after)
            if not change.changed:
                return
            try:
                manifest = self._patch_patiently(name, patch, dry_run=dry_run)
            except ApiError as error:
                if error.status not in (_UNPROCESSABLE, _CONFLICT) or (
                    error.status == _UNPROCESSABLE and patch == refused
                ):
                    raise
                # Somebody else changed the connections, or the operator wrote them in another form:
                # it leaves empty lists out (source: the types' omitempty).
                refused = patch
                attempts += 1
                self._give_way(name, attempts)
                self._live.refresh()
                continue
            if not dry_run:
                self._live.put_cluster(manifest)
                self._progress.clusters[name] = change
            return

    def _give_way(self, name: str, attempts: int) -> None:
        """Pause before the next try of a write that another writer pushed aside.

        Of writers who meet, one always gets through, so that each has its turn in the end; pauses
        of random length spare them most of the meetings.

        :raises Impossible: the time is up, and it was tried a few times.
        """
        longest = min(_FIRST_PAUSE * attempts, _LONGEST_WAY)
        if attempts >= _MIN_ATTEMPTS and time.monotonic() + longest > self._deadline:
            raise Impossible(
                [
                    f"KDCluster {self._wanted.namespace}/{name} was not changed: others changed it each "
                    f"time meanwhile ({attempts} tries). Run the task again, or give a longer wait_timeout."
                ]
            )
        if attempts > 1:
            time.sleep(random.uniform(0, longest))

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
                patience = _operator.refusal_patience(error.server_message)
                if time.monotonic() + pause > min(self._deadline, started + patience):
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
