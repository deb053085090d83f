# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves on disk, and a search for secrets of the tests in it."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.canaries import INPUTS, credentials_in, needles, search
from tests.harness.cluster import ClusterUnderTest
from tests.runner.cluster import is_given
from tests.runner.paths import BUILD, LOGS, NEWEST
from tests.runner.report import Outcome
from tests.runner.suites import Suite

# Its line in the summary: the last step of every run.
SECRECY = Suite("secrecy", "secrecy", NEWEST, ())
_SANDBOX_LEAVES = ("logs", "pod-logs", "audit.log")


@dataclass
class Leavings:
    """The places that a run writes to, and the secrets that it knew.

    `temporary` is where the suites' own temporary files go, so that they can be searched.
    """

    # Short: a sandbox's socket below it has at most 107 characters.
    temporary: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="kd-")))
    _places: list[Path] = field(default_factory=lambda: [BUILD])
    _secrets: list[str] = field(default_factory=list, repr=False)

    def variables(self) -> dict[str, str]:
        """What a suite's environment must hold."""
        # What molecule believes of an earlier run's cluster must not outlive that cluster.
        state = self.temporary / "molecule"
        return {"TMPDIR": str(self.temporary), "MOLECULE_EPHEMERAL_DIRECTORY": str(state)}

    def add_cluster(self, cluster: ClusterUnderTest) -> None:
        """Search for this cluster's credentials, and in a sandbox's logs."""
        kubeconfig = cluster.kubectl.kubeconfig
        self._secrets += credentials_in(kubeconfig)
        if not is_given():
            self._places += [kubeconfig.parent / name for name in _SANDBOX_LEAVES]

    def outcome(self) -> Outcome:
        """Search everything; the files with a secret in them are listed in build/logs/secrecy.log."""
        started = time.monotonic()
        secrets = needles(*self._secrets)
        written = search(self._places, secrets)
        passing = search([self.temporary], secrets, INPUTS)
        hits = [*written.hits, *passing.hits]
        LOGS.mkdir(parents=True, exist_ok=True)
        (LOGS / SECRECY.log).write_text(
            "".join(f"{path} holds a secret of the tests\n" for path in hits)
        )
        files, octets = written.files + passing.files, written.octets + passing.octets
        note = f"{len(hits)} hits in {files} files, {octets / 1e6:.0f} MB"
        seconds = time.monotonic() - started
        return Outcome(SECRECY, int(not hits), len(hits), 0, seconds, note)

    def remove(self) -> None:
        """Remove the temporary files."""
        shutil.rmtree(self.temporary)
