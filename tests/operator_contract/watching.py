# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every version of a KDCluster, recorded while a test edits it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.kdcluster import KDCluster
from tests.harness.kubectl import Manifest, wait_until
from tests.harness.manifests import KDCLUSTER


@contextmanager
def versions_of(watched: KDCluster, log: Path) -> Iterator[list[Manifest]]:
    """Record every version of a KDCluster, the present one first, into the list that is yielded.

    `log` is a file of the test's own. The list is filled when the block ends. Raises
    DeadlineError when the watch does not begin.
    """
    versions: list[Manifest] = []
    kubectl = watched.kubectl
    command = [
        kubectl.binary, "--kubeconfig", str(kubectl.kubeconfig), "--namespace", watched.namespace,
        "get", KDCLUSTER, watched.name, "--watch", "--output", "json",
    ]  # fmt: skip
    with log.open("w") as stream, subprocess.Popen(command, stdout=stream, text=True) as process:
        try:
            wait_until("the watch began", lambda: log.stat().st_size > 0, seconds=20)
            yield versions
            last = watched.get()["metadata"]["resourceVersion"]
            wait_until(
                "the watch saw the last version",
                lambda: any(one["metadata"]["resourceVersion"] == last for one in _whole(log)),
                seconds=20,
            )
        finally:
            process.terminate()
    versions.extend(_whole(log))


def _whole(log: Path) -> list[Manifest]:
    text = log.read_text()
    found: list[Manifest] = []
    at = 0
    while at < len(text):
        try:
            version, at = json.JSONDecoder().raw_decode(text, at)
        except json.JSONDecodeError:
            # kubectl is still writing this one.
            return found
        found.append(version)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found
