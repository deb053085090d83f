# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_cluster task, from options to result, without Ansible."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import time
import typing as t

from .._ansible.task import Task
from .._core.display import WaitDisplay
from .._core.errors import ApiError, NotFoundError, PreconditionError, WaitTimeoutError
from .._core.retry import passing_seconds, retry_transient_refusals
from .._kubedirector.field_managers import last_writer
from .._kubedirector.links import dependents, linked_groups
from .._kubedirector.resources import KDCLUSTER, POD
from .._kubedirector.snapshot import Connections, Snapshot, parse_connections, parse_kdcluster
from .._kubedirector.webhook_refusals import retry_seconds
from .._observe.members import read_held_secret_keys
from .._observe.reader import read_app_names, read_objects, require_namespace
from .._observe.watcher import SnapshotWatcher
from .._reconcile.linked_lease import LinkedLease
from .._reconcile.merged_connections import connections_after
from .._reconcile.shared_objects import other_keys
from .._reconcile.verification import Undone, require_unchanged, undone_changes
from .._reconcile.warnings import NOT_WAITED, unchecked_sentences
from .desired import parse_desired_cluster
from .plan import cluster_diff, cluster_like, make_cluster_plan, undone_fields
from .role_form import lost_labels, without_labels

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .desired import DesiredCluster
    from .plan import ClusterPlan

_MAX_REPLANS = 5
_CONFLICT, _UNPROCESSABLE = 409, 422
_GONE_PAUSE = 0.5
_MEMBER_FIELDS = ("pod", "role", "node_id", "state", "has_configmeta")


