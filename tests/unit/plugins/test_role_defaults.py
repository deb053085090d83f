# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role names the defaults of its variables twice: those that apply, and those that are documented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

# Computed from another variable, which argument_specs.yml can only describe.
WORKED_OUT = {"source_control_object_name": ("source-control-secret", "source-control-info")}
ROLES = sorted(path for path in (Path(__file__).parents[3] / "roles").iterdir() if path.is_dir())


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_a_roles_defaults_are_those_of_its_argument_specs(role: Path) -> None:
    text = (role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    options: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    documented = {name: spec["default"] for name, spec in options.items() if "default" in spec}
    applied = yaml.safe_load((role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    for name, values in WORKED_OUT.items():
        template = applied.pop(name, None)
        if template is not None:
            assert all(value in template for value in values)
            assert all(f"V({value})" in options[name]["description"] for value in values)
    assert with_types(applied) == with_types(documented)


def with_types(values: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """The values with their types: in Python true equals 1, in a role it does not."""
    return {name: (type(value).__name__, value) for name, value in values.items()}
