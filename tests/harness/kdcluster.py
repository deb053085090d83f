# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One live KDCluster, seen and edited by plain kubectl."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.harness.connection_hash import connection_hash
from tests.harness.kubectl import Kubectl, KubectlError, Manifest, Output, holds_for, wait_until
from tests.harness.manifests import KDCLUSTER, Connections
from tests.harness.timing import Timing

CONFIGMETA = "/etc/guestconfig/configmeta.json"
CONFIGURE_STATUS = "/opt/guestconfig/configure.status"
READ_BY_SCRIPT = "/var/lib/member/read.json"
CHANGE_COUNTER = "kubedirector.hpe.com/hashChangeCounter"
START_SCRIPT = "/opt/guestconfig/appconfig/startscript"

# The last one comes to an edit that leaves the status alone, too: when it meets a status write.
TRANSIENT_REFUSALS = (
    "Change to spec not allowed before previous spec change has been processed.",
    "Change to spec not allowed because some members have not processed notifications",
    "KubeDirector-related status properties are read-only",
)


@dataclass(frozen=True)
class Member:
    """A member as the status shows it; generations are None while unset."""

    role: str
    pod: str
    node_id: int
    state: str
    detail: Manifest

    @property
    def config_generation(self) -> int | None:
        """Generation of the configmeta that was last written into the member."""
        return self.detail.get("lastConfigDataGeneration")

    @property
    def setup_generation(self) -> int | None:
        """Generation that the member's set-up has last caught up with."""
        return self.detail.get("lastSetupGeneration")


