# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One kd_access task, from options to result."""

from __future__ import annotations

import contextlib
import typing as t

from .._ansible.task import Task
from .._core.errors import NotFoundError, PreconditionError
from .._core.names import require_name
from .._core.object_diff import object_diff
from .._kubedirector.field_managers import last_writer
from .._kubedirector.resources import ROLE, ROLE_BINDING, SERVICE_ACCOUNT
from .._observe.reader import require_namespace
from .._reconcile.verification import Undone, require_unchanged
from .rbac import desired_manifests, differs, problem_with

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject

_RESOURCES = {resource.kind: resource for resource in (SERVICE_ACCOUNT, ROLE, ROLE_BINDING)}
_SHOWN = ("rules", "roleRef", "subjects")


class AccessTask(Task):
    def __post_init__(self) -> None:
        self._name: str = self.params["name"]
        self._absent: bool = self.params["state"] == "absent"
        self._desired = desired_manifests(
            self.namespace, self._name, manage_kdclusters=self.params["manage_kdclusters"]
        )
        self._found: dict[str, JsonObject | None] = {}
        self._actions: dict[str, str] = {}
        self._done: set[str] = set()
        self._begun = False

    def run(self) -> None:
        """Create, correct or delete the three objects.

        :raises InvalidInputError: the name is not valid.
        :raises PreconditionError: something else has that name.
        :raises OverwrittenError, ApiError, UnreachableError:
        """
        require_name(f"name: ServiceAccount {self.namespace}/", self._name)
        self._found = {kind: self._read(kind) for kind in self._desired}
        if not any(self._found.values()):
            require_namespace(self.api, self.namespace)
        problems = [
            problem
            for kind, found in self._found.items()
            if found is not None
            and (problem := problem_with(found, self._desired[kind], self._label(kind)))
        ]
        if problems:
            raise PreconditionError(problems)
        # Delete a binding before what it binds.
        kinds = reversed(self._desired) if self._absent else iter(self._desired)
        self._actions = {kind: self._action(kind) for kind in kinds}
        self._write_all(dry_run=True)
        if self.check_mode:
            self._done.update(self._actions)
        else:
            self._write_all(dry_run=False)
            self._verify()

    @property
    def result(self) -> dict[str, t.Any]:
        objects = [
            {
                "kind": kind,
                "name": self._name,
                "action": action if kind in self._done else "unchanged",
            }
            for kind, action in self._actions.items()
        ]
        return {
            "changed": self._begun or any(one["action"] != "unchanged" for one in objects),
            "objects": objects,
        }

    @property
    def diff(self) -> list[dict[str, t.Any]]:
        return [
            object_diff(
                self._label(kind),
                None if found is None else _shown(found),
                None if self._absent else _shown(self._desired[kind]),
            )
            for kind, action in self._actions.items()
            for found in [self._found[kind]]
            if action != "unchanged"
        ]

    def _label(self, kind: str) -> str:
        return f"{kind} {self.namespace}/{self._name}"

    def _read(self, kind: str) -> JsonObject | None:
        try:
            return self.api.get(_RESOURCES[kind], self.namespace, self._name)
        except NotFoundError:
            return None

    def _action(self, kind: str) -> str:
        found = self._found[kind]
        if found is None:
            return "unchanged" if self._absent else "created"
        if self._absent:
            return "deleted"
        return "updated" if differs(found, self._desired[kind]) else "unchanged"

    def _write_all(self, *, dry_run: bool) -> None:
        for kind, action in self._actions.items():
            # The API server looks up the bound Role, which a dry run did not create.
            role_is_missing = kind == "RoleBinding" and self._found["Role"] is None
            if not (dry_run and role_is_missing):
                self._write(kind, action, dry_run=dry_run)
            if not dry_run:
                self._done.add(kind)
                self._begun |= action != "unchanged"

    def _verify(self) -> None:
        undone: list[Undone] = []
        for kind, action in self._actions.items():
            if action == "unchanged":
                continue
            found, where = self._read(kind), self._label(kind)
            metadata = {} if found is None else found["metadata"]
            terminating = bool(metadata.get("deletionTimestamp"))
            sentence = ""
            if self._absent:
                if found is not None and not terminating:
                    sentence = f"{where} was created again after this task had deleted it"
            elif found is None or terminating:
                sentence = f"{where} was deleted"
            elif differs(found, self._desired[kind]):
                sentence = f"{where} grants something else than this task wrote"
            if sentence:
                field = {"Role": "f:rules", "RoleBinding": "f:subjects"}.get(kind, "f:metadata")
                who = last_writer(metadata.get("managedFields") or (), (field,))
                undone.append(Undone(kind, self._name, f"{sentence}: {who}."))
                self._done.discard(kind)
        require_unchanged(undone)

    def _write(self, kind: str, action: str, *, dry_run: bool) -> None:
        resource, found, desired = _RESOURCES[kind], self._found[kind], self._desired[kind]
        if found is None:
            if action == "created":
                self.api.create(resource, self.namespace, desired, dry_run=dry_run)
            return
        version = found["metadata"]["resourceVersion"]
        if action == "updated":
            # Keep rights that others granted since the read.
            patch = {**_shown(desired), "metadata": {"resourceVersion": version}}
            self.api.merge_patch(resource, self.namespace, self._name, patch, dry_run=dry_run)
        elif action == "deleted":
            # Others may have deleted it meanwhile.
            with contextlib.suppress(NotFoundError):
                self.api.delete(
                    resource, self.namespace, self._name, dry_run=dry_run,
                    uid=found["metadata"]["uid"], resource_version=version,
                )  # fmt: skip


def _shown(manifest: JsonObject) -> JsonObject:
    """What a manifest grants, without the API server's own fields."""
    return {field: manifest[field] for field in _SHOWN if field in manifest}
