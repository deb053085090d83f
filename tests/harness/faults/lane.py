# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One KDCluster, one ConfigMap and one Secret: tasks on them, and whether they are as they should be."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from tests.harness.faults.proxy import FaultProxy, fault_proxy
from tests.harness.kdcluster import CONFIGMETA, KDCluster
from tests.harness.kubectl import Manifest
from tests.harness.manifests import CONFIGMAP_TYPE_LABEL, SECRET_TYPE_LABEL
from tests.harness.module_runner import ModuleResult
from tests.harness.modules import Arguments, Modules, succeeded

Action = Literal["create", "update", "disconnect", "read"]
# What each sends, from the first LIST to the last exec, and how many real writes are among it.
REQUESTS: Mapping[Action, tuple[int, int]] = {
    "create": (13, 3), "update": (11, 2), "disconnect": (12, 3), "read": (4, 0),
}  # fmt: skip
WAIT_SECONDS = 90
_UNKNOWN = re.compile(r"Whether (.+?) is not known")
_SENTENCE_ENDS = (".", "!", "?")
# Looks like nothing else in an output, so that it is found there.
_SECRET_MARK = "vanilla-orchid"


@dataclass(frozen=True)
class Snapshot:
    """The three of them, as kubectl shows them; None for an object that is not there."""

    configmap: Manifest | None
    secret: Manifest | None
    connections: Mapping[str, list[str]]


@dataclass(frozen=True)
class Job:
    """A task.

    :param action: create both objects and connect them; give those connected another value;
        disconnect and delete them; read configmeta.json while they are connected.
    :param value: goes into both objects; each job has its own.
    """

    action: Action
    value: str


def draw_job(rng: Random, number: int) -> Job:
    """Draw what the run of this number does."""
    return Job(rng.choice(list(REQUESTS)), f"{number}-{rng.getrandbits(32):08x}")


@dataclass(frozen=True)
class Lane:
    """A KDCluster of its own with one ConfigMap and one Secret.

    :param through: the modules behind the faulty network; `direct` is the same without it.
    """

    kdcluster: KDCluster
    proxy: FaultProxy
    through: Modules
    direct: Modules

    @property
    def configmap(self) -> str:
        """The ConfigMap's name."""
        return f"{self.kdcluster.name}-settings"

    @property
    def secret(self) -> str:
        """The Secret's name."""
        return f"{self.kdcluster.name}-token"

    def prepare(self, job: Job) -> None:
        """Reset all three to the start of the job."""
        if (self.snapshot().configmap is None) == (job.action == "create"):
            return
        before: Action = "disconnect" if job.action == "create" else "create"
        module, arguments = self.arguments(Job(before, f"before-{job.value}"))
        succeeded(self.direct.start(module, **arguments).result())

    def arguments(self, job: Job) -> tuple[str, Arguments]:
        """The module and its options that do a job."""
        if job.action == "read":
            return "kd_configmeta_info", {"kdcluster": [self.kdcluster.name], "secrets": "decoded"}
        arguments: Arguments = {
            "kdcluster": [self.kdcluster.name],
            "configmaps": [{"name": self.configmap}],
            "secrets": [{"name": self.secret}],
            "wait_timeout": WAIT_SECONDS,
        }
        if job.action == "disconnect":
            arguments |= {"state": "absent", "delete_objects": True}
        else:
            arguments["configmaps"][0] |= {"type": "settings", "data": {"value": job.value}}
            text = f"{_SECRET_MARK}-{job.value}"
            arguments["secrets"][0] |= {"type": "token", "string_data": {"token": text}}
        return "kd_connection", arguments

    def snapshot(self) -> Snapshot:
        """Look at all three through kubectl."""
        kubectl, namespace = self.kdcluster.kubectl, self.kdcluster.namespace
        named = self.kdcluster.named()
        return Snapshot(
            kubectl.find("configmap", self.configmap, namespace=namespace),
            kubectl.find("secret", self.secret, namespace=namespace),
            {"configmaps": list(named.configmaps), "secrets": list(named.secrets)},
        )

    def require_done(self, job: Job) -> None:
        """AssertionError unless the job is done: in the API, in the operator's books, in the member."""
        if job.action == "read":
            return
        now = self.snapshot()
        connected = job.action != "disconnect"
        assert now.connections["configmaps"] == ([self.configmap] if connected else []), now
        assert now.connections["secrets"] == ([self.secret] if connected else []), now
        assert _content(now.configmap, CONFIGMAP_TYPE_LABEL) == (
            ("settings", {"value": job.value}) if connected else None
        )
        encoded = base64.b64encode(f"{_SECRET_MARK}-{job.value}".encode()).decode()
        assert _content(now.secret, SECRET_TYPE_LABEL) == (
            ("token", {"token": encoded}) if connected else None
        )
        assert self.kdcluster.unsettled_because(self.kdcluster.get()) == []
        held = self.kdcluster.configmeta_now(self.kdcluster.pod())
        assert held is not None
        settings = (held["connections"]["configmaps"] or {}).get("settings") or []
        assert [one["data"] for one in settings] == ([{"value": job.value}] if connected else [])
        tokens = (held["connections"]["secrets"] or {}).get("token") or []
        assert [one["data"] for one in tokens] == ([{"token": encoded}] if connected else [])

    def require_read(self, result: ModuleResult) -> None:
        """AssertionError unless kd_configmeta_info returned what is in the member."""
        pod = self.kdcluster.pod()
        text = self.kdcluster.kubectl.read_file(pod, CONFIGMETA, namespace=self.kdcluster.namespace)
        (cluster,) = result.json["kdclusters"]
        (member,) = cluster["members"]
        assert member["error"] is None
        assert member["current"] is True, member["stale"]
        held = json.loads(text or "")
        assert member["configmeta"]["nodegroups"] == held["nodegroups"]
        assert member["configmeta"]["connections"] == _decoded(held["connections"])

    def require_reported(self, result: ModuleResult, before: Snapshot) -> None:
        """AssertionError unless a failed task reports its cause and what it has written."""
        text = result.message
        assert "\n" not in text, text
        assert text.rstrip().endswith(_SENTENCE_ENDS), text
        assert _SECRET_MARK not in result.output, "a secret's value in the output"
        after = self.snapshot()
        unsure = " ".join(_UNKNOWN.findall(text))
        reported = {f"{kind} {name}" for (kind, name), action in _actions(result) if action}
        for what, was, now in (
            (f"ConfigMap {self.configmap}", before.configmap, after.configmap),
            (f"Secret {self.secret}", before.secret, after.secret),
            (f"KDCluster {self.kdcluster.name}", before.connections, after.connections),
        ):
            kind, _space, name = what.partition(" ")
            maybe = f"{kind} {self.kdcluster.namespace}/{name}" in unsure
            if was != now:
                assert what in reported or maybe, f"{what} was written, but not reported: {text}"
            elif not maybe:
                assert what not in reported, f"{what} is reported but was not written: {text}"
            if what in reported:
                assert what in text.partition("Done before:")[2], text


