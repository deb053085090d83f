# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same sandbox on kind, where a Docker engine answers. Not run in this project's CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox.builds import find_kubectl
from tests.sandbox.commands import attempt, find_program, run
from tests.sandbox.errors import SandboxError
from tests.sandbox.files import private_directory
from tests.sandbox.images import build_archives
from tests.sandbox.kubectl import Kubectl
from tests.sandbox.network import free_ports
from tests.sandbox.record import Record, write
from tests.sandbox.settings import Settings

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

_START_SECONDS = 600.0
_GATEWAYS = "{{range .IPAM.Config}}{{if .Gateway}}{{.Gateway}} {{end}}{{end}}"


def _cluster(settings: Settings) -> str:
    return f"kubedirector-{settings.name}"


def start(settings: Settings, progress: Progress) -> Record:
    """Create the kind cluster and load the member image into it.

    Raises SandboxError when kind is not there or fails.
    """
    if find_program("kind") is None:
        raise SandboxError(
            "A Docker engine answers, but there is no `kind` on PATH: install kind, or stop the "
            "engine to get the sandbox's own node (as root on Linux)."
        )
    kubectl = str(find_kubectl(settings.cache, progress))
    archives = build_archives(settings.cache, progress)
    kubeconfig = str(private_directory(settings.state) / "kubeconfig")
    record = Record(settings.name, "kind", kubeconfig, kubectl, apiserver="")
    write(settings.state, record)
    with progress.step("Creating the kind cluster"):
        run(
            [
                *("kind", "create", "cluster", "--name", _cluster(settings)),
                *("--wait", "300s", "--kubeconfig", kubeconfig),
            ],
            timeout=_START_SECONDS,
        )
        load_archive(settings, archives.member)
    server = Kubectl(record).run("config", "view", "-o=jsonpath={.clusters[0].cluster.server}")
    # From inside kind's node the engine's network gateway is this machine.
    gateway = run(
        ["docker", "network", "inspect", "kind", "--format", _GATEWAYS],
        timeout=30,
    ).split()
    address = next((each for each in gateway if ":" not in each), None)
    if address is None:
        raise SandboxError("Docker's network `kind` has no IPv4 gateway for the webhook.")
    (port,) = free_ports(1, address)
    return write(
        settings.state,
        Record(
            settings.name,
            "kind",
            kubeconfig,
            kubectl,
            apiserver=server,
            webhook_address=address,
            webhook_port=port,
        ),
    )


def load_archive(settings: Settings, archive: Path) -> None:
    """Load a docker-archive file into the kind cluster."""
    run(
        ["kind", "load", "image-archive", archive, "--name", _cluster(settings)],
        timeout=_START_SECONDS,
    )


def answers(record: Record) -> bool:
    """Whether the kind cluster is there."""
    return Kubectl(record).attempt("get", "--raw=/readyz", timeout=10).returncode == 0


def stop(settings: Settings) -> None:
    """Delete the kind cluster; fine when there is none."""
    done = attempt(["kind", "delete", "cluster", "--name", _cluster(settings)], timeout=180)
    if done.returncode != 0:
        raise SandboxError(f"kind could not delete {_cluster(settings)}: {done.stderr.strip()}.")