class ClusterTask(Task):
    # Set before _plan.
    _desired: DesiredCluster
    _live: SnapshotWatcher

    def __post_init__(self) -> None:
        self._deadline = 0.0
        self._plan: ClusterPlan | None = None
        self._done = False
        self._written: JsonObject | None = None
        self._stayed = True

    def run(self) -> None:
        self._desired = parse_desired_cluster(self.params, self.namespace)
        self._deadline = time.monotonic() + self.params["wait_timeout"]
        plan = self._plan_and_write()
        if self.check_mode:
            return
        if not self.params["wait"]:
            if self._done:
                self.warn(NOT_WAITED)
        elif self._desired.absent:
            self._wait_until_gone(plan)
        else:
            self._wait_until_settled(plan)
            if self._done or self._live.has_waited:
                self._verify(plan)

    @property
    def result(self) -> dict[str, t.Any]:
        if self._plan is None:
            return {"changed": False, "kdclusters": []}
        action = self._plan.action if self._done and self._stayed else "unchanged"
        seen = self._live.snapshot.clusters.get(self._desired.name)
        if action == "deleted":
            seen = None
        app = seen.app if seen else None
        connections = seen.connections if seen else Connections()
        if self.check_mode and self._plan.after is not None:
            spec = self._plan.after["spec"]
            app, connections = spec.get("app"), parse_connections(spec)
        shown = {
            "name": self._desired.name,
            "action": action,
            "app": app,
            "connections": connections.as_lists(),
            "connection_hash": seen.stored_hash if seen else None,
            "spec_generation": seen.generation if seen else None,
            "state": seen.state if seen else None,
            "members": [
                {field: getattr(member, field) for field in _MEMBER_FIELDS}
                for member in (seen.members if seen else ())
            ],
        }
        return {"changed": self._done and self._plan.changed, "kdclusters": [shown]}

    @property
    def diff(self) -> list[dict[str, t.Any]] | None:
        return None if self._plan is None else cluster_diff(self._desired, self._plan)

    def _plan_and_write(self) -> ClusterPlan:
        """Plan and write; again if others changed the KDCluster meanwhile."""
        plan = self._make_plan(warn=True)
        if self.check_mode or not plan.changed or not self._linked(plan):
            return self._write_planned(plan)
        self._settle(plan)
        with LinkedLease(self.api, self.namespace, self._deadline, self.warn) as lease:
            # Another task may have changed linked KDClusters since.
            return self._write_planned(self._make_plan(warn=False), lease)

    def _write_planned(self, plan: ClusterPlan, lease: LinkedLease | None = None) -> ClusterPlan:
        label = self._desired.label
        refused: t.Any = None
        for _attempt in range(_MAX_REPLANS):
            if not plan.changed:
                return plan
            if not self.check_mode:
                self._settle(plan)
            if lease is not None:
                lease.require()
            try:
                manifest = retry_transient_refusals(
                    functools.partial(self._write, plan), self._deadline, retry_seconds
                )
            except ApiError as error:
                if error.status not in (_UNPROCESSABLE, _CONFLICT) or plan.body == refused:
                    raise
                refused = plan.body
                plan = self._make_plan(warn=False)
                continue
            if manifest is None:
                self._done = True
                return plan
            removed = plan.removed_by_webhook(manifest)
            if removed and not (self.check_mode and not self.api.dry_runs):
                # So nothing was written.
                self.warn(
                    f"{label}: a webhook removes the labels and annotations that this task sets "
                    f"({', '.join(removed)}). Remove them from the task."
                )
                self._plan = plan = dataclasses.replace(plan, action="unchanged", after=plan.before)
                self._live.put_cluster(manifest)
                return plan
            self._done = True
            if plan.action == "created":
                self._leave_out_lost_labels(manifest)
            if not self.check_mode:
                self._written = manifest
                self._live.put_cluster(manifest)
            return plan
        raise PreconditionError(
            [
                f"{label} was not changed: others changed it {_MAX_REPLANS} times meanwhile. "
                "Run the task again."
            ]
        )

    def _make_plan(self, *, warn: bool) -> ClusterPlan:
        desired = self._desired
        manifests, resource_version = self.api.list_all(KDCLUSTER, self.namespace)
        if not manifests:
            require_namespace(self.api, self.namespace)
        by_name = {manifest["metadata"]["name"]: manifest for manifest in manifests}
        clusters = {name: parse_kdcluster(manifest) for name, manifest in by_name.items()}
        cluster = clusters.get(desired.name)
        names = [one.key for one in desired.connections.objects]
        snapshot = Snapshot(self.namespace, clusters, {})
        held = None
        if not desired.absent:
            apps = read_app_names(self.api, self.namespace)
            if cluster is not None:
                names += connections_after(
                    desired.connections, desired.name, cluster.connections
                ).objects()
                names += other_keys(desired.connections, {cluster.name: cluster})
            objects = read_objects(self.api, self.namespace, names)
            snapshot = Snapshot(self.namespace, clusters, objects, apps)
            if cluster is not None and any(role.secret_keys for role in desired.roles):
                held = read_held_secret_keys(self.api, cluster)
                if held is None and warn:
                    self.warn(
                        f"{desired.label}: its secret keys are stored encrypted, and no member could be read to "
                        "compare them. Secret keys that exist stay as they are."
                    )
        if warn:
            for sentence in unchecked_sentences(names, snapshot):
                self.warn(sentence)
        self._live = SnapshotWatcher(self.api, snapshot, resource_version)
        found = by_name.get(desired.name)
        try:
            self._plan = make_cluster_plan(desired, found, snapshot, held)
        except PreconditionError:
            # Once a role has members, the operator refuses labels that another product's webhook removed.
            stored = None if found is None else self._stored_like(found)
            if stored is None or not self._leave_out_lost_labels(stored):
                raise
            self._plan = make_cluster_plan(self._desired, found, snapshot, held)
        return self._plan

    def _stored_like(self, found: JsonObject) -> JsonObject | None:
        """How a new KDCluster like this would be stored, by a dry run; None if refused."""
        manifest = cluster_like(self._desired, found)
        if manifest is None:
            return None
        try:
            return self.api.create(KDCLUSTER, self.namespace, manifest, dry_run=True)
        except ApiError:
            # Only the refusal of what the task wants helps the user.
            return None

    def _leave_out_lost_labels(self, stored: JsonObject) -> bool:
        """Warn of role labels that a webhook removed, and drop them."""
        desired = self._desired
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

    def _write(self, plan: ClusterPlan) -> JsonObject | None:
        name, dry_run = self._desired.name, self.check_mode
        if plan.action == "created":
            return self.api.create(KDCLUSTER, self.namespace, plan.body, dry_run=dry_run)
        if plan.action == "updated":
            return self.api.json_patch(KDCLUSTER, self.namespace, name, plan.body, dry_run=dry_run)
        # Others may have deleted it meanwhile, as the task wants.
        with contextlib.suppress(NotFoundError):
            uid = plan.before["metadata"]["uid"] if plan.before else None
            self.api.delete(KDCLUSTER, self.namespace, name, dry_run=dry_run, uid=uid)
        return None

    def _linked(self, plan: ClusterPlan) -> frozenset[str]:
        """The linked KDClusters that must be quiet before; one to delete may itself be broken."""
        name = self._desired.name
        group = linked_groups(plan.links).get(name, frozenset()) & set(self._live.snapshot.clusters)
        if self._desired.absent:
            return group - {name}
        return group if plan.action == "created" or len(group) > 1 else frozenset()

    def _settle(self, plan: ClusterPlan) -> None:
        """Wait until linked KDClusters are quiet: a write that meets the operator's own on one makes it stuck
        (measured)."""
        group = self._linked(plan)
        if group:
            self._live.wait_until_one_is_quiet(
                [group],
                self._deadline,
                f"{self._desired.label} was not changed, because KDClusters that are linked to it did not settle",
            )

    def _dependents(self, plan: ClusterPlan) -> frozenset[str]:
        return dependents(plan.links, [self._desired.name]) & set(self._live.snapshot.clusters)

    def _wait_until_settled(self, plan: ClusterPlan) -> None:
        also: frozenset[str] = frozenset()
        if self._done:
            self._live.refresh()
            also = self._dependents(plan)
        begun = {
            "created": f"{self._desired.label} was created, but it is not configured",
            "updated": "The change was written, but it has not reached every member",
        }.get(plan.action, "Nothing had to be written, but the KDCluster is not settled")
        self._live.wait_until_settled(
            {self._desired.name}, also, self._deadline, begun,
            require=functools.partial(self._require_unchanged, plan),
        )  # fmt: skip

    def _verify(self, plan: ClusterPlan) -> None:
        by_name = retry_transient_refusals(self._read_again, self._deadline, passing_seconds)
        self._require_unchanged(plan)
        desired, live = self._desired, self._live
        self._require(undone_fields(desired, self._written, by_name[desired.name], live.snapshot))

    def _read_again(self) -> dict[str, JsonObject]:
        desired, live = self._desired, self._live
        manifests, _version = self.api.list_all(KDCLUSTER, self.namespace)
        by_name = {manifest["metadata"]["name"]: manifest for manifest in manifests}
        for manifest in manifests:
            live.put_cluster(manifest)
        for name in set(live.snapshot.clusters) - set(by_name):
            live.drop_cluster(name)
        names = [one.key for one in desired.connections.objects]
        for key, found in read_objects(self.api, self.namespace, names).items():
            live.put_object(*key, found)
        return by_name

    def _require_unchanged(self, plan: ClusterPlan) -> None:
        desired = self._desired
        manifest = self._written or plan.before or {"metadata": {}}
        uids = {desired.name: manifest["metadata"].get("uid", "")}
        self._require(undone_changes(desired.connections, self._live.snapshot, uids, {}))

    def _require(self, found: t.Iterable[Undone]) -> None:
        undone = list(found)
        self._stayed = not any(one.name == self._desired.name for one in undone)
        require_unchanged(undone)

    def _wait_until_gone(self, plan: ClusterPlan) -> None:
        """Wait until it and its pods are gone and the KDClusters that connected to it have settled."""
        if plan.before is None:
            return
        name, label = self._desired.name, self._desired.label
        before = parse_kdcluster(plan.before)
        pods = [member.pod for member in before.members if member.pod]
        display = WaitDisplay(self._deadline)
        while True:
            retry_transient_refusals(self._live.refresh, self._deadline, passing_seconds)
            found = self._live.snapshot.clusters.get(name)
            if found is not None and found.uid != before.uid:
                who = last_writer(found.managed_fields, ("f:spec",))
                sentence = f"{label} was created again after it had been deleted: {who}."
                self._require([Undone("KDCluster", name, sentence)])
            pods = [pod for pod in pods if self._exists(pod)]
            if found is None and not pods:
                break
            if time.monotonic() + _GONE_PAUSE > self._deadline:
                left = [*([label] if found else []), *(f"pod {pod}" for pod in pods)]
                raise WaitTimeoutError(
                    f"{label} is being deleted, but was not gone in time. Still there: {', '.join(left)}. "
                    "Check that the operator runs, and what its finalizer waits for."
                )
            display.show(lambda: f"{label} is being deleted.")
            time.sleep(_GONE_PAUSE)
        also = self._dependents(plan)
        if also:
            self._live.wait_until_one_is_quiet(
                [also],
                self._deadline,
                f"{label} is gone, but KDClusters that connected to it have not settled",
            )

    def _exists(self, pod: str) -> bool:
        get = functools.partial(self.api.get, POD, self.namespace, pod, metadata_only=True)
        try:
            retry_transient_refusals(get, self._deadline, passing_seconds)
        except NotFoundError:
            return False
        return True
