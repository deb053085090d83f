# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As AWX runs the playbooks: nothing that ansible-runner keeps of a job holds a secret value."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.integration.conftest import Named
from tests.integration.module_runner import clean_environment
from tests.integration.modules import Fresh, Modules
from tests.support.canaries import canary, needles, search
from tests.support.kubectl import Kubectl
from tests.support.manifests import encoded

RUN_SECONDS = 300.0
# What a job is given, and ansible-runner's own copy of its environment: AWX fills and hides those.
GIVEN = ("envvars", "extravars", "command")
PLAYBOOK: list[dict[str, Any]] = [
    {"name": "Connect", "import_playbook": "kubedirector.connections.connect"},
    {"name": "Read back", "import_playbook": "kubedirector.connections.configmeta"},
    {
        "name": "Keep what was read in the fact cache",
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.set_fact": {"kept": "{{ kd_configmeta_read }}", "cacheable": True},
            }
        ],
    },
]  # fmt: skip


def test_no_artifact_of_a_job_holds_a_secret(
    tenant: Modules, emptied: Named, fresh: Fresh, kubectl: Kubectl, tmp_path: Path
) -> None:
    lab = emptied("lab")
    name, other = fresh("hidden"), fresh("hidden")
    auth = dict(tenant.auth)
    variables = {
        "kd_connections": [
            {
                "namespace": tenant.namespace,
                "kdcluster": ["lab"],
                "secrets": [
                    {"name": name, "type": "token", "string_data": {"token": canary("job")}},
                    {"name": other, "type": "login", "data": {"key": encoded(canary("job-data"))}},
                ],
            }
        ],
        "kd_configmeta": {"namespace": tenant.namespace, "kdcluster": ["lab"]},
    }
    environment = {
        "K8S_AUTH_HOST": auth["host"],
        "K8S_AUTH_API_KEY": auth["api_key"],
        "K8S_AUTH_VERIFY_SSL": "True",
        "K8S_AUTH_SSL_CA_CERT": auth["ca_cert"],
        "ANSIBLE_HOME": str(tmp_path / "ansible-home"),
    }
    job = private_data(tmp_path, variables, environment)
    done = subprocess.run(
        ["ansible-runner", "run", str(job), "--playbook", "job.yml", "--ident", "1"],
        env={**clean_environment(), "PATH": path_with_environment()},
        capture_output=True, text=True, timeout=RUN_SECONDS, check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    (tmp_path / "output.log").write_text(output)
    artifacts = job / "artifacts" / "1"
    events = [path.read_text() for path in (artifacts / "job_events").iterdir()]
    assert any(name in text for text in events) and any(other in text for text in events)
    (facts,) = (artifacts / "fact_cache").iterdir()
    assert name in facts.read_text()
    found = kubectl.get("secret", name, namespace=lab.namespace)
    assert found["data"]["token"] == encoded(canary("job"))
    left = search([tmp_path], needles(str(auth["api_key"])), GIVEN)
    assert left.hits == []
    assert left.files > len(events)


def private_data(folder: Path, variables: Any, environment: dict[str, Any]) -> Path:
    """The folder that AWX hands to ansible-runner for a job."""
    job = folder / "job"
    for part in ("env", "project"):
        (job / part).mkdir(parents=True, mode=0o700)
    for name, content in (("extravars", variables), ("envvars", environment)):
        path = job / "env" / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content))
    (job / "env" / "cmdline").write_text("-vvvv --diff")
    (job / "project" / "job.yml").write_text(yaml.safe_dump(PLAYBOOK, sort_keys=False))
    return job


def path_with_environment() -> str:
    """The environment of these tests before everything else."""
    return f"{Path(sys.executable).parent}:{clean_environment().get('PATH', '')}"
