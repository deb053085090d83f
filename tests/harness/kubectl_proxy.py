# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain kubectl whose most frequent calls go through one `kubectl proxy`, not through a process for each."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import websocket

from tests.harness.kubectl import (
    CALL_SECONDS,
    Kubectl,
    KubectlError,
    Manifest,
    Output,
    PatchType,
    wait_until,
)

START_SECONDS = 30.0
_PATCHES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
_STDOUT, _STDERR, _VERDICT = 1, 2, 3
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@contextmanager
def proxied(kubectl: Kubectl) -> Iterator[ProxiedKubectl]:
    """The same kubectl with cheap calls, as long as the context lasts.

    The proxy listens on a socket in a folder that only this user can enter.
    """
    with tempfile.TemporaryDirectory(prefix="kd-proxy-") as folder:
        path = Path(folder) / "socket"
        process = subprocess.Popen(
            [
                kubectl.binary, "--kubeconfig", str(kubectl.kubeconfig), "proxy",
                f"--unix-socket={path}", "--accept-hosts=^localhost$",
                # By default it refuses commands in pods, too.
                "--reject-paths=^/api/.*/pods/.*/attach",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(
                "kubectl proxy listens",
                lambda: _listens(path, process),
                seconds=START_SECONDS,
                poll_seconds=0.02,
            )
            yield ProxiedKubectl(kubectl.kubeconfig, kubectl.binary, path)
        finally:
            process.terminate()
            process.wait()


def _listens(path: Path, process: subprocess.Popen[bytes]) -> bool:
    """Whether the proxy takes connections. Raises AssertionError once it has ended."""
    assert process.poll() is None, f"kubectl proxy ended {process.returncode}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # The socket's file exists before the proxy listens (met once in some 150 starts).
        return probe.connect_ex(str(path)) == 0


@dataclass(frozen=True)
class _Kind:
    """What the API server calls a kind, and where its objects are."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, *names: str) -> str:
        parts = ["/apis" if "/" in self.api_version else "/api", self.api_version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        parts += [quote(name, safe="") for name in names]
        return "/".join(parts)


class _Connection(HTTPConnection):
    """HTTP over the proxy's socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@dataclass(frozen=True)
class ProxiedKubectl(Kubectl):
    """kubectl whose `get`, `find`, `list`, `create`, `patch` and `exec` are one request for each object."""

    proxy: Path = Path()
    _kinds: dict[str, _Kind] = field(default_factory=dict, repr=False)

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> Manifest:
        """Read one object; raises KubectlError, with `not_found` set when it does not exist."""
        found = self._kind(kind)
        return self._call("GET", found.path(self._in(found, namespace), name))

    def find_all(self, kind: str, *names: str, namespace: str) -> dict[str, Manifest]:
        """Read several objects by name; absent ones are left out; KubectlError."""
        found = {name: self.find(kind, name, namespace=namespace) for name in names}
        return {name: manifest for name, manifest in found.items() if manifest is not None}

    def list(
        self, kind: str, *, namespace: str | None = None, selector: str | None = None
    ) -> list[Manifest]:
        """Read the objects of one kind in a namespace, by label selector when given."""
        found = self._kind(kind)
        query = "" if selector is None else f"?{urlencode({'labelSelector': selector})}"
        listed = self._call("GET", found.path(self._in(found, namespace)) + query)
        # As kubectl prints them: the API server says this of the list alone.
        return [
            {"apiVersion": found.api_version, "kind": found.kind, **item}
            for item in listed["items"]
        ]

    def create(self, *manifests: Mapping[str, Any], namespace: str | None = None) -> None:
        """Create objects without the annotation that `apply` leaves; raises KubectlError."""
        for manifest in manifests:
            group = (
                manifest["apiVersion"].partition("/")[0] if "/" in manifest["apiVersion"] else ""
            )
            kind = self._kind(f"{manifest['kind'].lower()}.{group}".rstrip("."))
            where = manifest["metadata"].get("namespace") or namespace
            query = urlencode({"fieldManager": "kubectl-create", "fieldValidation": "Strict"})
            self._call("POST", f"{kind.path(self._in(kind, where))}?{query}", manifest)

    def patch(
        self,
        kind: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        namespace: str | None = None,
        patch_type: PatchType = "merge",
        server_dry_run: bool = False,
        subresource: str | None = None,
    ) -> Manifest:
        """Patch one object and return what the API server answered; raises KubectlError."""
        found = self._kind(kind)
        names = (name,) if subresource is None else (name, subresource)
        query = {"fieldManager": "kubectl-patch", "fieldValidation": "Strict"}
        if server_dry_run:
            query["dryRun"] = "All"
        path = f"{found.path(self._in(found, namespace), *names)}?{urlencode(query)}"
        return self._call("PATCH", path, patch, _PATCHES[patch_type])

    def exec(
        self,
        pod: str,
        *command: str,
        namespace: str,
        container: str = "app",
        seconds: float = CALL_SECONDS,
    ) -> Output:
        """Run a command in a pod's container and return its output, whatever its exit code."""
        query = [("container", container), ("stdout", "true"), ("stderr", "true")]
        query += [("command", word) for word in command]
        path = f"{self._kind('pods').path(namespace, pod, 'exec')}?{urlencode(query)}"
        try:
            return self._converse(path, seconds)
        except websocket.WebSocketBadStatusException as error:
            return Output(1, "", _error_text(error.status_code, error.resp_body or b""))
        except websocket.WebSocketTimeoutException:
            raise subprocess.TimeoutExpired(command, seconds) from None

    def _converse(self, path: str, seconds: float) -> Output:
        printed = {_STDOUT: b"", _STDERR: b"", _VERDICT: b""}
        deadline = time.monotonic() + seconds
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix:
            unix.settimeout(seconds)
            unix.connect(str(self.proxy))
            connection = websocket.create_connection(
                f"ws://localhost{path}",
                timeout=seconds,
                socket=unix,
                subprotocols=["v5.channel.k8s.io"],
                suppress_origin=True,
            )
            while True:
                connection.settimeout(max(deadline - time.monotonic(), 0.001))
                try:
                    opcode, data = connection.recv_data()
                except BrokenPipeError:
                    # The proxy does not wait for the reply to its closing frame.
                    break
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    break
                if data and data[0] in printed:
                    printed[data[0]] += data[1:]
        out, err = (printed[stream].decode(errors="replace") for stream in (_STDOUT, _STDERR))
        code = _exit_code(printed[_VERDICT])
        # So kubectl ends what it prints.
        ending = f"command terminated with exit code {code}\n" if code else ""
        return Output(code, out, err + ending)

    def _in(self, kind: _Kind, namespace: str | None) -> str | None:
        return (namespace or "default") if kind.namespaced else None

    def _kind(self, name: str) -> _Kind:
        if name not in self._kinds:
            for root in ("/api", "/apis"):
                for group in self._call("GET", root, accept=_DISCOVERY)["items"]:
                    self._learn(group)
        return self._kinds[name]

    def _learn(self, group: Manifest) -> None:
        """Take up a group's kinds of its preferred version, by every name that kubectl knows."""
        group_name = group["metadata"].get("name", "")
        version = group["versions"][0]
        api_version = f"{group_name}/{version['version']}" if group_name else version["version"]
        for resource in version.get("resources", []):
            kind = _Kind(
                api_version,
                resource["responseKind"]["kind"],
                resource["resource"],
                resource["scope"] == "Namespaced",
            )
            names = [kind.plural, resource.get("singularResource", "")]
            for name in (*names, *resource.get("shortNames", [])):
                self._kinds.setdefault(name, kind)
                self._kinds.setdefault(f"{name}.{group_name}".rstrip("."), kind)

    def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Manifest:
        headers = {"Accept": accept}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = content_type
        connection = _Connection(self.proxy)
        try:
            connection.request(method, path, body=data, headers=headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise KubectlError(
                [method.lower(), "--raw", path], 1, _error_text(response.status, text)
            )
        parsed: Manifest = json.loads(text)
        for found in (parsed, *parsed.get("items", [])):
            # kubectl does not show them either.
            found.get("metadata", {}).pop("managedFields", None)
        return parsed


def _error_text(status: int, text: bytes) -> str:
    """What kubectl itself would say."""
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {}
    reason = answer.get("reason", status)
    message = answer.get("message") or text.decode(errors="replace")
    return f"Error from server ({reason}): {message}"


def _exit_code(verdict: bytes) -> int:
    """The exit code in the Status that ends a command; raises AssertionError where there is none."""
    status = json.loads(verdict or b"{}")
    if status.get("status") == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or []
    codes = [cause["message"] for cause in causes if cause.get("reason") == "ExitCode"]
    assert codes, f"no exit code came back: {status}"
    return int(codes[0])
