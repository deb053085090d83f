# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain kubectl whose reads go through one `kubectl proxy`, not through a process for each."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlencode

from tests.support.kubectl import CALL_SECONDS, Kubectl, KubectlError, Manifest, wait_until

START_SECONDS = 30.0
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@contextmanager
def proxied(kubectl: Kubectl) -> Iterator[ProxiedKubectl]:
    """The same kubectl with cheap reads, as long as the context lasts.

    The proxy listens on a socket in a folder that only this user can enter.
    """
    with tempfile.TemporaryDirectory(prefix="kd-proxy-") as folder:
        path = Path(folder) / "socket"
        process = subprocess.Popen(
            [
                kubectl.binary, "--kubeconfig", str(kubectl.kubeconfig), "proxy",
                f"--unix-socket={path}", "--accept-hosts=^localhost$",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(
                "kubectl proxy listens",
                lambda: path.exists() or process.poll() is not None,
                seconds=START_SECONDS,
                poll_seconds=0.02,
            )
            yield ProxiedKubectl(kubectl.kubeconfig, kubectl.binary, path)
        finally:
            process.terminate()
            process.wait()


@dataclass(frozen=True)
class _Kind:
    """What the API server calls a kind, and where its objects are."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, name: str = "") -> str:
        parts = ["/apis" if "/" in self.api_version else "/api", self.api_version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
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
    """kubectl whose `get`, `find`, `find_all` and `list` are one HTTP request each."""

    proxy: Path = Path()
    _kinds: dict[str, _Kind] = field(default_factory=dict, repr=False)

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> Manifest:
        """Read one object; raises KubectlError, with `not_found` set when it does not exist."""
        found = self._kind(kind)
        return self._read(found.path(self._in(found, namespace), name))

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
        listed = self._read(found.path(self._in(found, namespace)) + query)
        # As kubectl prints them: the API server says this of the list alone.
        return [
            {"apiVersion": found.api_version, "kind": found.kind, **item}
            for item in listed["items"]
        ]

    def _in(self, kind: _Kind, namespace: str | None) -> str | None:
        return (namespace or "default") if kind.namespaced else None

    def _kind(self, name: str) -> _Kind:
        if name not in self._kinds:
            for root in ("/api", "/apis"):
                for group in self._read(root, accept=_DISCOVERY)["items"]:
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
                self._kinds.setdefault(f"{name}.{group_name}", kind)

    def _read(self, path: str, accept: str = "application/json") -> Manifest:
        connection = _Connection(self.proxy)
        try:
            connection.request("GET", path, headers={"Accept": accept})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise KubectlError(["get", "--raw", path], 1, _told(response.status, text))
        parsed: Manifest = json.loads(text)
        for found in (parsed, *parsed.get("items", [])):
            # kubectl does not show them either.
            found.get("metadata", {}).pop("managedFields", None)
        return parsed


def _told(status: int, text: bytes) -> str:
    """What kubectl itself would say."""
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {}
    reason = answer.get("reason", status)
    message = answer.get("message") or text.decode(errors="replace")
    return f"Error from server ({reason}): {message}"
