# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that the user gives with KD_TEST_KUBECONFIG: used, never changed or stopped by us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.builds import find_kubectl
from tests.sandbox.commands import last_lines
from tests.sandbox.errors import SandboxError
from tests.sandbox.kubectl import Kubectl
from tests.sandbox.record import Record
from tests.sandbox.settings import Settings

if TYPE_CHECKING:
    from tests.sandbox.progress import Progress

_NEEDED = tuple(
    f"{kind}.kubedirector.hpe.com"
    for kind in ("kubedirectorclusters", "kubedirectorapps", "kubedirectorconfigs")
)


def check(settings: Settings, progress: Progress) -> Record:
    """The record of the given cluster.

    Raises SandboxError when it does not answer or lacks KubeDirector's CRDs.
    """
    kubeconfig = settings.given_kubeconfig
    if kubeconfig is None or not kubeconfig.is_file():
        raise SandboxError(f"KD_TEST_KUBECONFIG names {kubeconfig}, which is not a file.")
    kubectl = str(find_kubectl(settings.cache, progress))
    record = Record(settings.name, "given", str(kubeconfig), kubectl, apiserver="")
    cluster = Kubectl(record)
    shown = cluster.attempt(
        "config", "view", "--minify", "-o=jsonpath={.clusters[0].cluster.server}"
    )
    listed = cluster.attempt("get", "crd", "-o=name", timeout=20)
    if shown.returncode != 0 or listed.returncode != 0:
        said = last_lines(shown.stderr or listed.stderr, 1)
        raise SandboxError(f"The cluster of KD_TEST_KUBECONFIG ({kubeconfig}) says: {said}.")
    there = {line.partition("/")[2] for line in listed.stdout.split()}
    missing = [name for name in _NEEDED if name not in there]
    if missing:
        raise SandboxError(
            f"The cluster of KD_TEST_KUBECONFIG ({kubeconfig}) lacks {', '.join(missing)}: install "
            "KubeDirector on it, or unset KD_TEST_KUBECONFIG to get a sandbox of our own."
        )
    return Record(
        settings.name,
        "given",
        str(kubeconfig),
        kubectl,
        apiserver=shown.stdout,
        complete=True,
        operator="given",
    )
