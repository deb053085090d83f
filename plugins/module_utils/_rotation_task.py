# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_rotate task from its options to its result. Knows nothing of Ansible."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._diagnosis import (
    ask_operator,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._errors import (
    ConnectionsError,
    Impossible,
    RotationFailed,
    unforeseen,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._estate import Estate
from ansible_collections.kubedirector.connections.plugins.module_utils._masking import (
    Masks,
    plain_values,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._patience import patiently
from ansible_collections.kubedirector.connections.plugins.module_utils._read import (
    read_kdclusters,
    read_objects,
    require_namespace,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._result import (
    connection_result,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._rotation import (
    changed_keys,
    rotation_diff,
    rotation_from,
    rotation_problems,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._rotation_back import (
    WayBack,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._rotation_way import Way
from ansible_collections.kubedirector.connections.plugins.module_utils._task import Task
from ansible_collections.kubedirector.connections.plugins.module_utils._warnings import (
    plan_warnings,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._writes import Progress

if t.TYPE_CHECKING:
    from ansible_collections.kubedirector.connections.plugins.module_utils._rotation import (
        Rotation,
        Values,
    )


class RotationTask(Task):
    """Runs one task. `result` is usable at any time, and after a failure tells in what state things are."""

    def __post_init__(self) -> None:
        self._masks = Masks(())
        self._progress = Progress()
        self._rotation: Rotation | None = None
        self._type: str | None = None
        self._old: Values = {}
        self._new: Values = {}
        self._way: Way | None = None
        self._back: WayBack | None = None
        self._accepted_dry = False

    def run(self) -> None:
        """Do what the task wants.

        :raises RotationFailed: the new values were not taken everywhere; the message says in what
            state everything is now.
        :raises ConnectionsError: any other; nothing was written then.
        """
        self._rotation = rotation = rotation_from(self.params, self.namespace)
        self._masks = Masks(plain_values(rotation.kind, rotation.values))
        try:
            self._rotate(rotation)
        except ConnectionsError as error:
            error.args = (self._masks.message(str(error)),)
            raise

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values."""
        rotation = self._rotation
        if rotation is None:
            return {"changed": False, "kdclusters": [], "rolled_back": False}
        back = self._back
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
        way = self._way if back is None or back.way is None else back.way
        if way is not None:
            told = connection_result(
                way.plan, way.live.estate, self._progress, way.masked_reconnects(),
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
        if self._rotation is None or self._way is None:
            return None
        return rotation_diff(self._rotation, self._old, self._new)

    def _rotate(self, rotation: Rotation) -> None:
        deadline = self._deadline()
        estate, resource_version = self._read(rotation)
        problems = list(rotation_problems(rotation, estate))
        found = estate.objects[rotation.key]
        if problems or found is None:
            raise Impossible(problems)
        self._type = found.type
        self._old = found.data or {}
        self._new = {**self._old, **rotation.values}
        self._masks = self._masks_of(rotation, estate)
        self._way = way = Way(
            self.api, rotation, estate, resource_version, self._new,
            masks=self._masks, deadline=deadline, progress=self._progress,
        )  # fmt: skip
        named = estate.clusters[way.wanted.kdclusters[0]]
        # Writing an object asks no webhook, so that a dead operator would be noticed only afterwards.
        patiently(lambda: ask_operator(self.api, named), deadline)
        way.require_readable()
        for sentence in plan_warnings(way.wanted, estate, way.plan):
            self.warn(self._masks.message(sentence))
        if self.check_mode:
            way.try_dry()
            self._accepted_dry = True
        elif way.plan.changed:
            self._there_or_back(rotation, way)
        else:
            found_wrong = way.verify(rotation.values)
            wrong = [*found_wrong.held, *found_wrong.reconnect]
            if wrong:
                raise RotationFailed(
                    f"Nothing had to be written, because {rotation.label} holds these values already. But "
                    f"{' '.join(wrong)}"
                )
            self._warn_of_vanished(way)

    def _warn_of_vanished(self, way: Way) -> None:
        for name in way.vanished:
            self.warn(
                f"KDCluster {self.namespace}/{name} was deleted by somebody else meanwhile, so nothing was asked "
                "of its members."
            )

    def _there_or_back(self, rotation: Rotation, way: Way) -> None:
        """Write and verify; when anything is wrong put everything back."""
        if way.needs_copies:
            # What the API server refuses is better known before copies are made and connected.
            way.try_dry()
        try:
            way.write()
            found = way.verify(rotation.values)
            failures = [*found.held, *found.reconnect]
        except ConnectionsError as error:
            if not self._begun() and not error.maybe_done:
                error.args = (f"{error} Nothing was written.",)
                raise
            failures = [str(error)]
        except Exception as error:
            # A mistake of ours must not leave the new values where nobody verified them.
            failures = [unforeseen(error)]
        if not failures:
            self._warn_of_vanished(way)
            return
        self._back = WayBack(
            self.api, rotation, self._old, self._new,
            masks=self._masks, deadline=self._deadline(), progress=self._progress, read=self._read,
        )  # fmt: skip
        raise RotationFailed(
            f"{rotation.label} was not rotated. {' '.join(failures)} {self._back.go()}"
        )

    def _begun(self) -> bool:
        """Whether anything was written for sure."""
        done = self._progress
        return bool(done.objects or done.copies or done.renamed or done.clusters)

    def _deadline(self) -> float:
        return time.monotonic() + float(self.params["wait_timeout"])

    def _read(self, rotation: Rotation) -> tuple[Estate, str]:
        """Read the KDClusters, the object with its data, and what else those name that name it."""
        clusters, resource_version = read_kdclusters(self.api, self.namespace)
        if not clusters:
            require_namespace(self.api, self.namespace)
        estate = Estate(self.namespace, clusters, {})
        keys = [rotation.key, rotation.copy_key]
        for name in rotation.naming(estate):
            keys += clusters[name].connections.objects()
        objects = read_objects(self.api, self.namespace, keys, with_data={rotation.key})
        return Estate(self.namespace, clusters, objects), resource_version

    def _masks_of(self, rotation: Rotation, estate: Estate) -> Masks:
        """Old and new values, but for those that are names in any message."""
        names = [rotation.namespace, rotation.name, *self._new]
        for name in rotation.naming(estate):
            members = estate.clusters[name].members
            names += [name, *(member.pod for member in members), *(m.role for m in members)]
        values = [
            *plain_values(rotation.kind, self._old),
            *plain_values(rotation.kind, self._new),
        ]
        return Masks(values, "\n".join(names))
