# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace in memory behind the scripted server, with an operator that settles at each watch."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.harness.connection_hash import hash_of
from tests.unit.plugins.api_server import Answer, Request, ScriptedServer, status_answer
from tests.unit.plugins.clients import CORE, KDAPPS, KDCLUSTERS
from tests.unit.plugins.manifests import (
    JsonObject,
    encoded,
    kdcluster_manifest,
    member,
    object_manifest,
)
from tests.unit.plugins.patching import PatchFailed, json_patched, merge_patched
from tests.unit.plugins.websocket_frames import CLOSE, SUCCESS, exit_code, stderr, stdout

STATUS = "/opt/guestconfig/configure.status"
STDERR = "/opt/guestconfig/configure.stderr"
CONFIGMETA = "/etc/guestconfig/configmeta.json"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/team-a/leases"
COUNT = "kubedirector.hpe.com/hashChangeCounter"
# A file that follows the live connections, as the operator keeps it.
AS_LIVE = b"{}"


class Namespace:
    """ConfigMaps, Secrets and KDClusters of team-a by path, files of its pods by (pod, path).

    :ivar objects: the ConfigMaps, Secrets, KDClusters and Leases, by path.
    :ivar server: the server that returns them.
    :ivar writes: the writes, without dry runs and Leases.
    :ivar lease_writes: the writes of Leases.
    :ivar trials: the dry runs.
    :ivar asleep: the operator does nothing.
    :ivar running: whether a start script runs, for each of the next readings of a member.
    :ivar apps: the KDApps.
    :ivar ran_at: by pod, when its start script wrote its exit code, in seconds since the epoch.
    :ivar missed: the number of next changes for which the operator runs no start script.
    """

    def __init__(self, server: ScriptedServer) -> None:
        self.objects: dict[str, JsonObject] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.writes: list[Request] = []
        self.lease_writes: list[Request] = []
        self.trials: list[Request] = []
        self.asleep = False
        self.missed = 0
        self.running: list[str] = []
        self.apps: list[JsonObject] = [
            {"metadata": {"name": "notebook-app", "namespace": "team-a"}}
        ]
        self.ran_at: dict[str, int] = {}
        self._version = 100
        self.server = server
        server.otherwise = self._answer

    def add_kdcluster(self, name: str, *pods: str, **parts: Any) -> None:
        """Add a settled KDCluster with one member for each pod."""
        members = [member(pod, version=1) for pod in pods]
        manifest = kdcluster_manifest(name, members=members, **parts)
        self.objects[f"{KDCLUSTERS}/{name}"] = manifest
        manifest["status"]["lastConnectionHash"] = self.hash_of(manifest)
        for pod in pods:
            self.files[pod, STATUS] = b"containerd://abc=0"
            self.files[pod, CONFIGMETA] = AS_LIVE

    def add_object(self, kind: str, name: str, **parts: Any) -> None:
        """Add a ConfigMap or Secret."""
        self.objects[f"{CORE}/{kind.lower()}s/{name}"] = object_manifest(kind, name, **parts)

    def kdcluster(self, name: str) -> JsonObject:
        """A live KDCluster."""
        return self.objects[f"{KDCLUSTERS}/{name}"]

    def hash_of(self, manifest: JsonObject) -> str:
        """The operator's hash, by its documented rule."""

        def find(field: str, name: str) -> JsonObject | None:
            folder = KDCLUSTERS if field == "clusters" else f"{CORE}/{field}"
            return self.objects.get(f"{folder}/{name}")

        return hash_of(manifest["spec"], find)

    def _answer(self, request: Request) -> Answer:
        if request.path.endswith("/exec"):
            return self._exec(request)
        if request.method == "GET":
            if "watch" in request.query:
                return self._settle()
            return self._read(request)
        return self._write(request)

    def _read(self, request: Request) -> Answer:
        # It is the only namespace.
        path = request.path
        if not path.startswith("/api/v1/namespaces/") and "/namespaces/" not in path:
            prefix, _slash, plural = path.rpartition("/")
            path = f"{prefix}/namespaces/team-a/{plural}"
        if path == KDAPPS:
            items = self.apps
        elif path in (KDCLUSTERS, f"{CORE}/configmaps", f"{CORE}/secrets"):
            items = [v for k, v in self.objects.items() if k.startswith(f"{path}/")]
            if "labelSelector" in request.query:
                selected = dict(
                    part.split("=") for part in request.query["labelSelector"][0].split(",")
                )
                items = [
                    one
                    for one in items
                    if (one["metadata"].get("labels") or {}).items() >= selected.items()
                ]
            if "PartialObjectMetadata" in str(request.header("Accept")):
                items = [{"metadata": one["metadata"]} for one in items]
        elif request.path in self.objects:
            return Answer(body=self.objects[request.path])
        elif request.path == "/api/v1/namespaces/team-a":
            return Answer(body={"metadata": {"name": "team-a"}})
        else:
            return status_answer(404, "NotFound", f"{request.path} not found")
        return Answer(
            body={
                "kind": "List",
                "metadata": {"resourceVersion": str(self._version)},
                "items": items,
            }
        )

    def _write(self, request: Request) -> Answer:
        dry = request.query.get("dryRun") == ["All"]
        path = request.path
        if path.startswith(LEASES):
            self.lease_writes.append(request)
        else:
            (self.trials if dry else self.writes).append(request)
        if request.method == "POST":
            path = f"{path}/{request.json['metadata']['name']}"
            if path in self.objects:
                return status_answer(409, "AlreadyExists", "it exists")
            after: Any = copy.deepcopy(request.json)
            after["metadata"]["uid"] = f"uid-{self._version}"
        elif path not in self.objects:
            return status_answer(404, "NotFound", f"{path} not found")
        elif request.method == "DELETE":
            return self._delete(request, dry=dry)
        elif request.header("Content-Type") == ["application/json-patch+json"]:
            try:
                after = json_patched(self.objects[path], request.json)
            except PatchFailed as error:
                return status_answer(422, "Invalid", str(error))
        else:
            before = self.objects[path]["metadata"].get("resourceVersion")
            if request.json.get("metadata", {}).get("resourceVersion", before) != before:
                return status_answer(409, "Conflict", "the object has been modified")
            after = merge_patched(copy.deepcopy(self.objects[path]), request.json)
            if self.objects[path].get("immutable") and after["data"] != self.objects[path]["data"]:
                return status_answer(422, "Invalid", "data: field is immutable")
        if dry:
            # As the API server answers: an object that would be created has no version.
            version = self.objects.get(path, {"metadata": {}})["metadata"].get("resourceVersion")
            after["metadata"] = {**after["metadata"], "resourceVersion": version}
            if version is None:
                del after["metadata"]["resourceVersion"]
        else:
            self._version += 1
            after["metadata"]["resourceVersion"] = str(self._version)
            self.objects[path] = after
        return Answer(201 if request.method == "POST" else 200, after)

    def _delete(self, request: Request, *, dry: bool) -> Answer:
        metadata = self.objects[request.path]["metadata"]
        preconditions = request.json.get("preconditions", {}) if request.body else {}
        if any(metadata[key] != value for key, value in preconditions.items()):
            return status_answer(409, "Conflict", "Precondition failed")
        if metadata.get("finalizers"):
            if not dry:
                metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            return Answer(body=self.objects[request.path])
        if not dry:
            del self.objects[request.path]
        return Answer(body={"kind": "Status", "status": "Success"})

    def _settle(self) -> Answer:
        """One watch: update every KDCluster that is new or whose hash does not fit any more."""
        chunks: list[bytes] = []
        if self.asleep:
            return Answer(chunks=())
        for manifest in [v for k, v in self.objects.items() if k.startswith(f"{KDCLUSTERS}/")]:
            if "status" not in manifest:
                manifest["status"] = _first_status(manifest["spec"]["roles"])
            status = manifest["status"]
            fits = self.hash_of(manifest)
            if status["lastConnectionHash"] == fits:
                continue
            generation = status.get("specGenerationToProcess", 0) + 1
            status.update(lastConnectionHash=fits, specGenerationToProcess=generation)
            count = _counted_up(manifest["metadata"].get("annotations"))
            for role in status["roles"]:
                for entry in role["members"]:
                    version = entry["stateDetail"]["lastConnectionVersion"]
                    version += not self.missed and (count is None or version < count)
                    entry["stateDetail"] |= {
                        "lastConfigDataGeneration": generation, "lastSetupGeneration": generation,
                        "lastConnectionVersion": version,
                    }  # fmt: skip
            self.missed = max(0, self.missed - 1)
            self._version += 1
            manifest["metadata"]["resourceVersion"] = str(self._version)
            chunks.append(json.dumps({"type": "MODIFIED", "object": manifest}).encode() + b"\n")
        return Answer(chunks=tuple(chunks))

    def _member(self, pod: str, *paths: str) -> Answer:
        status, *files = [self.files.get((pod, path)) for path in paths]
        found = [self._held_by(pod) if content == AS_LIVE else content for content in files]
        runs = self.running.pop(0) if self.running else "no"
        return read_member(status, *found, runs=runs)

    def _held_by(self, pod: str) -> bytes:
        """The connections of the KDCluster that a pod is a member of, each object with its data."""
        (cluster,) = [
            manifest
            for path, manifest in self.objects.items()
            if path.startswith(f"{KDCLUSTERS}/") and f'"{pod}"' in json.dumps(manifest["status"])
        ]
        lists = cluster["spec"].get("connections") or {}
        held: JsonObject = {"clusters": {name: {} for name in lists.get("clusters") or []}}
        for plural, text in (("configmaps", str), ("secrets", encoded)):
            live = [self.objects.get(f"{CORE}/{plural}/{name}") for name in lists.get(plural) or []]
            held[plural] = {
                "any": [
                    {"metadata": {"name": text(one["metadata"]["name"])}, "data": one.get("data")}
                    for one in live
                    if one is not None
                ]
            }
        return json.dumps({"connections": held}).encode()

    def _exec(self, request: Request) -> Answer:
        pod, command = request.path.split("/")[-2], request.query["command"]
        if command[0] == "sh":
            return self._member(pod, *command[3:6])
        content = self.files.get((pod, command[-1]))
        if command[0] == "stat":
            content = str(self.ran_at.get(pod, "")).encode()
        if content is None:
            return Answer(frames=(stderr(b"cat: No such file or directory\n"), exit_code(1), CLOSE))
        return Answer(frames=(stdout(content), SUCCESS, CLOSE))


