# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain kubectl, typed: how tests look at a cluster without the code under test."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

T = TypeVar("T")

Manifest = dict[str, Any]
PatchType = Literal["merge", "json"]

CALL_SECONDS = 60.0
POLL_SECONDS = 0.2


class KubectlError(AssertionError):
    """kubectl ended non-zero; `returncode` and `stderr` say how."""

    def __init__(self, arguments: Sequence[str], returncode: int, stderr: str) -> None:
        self.returncode = returncode
        self.stderr = stderr.strip()
        super().__init__(f"kubectl {' '.join(arguments)} ended {returncode}: {self.stderr}")

    @property
    def not_found(self) -> bool:
        """Whether the API server said that the object does not exist."""
        return "(NotFound)" in self.stderr

    @property
    def already_exists(self) -> bool:
        """Whether the API server said that the object is there already."""
        return "(AlreadyExists)" in self.stderr


class DeadlineError(AssertionError):
    """What a test waited for did not happen in time."""


@dataclass(frozen=True)
class Output:
    """What a command left: exit code and both streams as text."""

    returncode: int
    stdout: str
    stderr: str


def wait_until(
    what: str,
    probe: Callable[[], T | None],
    *,
    seconds: float,
    poll_seconds: float = POLL_SECONDS,
    seen: Callable[[], object] | None = None,
) -> T:
    """Return the probe's first value that is neither None nor False.

    `seconds` is the time allowed, `poll_seconds` the pause between two probes. `seen` is asked
    once at the deadline and its answer goes into the message.
    Raises DeadlineError naming `what` when the time is over; errors of the probe pass through.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value is not None and value is not False:
            return value
        if time.monotonic() >= deadline:
            last = "" if seen is None else f"; last seen: {seen()}"
            raise DeadlineError(f"not within {seconds:g} s: {what}{last}")
        time.sleep(poll_seconds)


def holds_for(what: str, probe: Callable[[], bool], *, seconds: float) -> None:
    """Check that the probe stays true for `seconds`; raises AssertionError naming `what`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert probe(), f"did not stay true for {seconds:g} s: {what}"
        time.sleep(POLL_SECONDS)


@dataclass(frozen=True)
class Kubectl:
    """kubectl bound to one kubeconfig file; every call names its namespace itself."""

    kubeconfig: Path
    binary: str = "kubectl"

    def run(
        self,
        *arguments: str,
        namespace: str | None = None,
        stdin: str | None = None,
        seconds: float = CALL_SECONDS,
    ) -> Output:
        """Run kubectl and return its output, whatever its exit code.

        Raises subprocess.TimeoutExpired after `seconds`.
        """
        command = [self.binary, "--kubeconfig", str(self.kubeconfig)]
        if namespace is not None:
            command += ["--namespace", namespace]
        done = subprocess.run(
            [*command, *arguments],
            input="" if stdin is None else stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Output(done.returncode, done.stdout, done.stderr)

    def ok(
        self,
        *arguments: str,
        namespace: str | None = None,
        stdin: str | None = None,
        seconds: float = CALL_SECONDS,
    ) -> str:
        """Run kubectl and return its stdout; raises KubectlError on a non-zero exit."""
        done = self.run(*arguments, namespace=namespace, stdin=stdin, seconds=seconds)
        if done.returncode != 0:
            raise KubectlError(arguments, done.returncode, done.stderr)
        return done.stdout

    def json(
        self, *arguments: str, namespace: str | None = None, stdin: str | None = None
    ) -> Manifest:
        """Run kubectl with `--output json` and return the parsed object; raises KubectlError."""
        parsed: Manifest = json.loads(
            self.ok(*arguments, "--output", "json", namespace=namespace, stdin=stdin)
        )
        return parsed

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> Manifest:
        """Read one object; raises KubectlError, with `not_found` set when it does not exist."""
        return self.json("get", kind, name, namespace=namespace)

    def find(self, kind: str, name: str, *, namespace: str | None = None) -> Manifest | None:
        """Read one object, or None when it does not exist; raises KubectlError otherwise."""
        try:
            return self.get(kind, name, namespace=namespace)
        except KubectlError as error:
            if error.not_found:
                return None
            raise

    def find_all(self, kind: str, *names: str, namespace: str) -> dict[str, Manifest]:
        """Read several objects in one call, by name; absent ones are left out; KubectlError."""
        if not names:
            return {}
        text = self.ok(
            "get", kind, *names, "--ignore-not-found", "--output", "json", namespace=namespace
        )
        found = json.loads(text or '{"items": []}')
        return {one["metadata"]["name"]: one for one in found.get("items", [found])}

    def list(
        self, kind: str, *, namespace: str | None = None, selector: str | None = None
    ) -> list[Manifest]:
        """Read the objects of one kind in a namespace, by label selector when given."""
        chosen = [] if selector is None else ["--selector", selector]
        items: list[Manifest] = self.json("get", kind, *chosen, namespace=namespace)["items"]
        return items

    def create(self, *manifests: Mapping[str, Any], namespace: str | None = None) -> None:
        """Create objects without the annotation that `apply` leaves; raises KubectlError."""
        self.ok("create", "--filename", "-", namespace=namespace, stdin=_as_list(manifests))

    def ensure(self, manifest: Mapping[str, Any], *, namespace: str | None = None) -> None:
        """Create an object that several suites share, unless another one already has."""
        try:
            self.create(manifest, namespace=namespace)
        except KubectlError as error:
            if not error.already_exists:
                raise

    def apply(
        self,
        *manifests: Mapping[str, Any],
        namespace: str | None = None,
        server_dry_run: bool = False,
    ) -> None:
        """Apply objects client-side, `last-applied-configuration` included; raises KubectlError."""
        dry = ["--dry-run=server"] if server_dry_run else []
        self.ok("apply", *dry, "--filename", "-", namespace=namespace, stdin=_as_list(manifests))

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
        options = ["--type", patch_type, "--patch", json.dumps(patch)]
        if server_dry_run:
            options.append("--dry-run=server")
        if subresource is not None:
            options += ["--subresource", subresource]
        return self.json("patch", kind, name, *options, namespace=namespace)

    def delete(
        self, kind: str, *names: str, namespace: str | None = None, wait: bool = True
    ) -> None:
        """Delete objects, absent ones included; raises KubectlError."""
        options = ["--ignore-not-found", f"--wait={str(wait).lower()}"]
        self.ok("delete", kind, *names, *options, namespace=namespace, seconds=180)

    def exec(
        self,
        pod: str,
        *command: str,
        namespace: str,
        container: str = "app",
        seconds: float = CALL_SECONDS,
    ) -> Output:
        """Run a command in a pod's container and return its output, whatever its exit code."""
        return self.run(
            "exec", pod, "--container", container, "--", *command,
            namespace=namespace, seconds=seconds,
        )  # fmt: skip

    def read_file(
        self, pod: str, path: str, *, namespace: str, container: str = "app"
    ) -> str | None:
        """Read a text file in a pod, or None when it does not exist; raises KubectlError."""
        done = self.exec(pod, "cat", path, namespace=namespace, container=container)
        if done.returncode == 0:
            return done.stdout
        if "No such file or directory" in done.stderr:
            return None
        raise KubectlError(["exec", pod, "cat", path], done.returncode, done.stderr)


def _as_list(manifests: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
