# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_rotate task from its options to its result. Knows nothing of Ansible."""

from __future__ import annotations

import time
import typing as t

from .._ansible.task import Task
from .._core.errors import (
    CollectionError,
    PreconditionError,
    RotationFailedError,
    internal_error_message,
)
from .._core.redaction import (
    Redactor,
    plain_values,
)
from .._core.retry import retry_transient_refusals
from .._kubedirector.snapshot import Snapshot
from .._kubedirector.webhook import retry_seconds
from .._observe.reader import (
    read_kdclusters,
    read_objects,
    require_namespace,
)
from .._observe.stall_diagnosis import (
    ask_operator,
)
from .._reconcile.result import (
    connection_result,
)
from .._reconcile.warnings import (
    plan_warnings,
)
from .._reconcile.writer import Progress
from .attempt import RotationAttempt
from .rollback import (
    Rollback,
)
from .rotation import (
    changed_keys,
    rotation_diff,
    rotation_from,
    rotation_problems,
)

if t.TYPE_CHECKING:
    from .rotation import (
        Rotation,
        Values,
    )


class RotationTask(Task):
    """Runs one task. `result` is usable at any time, and after a failure tells in what state things are."""

    def __post_init__(self) -> None:
        self._redactor = Redactor(())
        self._progress = Progress()
        self._rotation: Rotation | None = None
        self._type: str | None = None
        self._old: Values = {}
        self._new: Values = {}
        self._attempt: RotationAttempt | None = None
        self._rollback: Rollback | None = None
        self._accepted_dry = False

    def run(self) -> None:
        """Do what the task wants.

        :raises RotationFailedError: the new values were not taken everywhere; the message says in what
            state everything is now.
        :raises CollectionError: any other; nothing was written then.
        """
        self._rotation = rotation = rotation_from(self.params, self.namespace)
        self._redactor = Redactor(plain_values(rotation.kind, rotation.values))
        try:
            self._rotate(rotation)
        except CollectionError as error:
            error.args = (self._redactor.message(str(error)),)
            raise

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values."""
        rotation = self._rotation
        if rotation is None:
            return {"changed": False, "kdclusters": [], "rolled_back": False}
        back = self._rollback
        is_back = back is not None and back.done
        written = bool(self._progress.objects) and not (back is not None and back.object_is_back)
        keys = changed_keys(self._old, self._new)
        updated = bool(keys) and (written or self._accepted_dry)
        shown = {
            "kind": rotation.kind,
            "name": rotation.name,
            "type": self._type,
            "action": "updated" if updated else "unchanged",
            "changed_keys": keys if updated else [],
        }
        changed = self._begun() and not is_back
        kdclusters: list[dict[str, t.Any]] = []
        way = self._attempt if back is None or back.way is None else back.way
        if way is not None:
            told = connection_result(
                way.plan, way.live.snapshot, self._progress, way.masked_reconnects(),
                as_planned=self._accepted_dry,
            )  # fmt: skip
            kdclusters = told["kdclusters"]
            changed = changed or (self._accepted_dry and way.plan.changed)
        for one in kdclusters:
            one["action"] = "updated" if updated else one["action"]
        return {
            "changed": changed,
            "object": shown,
            "kdclusters": kdclusters,
            "rolled_back": is_back,
        }

    @property
    def diff(self) -> dict[str, t.Any] | None:
        """The --diff, or None before anything is known."""
        if self._rotation is None or self._attempt is None:
            return None
        return rotation_diff(self._rotation, self._old, self._new)

    def _rotate(self, rotation: Rotation) -> None:
        deadline = self._deadline()
        snapshot, resource_version = self._read(rotation)
        problems = list(rotation_problems(rotation, snapshot))
        found = snapshot.objects[rotation.key]
        if problems or found is None:
            raise PreconditionError(problems)
        self._type = found.type
        self._old = found.data or {}
        self._new = {**self._old, **rotation.values}
        self._redactor = self._masks_of(rotation, snapshot)
        self._attempt = way = RotationAttempt(
            self.api, rotation, snapshot, resource_version, self._new,
            redactor=self._redactor, deadline=deadline, progress=self._progress,
        )  # fmt: skip
        named = snapshot.clusters[way.desired.kdclusters[0]]
        # Writing an object asks no webhook, so that a dead operator would be noticed only afterwards.
        retry_transient_refusals(lambda: ask_operator(self.api, named), deadline, retry_seconds)
        way.require_readable()
        for sentence in plan_warnings(way.desired, snapshot, way.plan):
            self.warn(self._redactor.message(sentence))
        if self.check_mode:
            way.try_dry()
            self._accepted_dry = True
        elif way.plan.changed:
            self._there_or_back(rotation, way)
        else:
            found_wrong = way.verify(rotation.values)
            wrong = [*found_wrong.held, *found_wrong.reconnect]
            if wrong:
                raise RotationFailedError(
                    f"Nothing had to be written, because {rotation.label} holds these values already. But "
                    f"{' '.join(wrong)}"
                )
            self._warn_of_vanished(way)

    def _warn_of_vanished(self, way: RotationAttempt) -> None:
        for name in way.vanished:
            self.warn(
                f"KDCluster {self.namespace}/{name} was deleted by somebody else meanwhile, so nothing was asked "
                "of its members."
            )

    def _there_or_back(self, rotation: Rotation, way: RotationAttempt) -> None:
        """Write and verify; when anything is wrong put everything back."""
        if way.needs_copies:
            # What the API server refuses is better known before copies are made and connected.
            way.try_dry()
        try:
            way.write()
            found = way.verify(rotation.values)
            failures = [*found.held, *found.reconnect]
        except CollectionError as error:
            if not self._begun() and not error.maybe_done:
                error.args = (f"{error} Nothing was written.",)
                raise
            failures = [str(error)]
        except Exception as error:
            # A mistake of ours must not leave the new values where nobody verified them.
            failures = [internal_error_message(error)]
        if not failures:
            self._warn_of_vanished(way)
            return
        self._rollback = Rollback(
            self.api, rotation, self._old, self._new,
            redactor=self._redactor, deadline=self._deadline(), progress=self._progress, read=self._read,
        )  # fmt: skip
        raise RotationFailedError(
            f"{rotation.label} was not rotated. {' '.join(failures)} {self._rollback.go()}"
        )

    def _begun(self) -> bool:
        """Whether anything was written for sure."""
        done = self._progress
        return bool(done.objects or done.copies or done.repointed or done.clusters)

    def _deadline(self) -> float:
        return time.monotonic() + float(self.params["wait_timeout"])

    def _read(self, rotation: Rotation) -> tuple[Snapshot, str]:
        """Read the KDClusters, the object with its data, and what else those name that name it."""
        clusters, resource_version = read_kdclusters(self.api, self.namespace)
        if not clusters:
            require_namespace(self.api, self.namespace)
        snapshot = Snapshot(self.namespace, clusters, {})
        keys = [rotation.key, rotation.copy_key]
        for name in rotation.naming(snapshot):
            keys += clusters[name].connections.objects()
        objects = read_objects(self.api, self.namespace, keys, with_data={rotation.key})
        return Snapshot(self.namespace, clusters, objects), resource_version

    def _masks_of(self, rotation: Rotation, snapshot: Snapshot) -> Redactor:
        """Old and new values, but for those that are names in any message."""
        names = [rotation.namespace, rotation.name, *self._new]
        for name in rotation.naming(snapshot):
            members = snapshot.clusters[name].members
            names += [name, *(member.pod for member in members), *(m.role for m in members)]
        values = [
            *plain_values(rotation.kind, self._old),
            *plain_values(rotation.kind, self._new),
        ]
        return Redactor(values, "\n".join(names))
