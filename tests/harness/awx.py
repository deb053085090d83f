# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions of extensions/awx, and what AWX makes of them for a job.

The facts are read from AWX's source (24.6): awx/main/models/credential.py, awx/main/tasks/jobs.py and
awx/main/utils/safe_yaml.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.harness.cluster import REPOSITORY

FOLDER = REPOSITORY / "extensions" / "awx"
PROJECT = FOLDER / "project"
# The type that AWX brings for clusters; all others are those of credential_types.yml.
KUBERNETES = "OpenShift or Kubernetes API Bearer Token"

Definition = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML as Ansible writes it."""


class _Dumper(yaml.SafeDumper):
    """Marks every text !unsafe, as AWX does with what its users enter: Ansible leaves Jinja alone."""

    def represent_data(self, data: Any) -> yaml.Node:
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("!unsafe", _text)


def load(path: Path) -> Any:
    """A YAML file's content; what is marked !unsafe is plain text here."""
    return yaml.load(path.read_text(), _Loader)


@cache
def job_templates() -> dict[str, Definition]:
    """The job templates by the name of their playbook."""
    listed = load(FOLDER / "job_templates.yml")["kd_awx_templates"]
    return {one["playbook"].removesuffix(".yml"): one for one in listed}


@cache
def credential_types() -> dict[str, Definition]:
    """The custom credential types by name."""
    listed = load(FOLDER / "credential_types.yml")["kd_awx_credential_types"]
    return {one["name"]: one for one in listed}


def injected(credential_type: Mapping[str, Any], inputs: Mapping[str, str]) -> dict[str, str]:
    """The extra variables that a credential gives to a job; fields left empty count as not there."""
    environment = ImmutableSandboxedEnvironment()
    given = {name: value for name, value in inputs.items() if value}
    return {
        name: environment.from_string(template).render(**given)
        for name, template in credential_type["injectors"]["extra_vars"].items()
    }


def unsafe_yaml(variables: Mapping[str, Any]) -> str:
    """Extra variables as AWX writes them into a job's private data."""
    return yaml.dump(dict(variables), Dumper=_Dumper, default_flow_style=False)
