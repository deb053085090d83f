# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_cluster task from its options to its result. Knows nothing of Ansible."""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t

from .._ansible.task import Task
from .._core.display import WaitDisplay
from .._core.errors import (
    ApiError,
    NotFoundError,
    PreconditionError,
    WaitTimeoutError,
)
from .._core.retry import retry_transient_refusals
from .._kubedirector.field_managers import last_writer
from .._kubedirector.links import (
    dependents,
    linked_groups,
)
from .._kubedirector.resources import KDCLUSTER, POD
from .._kubedirector.snapshot import (
    Snapshot,
    parse_kdcluster,
)
from .._kubedirector.webhook_refusals import retry_seconds
from .._observe.reader import (
    read_app_names,
    read_objects,
    require_namespace,
)
from .._observe.secret_keys import (
    read_held_secret_keys,
)
from .._observe.watcher import SnapshotWatcher
from .._reconcile.connections_after import connections_after
from .._reconcile.linked_lease import LinkedLease
from .._reconcile.shared_objects import other_keys
from .._reconcile.verification import (
    Undone,
    require_unchanged,
    undone_changes,
)
from .._reconcile.warnings import NOT_WAITED, unchecked_sentences
from .desired import (
    parse_desired_cluster,
)
from .plan import (
    cluster_like,
    make_cluster_plan,
    same_wishes,
)
from .result import (
    cluster_diff,
    cluster_result,
)
from .role_form import lost_labels, without_labels
from .verification import undone_fields

if t.TYPE_CHECKING:
    from .desired import (
        DesiredCluster,
    )
    from .plan import (
        ClusterPlan,
    )

_MAX_REPLANS = 5
_CONFLICT, _UNPROCESSABLE = 409, 422
_GONE_PAUSE = 0.5


