# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what an export holds besides names; the action plugin writes the files."""

from __future__ import annotations

import json
import typing as t

from .._ansible.reserved_keys import with_plain_keys
from .._ansible.task import Task
from .._core.errors import PreconditionError
from .._core.resource import Key
from .._kubedirector.resources import KDCLUSTER
from .._observe.reader import list_manifests, read_allowed_objects

if t.TYPE_CHECKING:
    from .._core.json_types import JsonObject
    from .._kubedirector.snapshot import LiveObject

_OPTIONS = {"ConfigMap": "configmap_data", "Secret": "secret_values"}
_FIELDS = {"ConfigMap": ("type", "data", "binary_data"), "Secret": ("type", "secret_type", "data")}


class ExportInfoTask(Task):
    def __post_init__(self) -> None:
        self._content: list[str] = []

    @property
    def result(self) -> dict[str, t.Any]:
        """The return values. Items of `content` are JSON, since Ansible reads some keys as its own; `problem` says why
        an object's content is missing."""
        return {"changed": False, "content": self._content}

    def run(self) -> None:
        """Read the requested content. :raises PreconditionError, ApiError, UnreachableError:"""
        server = self.params["found"]["server"]
        if server != self.api.transport.host:
            raise PreconditionError(
                [
                    f"found is of {server}, and this task reads from {self.api.transport.host}. Give both tasks the same "
                    "authentication options."
                ]
            )
        kinds = {kind for kind, option in _OPTIONS.items() if self.params[option]}
        for namespace, keys in sorted(_named(self.params["found"], kinds).items()):
            found, refused = read_allowed_objects(self.api, namespace, keys)
            for key in keys:
                self._add(namespace, key, _object_content(found.get(key), refused.get(key)))
        if self.params["clusters"]:
            self._add_clusters(self.params["found"]["kdclusters"])

    def _add_clusters(self, chosen: t.Iterable[JsonObject]) -> None:
        by_namespace: dict[str, list[str]] = {}
        for one in chosen:
            by_namespace.setdefault(one["namespace"], []).append(one["name"])
        for namespace, names in sorted(by_namespace.items()):
            manifests = list_manifests(self.api, KDCLUSTER, namespace).get(namespace, ())
            found = {manifest["metadata"]["name"]: manifest for manifest in manifests}
            for name in names:
                self._add(namespace, ("KDCluster", name), _cluster_content(found.get(name)))

    def _add(self, namespace: str, key: Key, content: JsonObject) -> None:
        about = {"namespace": namespace, "kind": key[0], "name": key[1]}
        text = json.dumps(content)
        if self.redactor.tree(text) != text:
            # The result would mask it.
            content = {
                "problem": "It holds the credentials that this task logs in with, which no result shows."
            }
        elif with_plain_keys(content) != content:
            content = {"problem": "It has keys that Ansible reads as its own (__ansible_...)."}
        self._content.append(json.dumps({**about, **content}))


def _named(found: t.Mapping[str, t.Any], kinds: t.Container[str]) -> dict[str, list[Key]]:
    """The objects of some kinds that KDClusters connect to, by namespace.

    :param found: what kd_connection_info returned. Leaves out what it reports as missing, without a type or
        terminating; an object that it does not list exists, but is hidden from a list.
    """
    skipped = {
        (one["namespace"], f"{one['kind']}/{one['name']}")
        for one in found["objects"]
        if one["terminating"] or not one["type"]
    }
    skipped.update(
        (one["namespace"], one["object"])
        for one in found["problems"]
        if one["code"] == "missing_object"
    )
    named: dict[str, set[Key]] = {}
    for edge in found["edges"]:
        namespace, kind, name = edge["namespace"], edge["kind"], edge["to"]
        if kind in kinds and (namespace, f"{kind}/{name}") not in skipped:
            named.setdefault(namespace, set()).add((kind, name))
    return {namespace: sorted(keys) for namespace, keys in named.items()}


def _object_content(found: LiveObject | None, refusal: str | None) -> JsonObject:
    if found is None or not found.type or found.terminating:
        changed = "It was deleted or lost its type label while the playbook ran. Run it again."
        return {"problem": refusal or changed}
    return {field: getattr(found, field) for field in _FIELDS[found.kind]}


def _cluster_content(manifest: JsonObject | None) -> JsonObject:
    if manifest is None:
        return {"problem": "It was deleted while the playbook ran."}
    metadata, spec = manifest["metadata"], manifest["spec"]
    if metadata.get("deletionTimestamp"):
        return {"problem": "It is being deleted."}
    roles = [
        {
            **role,
            # Values are encrypted: export only names.
            "secretKeys": [{"name": key.get("name", "")} for key in role.get("secretKeys") or ()],
        }
        for role in spec.get("roles") or ()
    ]
    return {
        "labels": metadata.get("labels") or {},
        "annotations": metadata.get("annotations") or {},
        "spec": {**spec, "roles": roles},
    }
