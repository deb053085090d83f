# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launches a job template of extensions/awx as AWX does: by ansible-runner, in a folder shaped like AWX's.

With a container, its process isolation runs the job in an execution environment, as AWX does; AWX itself adds a database.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.harness.awx import PROJECT, credential_types, injected, job_templates, unsafe_yaml
from tests.harness.awx_survey import extra_variables, filled_in
from tests.harness.canaries import needles, search
from tests.harness.module_runner import clean_environment

RUN_SECONDS = 300.0
IDENT = "1"
# As load.yml makes it, and as AWX hands an inventory over: a program that prints it.
INVENTORY = {
    "all": {"hosts": ["localhost"]},
    "_meta": {
        "hostvars": {
            "localhost": {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            }
        }
    },
}


@dataclass(frozen=True)
class JobResult:
    """How a job ended, its events, and everything that it printed."""

    returncode: int
    output: str
    events: list[dict[str, Any]]

    def results(self, task: str) -> list[dict[str, Any]]:
        """The results of a task that went well, by its name, in order; a loop's items one by one."""
        results = [
            event["event_data"]["res"]
            for event in self.events
            if event["event"] in ("runner_on_ok", "runner_item_on_ok")
            and event["event_data"].get("task") == task
        ]
        return [result for result in results if "results" not in result]

    @property
    def messages(self) -> list[str]:
        """What failed tasks said."""
        failed = [one for one in self.events if one["event"] == "runner_on_failed"]
        return [str(one["event_data"]["res"].get("msg")) for one in failed]


@dataclass(frozen=True)
class Container:
    """An execution environment's image, and the environment variables for the podman that has it."""

    image: str
    variables: Mapping[str, str]

    @property
    def options(self) -> list[str]:
        """What ansible-runner needs to run a job in it.

        AWX, too, gives it root; the API server may be on the machine's own 127.0.0.1.
        """
        isolation = ["--process-isolation", "--process-isolation-executable", "podman"]
        options = ["--user=root", "--network=host", "--pull=never"]
        given = (f"--container-option={option}" for option in options)
        return [*isolation, "--container-image", self.image, *given]


@dataclass(frozen=True)
class Awx:
    """Launches jobs; `kubernetes` is what the credential for the cluster puts into the environment."""

    folder: Path
    kubernetes: Mapping[str, str] = field(repr=False)
    container: Container | None = None

    def launch(
        self,
        template: str,
        answers: Mapping[str, Any],
        credentials: Mapping[str, Mapping[str, str]] | None = None,
        *,
        plays: Sequence[Mapping[str, Any]] = (),
    ) -> JobResult:
        """Run a template, and assert that nothing which AWX would keep of the job holds a secret.

        :param answers: of the survey; the form sends the others as they are.
        :param credentials: inputs by the name of their credential type.
        :param plays: run after the template's own.
        """
        definition = job_templates()[template]
        survey = definition["survey_spec"]
        variables = extra_variables(survey, filled_in(survey, answers))
        job = self.folder / template
        shutil.copytree(PROJECT, job / "project")
        (job / "inventory").mkdir()
        program = _write(
            job / "inventory" / "hosts",
            f"#!/usr/bin/env python3\nprint({json.dumps(INVENTORY)!r})\n",
        )
        program.chmod(0o700)
        env = job / "env"
        env.mkdir(mode=0o700)
        _write(env / "extravars", unsafe_yaml(variables))
        # The job's folder as the job sees it.
        inside = Path("/runner") if self.container else job
        authority = Path(self.kubernetes["K8S_AUTH_SSL_CA_CERT"]).read_text()
        own = {
            "K8S_AUTH_SSL_CA_CERT": str(
                inside / _write(env / "ca.crt", authority).relative_to(job)
            ),
            "ANSIBLE_HOME": str(inside / "ansible-home"),
        }
        _write(env / "envvars", json.dumps({**self.kubernetes, **own}))
        command = ["-u", "root", "--diff", "-vvvv"]
        for number, (name, inputs) in enumerate((credentials or {}).items()):
            assert name in definition["credential_types"]
            given = injected(credential_types()[name], inputs)
            file = _write(env / f"credential{number}", unsafe_yaml(given))
            command += ["-e", f"@{inside / file.relative_to(job)}"]
        _write(env / "cmdline", shlex.join(command))
        if plays:
            with (job / "project" / definition["playbook"]).open("a") as playbook:
                playbook.write("\n" + yaml.safe_dump(list(plays), sort_keys=False))
        return self._run(job, definition["playbook"])

    def _run(self, job: Path, playbook: str) -> JobResult:
        options, variables = (
            (self.container.options, self.container.variables) if self.container else ([], {})
        )
        done = subprocess.run(
            ["ansible-runner", "run", str(job), "--playbook", playbook, "--ident", IDENT, *options],
            env={**clean_environment(), "PATH": path_with_environment(), **variables},
            capture_output=True, text=True, timeout=RUN_SECONDS, check=False,
        )  # fmt: skip
        artifacts = job / "artifacts" / IDENT
        # AWX, too, removes what it gave to a job, and hides the secrets in ansible-runner's copies of its environment.
        shutil.rmtree(job / "env")
        (artifacts / "command").unlink()
        (artifacts / "env.list").unlink(missing_ok=not self.container)
        output = done.stdout + done.stderr
        (job / "output.log").write_text(output)
        events = [
            json.loads(path.read_text()) for path in (artifacts / "job_events").glob("*.json")
        ]
        assert events, output
        left = search([job], needles(self.kubernetes["K8S_AUTH_API_KEY"]))
        assert left.hits == [], left.hits
        assert left.files > len(events)
        shutil.rmtree(job)
        return JobResult(done.returncode, output, sorted(events, key=lambda one: one["counter"]))


def kubernetes_environment(address: Mapping[str, str], token: str) -> dict[str, str]:
    """What AWX's own credential for a cluster sets."""
    return {
        "K8S_AUTH_HOST": address["host"],
        "K8S_AUTH_API_KEY": token,
        "K8S_AUTH_VERIFY_SSL": "True",
        "K8S_AUTH_SSL_CA_CERT": address["ca_cert"],
    }


def path_with_environment() -> str:
    """The environment of these tests before everything else."""
    return f"{Path(sys.executable).parent}:{clean_environment().get('PATH', '')}"


def _write(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path