def read_member(status: bytes | None, *files: bytes | None, runs: str = "no") -> Answer:
    """The output of the command of _observe.start_script: status of the start script, configmeta.json, stderr."""
    said = b"" if status is None else status
    head = f"{runs}\0{'absent' if status is None else 0}\0".encode() + said + b"\0"
    if runs == "yes" or not files:
        return Answer(frames=(stdout(head), SUCCESS, CLOSE))
    configmeta, printed = (*files, None)[:2]
    failed = said.strip() and not said.strip().endswith(b"=0")
    rest = (configmeta or b"") + b"\0" + ((printed or b"") if failed else b"")
    ends = SUCCESS if configmeta is not None else exit_code(1)
    return Answer(frames=(stdout(head + rest), ends, CLOSE))


def _counted_up(annotations: JsonObject | None) -> int | None:
    """Count the operator's annotation up, as it does with each change; None without annotations."""
    if annotations is None:
        return None
    count = int(annotations.get(COUNT, "0")) + 1
    annotations[COUNT] = str(count)
    return count


def _first_status(roles: list[JsonObject]) -> JsonObject:
    """The status that the operator gives a new KDCluster: the desired number of members, or one."""
    made: list[JsonObject] = []
    for role in roles:
        pods = [
            member(f"{role['id']}-{number}", node_id=str(number + 1), version=0)
            for number in range(role.get("members", 1))
        ]
        for pod in pods:
            del pod["_role"]
        made.append({"id": role["id"], "members": pods})
    return {"state": "configured", "lastConnectionHash": "", "roles": made}