def _actions(result: ModuleResult) -> Iterator[tuple[tuple[str, str], bool]]:
    """(kind, name) of every object in a result, and whether it was written."""
    for one in result.json.get("objects", []):
        yield (one["kind"], one["name"]), one["action"] not in ("unchanged", "absent")
    for one in result.json.get("kdclusters", []):
        yield ("KDCluster", one["name"]), one.get("action", "unchanged") != "unchanged"


def _content(manifest: Manifest | None, label: str) -> tuple[str, dict[str, str]] | None:
    if manifest is None:
        return None
    return manifest["metadata"]["labels"][label], manifest["data"]


def _decoded(connections: Manifest) -> Manifest:
    """The operator writes every string of a connected Secret in base64."""

    def text(value: str) -> str:
        return base64.b64decode(value).decode()

    def decode(node: Any) -> Any:
        if isinstance(node, str):
            return text(node)
        return {key: decode(one) for key, one in node.items()} if isinstance(node, dict) else node

    secrets = connections["secrets"]
    shown = secrets and {key: [decode(one) for one in found] for key, found in secrets.items()}
    return {**connections, "secrets": shown}


@contextmanager
def lane(
    kdcluster: KDCluster, address: Mapping[str, str], token: str, folder: Path
) -> Iterator[Lane]:
    """Put a proxy before the API server, for tasks on one KDCluster that has no connections.

    :param address: options `host` and `ca_cert` of the API server.
    :param token: of an account with the collection's rights.
    :param folder: takes the proxy's certificate.
    """
    with fault_proxy(address["host"], Path(address["ca_cert"]), folder) as proxy:
        through = {"host": proxy.url, "ca_cert": str(proxy.ca_cert), "api_key": token}
        yield Lane(
            kdcluster,
            proxy,
            through=Modules(through, kdcluster.namespace),
            direct=Modules({**address, "api_key": token}, kdcluster.namespace),
        )
