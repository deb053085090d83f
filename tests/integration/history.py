# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every state of every KDCluster in a namespace, in order, as `kubectl get --watch` reports them."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.connection_hash import hash_of
from tests.harness.kdcluster import members_of
from tests.harness.kubectl import Kubectl, Manifest, wait_until
from tests.harness.manifests import KDCLUSTER


@dataclass(frozen=True)
class History:
    """What a running `kubectl get --watch` has written so far."""

    kubectl: Kubectl
    namespace: str
    output: Path

    def states(self) -> list[Manifest]:
        """All states that were seen, oldest first."""
        text, decoder, found = self.output.read_text(), json.JSONDecoder(), []
        position = 0
        while position < len(text):
            try:
                event, position = decoder.raw_decode(text, position)
            except json.JSONDecodeError:
                # The last one is still being written.
                break
            found.append(event["object"])
            position = len(text) - len(text[position:].lstrip())
        return found

    def wait_for_now(self) -> None:
        """Return once the present state of every KDCluster has been seen; DeadlineError else."""
        now = {_version(one) for one in self.kubectl.list(KDCLUSTER, namespace=self.namespace)}
        wait_until(
            "the watch has caught up",
            lambda: now <= {_version(one) for one in self.states()},
            seconds=30,
        )

    def edits_beside_unsettled(self) -> list[str]:
        """Return every edit of a spec that came while a linked KDCluster was not settled.

        Linked are those that connect to one another, either way and through others, before the edit
        or by it. The ConfigMaps that they connect must not have been written since.
        """
        found: list[str] = []
        present: dict[str, Manifest] = {}
        versions = {
            one["metadata"]["name"]: str(one["metadata"]["resourceVersion"])
            for one in self.kubectl.list("configmap", namespace=self.namespace)
        }
        for state in self.states():
            name = _name(state)
            before, present[name] = present.get(name), state
            if before is None or _generation(before) == _generation(state):
                continue
            links = {_name(one): set(_connected(one)) for one in present.values()}
            links[name] |= set(_connected(before))
            found += [
                f"{name} was edited while {other} was not settled"
                for other in sorted(_group(name, links) - {name})
                if not _is_settled(present[other], present, versions)
            ]
        return found

    def edited(self) -> list[str]:
        """The name of the KDCluster of each edit of a spec since the watch began, in order."""
        names: list[str] = []
        generations: dict[str, int] = {}
        for state in self.states():
            name, generation = _name(state), _generation(state)
            if generations.get(name, generation) != generation:
                names.append(name)
            generations[name] = generation
        return names


def _name(state: Manifest) -> str:
    return str(state["metadata"]["name"])


def _version(state: Manifest) -> tuple[str, str]:
    return _name(state), str(state["metadata"]["resourceVersion"])


def _generation(state: Manifest) -> int:
    return int(state["metadata"]["generation"])


def _connected(state: Manifest) -> list[str]:
    return list((state["spec"].get("connections") or {}).get("clusters") or [])


def _group(name: str, links: dict[str, set[str]]) -> set[str]:
    """All that is linked to `name`, itself included."""
    group, more = set[str](), {name}
    while more - group:
        group |= more
        more = {other for other, named in links.items() if named & group}
        more |= {other for one in group for other in links[one]}
    return group


def _is_settled(state: Manifest, present: dict[str, Manifest], versions: dict[str, str]) -> bool:
    """Whether the connections had reached every member, all KDClusters being as in `present`."""
    status = state["status"]

    def find(field: str, name: str) -> Manifest:
        if field == "clusters":
            return present[name]
        return {"metadata": {"resourceVersion": versions[name]}}

    return (
        status["state"] == "configured"
        and status["lastConnectionHash"] == hash_of(state["spec"], find)
        and all(
            one.config_generation == one.setup_generation == status["specGenerationToProcess"]
            for one in members_of(state)
        )
    )


@contextmanager
def watched(kubectl: Kubectl, namespace: str) -> Iterator[History]:
    """Watch the KDClusters of a namespace meanwhile."""
    with tempfile.NamedTemporaryFile() as output:
        history = History(kubectl, namespace, Path(output.name))
        process = subprocess.Popen(
            [
                kubectl.binary, "--kubeconfig", str(kubectl.kubeconfig), "--namespace", namespace,
                "get", KDCLUSTER, "--watch", "--output-watch-events", "--output", "json",
            ],
            stdout=output,
        )  # fmt: skip
        try:
            history.wait_for_now()
            yield history
        finally:
            process.terminate()
            process.wait(30)
