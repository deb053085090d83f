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
    Impossible,
    NotFound,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._estate import (
    found_object_from,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._links import (
    dependents,
    linked_group,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._plan import (
    connection_patch,
    make_plan,
)

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._api import Api
    from ansible_collections.kubedirector.connections.plugins.module_utils._plan import (
        ClusterChange,
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
        if len(self._object_writes()) + len(self._cluster_writes()) > 1:
            self.try_dry()
        deletions = [change for change in self._object_writes() if change.action == "deleted"]
        updates = [change for change in self._object_writes() if change.action != "deleted"]
        self._settle_linked(
            name
            for change in updates
            for name in self._live.estate.naming(change.kind, change.name)
        )
        for change in updates:
            self._write_object(change, dry_run=False)
        for cluster_change in self._cluster_writes():
            self._settle_linked([cluster_change.name])
            self._write_connections(cluster_change, dry_run=False)
        for change in deletions:
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

    def _object_writes(self) -> list[ObjectChange]:
        return [change for change in self._plan.objects if change.action != "unchanged"]

    def _cluster_writes(self) -> list[ClusterChange]:
        return [change for change in self._plan.clusters if change.changed]

    def _settle_linked(self, names: t.Iterable[str]) -> None:
        """Wait until all KDClusters linked to these, either way, are quiet: a write that meets the
        operator's own write on a linked one makes it stuck (measured)."""
        names = set(names)
        group = linked_group(self._plan.links, names) & set(self._live.estate.clusters)
        if len(group) < 2:
            return
        if self._progress.touched(self._live):
            self._live.refresh()
        listed = ", ".join(sorted(names))
        self._live.wait_until_quiet(
            group,
            self._deadline,
            f"KDCluster {self._wanted.namespace}/{listed} was not touched, because KDClusters that are "
            "linked to it did not settle in time:",
        )

    def _write_object(self, change: ObjectChange, *, dry_run: bool) -> None:
        namespace = self._wanted.namespace
        resource = BY_KIND[change.kind]
        manifest = None
        if change.action == "created":
            manifest = self._api.create(resource, namespace, change.body, dry_run=dry_run)
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

    def _write_connections(self, change: ClusterChange, *, dry_run: bool) -> None:
        patch = connection_patch(self._live.estate.clusters[change.name], change.after)
        for _attempt in range(_MAX_REPLANS):
            try:
                manifest = self._patch_patiently(change.name, patch, dry_run=dry_run)
                break
            except ApiError as error:
                if error.status not in (_UNPROCESSABLE, _CONFLICT):
                    raise
                change = self._replan(change.name)
                refused, patch = (
                    patch,
                    connection_patch(self._live.estate.clusters[change.name], change.after),
                )
                if patch == refused:
                    raise
                if not change.changed:
                    return
        else:
            raise Impossible(
                [
                    f"KDCluster {self._wanted.namespace}/{change.name} was not changed: others changed its "
                    f"connections {_MAX_REPLANS} times meanwhile. Run the task again."
                ]
            )
        if not dry_run:
            self._live.put_cluster(manifest)
            self._progress.clusters[change.name] = change

    def _replan(self, name: str) -> ClusterChange:
        """Plan a KDCluster's connections anew, after a patch that did not fit what is live.

        Somebody else may have changed them, or the operator may have written them in another form:
        it leaves empty lists out (source: the types' omitempty).
        """
        self._live.put_cluster(self._api.get(KDCLUSTER, self._wanted.namespace, name))
        plan = make_plan(self._wanted, self._live.estate)
        return next(c for c in plan.clusters if c.name == name)

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
