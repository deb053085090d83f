# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project of its own tests itself with molecule and the installed collection, as docs/molecule.md says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.harness.documentation import marked_blocks
from tests.harness.kubectl import Kubectl
from tests.harness.manifests import KDCLUSTER
from tests.packaging.installed import Installed

# The namespace that the documentation speaks of.
DOCUMENTED = "team-a"
# A whole sequence is a handful of playbooks.
SEQUENCE_SECONDS = 900.0


@pytest.fixture
def project(tmp_path: Path, kubectl: Kubectl) -> Iterator[tuple[Path, str]]:
    """A folder with the documented files, and the namespace that they make in place of `team-a`."""
    namespace = f"molecule-{uuid4().hex[:8]}"
    scenario = tmp_path / "molecule" / "default"
    scenario.mkdir(parents=True)
    for name, text in marked_blocks("docs/molecule.md").items():
        file = name.removeprefix("project ")
        (scenario / f"{file}.yml").write_text(text.replace(DOCUMENTED, namespace))
    yield tmp_path, namespace
    kubectl.delete(KDCLUSTER, "deployment-engine", namespace=namespace)
    kubectl.delete("namespace", namespace, wait=False)


def test_a_project_tests_itself_as_documented(
    installed: Installed, kubectl: Kubectl, project: tuple[Path, str]
) -> None:
    folder, namespace = project

    def molecule(*arguments: str) -> str:
        done = Installed(installed.collections, folder).run(
            "molecule", *arguments, seconds=SEQUENCE_SECONDS,
            variables={"KD_TEST_KUBECONFIG": str(kubectl.kubeconfig)},
        )  # fmt: skip
        assert done.returncode == 0, done.text
        return done.text

    said = molecule("test", "--destroy=never")
    for step in ("create", "converge", "idempotence", "verify"):
        assert f"default > {step}: Executed: Successful" in said, said
    (pod,) = kubectl.list("pod", namespace=namespace)
    read = kubectl.exec(
        pod["metadata"]["name"], "python3", "/opt/member/ask.py", namespace=namespace
    )
    (model,) = json.loads(read.stdout)["configmaps"]["model"]
    assert model["data"]["scoring-path"] == "repo://code/scoring.py"
    molecule("destroy")
    assert kubectl.find("namespace", namespace) is None
