# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single writes, which bear with others who write at the same time and with passing refusals."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import random
import time
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._api import (
    BY_KIND,
    KDCLUSTER,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._copies import (
    copy_manifest,
    copy_name,
    renamed,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._errors import (
    ApiError,
    Conflict,
    Impossible,
    NotFound,
    deleted_meanwhile,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._estate import (
    Connections,
    found_object_from,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._patience import patiently
from ansible_collections.kubedirector.connections.plugins.module_utils._plan import (
    ClusterChange,
    connection_patch,
    make_plan,
)

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._api import Api
    from ansible_collections.kubedirector.connections.plugins.module_utils._copies import Key
    from ansible_collections.kubedirector.connections.plugins.module_utils._estate import Estate
    from ansible_collections.kubedirector.connections.plugins.module_utils._links import Links
    from ansible_collections.kubedirector.connections.plugins.module_utils._plan import (
        ObjectChange,
    )
    from ansible_collections.kubedirector.connections.plugins.module_utils._wait import LiveEstate
    from ansible_collections.kubedirector.connections.plugins.module_utils._wanted import Wanted

_FIRST_PAUSE = 0.1
_LONGEST_WAY = 0.5
_MIN_ATTEMPTS = 5
_UNPROCESSABLE, _CONFLICT = 422, 409


@dataclasses.dataclass
class Progress:
    """What has been written so far; the only thing here that changes.

    :param objects: (kind, name) of each object that was created, updated or deleted.
    :param clusters: name of each KDCluster whose connections were written, and its change.
    """

    objects: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    clusters: dict[str, ClusterChange] = dataclasses.field(default_factory=dict)
    copies: set[Key] = dataclasses.field(default_factory=set)
    """(kind, name) of each object of which there is a copy now."""
    renamed: set[str] = dataclasses.field(default_factory=set)
    """KDClusters that were made to name a copy, or no copy any more."""
    reached: set[str] = dataclasses.field(default_factory=set)
    """KDClusters that some change reached, directly or through those that they connect to."""
    versions: dict[Key, str] = dataclasses.field(default_factory=dict)
    """The resourceVersion that each object got from the last write of it."""
    last_creation: float = -math.inf
    """When an object or a copy was last created, as of time.monotonic()."""

    def copies_sentence(self, namespace: str) -> str:
        """Say what stands in for what, when it has not come to an end."""
        names = ", ".join(f"{kind} {namespace}/{copy_name(name)}" for kind, name in self.copies)
        return (
            f"Linked KDClusters may still name copies that hold the new values ({names}); the same task, "
            "run again, puts the objects themselves back and deletes the copies."
        )

    def touched(self, live: LiveEstate) -> set[str]:
        """The KDClusters that what was written reaches directly."""
        names = {name for key in self.objects for name in live.estate.naming(*key)}
        return names | set(self.clusters) | self.renamed


class Writer:
    """Writes objects and connections of one task.

    :param deadline: as of time.monotonic(); bounds the tries of a write that the webhook refuses for
        the moment.
    :param progress: filled while writing.
    :ivar links: every KDCluster's connected KDClusters, as last seen.
    """

    def __init__(
        self,
        api: Api,
        wanted: Wanted,
        live: LiveEstate,
        deadline: float,
        progress: Progress,
        links: Links,
        *,
        may_vanish: bool,
    ) -> None:
        self._may_vanish = may_vanish
        self._api = api
        self._wanted = wanted
        self._live = live
        self._deadline = deadline
        self._progress = progress
        self.links = links

    def write_object(self, change: ObjectChange, *, dry_run: bool) -> None:
        """Create, update or delete an object. :raises ApiError, Unreachable:"""
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
            if change.action == "created":
                self._progress.last_creation = time.monotonic()
            found = (
                found_object_from(change.kind, manifest, with_data=with_data) if manifest else None
            )
            self._live.put_object(change.kind, change.name, found)
            self._progress.objects.add((change.kind, change.name))
            if found is not None:
                self._progress.versions[change.kind, change.name] = found.resource_version

    def _write_after_creation_by_others(self, change: ObjectChange, *, dry_run: bool) -> None:
        """Somebody else created the object meanwhile: bring theirs to what is wanted."""
        if not dry_run:
            self._progress.last_creation = time.monotonic()
        manifest = self._api.get(BY_KIND[change.kind], self._wanted.namespace, change.name)
        found = found_object_from(change.kind, manifest, with_data=True)
        self._live.put_object(change.kind, change.name, found)
        for planned in make_plan(self._wanted, self._live.estate).objects:
            if (planned.kind, planned.name) == (change.kind, change.name) and planned.body:
                self.write_object(planned, dry_run=dry_run)

    def write_copy(self, change: ObjectChange) -> None:
        """Make the copy of an object, as the object itself will be."""
        namespace, resource = self._wanted.namespace, BY_KIND[change.kind]
        found = None
        if change.action == "updated":
            found = self._api.get(resource, namespace, change.name)
        body = copy_manifest(found, change.name, change.body)
        # One that an earlier task left is named by nobody any more.
        self.delete_copy(change.kind, change.name)
        created = self._api.create(resource, namespace, body, dry_run=False)
        self._progress.last_creation = time.monotonic()
        name = copy_name(change.name)
        self._live.put_object(
            change.kind, name, found_object_from(change.kind, created, with_data=False)
        )
        self._progress.copies.add((change.kind, change.name))

    def delete_copy(self, kind: str, name: str) -> None:
        """Delete the copy of an object, if there is one. :raises ApiError, Unreachable:"""
        with contextlib.suppress(NotFound):
            self._api.delete(BY_KIND[kind], self._wanted.namespace, copy_name(name), dry_run=False)
        self._live.put_object(kind, copy_name(name), None)
        self._progress.copies.discard((kind, name))

    def rename(self, name: str, renames: t.Mapping[Key, str]) -> None:
        """Make a KDCluster name other objects, each in its place. :raises ApiError, Impossible, Unreachable:"""

        def change(estate: Estate) -> ClusterChange:
            cluster = estate.clusters.get(name)
            if cluster is None:
                return self._nothing_left(name)
            return ClusterChange(name, cluster.connections, renamed(cluster.connections, renames))

        if self._patch_connections(name, change, dry_run=False):
            self._progress.renamed.add(name)

    def write_connections(self, change: ClusterChange, *, dry_run: bool) -> None:
        """Bring a KDCluster's connections to what is wanted. :raises ApiError, Impossible, Unreachable:"""
        # From what is live now: others may have changed it since the plan was made.
        written = self._patch_connections(
            change.name, lambda estate: self._planned(change.name, estate), dry_run=dry_run
        )
        if written and not dry_run:
            self._progress.clusters[change.name] = written

    def _patch_connections(
        self, name: str, planned: t.Callable[[Estate], ClusterChange], *, dry_run: bool
    ) -> ClusterChange | None:
        """Write one KDCluster's connections; planned anew each time that others came between.

        :returns: what was written, None where there was nothing to write.
        """
        refused = None
        attempts = 0
        while True:
            # Another thread may replace it between planning and patching, and then the patch's test would
            # fit what the plan has not seen.
            estate = self._live.estate
            change = planned(estate)
            if not change.changed:
                return None
            patch = connection_patch(estate.clusters[name], change.after)
            try:
                manifest = self._patch_patiently(name, patch, dry_run=dry_run)
            except NotFound:
                if not self._may_vanish:
                    raise
                return None
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
            return change

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

    def _planned(self, name: str, estate: Estate) -> ClusterChange:
        """The change of one KDCluster, planned on what is live."""
        if name not in estate.clusters:
            return self._nothing_left(name)
        plan = make_plan(self._still_wanted(estate), estate)
        self.links = plan.links
        return next(change for change in plan.clusters if change.name == name)

    def _still_wanted(self, estate: Estate) -> Wanted:
        """What is wanted, but for KDClusters that were deleted and may have been."""
        if not self._may_vanish:
            return self._wanted
        there = tuple(name for name in self._wanted.kdclusters if name in estate.clusters)
        return dataclasses.replace(self._wanted, kdclusters=there)

    def _nothing_left(self, name: str) -> ClusterChange:
        """There is nothing to write of a KDCluster that was deleted. :raises Impossible: it may not have been."""
        if not self._may_vanish:
            raise deleted_meanwhile(self._wanted.namespace, name)
        return ClusterChange(name, Connections(), Connections())

    def _patch_patiently(
        self, name: str, patch: list[dict[str, t.Any]], *, dry_run: bool
    ) -> dict[str, t.Any]:
        """Patch a KDCluster, trying again while the webhook refuses only for the moment."""
        return patiently(
            lambda: self._api.json_patch(
                KDCLUSTER, self._wanted.namespace, name, patch, dry_run=dry_run
            ),
            self._deadline,
        )