@dataclass(frozen=True)
class KDCluster:
    """A KDCluster by name: what tests read of it, and the edits they make."""

    kubectl: Kubectl
    namespace: str
    name: str
    timing: Timing

    def get(self) -> Manifest:
        """Return the whole object as it is now; raises KubectlError."""
        return self.kubectl.get(KDCLUSTER, self.name, namespace=self.namespace)

    def status(self) -> Manifest:
        """Return the status, empty before the operator has written one; raises KubectlError."""
        return self.get().get("status") or {}

    def generation(self) -> int:
        """Return status.specGenerationToProcess; raises KeyError before there is one."""
        return int(self.status()["specGenerationToProcess"])

    def members(self, role: str | None = None) -> list[Member]:
        """Return the members of one role, or of all, in status order; raises KubectlError."""
        return [found for found in members_of(self.get()) if role in (None, found.role)]

    def pod(self) -> str:
        """Return the name of the first pod that a start script has run in."""
        return next(
            member.pod
            for member in self.members()
            if member.config_generation is not None or member.state == "config error"
        )

    def named(self) -> Connections:
        """Return what the spec names; the operator leaves empty lists out when it writes."""
        return Connections(**(self.get()["spec"].get("connections") or {}))

    def connect(self, connections: Connections, *, server_dry_run: bool = False) -> Manifest:
        """Replace spec.connections, trying again while the operator's refusal is transient.

        Returns what the API server answered. Raises KubectlError on a lasting refusal,
        DeadlineError when a transient one lasts.
        """
        patch = {"spec": {"connections": connections.spec()}}

        def try_once() -> Manifest | None:
            try:
                return self.kubectl.patch(
                    KDCLUSTER,
                    self.name,
                    patch,
                    namespace=self.namespace,
                    server_dry_run=server_dry_run,
                )
            except KubectlError as error:
                if any(text in error.stderr for text in TRANSIENT_REFUSALS):
                    return None
                raise

        return wait_until(
            f"{self.name} takes its connections", try_once, seconds=self.timing.settle_seconds
        )

    def reconnect_settled(self, connections: Connections) -> Manifest:
        """Replace spec.connections and return the object once every member has them."""
        self.connect(connections)
        return self.wait_settled()

    def repair_counter(self) -> None:
        """Raise the operator's change counter to what its members know.

        It falls behind where the operator could not write it (test_reconnect); then the operator would
        miss the next --reconnect.
        """
        manifest = self.get()
        count = int((manifest["metadata"].get("annotations") or {}).get(CHANGE_COUNTER, "0"))
        known = [member.detail.get("lastConnectionVersion", 0) for member in members_of(manifest)]
        if max(known, default=0) > count:
            right = {"metadata": {"annotations": {CHANGE_COUNTER: str(max(known))}}}
            self.kubectl.patch(KDCLUSTER, self.name, right, namespace=self.namespace)
            # By itself this changes nothing. An operator that has not seen it yet would meet it at the next one.
            holds_for(
                f"the operator leaves {self.name} alone",
                lambda: self.generation() == manifest["status"]["specGenerationToProcess"],
                seconds=1,
            )

    def since_last_run(self) -> float:
        """How many seconds ago the start script of the first member began or ended."""
        command = 'echo $(($(date +%s) - $(stat -c %Y "$0")))'
        return float(self.exec(self.pod(), "sh", "-c", command, CONFIGURE_STATUS).stdout)

    def set_counter_back(self) -> int:
        """Set the operator's change counter one behind what its members know, and return that.

        So it stands where the operator could not write it; it then runs no start script for the next change
        (tests/operator_contract/test_reconnect.py).
        """
        before = self.get()["status"]
        known = max(int(member.detail["lastConnectionVersion"]) for member in self.members())
        behind = {"metadata": {"annotations": {CHANGE_COUNTER: str(known - 1)}}}
        self.kubectl.patch(KDCLUSTER, self.name, behind, namespace=self.namespace)
        holds_for("the operator changes nothing", lambda: self.get()["status"] == before, seconds=1)
        return known

    def expected_hash(self) -> str:
        """Compute the connection hash from the live objects."""
        return connection_hash(self.kubectl, self.namespace, self.get()["spec"])

    def unsettled_because(self, manifest: Manifest) -> list[str]:
        """Say why the connections of this object have not reached every member."""
        status: Manifest = manifest.get("status") or {}
        reasons = []
        if status.get("state") != "configured":
            reasons.append(f"state is {status.get('state')}")
        generation = status.get("specGenerationToProcess")
        for member in members_of(manifest):
            if member.config_generation is None:
                if member.state not in ("configured", "config error"):
                    reasons.append(f"{member.pod} is {member.state}")
            elif member.state == "config error":
                continue
            elif member.config_generation != generation or member.setup_generation not in (
                # A role whose eventList lacks `configure` has no set-up.
                None,
                generation,
            ):
                reasons.append(
                    f"{member.pod} has configmeta {member.config_generation}, set-up "
                    f"{member.setup_generation}, not {generation}"
                )
        if not reasons:
            expected = connection_hash(self.kubectl, self.namespace, manifest["spec"])
            if status.get("lastConnectionHash") != expected:
                reasons.append(f"hash is {status.get('lastConnectionHash')}, not {expected}")
        return reasons

    def wait_settled(self, seconds: float | None = None) -> Manifest:
        """Return the object once its connections have reached every member; DeadlineError else."""

        def settled() -> Manifest | None:
            manifest = self.get()
            return None if self.unsettled_because(manifest) else manifest

        return wait_until(
            f"{self.name} settled",
            settled,
            seconds=seconds or self.timing.settle_seconds,
            seen=lambda: self.unsettled_because(self.get()),
        )

    def exec(self, pod: str, *command: str) -> Output:
        """Run a command in a member's container `app`."""
        return self.kubectl.exec(pod, *command, namespace=self.namespace)

    def configmeta(self, pod: str | None = None) -> Manifest:
        """Return a member's configmeta.json, parsed; raises DeadlineError when it never parses.

        The operator writes the file in place, so a reader may see half of it for a moment.
        """

        def whole() -> Manifest | None:
            return self.configmeta_now(member)

        member = pod or self.pod()
        return wait_until(f"{CONFIGMETA} in {member}", whole, seconds=self.timing.file_seconds)

    def configmeta_now(self, pod: str) -> Manifest | None:
        """Return a member's configmeta.json as it is, or None when absent or half-written."""
        text = self.kubectl.read_file(pod, CONFIGMETA, namespace=self.namespace)
        try:
            parsed: Manifest = json.loads(text or "")
        except json.JSONDecodeError:
            return None
        return parsed

    def connections_in(self, pod: str | None = None) -> Manifest:
        """Return the connections part of a member's configmeta.json."""
        found: Manifest = self.configmeta(pod)["connections"]
        return found

    def read_by_script(self, pod: str | None = None) -> Manifest | None:
        """Return what the member's start script understood at its last run; None before one."""
        member = pod or self.pod()
        text = self.kubectl.read_file(member, READ_BY_SCRIPT, namespace=self.namespace)
        if text is None:
            return None
        parsed: Manifest = json.loads(text)
        return parsed

    def application(self, pod: str | None = None) -> Manifest:
        """Return what a member's start script makes of the present configmeta.json; see application_in."""
        return application_in(self.kubectl, self.namespace, pod or self.pod())

    def wait_read(self, what: str, condition: Any, *, pod: str | None = None) -> Manifest:
        """Return the script's read.json once `condition(read)` is true; DeadlineError else."""

        def fits() -> Manifest | None:
            read = self.read_by_script(pod)
            return read if read is not None and condition(read) else None

        return wait_until(
            f"the start script of {self.name} read {what}",
            fits,
            seconds=self.timing.script_seconds,
            seen=lambda: self.read_by_script(pod),
        )

    def configure_status(self, pod: str | None = None) -> tuple[str, str]:
        """Return container id and exit code text of the start script's last or present run."""
        text = self.kubectl.read_file(pod or self.pod(), CONFIGURE_STATUS, namespace=self.namespace)
        container, _separator, code = (text or "").rpartition("=")
        return container, code


def application_in(kubectl: Kubectl, namespace: str, pod: str) -> Manifest:
    """Return what a member's start script understood of configmeta.json as it is now.

    The operator misses a --reconnect now and then (docs/architecture.md). Where the script has not run
    since the file was written, it is run here: a test asks the application, not the operator's luck.
    """
    old = kubectl.exec(pod, "test", READ_BY_SCRIPT, "-ot", CONFIGMETA, namespace=namespace)
    if old.returncode == 0:
        # It may end with an error on purpose, but has read the file before that.
        kubectl.exec(pod, START_SCRIPT, "--reconnect", namespace=namespace)
    done = kubectl.exec(pod, "python3", "/opt/member/ask.py", namespace=namespace)
    assert done.returncode == 0, done.stderr
    understood: Manifest = json.loads(done.stdout)
    return understood


def members_of(manifest: Manifest) -> list[Member]:
    """Return all members in a KDCluster's status."""
    roles: Sequence[Manifest] = (manifest.get("status") or {}).get("roles") or []
    return [
        Member(
            role=role["id"],
            pod=member["pod"],
            node_id=int(member["nodeID"]),
            state=member["state"],
            detail=member.get("stateDetail") or {},
        )
        for role in roles
        for member in role.get("members") or []
    ]