class ClusterTask(Task):
    """Runs one task. `result` can be read at any time; after a failure it says what was done."""

    def __post_init__(self) -> None:
        self._deadline = 0.0
        self._desired: DesiredCluster | None = None
        self._plan: ClusterPlan | None = None
        self._live: SnapshotWatcher | None = None
        self._done = False
        self._written: dict[str, t.Any] | None = None
        self._stayed = True

    def run(self) -> None:
        """Do what the task wants.

        :raises CollectionError: any of them; `result` then says what had been written.
        """
        self._desired = parse_desired_cluster(self.params, self.namespace)
        self._deadline = time.monotonic() + self.params["wait_timeout"]
        plan, live = self._plan_and_write(self._desired)
        desired = self._desired
        if self.check_mode:
            return
        if not self.params["wait"]:
            if self._done:
                self.warn(NOT_WAITED)
            return
        if desired.absent:
            self._wait_until_gone(desired, plan, live)
        else:
            self._wait_until_settled(desired, plan, live)
            if self._done or live.has_waited:
                self._verify(desired, plan, live)

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values; an empty list if nothing is known yet."""
        if self._desired is None or self._plan is None or self._live is None:
            return {"changed": False, "kdclusters": []}
        cluster = self._live.snapshot.clusters.get(self._desired.name)
        return cluster_result(
            self._desired, self._plan, cluster,
            done=self._done, stayed=self._stayed, as_planned=self.check_mode,
        )  # fmt: skip

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        """The --diff, or None before there is a plan."""
        if self._desired is None or self._plan is None:
            return None
        return cluster_diff(self._desired, self._plan)

    def _plan_and_write(self, desired: DesiredCluster) -> tuple[ClusterPlan, SnapshotWatcher]:
        """Plan on the snapshot and write; plan again if others changed it meanwhile."""
        plan, live = self._make_plan(desired, warn=True)
        if not plan.changed:
            return plan, live
        group = self._linked(desired, plan, live)
        if self.check_mode or not group:
            return self._write_planned(desired, plan, live)
        self._settle(desired, group, live)
        with LinkedLease(self.api, self.namespace, self._deadline, self.warn):
            # Another task may have changed linked KDClusters since.
            plan, live = self._make_plan(desired, warn=False)
            return self._write_planned(desired, plan, live)

    def _write_planned(
        self, desired: DesiredCluster, plan: ClusterPlan, live: SnapshotWatcher
    ) -> tuple[ClusterPlan, SnapshotWatcher]:
        refused: t.Any = None
        for _attempt in range(_MAX_REPLANS):
            if not plan.changed:
                return plan, live
            if not self.check_mode:
                self._settle(desired, self._linked(desired, plan, live), live)
            try:
                manifest = retry_transient_refusals(
                    functools.partial(self._write, desired, plan), self._deadline, retry_seconds
                )
            except ApiError as error:
                if error.status not in (_UNPROCESSABLE, _CONFLICT) or plan.body == refused:
                    raise
                refused = plan.body
                plan, live = self._make_plan(desired, warn=False)
                continue
            if (
                plan.metadata_keys
                and plan.before
                and manifest
                and same_wishes(plan.before, manifest)
            ):
                # A webhook of another product undid the change, so nothing was written.
                self.warn(
                    f"{desired.label}: a webhook removes the labels and annotations that this task sets "
                    f"({', '.join(plan.metadata_keys)}). Remove them from the task."
                )
                self._plan = plan = dataclasses.replace(plan, action="unchanged", after=plan.before)
                live.put_cluster(manifest)
                return plan, live
            self._done = True
            if manifest is not None and plan.action == "created":
                self._leave_out_lost_labels(desired, manifest)
            if manifest is not None and not self.check_mode:
                self._written = manifest
                live.put_cluster(manifest)
            return plan, live
        raise PreconditionError(
            [
                f"{desired.label} was not changed: others changed it {_MAX_REPLANS} times meanwhile. "
                "Run the task again."
            ]
        )

    def _make_plan(
        self, desired: DesiredCluster, *, warn: bool
    ) -> tuple[ClusterPlan, SnapshotWatcher]:
        # Planned again without what a webhook took away, which is known by then.
        desired = self._desired or desired
        manifests, resource_version = self.api.list_all(KDCLUSTER, self.namespace)
        if not manifests:
            require_namespace(self.api, self.namespace)
        by_name = {manifest["metadata"]["name"]: manifest for manifest in manifests}
        clusters = {name: parse_kdcluster(manifest) for name, manifest in by_name.items()}
        cluster = clusters.get(desired.name)
        names = [(one.kind, one.name) for one in desired.connections.objects]
        apps = None
        if not desired.absent:
            apps = read_app_names(self.api, self.namespace)
            if cluster is not None:
                names += connections_after(
                    desired.connections, desired.name, cluster.connections
                ).objects()
                names += other_keys(desired.connections, {cluster.name: cluster})
        snapshot = Snapshot(
            self.namespace,
            clusters,
            {} if desired.absent else read_objects(self.api, self.namespace, names),
            apps,
        )
        held = None
        if cluster is not None and not desired.absent and any(r.secret_keys for r in desired.roles):
            held = read_held_secret_keys(self.api, cluster)
            if held is None and warn:
                self.warn(
                    f"{desired.label}: its secret keys are stored encrypted, and no member could be read to compare "
                    "them. Secret keys that exist stay as they are."
                )
        if warn:
            for sentence in unchecked_sentences(names, snapshot):
                self.warn(sentence)
        self._live = SnapshotWatcher(self.api, snapshot, resource_version)
        found = by_name.get(desired.name)
        try:
            self._plan = make_cluster_plan(desired, found, snapshot, held)
        except PreconditionError:
            # Once a role has members the operator refuses what a webhook of another product took away.
            stored = None if found is None else self._stored_like(desired, found)
            if stored is None or not self._leave_out_lost_labels(desired, stored):
                raise
            self._plan = make_cluster_plan(self._desired or desired, found, snapshot, held)
        return self._plan, self._live

    def _stored_like(
        self, desired: DesiredCluster, found: dict[str, t.Any]
    ) -> dict[str, t.Any] | None:
        """Ask, in a server-side dry run, how a new KDCluster like this one would be stored; None if refused."""
        manifest = cluster_like(desired, found)
        if manifest is None:
            return None
        try:
            return self.api.create(KDCLUSTER, self.namespace, manifest, dry_run=True)
        except ApiError:
            # Only the first refusal, of what the task wants, helps the user.
            return None

    def _leave_out_lost_labels(self, desired: DesiredCluster, stored: dict[str, t.Any]) -> bool:
        """Warn of role labels that a webhook took away, and want them no more; return whether there are some."""
        lost = lost_labels(desired.roles, stored["spec"].get("roles") or ())
        if lost:
            named = ", ".join(f"{field}.{key} of role {role}" for role, field, key in sorted(lost))
            self.warn(
                f"{desired.label}: a webhook removes labels and annotations that this task sets ({named}). "
                "Remove them from the task."
            )
            roles = tuple(without_labels(role, lost) for role in desired.roles)
            self._desired = dataclasses.replace(desired, roles=roles)
        return bool(lost)

    def _write(self, desired: DesiredCluster, plan: ClusterPlan) -> dict[str, t.Any] | None:
        if plan.action == "created":
            return self.api.create(KDCLUSTER, self.namespace, plan.body, dry_run=self.check_mode)
        if plan.action == "updated":
            return self.api.json_patch(
                KDCLUSTER, self.namespace, desired.name, plan.body, dry_run=self.check_mode
            )
        try:
            self.api.delete(KDCLUSTER, self.namespace, desired.name, dry_run=self.check_mode)
        except NotFoundError:
            # Others deleted it meanwhile, as the task wants.
            return None
        return None

    def _linked(
        self, desired: DesiredCluster, plan: ClusterPlan, live: SnapshotWatcher
    ) -> frozenset[str]:
        """The linked KDClusters that must be quiet before it is written.

        A KDCluster that is to be deleted may itself be broken.
        """
        group = set(linked_groups(plan.links).get(desired.name, ())) & set(live.snapshot.clusters)
        if desired.absent:
            group.discard(desired.name)
        alone = 0 if desired.absent or plan.action == "created" else 1
        return frozenset(group) if len(group) > alone else frozenset()

    def _settle(
        self, desired: DesiredCluster, group: frozenset[str], live: SnapshotWatcher
    ) -> None:
        """Wait until all KDClusters linked to it are quiet: a write that meets the operator's own write on
        a linked one makes it stuck (measured)."""
        if group:
            live.wait_until_one_is_quiet(
                [group],
                self._deadline,
                f"{desired.label} was not changed, because KDClusters that are linked to it did not settle",
            )

    def _wait_until_settled(
        self, desired: DesiredCluster, plan: ClusterPlan, live: SnapshotWatcher
    ) -> None:
        also: set[str] = set()
        if self._done:
            live.refresh()
            also = set(dependents(plan.links, [desired.name])) & set(live.snapshot.clusters)
        begun = {
            "created": f"{desired.label} was created, but it is not configured",
            "updated": "The change was written, but it has not reached every member",
        }.get(plan.action, "Nothing had to be written, but the KDCluster is not settled")
        live.wait_until_settled(
            {desired.name}, also, self._deadline, begun,
            require=functools.partial(self._require_unchanged, desired, plan, live),
        )  # fmt: skip

    def _verify(self, desired: DesiredCluster, plan: ClusterPlan, live: SnapshotWatcher) -> None:
        """Read the result again and compare. :raises OverwrittenError:"""
        manifests, _version = self.api.list_all(KDCLUSTER, self.namespace)
        for manifest in manifests:
            live.put_cluster(manifest)
        by_name = {manifest["metadata"]["name"]: manifest for manifest in manifests}
        for name in set(live.snapshot.clusters) - set(by_name):
            live.drop_cluster(name)
        names = [(one.kind, one.name) for one in desired.connections.objects]
        for key, found in read_objects(self.api, self.namespace, names).items():
            live.put_object(*key, found)
        self._require_unchanged(desired, plan, live)
        manifest = by_name[desired.name]
        self._require(list(undone_fields(desired, self._written, manifest, live.snapshot)))

    def _require_unchanged(
        self, desired: DesiredCluster, plan: ClusterPlan, live: SnapshotWatcher
    ) -> None:
        manifest = self._written or plan.before or {"metadata": {}}
        uids = {desired.name: manifest["metadata"].get("uid", "")}
        self._require(list(undone_changes(desired.connections, live.snapshot, uids, {})))

    def _require(self, undone: list[Undone]) -> None:
        self._stayed = not any(one.name == self.params["name"] for one in undone)
        require_unchanged(undone)

    def _wait_until_gone(
        self, desired: DesiredCluster, plan: ClusterPlan, live: SnapshotWatcher
    ) -> None:
        """Wait until it and its members' pods are gone, and the KDClusters that connected to it have settled."""
        if plan.before is None:
            return
        pods = [member.pod for member in parse_kdcluster(plan.before).members if member.pod]
        display = WaitDisplay(self._deadline)
        while True:
            live.refresh()
            found = live.snapshot.clusters.get(desired.name)
            there = found is not None
            if found is not None and found.uid != plan.before["metadata"].get("uid", ""):
                who = last_writer(found.managed_fields, ("f:spec",))
                self._require(
                    [
                        Undone(
                            "KDCluster",
                            desired.name,
                            f"{desired.label} was created again after it had been deleted: {who}.",
                        )
                    ]
                )
            pods = [] if not pods else [pod for pod in pods if self._exists(pod)]
            if not there and not pods:
                break
            if time.monotonic() + _GONE_PAUSE > self._deadline:
                left = [*([desired.label] if there else ()), *(f"pod {pod}" for pod in pods)]
                raise WaitTimeoutError(
                    f"{desired.label} is being deleted, but was not gone in time. Still there: {', '.join(left)}. "
                    "Check that the operator runs, and what its finalizer waits for."
                )
            display.show(lambda: f"{desired.label} is being deleted.")
            time.sleep(_GONE_PAUSE)
        also = set(dependents(plan.links, [desired.name])) & set(live.snapshot.clusters)
        if also:
            live.wait_until_one_is_quiet(
                [frozenset(also)],
                self._deadline,
                f"{desired.label} is gone, but KDClusters that connected to it have not settled",
            )

    def _exists(self, pod: str) -> bool:
        try:
            self.api.get(POD, self.namespace, pod, metadata_only=True)
        except NotFoundError:
            return False
        return True
